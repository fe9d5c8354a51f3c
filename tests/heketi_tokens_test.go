package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/heketiclient"
)

// claims are those of a good token for GET /volumes, with changes.
func claims(changes obj) map[string]any {
	now := time.Now().Unix()
	c := map[string]any{"iss": "admin", "iat": now, "exp": now + 60, "qsh": heketiclient.QSH(http.MethodGet, "/volumes")}
	for name, v := range changes {
		if v == nil {
			delete(c, name)
			continue
		}
		c[name] = v
	}
	return c
}

// A token opens exactly what it was signed for, and each fault in one has its text.
func tokensAreJudged(t *testing.T) {
	y := begin(t, harness.Options{})
	ask := func(path, header string) heketiclient.Answer {
		t.Helper()
		h := http.Header{"Authorization": {header}}
		if header == "" {
			h["Authorization"] = nil
		}
		a, err := y.admin.Raw(y.ctx, http.MethodGet, path, nil, h)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	sign := func(changes obj) string {
		return "bearer " + heketiclient.Sign("HS256", harness.AdminKey, claims(changes))
	}
	now := time.Now().Unix()
	good := sign(nil)
	forged := good[:strings.LastIndexByte(good, '.')+1] + "AAAA"

	for _, c := range []struct {
		name, header string
		status       int
		text         string
	}{
		{"no header", "", 401, "Required authorization token not found"},
		{"scheme alone", "bearer", 400, "Authorization header format must be Bearer {token}"},
		{"three words", "bearer a b", 400, "Authorization header format must be Bearer {token}"},
		{"another scheme", "basic YTpi", 400, "Authorization header format must be Bearer {token}"},
		{"no scheme", heketiclient.Sign("HS256", harness.AdminKey, claims(nil)), 400, "Authorization header format must be Bearer {token}"},
		{"unsigned", "bearer " + heketiclient.Sign("none", "", claims(nil)), 401, "Invalid JWT token: Unexpected signing method: none"},
		{"another algorithm", "bearer " + heketiclient.Sign("RS256", "", claims(nil)) + "AAAA", 401, "Invalid JWT token: Unexpected signing method: RS256"},
		{"nobody's", sign(obj{"iss": "root"}), 401, "Invalid JWT token: Unknown user"},
		{"no issuer", sign(obj{"iss": nil}), 401, "Invalid JWT token: Token missing iss claim"},
		{"another key", "bearer " + heketiclient.Sign("HS256", "guess", claims(nil)), 401, "Invalid JWT token: signature is invalid (client and server secrets may not match)"},
		{"the other's key", "bearer " + heketiclient.Sign("HS256", harness.UserKey, claims(nil)), 401, "Invalid JWT token: signature is invalid (client and server secrets may not match)"},
		{"forged", forged, 401, "Invalid JWT token: signature is invalid (client and server secrets may not match)"},
		{"issued in three minutes", sign(obj{"iat": now + 180}), 401, "Invalid JWT token: Token used before issued (client and server clocks may differ)"},
		{"no qsh", sign(obj{"qsh": nil}), 401, "Invalid qsh claim in token"},
		{"for another method", sign(obj{"qsh": heketiclient.QSH(http.MethodPost, "/volumes")}), 401, "Invalid qsh claim in token"},
		{"for another path", sign(obj{"qsh": heketiclient.QSH(http.MethodGet, "/clusters")}), 401, "Invalid qsh claim in token"},
		{"for a path with a query", sign(obj{"qsh": heketiclient.QSH(http.MethodGet, "/volumes?a=b")}), 401, "Invalid qsh claim in token"},
		{"for a whole URL", sign(obj{"qsh": heketiclient.QSH(http.MethodGet, y.server.URL+"/volumes")}), 401, "Invalid qsh claim in token"},
	} {
		a := ask("/volumes", c.header)
		y.refused(c.name, a, c.status, c.text)
		expect(t, c.name+": content type", a.Header.Get("Content-Type"), "text/plain; charset=utf-8")
		expect(t, c.name+": nosniff", a.Header.Get("X-Content-Type-Options"), "nosniff")
	}
	for name, changes := range map[string]obj{"expired": {"exp": now - 30}, "without an end": {"exp": nil}} {
		a := ask("/volumes", sign(changes))
		expect(t, name, a.Status, http.StatusUnauthorized)
		expectThat(t, name, strings.HasPrefix(a.Body, "Invalid JWT token: Token is expired by "), a.Body)
	}
	expect(t, "not valid yet", ask("/volumes", sign(obj{"nbf": now + 60})).Status, http.StatusUnauthorized)

	for _, c := range []struct{ name, path, header string }{
		{"good", "/volumes", good},
		{"used again", "/volumes", good},
		{"query is not signed", "/volumes?x=y", good},
		{"scheme in other letters", "/volumes", "BeArEr " + strings.TrimPrefix(good, "bearer ")},
		{"HS384", "/volumes", "bearer " + heketiclient.Sign("HS384", harness.AdminKey, claims(nil))},
		{"HS512", "/volumes", "bearer " + heketiclient.Sign("HS512", harness.AdminKey, claims(nil))},
		{"no time of issue", "/volumes", sign(obj{"iat": nil})},
		{"issued in a minute", "/volumes", sign(obj{"iat": now + 60})},
		{"for some more seconds", "/volumes", sign(obj{"exp": time.Now().Unix() + 20})},
	} {
		expect(t, c.name, ask(c.path, c.header).Status, http.StatusOK)
	}
}

// The user key makes volumes and has them for its own: it follows, reads, grows and deletes what it made, and no more.
func userKeyHasItsOwn(t *testing.T) {
	y := stocked(t, 3, 1, harness.Options{})
	var foreign volume
	y.makes("/volumes", obj{"size": 1, "name": "foreign"}, &foreign)
	foreignPlace := y.accepted(http.MethodPost, "/volumes", obj{"size": 1})
	if _, err := y.admin.Follow(y.ctx, foreignPlace); err != nil {
		t.Fatal(err)
	}

	a, err := y.user.Do(y.ctx, http.MethodPost, "/volumes", obj{"size": 2, "name": "mine", "durability": obj{"type": "replicate", "replicate": obj{"replica": 3}}})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "create, follow and read", a.Status, http.StatusOK)
	var mine volume
	if err := a.JSON(&mine); err != nil {
		t.Fatal(err)
	}
	expect(t, "list", y.as(y.user, http.MethodGet, "/volumes", nil).Status, http.StatusOK)
	expect(t, "read its own", y.as(y.user, http.MethodGet, "/volumes/"+mine.ID, nil).Status, http.StatusOK)

	n := y.walk().nodes[0]
	for _, r := range []struct{ method, path string }{
		{"GET", "/clusters"}, {"POST", "/clusters"}, {"GET", "/clusters/" + n.Cluster}, {"GET", "/nodes/" + n.ID}, {"POST", "/nodes"},
		{"GET", "/devices/" + n.Devices[0].ID}, {"GET", "/volumes/" + foreign.ID}, {"DELETE", "/volumes/" + foreign.ID},
		{"POST", "/volumes/" + foreign.ID + "/expand"}, {"POST", "/volumes/" + foreign.ID + "/clone"}, {"GET", foreignPlace},
		{"GET", "/blockvolumes"}, {"GET", "/operations/pending"}, {"GET", "/admin"}, {"GET", "/db/dump"}, {"GET", "/backup/db"},
		{"GET", "/nowhere"}, {"GET", "/topology"},
	} {
		a := y.as(y.user, r.method, r.path, obj{"size": 1, "expand_size": 1})
		y.refused(fmt.Sprintf("user key: %s %s", r.method, r.path), a, 401, "Administrator access required")
	}
	a, err = y.user.Do(y.ctx, http.MethodPost, "/volumes/"+mine.ID+"/expand", obj{"expand_size": 1})
	expectThat(t, "expand its own", err == nil && a.Status == http.StatusOK, a.Body)
	a, err = y.user.Do(y.ctx, http.MethodDelete, "/volumes/"+mine.ID, nil)
	expectThat(t, "delete its own", err == nil && a.Status == http.StatusNoContent, a.Body)
	y.gone("/volumes/" + mine.ID)
}
