package lifecycle

import (
	"fmt"
	"time"
)

// Level is how far the values of an audit record are looked at, beside being compared with what is known.
type Level string

// The levels: not at all; what is billed is there and has its form; and so has what is known of the image.
const (
	LevelNone  Level = "none"
	LevelBasic Level = "basic"
	LevelAll   Level = "all"
)

// FlavorField is which of the two names of a flavor is compared.
type FlavorField string

// The names of a flavor.
const (
	TypeID   FlavorField = "instance_type_id"
	FlavorID FlavorField = "instance_flavor_id"
)

// Rules are how audit records are verified. Zeros are LevelNone and TypeID.
type Rules struct {
	Level  Level
	Flavor FlavorField
}

// Exists is an audit record of an instance, to be verified.
type Exists struct {
	Instance string
	Launched time.Time
	Deleted  time.Time // zero: it was alive
	End      time.Time // of the audit period
	TypeID   string
	FlavorID string
	Tenant   string
	Image
}

// Delete is the end of an instance.
type Delete struct {
	Launched time.Time
	Deleted  time.Time
}

// Known is what is known of an instance when an audit record of it is verified.
type Known struct {
	Launch   *Launch  // that the record belongs to; nil if it was not there when the record came
	Launches []Launch // all of the instance; needed without a Launch
	Delete   *Delete  // as Launch
	Deletes  []Delete // as Launches
}

// Verify compares an audit record with what is known. reason says what does not agree, for people; it is empty if all does.
func (r Rules) Verify(x Exists, k Known) (ok bool, reason string) {
	if x.Launched.IsZero() {
		return false, "the record has no launched_at"
	}
	for _, check := range []func() string{
		func() string { return r.valid(x) },
		func() string { return r.launch(x, k) },
		func() string { return deleted(x, k) },
	} {
		if reason := check(); reason != "" {
			return false, reason
		}
	}
	return true, ""
}

// launch finds the launch that the record tells of, and compares the two.
func (r Rules) launch(x Exists, k Known) string {
	l := k.Launch
	if l == nil {
		found := 0
		for i := range k.Launches {
			if sameSecond(k.Launches[i].Launched, x.Launched) {
				l = &k.Launches[i]
				found++
			}
		}
		switch {
		case len(k.Launches) == 0:
			return "no launch of instance " + x.Instance + " is known"
		case found == 0:
			return "no launch of instance " + x.Instance + " at " + stamp(x.Launched) + " is known"
		case found > 1:
			return fmt.Sprintf("%d launches of instance %s at %s are known", found, x.Instance, stamp(x.Launched))
		}
	}
	if !sameSecond(l.Launched, x.Launched) {
		return differs("launched_at", stamp(x.Launched), stamp(l.Launched))
	}
	field, flavor, launched := TypeID, x.TypeID, l.TypeID
	if r.Flavor == FlavorID {
		field, flavor, launched = FlavorID, x.FlavorID, l.FlavorID
	}
	return firstDifference(
		pair{string(field), flavor, launched},
		pair{"tenant", x.Tenant, l.Tenant},
		pair{"rax_options", x.Options, l.Options},
		pair{"os_architecture", x.Architecture, l.Architecture},
		pair{"os_version", x.Version, l.Version},
		pair{"os_distro", x.Distro, l.Distro})
}

// deleted compares the record with the end of the instance, if it had one by the end of the period.
func deleted(x Exists, k Known) string {
	d := k.Delete
	if d == nil {
		found := 0
		for i := range k.Deletes {
			t := &k.Deletes[i]
			if sameSecond(t.Launched, x.Launched) && (!x.Deleted.IsZero() || !t.Deleted.IsZero() && !t.Deleted.After(x.End)) {
				d = t
				found++
			}
		}
		switch {
		case x.Deleted.IsZero() && found > 0:
			return "instance " + x.Instance + " was deleted at " + stamp(d.Deleted) + ", which the record does not say"
		case x.Deleted.IsZero():
			return ""
		case found == 0:
			return "no delete of instance " + x.Instance + ", launched at " + stamp(x.Launched) + ", is known"
		case found > 1:
			return fmt.Sprintf("%d deletes of instance %s, launched at %s, are known", found, x.Instance, stamp(x.Launched))
		}
	}
	if !sameSecond(d.Launched, x.Launched) {
		return differs("launched_at of the delete", stamp(x.Launched), stamp(d.Launched))
	}
	if !sameSecond(d.Deleted, x.Deleted) {
		return differs("deleted_at", stamp(x.Deleted), stamp(d.Deleted))
	}
	return ""
}

type pair struct{ field, record, known string }

func firstDifference(pairs ...pair) string {
	for _, p := range pairs {
		if p.record != p.known {
			return differs(p.field, p.record, p.known)
		}
	}
	return ""
}

func differs(field, record, known string) string {
	return fmt.Sprintf("%s is %q in the record, and known as %q", field, record, known)
}

// sameSecond says that two times, both known, agree but for their fractions.
func sameSecond(a, b time.Time) bool { return !a.IsZero() && !b.IsZero() && a.Unix() == b.Unix() }

func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04:05.999999")
}

// SameSecond are the inclusive bounds within which a launch or a delete is searched that belongs to an audit record: from the
// launch time of the record to a second later, for one of the two may have been cut to the second.
func SameSecond(launched time.Time) (from, to time.Time) { return launched, launched.Add(time.Second) }
