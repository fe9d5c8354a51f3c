package crash

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"yardmaster/tests/notices"
)

// once requires that every notification is stored exactly once, as it came, and gives them in the order of arrival.
func (s *stack) once() (arrived []notices.Notice) {
	s.t.Helper()
	byID := map[string]*notices.Notice{}
	for i := range s.all {
		byID[s.all[i].ID] = &s.all[i]
	}
	seen := map[string]int64{}
	wrong := 0
	for _, service := range []string{"nova", "glance", "generic"} {
		for i, e := range eventsOf(s.t, s.client, service) {
			n := byID[e.MessageID]
			switch was, twice := seen[e.MessageID]; {
			case n == nil:
				s.t.Errorf("%s %d: nobody sent %q", service, e.ID, e.MessageID)
			case twice:
				s.t.Errorf("%s is stored as %d and as %d", e.MessageID, was, e.ID)
			case e.ID != int64(i+1) || n.Exchange != service || e.Type != n.Type || e.RoutingKey != n.RoutingKey ||
				!e.When.Equal(n.When) || text(e.Instance) != n.Subject():
				s.t.Errorf("%s event %d is %+v of %q, and this was sent: %s", service, i+1, e, text(e.Instance), n.Body)
			default:
				seen[e.MessageID] = e.ID
				arrived = append(arrived, *n)
				continue
			}
			if wrong++; wrong > 20 {
				s.t.FailNow()
			}
		}
	}
	if lost := len(s.all) - len(arrived); lost != 0 {
		s.t.Errorf("%d of %d notifications are lost", lost, len(s.all))
	}
	return arrived
}

// inOrder requires of every queue that its messages arrived in the order in which they were published, but for some.
func (s *stack) inOrder(arrived []notices.Notice, but map[string]bool) {
	s.t.Helper()
	queues := func(all []notices.Notice) map[string][]string {
		of := map[string][]string{}
		for i := range all {
			if n := &all[i]; !but[n.ID] {
				of[n.Queue()] = append(of[n.Queue()], n.ID)
			}
		}
		return of
	}
	want, got := queues(s.all), queues(arrived)
	for queue := range want {
		for i, id := range got[queue] {
			if i < len(want[queue]) && id != want[queue][i] {
				s.t.Errorf("queue %s: of %d messages, number %d arrived in place of number %d", queue, len(want[queue]), slices.Index(want[queue], id), i)
				break
			}
		}
	}
}

// follows requires that all that follows from notifications in this order is there, and nothing else.
func (s *stack) follows(all []notices.Notice) {
	s.t.Helper()
	s.timings(notices.Timings(all))
	var kpi [][]string
	s.get("/stacky/kpi/", &kpi)
	var rows []string
	for _, row := range kpi[1:] {
		rows = append(rows, strings.Join(row, " | "))
	}
	s.same("requests", rows, notices.KPI(all))
	s.usage(notices.UsageOf(all))
}

func (s *stack) timings(want map[string][]notices.Timing) {
	s.t.Helper()
	complete, wrong := 0, 0
	for instance, timings := range want {
		var rows [][]string
		s.get("/stacky/timings/uuid/?"+url.Values{"uuid": {instance}}.Encode(), &rows)
		var got []notices.Timing
		for _, row := range rows[1:] {
			got = append(got, notices.Timing{Mark: row[0], Name: row[1], Took: row[2]})
			if row[0] == "." {
				complete++
			}
		}
		if !slices.Equal(got, timings) {
			s.t.Errorf("timings of %s\n got %v\nwant %v", instance, got, timings)
			if wrong++; wrong > 5 {
				s.t.FailNow()
			}
		}
	}
	s.t.Logf("%d instances, %d complete timings", len(want), complete)
}

func (s *stack) usage(want notices.Usage) {
	s.t.Helper()
	s.same("launches", s.records("/db/usage/launches/", "launches", "instance", "request_id", "launched_at"), want.Launches)
	s.same("deletes", s.records("/db/usage/deletes/", "deletes", "instance", "launched_at", "deleted_at"), want.Deletes)
	s.same("audits", s.records("/db/usage/exists/", "exists", "message_id"), want.Exists)
	s.same("images", s.records("/db/usage/glance/images/", "images", "uuid"), want.Images)
	s.same("deletes of images", s.records("/db/usage/glance/deletes/", "deletes", "uuid"), want.ImageDeletes)
	if got := len(s.records("/db/usage/glance/exists/", "exists", "uuid")); got != want.ImageExists {
		s.t.Errorf("%d audits of images, want %d", got, want.ImageExists)
	}
}

// records are all of a kind, as texts of some of their columns.
func (s *stack) records(path, of string, columns ...string) (all []string) {
	s.t.Helper()
	for {
		var page map[string][]map[string]any
		s.get(fmt.Sprintf("%s?order_by=id&direction=asc&limit=1000&offset=%d", path, len(all)), &page)
		for _, r := range page[of] {
			var texts []string
			for _, c := range columns {
				if r[c] == nil {
					r[c] = ""
				}
				texts = append(texts, fmt.Sprint(r[c]))
			}
			all = append(all, strings.Join(texts, " | "))
		}
		if len(page[of]) < 1000 {
			return all
		}
	}
}

// same requires two lists to be equal, in whatever order.
func (s *stack) same(what string, got, want []string) {
	s.t.Helper()
	slices.Sort(got)
	if slices.Equal(got, want) {
		return
	}
	s.t.Errorf("%d %s, want %d", len(got), what, len(want))
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			s.t.Errorf("%s from number %d on\n got %q\nwant %q", what, i, got[min(i, len(got)):min(i+3, len(got))],
				want[min(i, len(want)):min(i+3, len(want))])
			return
		}
	}
}
