package tests

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"yardmaster/tests/stackmodel"
)

// pages are ways to ask for a piece, and what they mean.
var pages = []struct {
	ask  q
	page stackmodel.Page
}{
	{nil, stackmodel.First},
	{q{"limit", "3"}, stackmodel.Page{Limit: 3}},
	{q{"limit", "4", "offset", "2"}, stackmodel.Page{Offset: 2, Limit: 4}},
	{q{"limit", "0"}, stackmodel.Page{}},
	{q{"limit", ""}, stackmodel.Page{Limit: 1000}},
	{q{"limit", "99999"}, stackmodel.Page{Limit: 1000}},
	{q{"offset", "100000"}, stackmodel.Page{Offset: 100000, Limit: 50}},
}

// window is the middle of some times, both ends on an event.
func window(raws []*stackmodel.Raw, want func(*stackmodel.Raw) bool) (stackmodel.Window, q) {
	var all []time.Time
	for _, r := range raws {
		if want(r) {
			all = append(all, r.When)
		}
	}
	w := stackmodel.Window{From: all[len(all)/4], To: all[len(all)*3/4]}
	if w.From.After(w.To) {
		w.From, w.To = w.To, w.From
	}
	return w, q{"when_min", stackmodel.Unix(w.From), "when_max", stackmodel.Unix(w.To)}
}

// subjectsAreTold is /stacky/uuid/ of nova, glance and generic.
func (s *stack) subjectsAreTold() {
	of := map[string]func(*stackmodel.Raw) string{stackmodel.Nova: instanceOf, stackmodel.Glance: imageOf, stackmodel.Generic: instanceOf}
	for service, subject := range of {
		for _, id := range append(s.sample().some(service, 8, subject), "00000000-0000-4000-8000-000000000000") {
			ask := q{"uuid", id, "service", service}
			if service == stackmodel.Nova {
				ask = q{"uuid", id}
			}
			for _, p := range pages {
				s.same("/stacky/uuid/", append(ask, p.ask...), s.model.ByUUID(service, id, stackmodel.Window{}, p.page))
			}
			if id == "00000000-0000-4000-8000-000000000000" {
				continue
			}
			w, limits := window(s.model.Raws(service), func(r *stackmodel.Raw) bool { return subject(r) == id })
			s.same("/stacky/uuid/", append(ask, limits...), s.model.ByUUID(service, id, w, stackmodel.First))
			s.same("/stacky/uuid/", append(ask, limits[:2]...), s.model.ByUUID(service, id, stackmodel.Window{From: w.From}, stackmodel.First))
		}
	}
	for _, id := range s.sample().some(stackmodel.Nova, 20, instanceOf) {
		s.same("/stacky/timings/uuid/", q{"uuid", id}, s.model.TimingsOf(id))
	}
	s.same("/stacky/timings/uuid/", q{"uuid", strings.Repeat("0", 32)}, s.model.TimingsOf(""))
}

// crookedIsTold compares with what was worked out by hand, not only with the model.
func (s *stack) crookedIsTold() {
	s.same("/stacky/timings/uuid/", q{"uuid", crooked}, crookedTimings)
	s.equal("the model of the crooked instance", note{"rows": s.model.TimingsOf(crooked)}.bytes(), obj{"rows": crookedTimings})
	var rows [][]any
	s.ok("its events", s.asks("/stacky/uuid/", q{"uuid", crooked}).JSON(&rows))
	expect(s, "its events and the header", len(rows), 20)
	column := func(name string) int {
		for i, v := range rows[0] {
			if v == name {
				return i
			}
		}
		s.Fatalf("no column %s in %v", name, rows[0])
		return 0
	}
	state, oldState, oldTask := column("State"), column("State'"), column("Task'")
	three := func(row []any) string { return fmt.Sprintf("%v,%v,%v", row[state], row[oldState], row[oldTask]) }
	expect(s, "a state that was told, one that is null, one that was not told", three(rows[1]), "building,<nil>,")
	expect(s, "a state that is null", three(rows[2]), "<nil>,,<nil>")
	when, host := column("When"), column("Host")
	last := rows[len(rows)-4:]
	for i, want := range []string{"2024-03-02 12:00:00.500000 <nil>", "2024-03-02 12:00:01 <nil>", "2024-03-02 12:00:02.000001 one.two", "2024-03-02 12:00:03 "} {
		expect(s, "dates and hosts", fmt.Sprintf("%v %v", last[i][when], last[i][host]), want)
	}
	expect(s, "letters of all kinds", fmt.Sprint(last[3][state]), "é ☃ \U0001F600 \"quoted\" \\ <&>")
	s.same("/stacky/request/", q{"request_id", secondRequest}, s.model.ByRequest(secondRequest, stackmodel.Window{}, stackmodel.First))
	s.same("/stacky/timings/", q{"name", "compute.instance.resume", "limit", "1"},
		[][]any{{"compute.instance.resume", "Time"}, {crooked, "-0d 00:00:01.50"}})
	launches := s.model.Launches.List(stackmodel.Query{Instance: crooked, Page: stackmodel.First})
	s.same("/db/usage/launches/", q{"instance", crooked}, launches)
	expect(s, "a creation that failed is a launch without a time", len(launches["launches"].([]any)), 2)
}

