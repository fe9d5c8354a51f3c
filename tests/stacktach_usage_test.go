package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"yardmaster/tests/stackmodel"
)

// table is one of /db: where it is, and what the model has of it.
type table struct {
	paths []string
	of    *stackmodel.Table
	times []string // columns that are times
	order []string // other columns to order by
	audit bool
}

func (s *stack) tables() []table {
	m := s.model
	nova := func(name string) []string { return []string{"/db/usage/" + name + "/", "/db/usage/nova/" + name + "/"} }
	glance := func(name string) []string { return []string{"/db/usage/glance/" + name + "/"} }
	period := []string{"audit_period_beginning", "audit_period_ending", "received"}
	return []table{
		{nova("launches"), m.Launches, []string{"launched_at"}, []string{"id", "instance", "tenant", "instance_type_id", "os_distro", "request_id"}, false},
		{nova("deletes"), m.Deletes, []string{"launched_at", "deleted_at"}, []string{"id", "raw"}, false},
		{nova("exists"), m.Exists, append(period, "launched_at", "deleted_at"), []string{"launched_at", "deleted_at", "usage", "message_id", "status"}, true},
		{glance("images"), m.Images, []string{"created_at"}, []string{"uuid", "size", "owner"}, false},
		{glance("deletes"), m.ImageDeletes, []string{"deleted_at"}, []string{"id", "uuid"}, false},
		{glance("exists"), m.ImageExists, append(period, "created_at", "deleted_at"), []string{"owner", "size", "delete"}, true},
	}
}

// usageIsListed asks for every record of every table.
func (s *stack) usageIsListed() {
	for _, t := range s.tables() {
		for _, path := range t.paths {
			n := len(t.of.Rows())
			expectThat(s, path+" has many", n > 40, n)
			for offset := 0; offset <= n; offset += 1000 {
				ask := q{"limit", "1000", "offset", fmt.Sprint(offset)}
				s.same(path, ask, t.of.List(stackmodel.Query{Page: stackmodel.Page{Offset: offset, Limit: 1000}}))
			}
			for _, p := range pages {
				s.same(path, p.ask, t.of.List(stackmodel.Query{Page: p.page}))
			}
			for _, id := range []int64{1, int64(n / 2), int64(n)} {
				s.same(fmt.Sprintf("%s%d/", path, id), nil, t.of.Get(id))
			}
		}
		for _, column := range append(t.times, t.order...) {
			if column == "received" { // shown, but no column
				continue
			}
			s.same(t.paths[0], q{"order_by", column, "direction", "asc"}, t.of.List(stackmodel.Query{OrderBy: column, Up: true, Page: stackmodel.First}))
			s.same(t.paths[0], q{"order_by", column, "direction", "desc", "limit", "20", "offset", "3"},
				t.of.List(stackmodel.Query{OrderBy: column, Page: stackmodel.Page{Offset: 3, Limit: 20}}))
		}
	}
}

// usageIsFiltered asks for pieces by instance and by time.
func (s *stack) usageIsFiltered() {
	for _, t := range s.tables() {
		for _, column := range t.times {
			var all []time.Time
			for _, r := range t.of.Rows() {
				if at, _ := r[column].(time.Time); !at.IsZero() {
					all = append(all, at)
				}
			}
			slices.SortFunc(all, time.Time.Compare)
			w := stackmodel.Window{From: all[len(all)/3], To: all[len(all)*2/3]}
			from, to := stackmodel.When(w.From), w.To.Format("2006-01-02T15:04:05.999999Z")
			s.same(t.paths[0], q{column + "_min", from, column + "_max", to}, t.of.List(stackmodel.Query{On: column, Window: w, Page: stackmodel.First}))
			w.To = time.Time{}
			s.same(t.paths[0], q{column + "_min", from, "limit", "7"}, t.of.List(stackmodel.Query{On: column, Window: w, Page: stackmodel.Page{Limit: 7}}))
		}
	}
	for _, t := range s.tables()[:3] {
		for _, id := range append(s.sample().some(stackmodel.Nova, 4, instanceOf), "00000000-0000-4000-8000-000000000000") {
			for _, path := range t.paths {
				s.same(path, q{"instance", id}, t.of.List(stackmodel.Query{Instance: id, Page: stackmodel.First}))
			}
		}
	}
}

// statistics are those that the server should tell.
func (s *stack) statistics(path string, p q, want map[[2]any]int) {
	s.Helper()
	var got struct {
		Stats []struct {
			Status string
			Sent   int64 `json:"send_status"`
			Count  int   `json:"event_count"`
		}
	}
	a := s.asks(path, p)
	s.ok(path, a.JSON(&got))
	counts := map[[2]any]int{}
	for _, one := range got.Stats {
		counts[[2]any{one.Status, one.Sent}] += one.Count
	}
	expect(s, fmt.Sprint(path, []string(p)), fmt.Sprint(counts), fmt.Sprint(want))
	expect(s, "groups", len(got.Stats), len(want))
}

