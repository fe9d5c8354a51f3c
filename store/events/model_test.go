package events_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"yardmaster/store/events"
)

// model is what the store promises, in the plainest way: lists that are gone through.
type model struct {
	partSize int
	services map[events.Service]*modelService
}

type modelService struct {
	last    int64
	events  []modelEvent // that are there, by id
	timings []modelTiming
	parts   []modelPart
}

type modelEvent struct {
	events.Event
	body string
}

type modelTiming struct {
	events.Timing
	kept int64 // the id of the event that it goes with
}

type modelPart struct {
	first, last int64
	closed      bool
}

func newModel(partSize int) *model {
	m := &model{partSize: partSize, services: map[events.Service]*modelService{}}
	for _, s := range events.Services {
		m.services[s] = &modelService{}
	}
	return m
}

func (m *model) clone() *model {
	c := newModel(m.partSize)
	for s, v := range m.services {
		c.services[s] = &modelService{v.last, slices.Clone(v.events), slices.Clone(v.timings), slices.Clone(v.parts)}
	}
	return c
}

func (m *model) append(e events.Event, body string) (id int64, fresh bool) {
	s := m.services[e.Service]
	for _, known := range s.events {
		if e.MessageID != "" && known.MessageID == e.MessageID {
			return known.ID, false
		}
	}
	s.last++
	e.ID = s.last
	e.When, e.Received = e.When.Truncate(time.Microsecond), e.Received.Truncate(time.Microsecond)
	s.events = append(s.events, modelEvent{e, body})
	if n := len(s.parts); n == 0 || s.parts[n-1].closed {
		s.parts = append(s.parts, modelPart{first: e.ID})
	}
	p := &s.parts[len(s.parts)-1]
	p.last = e.ID
	p.closed = p.last-p.first+1 == int64(m.partSize)
	return e.ID, true
}

func (m *model) time(e events.Event, name string, end bool) events.Timing {
	s := m.services[e.Service]
	if !end {
		t := events.Timing{ID: e.ID, Service: e.Service, Instance: e.Instance.S, Name: name, StartID: e.ID, Start: e.When}
		s.timings = append(s.timings, modelTiming{t, e.ID})
		return t
	}
	slices.SortFunc(s.timings, func(a, b modelTiming) int { return cmp.Compare(a.ID, b.ID) })
	for i := range s.timings {
		t := &s.timings[i]
		if t.Instance == e.Instance.S && t.Name == name && t.StartID != 0 && t.EndID == 0 {
			t.EndID, t.End, t.kept = e.ID, e.When, e.ID
			return t.Timing
		}
	}
	t := events.Timing{ID: e.ID, Service: e.Service, Instance: e.Instance.S, Name: name, EndID: e.ID, End: e.When}
	s.timings = append(s.timings, modelTiming{t, e.ID})
	return t
}

// trim drops the parts whose events are all older, and says how many events went.
func (m *model) trim(olderThan time.Time) (parts int, gone int64) {
	for _, s := range m.services {
		s.parts = slices.DeleteFunc(s.parts, func(p modelPart) bool {
			inside := func(id int64) bool { return id >= p.first && id <= p.last }
			for _, e := range s.events {
				newest := e.When
				if e.Received.Before(newest) {
					newest = e.Received
				}
				if inside(e.ID) && !newest.Before(olderThan) {
					return false
				}
			}
			parts++
			gone += p.last - p.first + 1
			s.events = slices.DeleteFunc(s.events, func(e modelEvent) bool { return inside(e.ID) })
			s.timings = slices.DeleteFunc(s.timings, func(t modelTiming) bool { return inside(t.kept) })
			return true
		})
	}
	return parts, gone
}

func matchText(want *string, have events.Text) bool { return want == nil || have.OK && have.S == *want }

