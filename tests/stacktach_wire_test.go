package tests

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// mistakesAreTold asks for what cannot be answered: the texts that StackTach had, and one of the server's own where that fell over.
func (s *stack) mistakesAreTold() {
	const upper = "C0FFEE00-1111-4222-8333-444455556666"
	for _, bad := range []string{"", "x", upper, "{" + crooked + "}", "urn:uuid:" + crooked, crooked + "0", "c0ffee00-11114222-8333-444455556666"} {
		s.refused("/stacky/uuid/", q{"uuid", bad}, http.StatusBadRequest, bad+" is not uuid-like")
		s.refused("/stacky/timings/uuid/", q{"uuid", bad}, http.StatusBadRequest, bad+" is not uuid-like")
	}
	for _, bad := range []string{"", "req-", "req-x", "REQ-" + crooked, "req-" + upper} {
		s.refused("/stacky/request/", q{"request_id", bad}, http.StatusBadRequest, bad+" is not request-id-like")
	}
	for _, bad := range []struct{ service, field string }{
		{"nova", "State"}, {"nova", "owner"}, {"glance", "tenant"}, {"generic", "state"}, {"nova", "event__like"}, {"nova", "nothing__startswith"},
	} {
		s.refused("/stacky/search/", q{"service", bad.service, "field", bad.field, "value", "1"}, http.StatusBadRequest,
			"The requested field '"+bad.field+"' does not exist for the corresponding object.\nNote: The field names of database are case-sensitive.")
	}
	for _, r := range []struct {
		path string
		ask  q
		word string
	}{
		{"/stacky/uuid/", nil, "uuid"}, {"/stacky/timings/uuid/", nil, "uuid"}, {"/stacky/timings/", nil, "name"}, {"/stacky/request/", nil, "request_id"},
		{"/stacky/search/", q{"field", "event"}, "value"}, {"/stacky/search/", q{"value", "x"}, "field"},
		{"/stacky/uuid/", q{"uuid", crooked, "limit", "many"}, "many"}, {"/stacky/uuid/", q{"uuid", crooked, "offset", "-1"}, "-1"},
		{"/stacky/uuid/", q{"uuid", crooked, "limit", "-1"}, "-1"}, {"/stacky/uuid/", q{"uuid", crooked, "when_min", "noon"}, "noon"},
		{"/stacky/uuid/", q{"uuid", crooked, "service", "neutron"}, "neutron"}, {"/stacky/hosts/", q{"service", "neutron"}, "neutron"},
		{"/stacky/events/", q{"service", "neutron"}, "neutron"}, {"/stacky/watch/0/", q{"since", "then"}, "then"},
		{"/stacky/search/", q{"field", "id", "value", "one"}, "one"}, {"/stacky/summary/", q{"limit", "x"}, "x"},
		{"/stacky/reports/", q{"created_from", "x"}, "x"}, {"/stacky/show/1/", q{"service", "neutron"}, "neutron"},
	} {
		s.refusedSomehow(r.path, r.ask, http.StatusBadRequest, r.word)
	}
	s.refused("/stacky/reports/search/", q{"json", "1", "colour", "2"}, http.StatusBadRequest, "The requested fields either do not exist for the "+
		"corresponding object or are not searchable: colour, json. Note: The field names of database are case-sensitive.")
	s.refused("/stacky/reports/search/", q{"id", "one"}, http.StatusBadRequest, "'one' value has an invalid format. It must be in integer format.")
	s.refused("/stacky/reports/search/", q{"created", "today"}, http.StatusBadRequest, "'today' value has an invalid format. It must be in YYYY-MM-DD format.")
	s.refused("/stacky/reports/search/", q{"period_start", "now"}, http.StatusBadRequest,
		"'now' value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.")
	for _, path := range []string{"/stacky/report/1/", "/stacky/nothing/", "/stacky/", "/stacky/show/x/", "/stacky/watch/-1/", "/stacky/usage/launches/"} {
		a := s.asks(path, nil)
		expect(s, path, a.Status, http.StatusNotFound)
		page := strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") && strings.Contains(string(a.Body), "<title>")
		expectThat(s, path+" is a page", page, string(a.Body))
	}
}

// everyStacky is each route with something to ask.
var everyStacky = []string{"/stacky/deployments/", "/stacky/events/", "/stacky/hosts/", "/stacky/uuid/?uuid=" + crooked,
	"/stacky/timings/uuid/?uuid=" + crooked,
	"/stacky/timings/?name=compute.instance.create", "/stacky/summary/?limit=3", "/stacky/request/?request_id=" + firstRequest, "/stacky/show/1/",
	"/stacky/watch/0/?since=4102444800", "/stacky/search/?field=state&value=error&limit=9", "/stacky/kpi/hand-made/", "/stacky/reports/",
	"/stacky/reports/search/?id=1"}

// wireIsPythons: every route has the type and the letters that Python would print, whatever the method, and answers without its last slash.
func (s *stack) wireIsPythons() {
	for _, path := range everyStacky {
		a := s.asks(path, nil)
		expect(s, path, a.Status, http.StatusOK)
		expect(s, path+": type", a.Header.Get("Content-Type"), "application/json")
		odd := slices.ContainsFunc(a.Body, func(b byte) bool { return b > unicode.MaxASCII })
		expect(s, path+" has letters beyond ASCII", odd, false)
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			status, _, body := s.call(method, path, "", nil, nil)
			expectThat(s, method+" "+path, status == http.StatusOK && string(body) == string(a.Body), fmt.Sprint(status, string(body)))
		}
		bare := strings.Replace(path, "/?", "?", 1)
		if bare == path {
			bare = strings.TrimSuffix(path, "/")
		}
		b := s.asks(bare, nil)
		expect(s, bare, b.Status, http.StatusOK)
		expect(s, bare+" leads to", b.Path, path)
		expect(s, bare+": body", string(b.Body), string(a.Body))
		s.moved(bare, path)
	}
	a := s.asks("/stacky/deployments/", nil)
	ids := s.deployments()
	expect(s, "blanks behind commas", string(a.Body), fmt.Sprintf(`[["#", "Name"], [%d, "cell-1"], [%d, "cell-2"]]`, ids["cell-1"], ids["cell-2"]))
	a = s.asks("/stacky/uuid/", q{"uuid", crooked, "limit", "1", "offset", "18"})
	expectThat(s, "letters are escaped", strings.Contains(string(a.Body), `"\u00e9 \u2603 \ud83d\ude00 \"quoted\" \\ <&>"`), string(a.Body))
	expect(s, "a time without a fraction", strings.Contains(string(a.Body), `"2024-03-02 12:00:03"`), true)
	nothing := s.asks("/stacky/uuid/", q{"uuid", strings.Repeat("f", 32)})
	expect(s, "nothing at all", string(nothing.Body), "[]")
}

// moved asks for the redirect itself, which a client that follows does not see.
func (s *stack) moved(from, to string) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.server.URL+from, nil)
	if err != nil {
		s.Fatal(err)
	}
	resp, err := s.stacky.HTTP.Transport.RoundTrip(req)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	expect(s, from, resp.StatusCode, http.StatusMovedPermanently)
	where, err := resp.Location()
	s.ok(from, err)
	if err == nil {
		expect(s, from+" moved to", where.RequestURI(), to)
	}
}
