package stackmodel

import (
	"slices"
	"strings"
	"time"
)

// timing is a step of an instance: one or both of its ends were heard.
type timing struct {
	instance, name string
	start, end     *Raw
}

func (t *timing) complete() bool      { return t.start != nil && t.end != nil }
func (t *timing) took() time.Duration { return t.end.When.Sub(t.start.When) }

// tracker follows a request from the API on.
type tracker struct {
	request string
	start   time.Time
	last    *timing
	took    time.Duration
}

// time takes what a message of an instance says of steps and requests.
func (m *Model) time(r *Raw) {
	if r.Event == "compute.instance.update" && strings.Contains(r.Service, "api") {
		m.trackers = append(m.trackers, &tracker{request: r.RequestID, start: r.When})
	}
	dot := strings.LastIndex(r.Event, ".")
	if dot < 0 {
		return
	}
	instance, _ := r.Instance.(string)
	name := r.Event[:dot]
	switch r.Event[dot:] {
	case ".start":
		m.timings = append(m.timings, &timing{instance: instance, name: name, start: r})
	case ".end":
		for _, t := range m.timings {
			if t.instance == instance && t.name == name && t.start != nil && t.end == nil {
				t.end = r
				m.track(t)
				return
			}
		}
		m.timings = append(m.timings, &timing{instance: instance, name: name, end: r})
	}
}

// track tells the first tracker of the request of a pair.
func (m *Model) track(t *timing) {
	for _, k := range m.trackers {
		if k.request == t.end.RequestID {
			k.last, k.took = t, t.end.When.Sub(k.start)
			return
		}
	}
}

// TimingsOf is /stacky/timings/uuid/.
func (m *Model) TimingsOf(instance string) [][]any {
	rows := [][]any{{"?", "Event", "Time (secs)"}}
	for _, t := range m.timings {
		switch {
		case t.instance != instance:
		case t.complete():
			rows = append(rows, []any{".", t.name, length(t.took())})
		case t.start != nil:
			rows = append(rows, []any{"S", t.name, "n/a"})
		default:
			rows = append(rows, []any{"E", t.name, "n/a"})
		}
	}
	return rows
}

// TimingsNamed is /stacky/timings/: of the steps that ended within the window.
func (m *Model) TimingsNamed(name string, w Window, p Page) [][]any {
	var found []*timing
	for _, t := range m.timings {
		if t.name == name && t.complete() && w.holds(t.end.When) {
			found = append(found, t)
		}
	}
	slices.SortStableFunc(found, func(a, b *timing) int { return int(a.took() - b.took()) })
	rows := [][]any{{name, "Time"}}
	for _, t := range cut(p, found) {
		rows = append(rows, []any{t.instance, length(t.took())})
	}
	return rows
}

// Summary is /stacky/summary/: of each step limit pairs, without the first offset.
func (m *Model) Summary(offset, limit int) [][]any {
	rows := [][]any{{"Event", "N", "Min", "Max", "Avg"}}
	for _, event := range m.types(Nova) {
		name, starts := strings.CutSuffix(event, ".start")
		if !starts {
			continue
		}
		var took []time.Duration
		var sum time.Duration
		left := offset
		for _, t := range m.timings {
			if t.name != name || !t.complete() || t.took() < 0 {
				continue
			}
			if left--; left < 0 && len(took) < limit {
				took = append(took, t.took())
				sum += t.took()
			}
		}
		if len(took) > 0 {
			rows = append(rows, []any{name, len(took), length(slices.Min(took)), length(slices.Max(took)), seconds(sum / time.Duration(len(took)))})
		}
	}
	return rows
}

// KPI is /stacky/kpi/, of one tenant if that is not "". known tells whether the tenant is.
func (m *Model) KPI(tenant string, now time.Time) (rows [][]any, known bool) {
	var found []*tracker
	for _, k := range m.trackers {
		if k.last != nil && !k.start.Before(now.Add(-24*time.Hour)) && (tenant == "" || k.last.end.Tenant == tenant) {
			found = append(found, k)
		}
	}
	slices.SortStableFunc(found, func(a, b *tracker) int { return int(a.took - b.took) })
	rows = [][]any{{"Event", "Time", "UUID", "Deployment"}}
	for _, k := range found {
		rows = append(rows, []any{k.last.name, length(k.took), k.last.instance, k.last.end.Deployment})
	}
	known = slices.ContainsFunc(m.raws[Nova], func(r *Raw) bool { return r.Tenant == tenant })
	return rows, known
}
