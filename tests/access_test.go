package tests

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// simulated is our own configuration in its shortest form, with what a test adds.
func simulated(more ...string) string {
	return "heketi:\n  executor: sim\n" + strings.Join(more, "\n") + "\n"
}

// bare sends a request with those headers and no token.
func (y *yard) bare(method, path string, header http.Header) int {
	y.Helper()
	if header == nil {
		header = http.Header{}
	}
	if _, given := header["Authorization"]; !given {
		header["Authorization"] = nil
	}
	a, err := y.admin.Raw(y.ctx, method, path, nil, header)
	if err != nil {
		y.Fatal(err)
	}
	return a.Status
}

// everyRoute is a sample of each noun that the server has, reads and changes.
var everyRoute = []struct{ method, path string }{
	{"GET", "/hello"}, {"GET", "/clusters"}, {"POST", "/clusters"}, {"GET", "/clusters/" + nowhere}, {"POST", "/clusters/" + nowhere + "/flags"},
	{"GET", "/nodes"}, {"POST", "/nodes"}, {"GET", "/nodes/" + nowhere}, {"POST", "/nodes/" + nowhere + "/state"}, {"GET", "/devices"}, {"POST", "/devices"},
	{"GET", "/devices/" + nowhere}, {"GET", "/devices/" + nowhere + "/resync"}, {"GET", "/volumes"}, {"POST", "/volumes"}, {"GET", "/volumes/explain"},
	{"GET", "/volumes/" + nowhere}, {"DELETE", "/volumes/" + nowhere}, {"POST", "/volumes/" + nowhere + "/expand"}, {"GET", "/blockvolumes"},
	{"POST", "/blockvolumes"}, {"POST", "/bricks/to-evict/" + nowhere}, {"GET", "/queue/" + nowhere}, {"GET", "/operations"},
	{"GET", "/operations/" + nowhere}, {"GET", "/operations/" + nowhere + "/wait"}, {"DELETE", "/operations/" + nowhere}, {"GET", "/operations/stream"},
	{"GET", "/operations/pending"}, {"POST", "/operations/pending/cleanup"}, {"GET", "/topology"}, {"GET", "/admin"}, {"POST", "/admin"},
	{"GET", "/backup/db"}, {"GET", "/db/dump"}, {"GET", "/db/check"}, {"GET", "/internal/state/examine/gluster"}, {"GET", "/internal/logging"},
	{"POST", "/internal/logging"}, {"GET", "/metrics"}, {"GET", "/debug/pprof/"}, {"GET", "/nowhere"}, {"GET", "/"},
	{"GET", "/stacky/events/"}, {"GET", "/stacky/show/1/"}, {"GET", "/db/usage/launches/"}, {"PUT", "/db/confirm/usage/exists/batch/"}, {"POST", "/db/repair/"},
	{"GET", "/events"}, {"POST", "/events"}, {"GET", "/events/stream"}, {"GET", "/events/dead-letters"}, {"GET", "/reports"}, {"POST", "/reports"},
}