// requestsAreTold is /stacky/request/.
func (s *stack) requestsAreTold() {
	all := append(s.sample().some(stackmodel.Nova, 15, requestOf), firstRequest, "req-00000000-0000-4000-8000-000000000000")
	for i, id := range all {
		s.same("/stacky/request/", q{"request_id", id}, s.model.ByRequest(id, stackmodel.Window{}, stackmodel.First))
		p := pages[i%len(pages)]
		s.same("/stacky/request/", append(q{"request_id", id}, p.ask...), s.model.ByRequest(id, stackmodel.Window{}, p.page))
	}
	w, limits := window(s.model.Raws(stackmodel.Nova), func(r *stackmodel.Raw) bool { return r.RequestID == all[0] })
	s.same("/stacky/request/", append(q{"request_id", all[0]}, limits...), s.model.ByRequest(all[0], w, stackmodel.First))
	bare := strings.TrimPrefix(all[1], "req-") // which is request-id-like, but is not what is stored
	s.same("/stacky/request/", q{"request_id", bare}, s.model.ByRequest(bare, stackmodel.Window{}, stackmodel.First))
}

// eventsAreShown is /stacky/show/.
func (s *stack) eventsAreShown() {
	draw := s.sample()
	for service, n := range map[string]int{stackmodel.Nova: 25, stackmodel.Glance: 10, stackmodel.Generic: 4} {
		raws := s.model.Raws(service)
		for i := range n {
			r := raws[draw.IntN(len(raws))]
			switch i {
			case 0:
				r = raws[0]
			case 1:
				r = raws[len(raws)-1]
			}
			ask := q{"service", service}
			if service == stackmodel.Nova && i > 2 {
				ask = nil
			}
			s.isShown(r, s.asks(fmt.Sprintf("/stacky/show/%d/", r.ID), ask).Body)
		}
		a := s.asks(fmt.Sprintf("/stacky/show/%d/", len(raws)+1), q{"service", service})
		expect(s, "an event that is not there", fmt.Sprint(a.Status, len(a.Body)), "200 0")
	}
	for _, id := range []string{"0", "99999999", "99999999999999999999"} {
		a := s.asks("/stacky/show/"+id+"/", nil)
		expect(s, "an event that is not there", fmt.Sprint(a.Status, len(a.Body)), "200 0")
	}
}

func (s *stack) isShown(r *stackmodel.Raw, body []byte) {
	s.Helper()
	what := fmt.Sprintf("%s event %d", r.Table, r.ID)
	parts, isList := decoded(s, string(body)).([]any)
	if !isList || len(parts) != 3 {
		s.Fatalf("%s: %.300s", what, body)
	}
	s.equal(what+": facts", note{"": parts[0]}.bytes(), obj{"": r.Facts()})
	text, _ := parts[1].(string)
	s.equal(what+": text", []byte(text), decoded(s, r.JSON))
	expectThat(s, what+": the text has lines", strings.HasPrefix(text, "[\n  \"") && strings.Contains(text, "\n    \"event_type\": "), text)
	subject := r.Instance
	if r.Table == stackmodel.Glance {
		subject = r.UUID
	}
	expect(s, what+": subject", parts[2], subject)
}

// listsAreWhole is deployments, events and hosts, which know no pages.
func (s *stack) listsAreWhole() {
	for _, extra := range []q{nil, {"limit", "1"}, {"offset", "5", "limit", "0"}} {
		s.same("/stacky/deployments/", extra, s.model.Deployments())
		s.same("/stacky/events/", extra, s.model.Events("nova", "glance", "generic"))
		s.same("/stacky/hosts/", extra, s.model.Hosts("nova"))
	}
	for _, service := range []string{"nova", "glance", "generic"} {
		s.same("/stacky/events/", q{"service", service}, s.model.Events(service))
		s.same("/stacky/hosts/", q{"service", service}, s.model.Hosts(service))
	}
	s.same("/stacky/events/", q{"service", "all"}, s.model.Events("nova", "glance", "generic"))
	expect(s, "null comes first of the hosts", s.model.Hosts("nova")[1][0], nil)
}