// statisticsCount is /db/stats/.
func (s *stack) statisticsCount() {
	for _, t := range s.tables() {
		if !t.audit {
			continue
		}
		path := "/db/stats/nova/exists/"
		if t.of == s.model.ImageExists {
			path = "/db/stats/glance/exists/"
		}
		s.statistics(path, nil, t.of.Stats(stackmodel.Query{}))
		w := stackmodel.Window{From: t.of.Rows()[20]["received"].(time.Time)}
		s.statistics(path, q{"received_min", stackmodel.When(w.From)}, t.of.Stats(stackmodel.Query{On: "received", Window: w}))
	}
	id := s.sample().some(stackmodel.Nova, 1, instanceOf)[0]
	s.statistics("/db/stats/nova/exists/", q{"instance", id}, s.model.Exists.Stats(stackmodel.Query{Instance: id}))
	for _, service := range []string{"nova", "glance", "generic"} {
		s.typesAreCounted(q{"service", service}, s.model.Types(service, stackmodel.Window{}))
		all := s.model.Raws(service)
		w := stackmodel.Window{From: all[len(all)/3].When.Truncate(time.Second), To: all[len(all)/2].When.Truncate(time.Second)}
		s.typesAreCounted(q{"service", service, "when_min", stackmodel.When(w.From), "when_max", stackmodel.When(w.To)}, s.model.Types(service, w))
	}
	const update = "compute.instance.update"
	s.typesAreCounted(q{"event", update}, map[string]int{update: s.model.Types("nova", stackmodel.Window{})[update]})
	s.typesAreCounted(q{"event", "compute.instance.nothing"}, map[string]int{"compute.instance.nothing": 0})
}

func (s *stack) typesAreCounted(p q, want map[string]int) {
	s.Helper()
	var got struct {
		Stats []struct {
			Event string
			Count int `json:"event_count"`
		}
	}
	s.ok("statistics of events", s.asks("/db/stats/events/", p).JSON(&got))
	counts := map[string]int{}
	for _, one := range got.Stats {
		counts[one.Event] = one.Count
	}
	expect(s, fmt.Sprint("statistics of events ", []string(p)), fmt.Sprint(counts), fmt.Sprint(want))
}

// complains asks for an error as /db has it.
func (s *stack) complains(method, path string, body string, status int, text string) {
	s.Helper()
	got, _, raw := s.call(method, path, "", []byte(body), nil)
	what := method + " " + path + " " + body
	expect(s, what, got, status)
	var e struct {
		Message string
		Status  int
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		s.Errorf("%s: %s", what, raw)
		return
	}
	expect(s, what+": status in the body", e.Status, status)
	if text != "" {
		expect(s, what+": message", e.Message, text)
	}
}

// billingMistakesAreTold asks /db for what cannot be.
func (s *stack) billingMistakesAreTold() {
	bad := func(path, text string) {
		s.Helper()
		s.complains(http.MethodGet, path, "", http.StatusBadRequest, text)
	}
	for _, t := range s.tables() {
		bad(t.paths[0]+"?colour_min=2026-01-02%2003:04:05", "No such field 'colour'.")
		bad(t.paths[0]+"?"+t.times[0]+"_max=yesterday", "Range filters must be dates.")
		bad(t.paths[0]+"?limit=x", "")
		bad(t.paths[0]+"?offset=-2", "")
		bad(t.paths[0]+"?order_by=colour", "")
		s.complains(http.MethodGet, t.paths[0]+"99999999/", "", http.StatusNotFound, "")
	}
	bad("/db/usage/launches/?instance=nobody", "nobody is not uuid-like")
	bad("/db/stats/events/?when_min=2026-01-02%2003:04:05", "")
	bad("/db/stats/events/?when_min=2026-01-02%2003:04:05&when_max=2026-01-09%2003:04:06", "")
	bad("/db/stats/events/?when_min=x&when_max=y", "")
	bad("/db/stats/events/?service=neutron", "")
	const one, batch = "/db/confirm/usage/exists/none/", "/db/confirm/usage/exists/batch/"
	bad(one, "Invalid method")
	bad(batch, "Invalid method")
	refuse := func(path, body, text string) {
		s.Helper()
		s.complains(http.MethodPut, path, body, http.StatusBadRequest, text)
	}
	refuse(one, "", "Request body required")
	refuse(one, "{}", "'send_status' missing from request body")
	refuse(one, `{"send_status": "soon"}`, "")
	refuse(one, `[]`, "")
	refuse(batch, "", "Request body required")
	refuse(batch, "{}", "'messages' missing from request body")
	refuse(batch, `{"version": 3, "messages": {}}`, "")
	s.complains(http.MethodPut, one, `{"send_status": 201}`, http.StatusNotFound, "Could not find Exists record with message_id = 'none'")
	refuse("/db/tenant/info/t/", `{"tenant": "t", "name": "n"}`, "'types' missing from request body")
	refuse("/db/tenant/batch_info/", `{}`, "'tenants' missing from request body")
}