// With our own configuration everything is closed to those who send no token, but for what says that the server lives.
func TestClosedByDefault(t *testing.T) {
	y := begin(t, harness.Options{YAML: simulated()})
	for _, r := range everyRoute {
		if got := y.bare(r.method, r.path, nil); got != http.StatusUnauthorized {
			t.Errorf("%s %s without a token: %d, want 401", r.method, r.path, got)
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := y.bare(http.MethodGet, path, nil); got != http.StatusOK {
			t.Errorf("GET %s: %d, want 200", path, got)
		}
	}
	y.server.Stop()
	y.server.SetEnv("YARDMASTER_HEKETI_OPEN_HELLO=true", "YARDMASTER_METRICS_OPEN=true")
	y.server.Start()
	for _, path := range []string{"/hello", "/metrics"} {
		if got := y.bare(http.MethodGet, path, nil); got != http.StatusOK {
			t.Errorf("GET %s, opened: %d, want 200", path, got)
		}
	}
}

// Where strangers may read they may change nothing, and where they may do all they need no token; a wrong token helps nobody.
func TestAnonymousAccess(t *testing.T) {
	y := begin(t, harness.Options{YAML: simulated("dialects:", "  heketi: {anonymous: read}", "  native: {anonymous: read}")})
	for path, want := range map[string]int{"/clusters": 200, "/volumes": 200, "/operations": 200, "/topology": 200, "/volumes/" + nowhere: 404} {
		if got := y.bare(http.MethodGet, path, nil); got != want {
			t.Errorf("a reader: GET %s: %d, want %d", path, got, want)
		}
	}
	for _, r := range everyRoute {
		if r.method == http.MethodGet && !strings.HasSuffix(r.path, "/resync") {
			continue
		}
		if got := y.bare(r.method, r.path, nil); got != http.StatusUnauthorized && got != http.StatusForbidden {
			t.Errorf("a reader: %s %s: %d, want 401 or 403", r.method, r.path, got)
		}
	}
	for _, path := range []string{"/backup/db", "/db/dump"} {
		if got := y.bare(http.MethodGet, path, nil); got == http.StatusOK {
			t.Errorf("a reader reads %s", path)
		}
	}
	if got := y.bare(http.MethodGet, "/clusters", http.Header{"Authorization": {"bearer a.b.c"}}); got != http.StatusUnauthorized {
		t.Errorf("a wrong token where strangers may read: %d, want 401", got)
	}
	y.server.Stop()
	y.server.SetEnv("YARDMASTER_DIALECTS_HEKETI_ANONYMOUS=full")
	y.server.Start()
	a, err := y.admin.Raw(y.ctx, http.MethodPost, "/clusters", []byte(`{"file":true}`), http.Header{"Authorization": nil})
	if err != nil || a.Status != http.StatusCreated {
		t.Errorf("a stranger who may do all: %v %v", a, err)
	}
}

// Tokens and users of the configuration have the roles that it gives them.
func TestTokensAndRoles(t *testing.T) {
	token := func(name, role string) string {
		sum := sha256.Sum256([]byte(name + "-secret"))
		return "    - {name: " + name + ", sha256: " + hex.EncodeToString(sum[:]) + ", role: " + role + "}"
	}
	y := begin(t, harness.Options{YAML: simulated("auth:", "  tokens:", token("ops", "admin"), token("ci", "user"), token("eye", "reader"))})
	as := func(name, method, path string) int {
		t.Helper()
		return y.bare(method, path, http.Header{"Authorization": {"Bearer " + name + "-secret"}})
	}
	for _, c := range []struct {
		who, method, path string
		want              int
	}{
		{"ops", "GET", "/operations", 200}, {"ci", "GET", "/operations", 200}, {"eye", "GET", "/operations", 200},
		{"ops", "GET", "/clusters", 200}, {"eye", "GET", "/clusters", 200}, {"nobody", "GET", "/operations", 401}, {"nobody", "GET", "/clusters", 401},
		{"eye", "DELETE", "/operations/" + nowhere, 403}, {"ops", "DELETE", "/operations/" + nowhere, 404},
		{"ops", "GET", "/backup/db", 200}, {"eye", "GET", "/metrics", 200},
	} {
		if got := as(c.who, c.method, c.path); got != c.want {
			t.Errorf("%s: %s %s: %d, want %d", c.who, c.method, c.path, got, c.want)
		}
	}
	for _, who := range []string{"ci", "eye"} {
		if got := as(who, http.MethodPost, "/clusters"); got/100 != 4 || got == 422 {
			t.Errorf("%s may make clusters: %d", who, got)
		}
	}
	if got := as("eye", http.MethodPost, "/volumes"); got == 422 || got/100 != 4 {
		t.Errorf("a reader may make volumes: %d", got)
	}
}

// With authentication off everyone may do everything, as with Heketi's own flag.
func TestDisableAuth(t *testing.T) {
	y := begin(t, harness.Options{Args: []string{"--disable-auth"}})
	if got := y.bare(http.MethodGet, "/clusters", nil); got != http.StatusOK {
		t.Errorf("GET /clusters: %d", got)
	}
	if got := y.bare(http.MethodDelete, "/volumes/"+nowhere, nil); got != http.StatusNotFound {
		t.Errorf("DELETE /volumes: %d", got)
	}
}
