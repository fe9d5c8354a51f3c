package vmpooler_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/auth"
	"yardmaster/server/vmpooler"
	"yardmaster/store"
)

// every is one request for each route.
func every(y *yard) []string {
	var all []string
	for _, r := range y.api.Dialect().Routes {
		path := strings.NewReplacer("{name}", "vm1", "{snapshot}", "s1", "{size}", "1", "{pool}", "debian-7-i386", "{id}", "r1", "{part}", "boot",
			"{key}", "count", "{token}", "t").Replace(r.Path)
		all = append(all, r.Method+" "+path)
	}
	return all
}

func TestAClosedYardLetsNobodyIn(t *testing.T) {
	y := start(t, func(s *setting) { s.mode = auth.AnonymousNone })
	open := map[string]int{"GET /dashboard/dashboard.css": 200, "GET /dashboard/dashboard.js": 200}
	for _, request := range every(y) {
		method, path, _ := strings.Cut(request, " ")
		a := y.do(method, path, `{}`, nil)
		want := 401
		if status, ok := open[request]; ok {
			want = status
		}
		if method == "GET" && strings.HasSuffix(path, "/token/t") {
			want = 404 // the token is its own credential
		}
		if a.Code != want {
			t.Errorf("%s: %d, want %d", request, a.Code, want)
		}
		if challenge := a.Header().Get("WWW-Authenticate"); a.Code == 401 && challenge != `Basic realm="Authentication required"` {
			t.Errorf("%s: challenge %q", request, challenge)
		}
	}
	y.get("/api/v1/nothing").is(401, no)
}

func TestRolesInAClosedYard(t *testing.T) {
	y := start(t, func(s *setting) { s.mode = auth.AnonymousNone })
	y.ready("debian-7-i386", "vm1", "vm2")
	for _, c := range []struct {
		who, method, path, body string
		status                  int
	}{
		{"looker", "GET", "/api/v1/vm", "", 200}, {"looker", "GET", "/api/v1/status", "", 200}, {"looker", "GET", "/dashboard/", "", 200},
		{"looker", "POST", "/api/v1/vm/debian", "", 403}, {"looker", "GET", "/api/v1/full_config", "", 403}, {"looker", "DELETE", "/vm/vm1", "", 403},
		{"jdoe", "POST", "/api/v1/vm/debian", "", 200}, {"jdoe", "GET", "/api/v1/full_config", "", 403}, {"jdoe", "DELETE", "/vm/vm1", "", 200},
		{"boss", "POST", "/api/v1/vm/debian", "", 200}, {"boss", "GET", "/api/v1/full_config", "", 200},
		{"nobody", "GET", "/api/v1/vm", "", 401},
	} {
		if a := y.do(c.method, c.path, c.body, as(c.who)); a.Code != c.status {
			t.Errorf("%s: %s %s: %d %s, want %d", c.who, c.method, c.path, a.Code, a.Body, c.status)
		}
	}
	y.do("POST", "/api/v1/vm/debian", "", as("looker")).is(403, `{"ok": false,"error": "User access required"}`)
}

// changes of pools, with what they answer to those who may.
var poolChanges = []struct {
	method, path, body string
	status             int
}{
	{"POST", "/config/poolsize", `{"debian-7-i386":6}`, 201}, {"DELETE", "/config/poolsize/debian-7-i386", "", 201},
	{"POST", "/config/pooltemplate", `{"debian-7-i386":"images/new"}`, 201}, {"DELETE", "/config/pooltemplate/debian-7-i386", "", 201},
	{"POST", "/config/clonetarget", `{"debian-7-i386":"c2"}`, 201}, {"DELETE", "/config/clonetarget/debian-7-i386", "", 201},
	{"POST", "/poolreset", `{"debian-7-i386":"1"}`, 201},
}

func TestWhoMayChangePools(t *testing.T) {
	for _, c := range []struct {
		name         string
		mode         auth.Mode
		owned        bool
		jdoe, nobody int // what they are told; 0 is that they may
	}{
		{"as open as vmpooler", auth.AnonymousFull, false, 0, 401},
		{"open, where machines have owners", auth.AnonymousFull, true, 403, 401},
		{"open to read", auth.AnonymousRead, false, 403, 401},
		{"closed", auth.AnonymousNone, false, 403, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			y := start(t, experimental, func(s *setting) { s.mode, s.cfg.Ownership = c.mode, c.owned })
			for _, r := range poolChanges {
				for _, version := range []string{"v1", "v2", "v3"} {
					path := "/api/" + version + r.path
					if a := y.do(r.method, path, r.body, nil); a.Code != c.nobody {
						t.Errorf("nobody: %s %s: %d %s, want %d", r.method, path, a.Code, a.Body, c.nobody)
					}
				}
				want := r.status
				if c.jdoe != 0 {
					want = c.jdoe
				}
				if a := y.do(r.method, "/api/v1"+r.path, r.body, as("jdoe")); a.Code != want {
					t.Errorf("jdoe: %s %s: %d %s, want %d", r.method, r.path, a.Code, a.Body, want)
				}
			}
			for _, r := range poolChanges {
				if a := y.do(r.method, "/api/v3"+r.path, r.body, as("boss")); a.Code != r.status {
					t.Errorf("boss: %s %s: %d %s, want %d", r.method, r.path, a.Code, a.Body, r.status)
				}
			}
		})
	}
}

