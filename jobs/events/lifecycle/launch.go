package lifecycle

import "time"

// Image is what is known of the image of an instance.
type Image struct{ Architecture, Distro, Version, Options string }

// Launch is the use of one instance since one request. Zero times and empty texts are null.
type Launch struct {
	Instance  string
	RequestID string
	Launched  time.Time
	TypeID    string
	FlavorID  string
	Tenant    string
	Image
}

// LaunchFact is what an event says of a launch. It has the fields of notice.Launch, so that one converts to the other.
type LaunchFact struct {
	Event     string
	Partial   bool
	Instance  string
	RequestID string
	Message   string
	Launched  time.Time
	TypeID    string
	FlavorID  string
	Tenant    string

	Architecture, Distro, Version, Options string
}

// rule is what an event does to a launch beside telling its tenant and its image.
type rule struct {
	flavor   when
	launched when
}

// when is under which condition a value is taken over.
type when uint8

const (
	never when = iota
	always
	ifNull
	ifBothNull // of the two names of a flavor
	ifLater    // or null
)

// rules are those of every event that says something of a launch.
var rules = map[string]rule{
	"compute.instance.create.start":        {flavor: always},
	"compute.instance.rebuild.start":       {flavor: always, launched: ifNull},
	"compute.instance.rescue.start":        {flavor: always, launched: ifNull},
	"compute.instance.resize.prep.start":   {flavor: ifBothNull, launched: ifNull},
	"compute.instance.resize.revert.start": {flavor: ifBothNull, launched: ifNull},

	"compute.instance.create.end":          {flavor: ifNull, launched: ifLater},
	"compute.instance.rebuild.end":         {flavor: ifNull, launched: ifLater},
	"compute.instance.rescue.end":          {flavor: ifNull, launched: ifLater},
	"compute.instance.resize.revert.end":   {flavor: always, launched: ifLater},
	"compute.instance.finish_resize.start": {flavor: always},
	"compute.instance.finish_resize.end":   {flavor: always, launched: ifLater},
}

// ApplyLaunch is the launch of the fact's instance and request after the fact. prev is nil if there is none yet; then it is made,
// unless the fact is that a creation has failed. changed is false if there is nothing to write.
func ApplyLaunch(prev *Launch, f LaunchFact) (next Launch, changed bool) {
	r, known := rules[f.Event]
	if prev != nil {
		next = *prev
	}
	if !known || f.Event == "compute.instance.create.end" && f.Message != "" && f.Message != "Success" {
		return next, false
	}
	if prev == nil {
		next = Launch{Instance: f.Instance, RequestID: f.RequestID}
	}
	next.setFlavor(r.flavor, f)
	next.setLaunched(r.launched, f.Launched)
	for _, t := range []struct {
		to   *string
		from string
	}{
		{&next.Tenant, f.Tenant},
		{&next.Architecture, f.Architecture},
		{&next.Distro, f.Distro},
		{&next.Version, f.Version},
		{&next.Options, f.Options},
	} {
		if !f.Partial || t.from != "" {
			*t.to = t.from
		}
	}
	if prev != nil && next.Launched.Equal(prev.Launched) {
		next.Launched = prev.Launched // the same, wherever it was
	}
	return next, prev == nil || next != *prev
}

func (l *Launch) setLaunched(w when, at time.Time) {
	if w == ifNull && l.Launched.IsZero() || w == ifLater && l.Launched.Before(at) {
		l.Launched = at
	}
}

func (l *Launch) setFlavor(w when, f LaunchFact) {
	bothNull := l.TypeID == "" && l.FlavorID == ""
	for _, t := range []struct {
		to   *string
		from string
	}{{&l.TypeID, f.TypeID}, {&l.FlavorID, f.FlavorID}} {
		if f.Partial && t.from == "" {
			continue
		}
		if w == always || w == ifBothNull && bothNull || w == ifNull && *t.to == "" {
			*t.to = t.from
		}
	}
}
