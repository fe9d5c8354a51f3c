package report

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// How a request failed. http is an error whose code nobody knows; long one that took too long.
const (
	failHTTP  = "http"
	failState = "state"
	failLong  = "long"
)

const stateError = "error"

// attempt is one request, read off all of its events.
type attempt struct {
	operation string // "" if no event names one
	image     int    // the bits of all
	took      time.Duration
	failure   string // "" if it did not fail
	tenant    string // the last one named

	failed *Event // the last that came as an error
	cause  *Event // the last that came as an error or put the instance into one, unless it came out of it again
}

var operations = []string{"create", "rebuild", "rescue", "resize", "snapshot"}

// walk reads the events of one request in the order of their time. false: there are none but those of the audit.
func walk(events []Event, tooLong time.Duration) (attempt, bool) {
	told := ordered(events)
	if len(told) == 0 {
		return attempt{}, false
	}
	a := attempt{took: told[len(told)-1].When.Sub(told[0].When)}
	for _, e := range told {
		a.step(e)
	}
	if a.failure == "" && a.took > tooLong {
		a.failure = failLong
	}
	return a, true
}

func (a *attempt) step(e *Event) {
	if strings.Contains(e.RoutingKey, "error") {
		a.failure, a.failed, a.cause = failHTTP, e, e
	}
	if e.State.S == stateError && e.OldState.S != stateError && a.failure != failState {
		a.failure, a.cause = failState, e
	}
	if e.OldState.S == stateError && e.State.S != stateError && e.State.S != "deleted" {
		a.failure, a.cause = "", nil
	}
	if i := slices.IndexFunc(operations, func(o string) bool { return strings.Contains(e.Type, o) }); i >= 0 {
		a.operation = operations[i]
	}
	a.image |= e.ImageType
	a.tenant = cmp.Or(e.Tenant.S, a.tenant)
}

// ordered are the events that count, by time; the rows that it is given stay as they are.
func ordered(events []Event) []*Event {
	out := make([]*Event, 0, len(events))
	for i := range events {
		if !isExists(events[i].Type) {
			out = append(out, &events[i])
		}
	}
	slices.SortFunc(out, func(a, b *Event) int { return cmp.Or(a.When.Compare(b.When), cmp.Compare(a.ID, b.ID)) })
	return out
}

// Versioned notifications leave the word compute out.
func isExists(kind string) bool { return strings.TrimPrefix(kind, "compute.") == "instance.exists" }
func isUpdate(kind string) bool { return strings.TrimPrefix(kind, "compute.") == "instance.update" }

// bit is one property of an image.
type bit struct {
	mask int
	name string
}

var bits = []bit{{0x1, "base"}, {0x2, "snapshot"}, {0x10, "linux"}, {0x20, "windows"}, {0x40, "freebsd"},
	{0x100, "ubuntu"}, {0x200, "debian"}, {0x400, "centos"}, {0x800, "rhel"}}

// properties names the bits that are set.
func properties(image int) []string {
	names := []string{}
	for _, b := range bits {
		if image&b.mask != 0 {
			names = append(names, b.name)
		}
	}
	return names
}

// sortOfImage is what the summary tells images apart by. An imported one has both bits, and shows as a snapshot.
func sortOfImage(image int) string {
	switch {
	case image&0x2 != 0:
		return "snap"
	case image&0x1 != 0:
		return "base"
	}
	return "?"
}

func system(image int) string {
	switch {
	case image&0x20 != 0:
		return "windows"
	case image&0x10 != 0:
		return "linux"
	}
	return "?"
}
