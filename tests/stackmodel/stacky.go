package stackmodel

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Window is a time with both ends; a zero one is open.
type Window struct{ From, To time.Time }

func (w Window) holds(t time.Time) bool {
	return (w.From.IsZero() || !t.Before(w.From)) && (w.To.IsZero() || !t.After(w.To))
}

// Page is a piece of a list.
type Page struct{ Offset, Limit int }

// First is the page of requests that ask for none.
var First = Page{Limit: 50}

func cut[T any](p Page, all []T) []T {
	all = all[min(p.Offset, len(all)):]
	return all[:min(p.Limit, len(all))]
}

// Deployments is /stacky/deployments/.
func (m *Model) Deployments() [][]any {
	var names []string
	for name := range m.deployments {
		names = append(names, name)
	}
	slices.Sort(names)
	rows := [][]any{{"#", "Name"}}
	for _, name := range names {
		rows = append(rows, []any{m.deployments[name], name})
	}
	return rows
}

// types are those of a service, each once and in order.
func (m *Model) types(service string) []string {
	var all []string
	for _, r := range m.raws[service] {
		all = append(all, r.Event)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Events is /stacky/events/ of some services.
func (m *Model) Events(services ...string) [][]any {
	rows := [][]any{{"Event Name"}}
	for _, s := range services {
		for _, t := range m.types(s) {
			rows = append(rows, []any{t})
		}
	}
	return rows
}

// Hosts is /stacky/hosts/. Null comes first.
func (m *Model) Hosts(service string) [][]any {
	seen := map[any]bool{}
	var rows [][]any
	for _, r := range m.raws[service] {
		if !seen[r.Host] {
			seen[r.Host] = true
			rows = append(rows, []any{r.Host})
		}
	}
	slices.SortFunc(rows, func(a, b []any) int { return compare(a[0], b[0]) })
	return append([][]any{{"Host Name"}}, rows...)
}

// compare orders texts, numbers and times, with null before all else.
func compare(a, b any) int {
	switch x := a.(type) {
	case nil:
		if b == nil {
			return 0
		}
		return -1
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	case int64:
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	}
	return 1
}

// select takes messages that match, by time.
func (m *Model) pick(service string, w Window, p Page, down bool, want func(*Raw) bool) []*Raw {
	var found []*Raw
	for _, r := range m.raws[service] {
		if w.holds(r.When) && want(r) {
			found = append(found, r)
		}
	}
	slices.SortStableFunc(found, func(a, b *Raw) int { return a.When.Compare(b.When) })
	if down {
		slices.Reverse(found)
	}
	return cut(p, found)
}

var headers = map[string][]any{
	Nova:    {"#", "?", "When", "Deployment", "Event", "Host", "State", "State'", "Task'"},
	Glance:  {"#", "?", "When", "Deployment", "Event", "Host", "Status"},
	Generic: {"#", "?", "When", "Deployment", "Event", "Host", "Instance", "Request id"},
}

func (r *Raw) row() []any {
	row := []any{r.ID, r.mark(), When(r.When), r.Deployment, r.Event, r.Host}
	switch r.Table {
	case Nova:
		return append(row, r.State, r.OldState, r.OldTask)
	case Glance:
		return append(row, r.Status)
	}
	return append(row, r.Instance, r.RequestID)
}

// rows has a header only if anything was found.
func rows(service string, found []*Raw) [][]any {
	out := [][]any{}
	for i, r := range found {
		if i == 0 {
			out = append(out, headers[service])
		}
		out = append(out, r.row())
	}
	return out
}

// ByUUID is /stacky/uuid/.
func (m *Model) ByUUID(service, id string, w Window, p Page) [][]any {
	return rows(service, m.pick(service, w, p, false, func(r *Raw) bool { return r.subject() == id }))
}

// ByRequest is /stacky/request/, which always has its header.
func (m *Model) ByRequest(id string, w Window, p Page) [][]any {
	out := [][]any{headers[Nova]}
	for _, r := range m.pick(Nova, w, p, false, func(r *Raw) bool { return r.RequestID == id }) {
		out = append(out, r.row())
	}
	return out
}

// Facts is the first part of /stacky/show/.
func (r *Raw) Facts() [][]any {
	state := []any{"State", r.State}
	if r.Table == Glance {
		state = []any{"Status", r.Status}
	}
	return [][]any{{"Key", "Value"}, {"#", r.ID}, {"When", When(r.When)}, {"Deployment", r.Deployment}, {"Category", r.RoutingKey},
		{"Publisher", r.Publisher}, state, {"Event", r.Event}, {"Service", r.Service}, {"Host", r.Host}, {"UUID", r.subject()}, {"Req ID", r.RequestID}}
}

// Watch is the first two parts of /stacky/watch/. deployment and event may be "".
func (m *Model) Watch(service, deployment, event string, since, now time.Time) []any {
	widest := 0
	for _, t := range m.types(Nova) {
		widest = max(widest, len(t))
	}
	found := m.pick(service, Window{}, Page{Limit: 1 << 30}, false, func(r *Raw) bool {
		return (deployment == "" || r.Deployment == deployment) && (event == "" || r.Event == event) && r.When.After(since) && !r.When.After(now)
	})
	events := [][]any{}
	for _, r := range found {
		subject := r.subject()
		if subject == nil || subject == "" {
			subject = "-"
		}
		day, clock, _ := strings.Cut(When(r.When), " ")
		events = append(events, []any{r.ID, r.mark(), day, clock, r.Deployment, r.Event, subject})
	}
	return []any{[]any{10, 1, 15, 20, widest, 36}, events}
}
