// Package lifecycle says what events mean for what is kept of instances and images: which two are the ends of one step, which
// requests are followed and how long they took, what is used and billed, and whether an audit agrees with that. It is pure:
// what was known and what happened go in, what is known then comes out. It knows no record, no notification and no clock; its
// callers convert.
package lifecycle

import (
	"strings"
	"time"
)

// Edge is which end of a step an event is.
type Edge uint8

// The edges.
const (
	None Edge = iota
	Start
	End
)

// Step takes an event type apart at its last dot: compute.instance.create.end is the End of compute.instance.create. What is
// neither a start nor an end is None, with no name.
func Step(eventType string) (name string, e Edge) {
	i := strings.LastIndexByte(eventType, '.')
	if i < 0 {
		return "", None
	}
	switch eventType[i+1:] {
	case "start":
		return eventType[:i], Start
	case "end":
		return eventType[:i], End
	}
	return "", None
}

// Event is of an event what timings and trackers need. Instance is empty if it has none.
type Event struct {
	ID        int64
	When      time.Time
	Type      string
	Source    string // the service that sent it: api, compute
	Instance  string
	RequestID string
	Tenant    string
}

// Timing is one step of an instance. StartID or EndID is 0 if that end of it was not seen.
type Timing struct {
	Instance string
	Name     string
	StartID  int64
	EndID    int64
	Start    time.Time
	End      time.Time
}

// Complete says that both ends were seen.
func (t Timing) Complete() bool { return t.StartID != 0 && t.EndID != 0 }

// Took is how long a complete timing took; negative where clocks went back.
func (t Timing) Took() time.Duration { return t.End.Sub(t.Start) }

// Advance says what an event makes of the open timings of its instance and step, which are in the order in which they were
// opened: a start opens one more; an end closes the oldest, whoever asked for it, and is one of its own if there is none. done is
// nil unless the event is an end. open is not changed, left may be a part of it.
func Advance(open []Timing, e Event) (left []Timing, done *Timing) {
	name, edge := Step(e.Type)
	switch {
	case edge == None || e.Instance == "":
		return open, nil
	case edge == Start:
		return append(open[:len(open):len(open)], Timing{Instance: e.Instance, Name: name, StartID: e.ID, Start: e.When}), nil
	case len(open) == 0:
		return nil, &Timing{Instance: e.Instance, Name: name, EndID: e.ID, End: e.When}
	}
	t := open[0]
	t.EndID, t.End = e.ID, e.When
	return open[1:], &t
}
