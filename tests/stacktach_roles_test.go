package tests

import (
	"fmt"
	"net/http"
)

// rolesAreKept: strangers may read what StackTach showed where that is configured so, and nothing else; everybody may do what his role
// says.
func (s *stack) rolesAreKept() {
	letter := "/events/dead-letters"
	confirm := "/db/confirm/usage/exists/batch/"
	rows := []struct {
		method, path, body          string
		stranger, reader, user, ops int
	}{
		{"GET", "/stacky/events/", "", 200, 200, 200, 200}, {"GET", "/stacky/show/1/", "", 200, 200, 200, 200},
		{"GET", "/db/usage/launches/", "", 200, 200, 200, 200},
		{"PUT", confirm, `{"messages": {}}`, 401, 403, 200, 200}, {"PUT", "/db/tenant/batch_info/", `{"tenants": []}`, 401, 403, 200, 200},
		{"POST", "/db/repair/", "message_ids=x", 401, 403, 200, 200},
		{"GET", "/events", "", 401, 200, 200, 200}, {"GET", "/events/stats", "", 401, 200, 200, 200}, {"POST", "/events", "[]", 401, 403, 200, 200},
		{"GET", letter, "", 401, 403, 403, 200}, {"POST", letter + "/replay", "", 401, 403, 403, 200}, {"DELETE", letter + "/999", "", 401, 403, 403, 404},
		{"GET", "/reports", "", 401, 200, 200, 200}, {"POST", "/reports", `{"name": "weather"}`, 401, 403, 400, 400},
	}
	asked := func(stranger bool) {
		s.Helper()
		for _, r := range rows {
			if stranger && r.stranger == http.StatusOK {
				r.stranger = http.StatusUnauthorized
			}
			for token, want := range map[string]int{"": r.stranger, eye: r.reader, ci: r.user, ops: r.ops, "a wrong token": http.StatusUnauthorized} {
				status, _, body := s.call(r.method, r.path, token, []byte(r.body), nil)
				expectThat(s, fmt.Sprintf("%s %s with %q: want %d", r.method, r.path, token, want), status == want, fmt.Sprint(status, " ", string(body)))
			}
		}
	}
	asked(false)
	s.server.Stop()
	s.server.SetEnv("YARDMASTER_DIALECTS_STACKTACH_ANONYMOUS=none")
	s.server.Start()
	asked(true)
	for _, path := range everyStacky {
		a := s.asks(path, nil)
		expect(s, path+" for a stranger", a.Status, http.StatusUnauthorized)
	}
	s.refusedSomehow("/stacky/events/", nil, http.StatusUnauthorized, "")
	s.complains(http.MethodGet, "/db/usage/launches/", "", http.StatusUnauthorized, "")
	s.exits("events for a stranger", s.stacky.Events(s.ctx), 401%256, "Error fetching results (401)")
}
