package lifecycle

import (
	"strings"
	"time"
)

// Tracker follows one request from the update that began it.
type Tracker struct {
	RequestID  string
	Start      time.Time
	Instance   string // of the pair that ended last
	LastTiming string // its name
	LastEnd    int64  // the id of its end; 0: none ended yet
	Tenant     string
	Duration   time.Duration
}

// Tracks says whether a request begins to be followed with the event: an update of an instance that an api service announced.
// Each such event makes a Tracker of its own.
func Tracks(e Event) bool {
	return e.Type == "compute.instance.update" && e.Instance != "" && strings.Contains(e.Source, "api")
}

// NewTracker is the tracker that an event of Tracks begins.
func NewTracker(e Event) Tracker { return Tracker{RequestID: e.RequestID, Start: e.When} }

// Advance is the tracker after the event end has completed a timing of the name. It is the first tracker of end's request that
// advances.
func (t Tracker) Advance(name string, end Event) Tracker {
	t.Instance, t.LastTiming, t.LastEnd, t.Tenant = end.Instance, name, end.ID, end.Tenant
	t.Duration = end.When.Sub(t.Start)
	return t
}