func TestAMachineTakenWithAPasswordIsNotForStrangersToDelete(t *testing.T) {
	y := start(t)
	y.ready("debian-7-i386", "vm1", "vm2")
	y.do("POST", "/api/v1/vm/debian", "", as("jdoe"))
	y.do("POST", "/api/v1/vm/debian", "", nil)
	y.del("/api/v1/vm/vm1").is(401, no)
	y.del("/api/v1/vm/vm2").is(200, yes)
	y.do("DELETE", "/api/v1/vm/vm1", "", as("other")).is(200, yes)
}

func TestAnOpenYardStillKnowsWhatNeedsACaller(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, Snaps: []store.VMSnapshot{{ID: "s1"}}})
	for _, path := range []string{"POST /api/v1/vm/vm1/disk/1", "POST /api/v1/vm/vm1/snapshot", "POST /api/v1/vm/vm1/snapshot/s1", "DELETE /api/v2/vm/vm1/snapshot/s1",
		"POST /api/v1/ondemandvm", "POST /api/v3/ondemandvm/debian", "DELETE /api/v1/ondemandvm/r1"} {
		method, path, _ := strings.Cut(path, " ")
		y.do(method, path, `{"debian":1}`, nil).is(401, no)
	}
}

func TestAYardWithoutUsers(t *testing.T) {
	y := start(t, func(s *setting) { s.bare = true })
	y.put(store.VM{Name: "vm1", State: store.VMRunning, Snaps: []store.VMSnapshot{{ID: "s1"}}})
	for _, prefix := range []string{"/api/v1", "/api/v2", "/api/v3", ""} {
		for _, path := range []string{"GET /token", "POST /token", "GET /token/x", "DELETE /token/x"} {
			method, path, _ := strings.Cut(path, " ")
			y.do(method, prefix+path, "", as("jdoe")).is(404, no)
		}
	}
	y.post("/api/v1/vm/vm1/disk/1", "").is(202, `{"ok": true,"vm1": {"disk": "+1gb"}}`)
	y.put1("/api/v1/vm/vm1", `{"lifetime":1}`).is(200, yes)
	y.post("/api/v1/vm/vm1/snapshot/s1", "").is(202, yes)
	y.del("/api/v1/vm/vm1").is(200, yes)
}

func TestTokensNeedAPassword(t *testing.T) {
	y := start(t)
	for _, path := range []string{"GET /api/v1/token", "POST /token", "DELETE /api/v3/token/x"} {
		method, path, _ := strings.Cut(path, " ")
		y.do(method, path, "", nil).is(401, no)
		y.do(method, path, "", as("nobody")).is(401, no)
		y.do(method, path, "", with(y.token("jdoe"))).is(401, no)
	}
	y.do("GET", "/token", "", as("other")).is(404, no)
}

func TestATokenBelongsToItsUser(t *testing.T) {
	y := start(t)
	tok := y.token("jdoe")
	y.do("DELETE", "/token/"+tok, "", as("other")).is(401, no)
	y.get("/token/"+tok).is(200, `{"ok": true,"`+tok+`": {"user": "jdoe","created": "2026-11-21 05:00:00 -0700"}}`)
	y.do("DELETE", "/token/"+tok, "", as("boss")).is(200, yes)
	y.do("DELETE", "/token/"+tok, "", as("jdoe")).is(401, no)
	y.do("POST", "/api/v1/token/", "", as("jdoe")).is(404, no)
	y.do("GET", "/api/v1/token/", "", as("jdoe")).is(404, no)
}

func TestATokenMayEnd(t *testing.T) {
	y := start(t, func(s *setting) { s.opts.TokenTTL = time.Hour })
	var made struct{ Token string }
	y.do("POST", "/token", "", as("jdoe")).into(&made)
	y.get("/token/"+made.Token).is(200, `{"ok": true,"`+made.Token+`": {"user": "jdoe","created": "2026-11-21 05:00:00 -0700","expires": "2026-11-21 06:00:00 -0700"}}`)
	y.pass(time.Hour)
	y.get("/token/"+made.Token).is(404, no)
	y.do("GET", "/status", "", with(made.Token)).is(401, no)
}

func TestADialectWithoutAJudgeIsNotMade(t *testing.T) {
	y := start(t)
	passwords := auth.Basic("x", people{}, nil)
	for name, o := range map[string]vmpooler.Options{
		"no service":       {Auth: auth.Open()},
		"no authenticator": {Service: y.service},
		"no accounts":      {Service: y.service, Auth: auth.Open(), Passwords: passwords},
	} {
		if _, err := vmpooler.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAFailedGuessIsCountedByWhoChecksPasswords(t *testing.T) {
	y := start(t)
	passwords := auth.Basic("Authentication required", people{}, auth.NewAttempts(auth.AttemptLimits{Failures: 1}, time.Now))
	api, err := vmpooler.New(vmpooler.Options{Service: y.service, Auth: auth.Open(), Passwords: passwords, Accounts: y.accounts})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range api.Dialect().Routes {
		if r.Method == "POST" && r.Path == "/token" {
			for _, want := range []int{401, 429} {
				req, _ := http.NewRequestWithContext(t.Context(), "POST", "/token", nil)
				req.SetBasicAuth("jdoe", "wrong")
				resp, err := r.Handle(req)
				if err != nil || resp.Status != want {
					t.Errorf("%d %v, want %d", resp.Status, err, want)
				}
				if want == 429 && resp.Header.Get("Retry-After") == "" {
					t.Error("not told when to come again")
				}
			}
		}
	}
}