// timingsAreTold is /stacky/timings/ and /stacky/summary/.
func (s *stack) timingsAreTold() {
	summary := s.model.Summary(0, 50)
	expectThat(s, "there is much to sum up", len(summary) > 12, len(summary))
	most := 0
	for i, row := range summary[1:] {
		name := row[0].(string)
		most = max(most, row[1].(int))
		p := pages[i%len(pages)]
		s.same("/stacky/timings/", q{"name", name}, s.model.TimingsNamed(name, stackmodel.Window{}, stackmodel.First))
		s.same("/stacky/timings/", append(q{"name", name}, p.ask...), s.model.TimingsNamed(name, stackmodel.Window{}, p.page))
		w, limits := window(s.model.Raws(stackmodel.Nova), func(r *stackmodel.Raw) bool { return r.Event == name+".end" })
		ask := q{"name", name, "end_when_min", limits[1], "end_when_max", limits[3]}
		s.same("/stacky/timings/", ask, s.model.TimingsNamed(name, w, stackmodel.First))
	}
	s.same("/stacky/timings/", q{"name", "compute.instance.nothing"}, [][]any{{"compute.instance.nothing", "Time"}})
	expect(s, "the limit bounds N", most, 50)
	s.same("/stacky/summary/", nil, summary)
	s.same("/stacky/summary/", q{"uuid", crooked}, summary)
	for _, limit := range []int{0, 1, 7, 1000} {
		s.same("/stacky/summary/", q{"limit", strconv.Itoa(limit)}, s.model.Summary(0, limit))
		s.same("/stacky/summary/", q{"limit", strconv.Itoa(limit), "offset", "2"}, s.model.Summary(2, limit))
	}
}

// watchesSee is /stacky/watch/: everything after one moment up to now.
func (s *stack) watchesSee() {
	raws := s.model.Raws(stackmodel.Nova)
	latest := raws[len(raws)-1].When
	ids := s.deployments()
	for _, w := range []struct {
		service, deployment, event string
		back                       time.Duration
	}{
		{"nova", "", "", time.Hour}, {"nova", "", "", 48 * time.Hour}, {"nova", "cell-1", "", 5 * time.Hour},
		{"nova", "cell-2", "compute.instance.update", 9 * time.Hour},
		{"glance", "", "", 10 * time.Hour}, {"glance", "cell-2", "image.upload", 30 * time.Hour}, {"nova", "", "compute.instance.nothing", 9 * time.Hour},
		{"generic", "", "", 9 * time.Hour},
	} {
		since := latest.Add(-w.back)
		ask := q{"since", stackmodel.Unix(since), "service", w.service}
		if w.event != "" {
			ask = append(ask, "event_name", w.event)
		}
		id := int64(0)
		if w.deployment != "" {
			id = ids[w.deployment]
		}
		s.watched(fmt.Sprintf("/stacky/watch/%d/", id), ask, s.model.Watch(w.service, w.deployment, w.event, since, time.Now()))
	}
	s.watched("/stacky/watch/0/", q{"since", stackmodel.Unix(latest)}, s.model.Watch("nova", "", "", latest, time.Now()))
	nothing := s.model.Watch("nova", "nowhere", "", latest, time.Now())
	s.watched("/stacky/watch/9999/", q{"since", "0"}, nothing)
	s.watched("/stacky/watch/0/", nil, nothing) // of the last two seconds
}

// watched asks for the two parts that the model knows; the third is the time up to which they are.
func (s *stack) watched(path string, p q, want []any) {
	s.Helper()
	before := time.Now().Unix()
	a := s.asks(path, p)
	after := time.Now().Unix()
	what := fmt.Sprintf("%s %v", path, []string(p))
	expect(s, what+": status", a.Status, http.StatusOK)
	parts, isList := decoded(s, string(a.Body)).([]any)
	if !isList || len(parts) != 3 {
		s.Fatalf("%s: %.300s", what, a.Body)
	}
	s.equal(what, note{"": parts[:2]}.bytes(), obj{"": want})
	text, _ := parts[2].(string)
	until, err := strconv.ParseInt(text, 10, 64)
	expectThat(s, what+": until now", err == nil && until >= before && until <= after, parts[2])
}

// kpiIsTold is /stacky/kpi/: of the last 24 hours, which go on while the test runs.
func (s *stack) kpiIsTold() {
	tenants := s.sample().some(stackmodel.Nova, 3, func(r *stackmodel.Raw) string { t, _ := r.Tenant.(string); return t })
	for _, tenant := range append(tenants, "", "hand-made") {
		path := "/stacky/kpi/"
		if tenant != "" {
			path += tenant + "/"
		}
		for {
			rows, known := s.model.KPI(tenant, time.Now())
			expect(s, "the tenant is known", known, tenant != "")
			a := s.asks(path, nil)
			if later, _ := s.model.KPI(tenant, time.Now()); len(later) == len(rows) {
				s.equal(path, a.Body, rows)
				break
			}
		}
	}
	all, _ := s.model.KPI("", time.Now())
	ever, _ := s.model.KPI("", time.Now().Add(-7*time.Hour))
	expectThat(s, "some requests are too old", len(all) > 100 && len(ever) > len(all), fmt.Sprint(len(all), len(ever)))
	s.refused("/stacky/kpi/nobody/", nil, http.StatusNotFound, "Could not find raws for tenant nobody")
}