func (m *model) find(q events.Query) []events.Event {
	var list []modelEvent
	for _, e := range m.services[q.Service].events {
		if matchText(q.Instance, e.Instance) && matchText(q.UUID, e.UUID) && matchText(q.Host, e.Host) && matchText(q.Tenant, e.Tenant) &&
			matchText(q.Type, events.Some(e.Type)) && matchText(q.RequestID, events.Text{S: e.RequestID, OK: e.RequestID != ""}) &&
			matchText(q.MessageID, events.Text{S: e.MessageID, OK: e.MessageID != ""}) &&
			(q.Deployment == 0 || q.Deployment == e.Deployment) &&
			(q.WhenMin.IsZero() || !e.When.Before(q.WhenMin)) && (q.WhenMax.IsZero() || !e.When.After(q.WhenMax)) &&
			(q.After.IsZero() || e.When.After(q.After)) &&
			(q.Where == nil || q.Where(&e.Event)) && (q.WhereBody == nil || q.WhereBody([]byte(e.body))) {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b modelEvent) int {
		order := cmp.Or(a.When.Compare(b.When), cmp.Compare(a.ID, b.ID))
		switch q.Order {
		case events.ByWhenDesc:
			return -order
		case events.ByID:
			return cmp.Compare(a.ID, b.ID)
		}
		return order
	})
	list = list[min(q.Offset, len(list)):]
	if q.Limit >= 0 {
		list = list[:min(q.Limit, len(list))]
	}
	var found []events.Event
	for _, e := range list {
		found = append(found, e.Event)
	}
	return found
}

func (m *model) timingsOf(s events.Service, instance string) []events.Timing {
	var list []events.Timing
	for _, t := range m.services[s].timings {
		if t.Instance == instance {
			list = append(list, t.Timing)
		}
	}
	slices.SortFunc(list, func(a, b events.Timing) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func (m *model) timingsNamed(s events.Service, name string, from, to time.Time, offset, limit int) []events.Timing {
	var list []events.Timing
	for _, t := range m.services[s].timings {
		if t.Name == name && t.Complete() && (from.IsZero() || !t.End.Before(from)) && (to.IsZero() || !t.End.After(to)) {
			list = append(list, t.Timing)
		}
	}
	slices.SortFunc(list, func(a, b events.Timing) int { return cmp.Or(cmp.Compare(a.Took(), b.Took()), cmp.Compare(a.ID, b.ID)) })
	list = list[min(offset, len(list)):]
	if limit >= 0 {
		list = list[:min(limit, len(list))]
	}
	return slices.Clip(list)
}

func (m *model) summary(s events.Service, offset, limit int) []events.NameSummary {
	byName := map[string][]events.Timing{}
	for _, t := range m.services[s].timings {
		if t.Complete() && t.Took() >= 0 {
			byName[t.Name] = append(byName[t.Name], t.Timing)
		}
	}
	var list []events.NameSummary
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		timings := byName[name]
		slices.SortFunc(timings, func(a, b events.Timing) int { return cmp.Compare(a.ID, b.ID) })
		timings = timings[min(offset, len(timings)):]
		if limit >= 0 {
			timings = timings[:min(limit, len(timings))]
		}
		if len(timings) == 0 {
			continue
		}
		one := events.NameSummary{Name: name, N: len(timings), Min: timings[0].Took(), Max: timings[0].Took()}
		var total time.Duration
		for _, t := range timings {
			one.Min, one.Max = min(one.Min, t.Took()), max(one.Max, t.Took())
			total += t.Took()
		}
		one.Avg = (total / time.Duration(one.N)).Truncate(time.Microsecond)
		list = append(list, one)
	}
	return list
}

func (m *model) typeCounts(s events.Service, from, to time.Time, only string) []events.TypeCount {
	counts := map[string]int64{}
	for _, e := range m.services[s].events {
		if (from.IsZero() || !e.When.Before(from)) && (to.IsZero() || !e.When.After(to)) && (only == "" || e.Type == only) {
			counts[e.Type]++
		}
	}
	list := []events.TypeCount{}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, events.TypeCount{Type: name, Count: counts[name]})
	}
	return list
}

func (m *model) hosts(s events.Service) []events.Text {
	var list []events.Text
	for _, e := range m.services[s].events {
		list = append(list, e.Host)
	}
	slices.SortFunc(list, func(a, b events.Text) int {
		switch {
		case a.OK != b.OK && b.OK:
			return -1
		case a.OK != b.OK:
			return 1
		}
		return strings.Compare(a.S, b.S)
	})
	return slices.Compact(list)
}

func (m *model) stats(s events.Service) events.ServiceStats {
	var one events.ServiceStats
	v := m.services[s]
	one.Parts = len(v.parts)
	for i, e := range v.events {
		if i == 0 {
			one.First, one.Last, one.LastReceived = e.When, e.When, e.Received
		}
		one.Count++
		if e.When.Before(one.First) {
			one.First = e.When
		}
		if e.When.After(one.Last) {
			one.Last = e.When
		}
		if e.Received.After(one.LastReceived) {
			one.LastReceived = e.Received
		}
	}
	return one
}
