package tests

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// poolsYAML is our own configuration of two small pools, with more lines for its part "pools".
func poolsYAML(more ...string) string {
	lines := []string{"pools:", "  domain: example.com", "  vm_lifetime: 12", "  vm_lifetime_auth: 24",
		"  providers: [{name: lab, kind: sim, vmready_first_time: 0s}]", "  list:",
		"    - {name: debian-12-x86_64, template: templates/debian-12, size: 3, skip_dns_check: true}",
		"    - {name: rocky-9-x86_64, template: templates/rocky-9, size: 2, skip_dns_check: true}"}
	for _, l := range more {
		lines = append(lines, "  "+l)
	}
	return simulated(lines...)
}

// people are users in the store, with their roles. The password of each is the name and "-password".
type people map[string]string

func (people) password(name string) string { return name + "-password" }

// settle runs "yardmaster user add" for everyone, while the server is stopped.
func (who people) settle(t testing.TB, s *harness.Server) {
	t.Helper()
	for name, role := range who {
		file := filepath.Join(s.Dir, name+".password")
		if err := os.WriteFile(file, []byte(who.password(name)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out := userCommand(t, s, "add", name, "--role", role, "--password-file", file)
		expect(t, "user add "+name, out.Code, 0)
		expectThat(t, "user add tells no password", !strings.Contains(out.Stdout+out.Stderr, who.password(name)), out)
	}
}

func userCommand(t testing.TB, s *harness.Server, args ...string) harness.Output {
	t.Helper()
	all := append([]string{"user", "--config", filepath.Join(s.Dir, "yardmaster.yaml"), "--data-dir", s.Data}, args...)
	return harness.Run(t, s.Dir, nil, all...)
}

// staff is a pooler with users: each has signed in.
type staff struct {
	*pooler
	tokens map[string]string
}

func startStaff(t testing.TB, yaml string, who people) *staff {
	t.Helper()
	server := harness.New(t, harness.Options{YAML: yaml})
	who.settle(t, server)
	server.Start()
	s := &staff{&pooler{TB: t, ctx: t.Context(), server: server}, map[string]string{}}
	for name := range who {
		token, err := s.floaty(editions[0]).TokenGet(s.ctx, name, who.password(name))
		s.ok("token of "+name, err)
		s.tokens[name] = token
	}
	return s
}

// as is a client with somebody's token.
func (s *staff) as(name string) *vmpoolerclient.Client {
	return s.curl(editions[2]).With(s.tokens[name])
}

// waits is filled for somebody who may look.
func (s *staff) waits(name string) {
	s.Helper()
	harness.Eventually(s, poolWithin, "every pool is full", func() bool {
		a := s.ask(s.as(name), http.MethodGet, "/status?view=capacity", nil)
		return strings.Contains(a.Body, `"current": 5`)
	})
}

var routeRow = regexp.MustCompile("(?m)^\\| ([A-Z]+) \\| `([^`]*)` \\| ")

// With our own configuration nobody does anything without saying who it is; a few pages alone are open.
func TestVMPoolerClosedByDefault(t *testing.T) {
	t.Parallel()
	p := &pooler{TB: t, ctx: t.Context(), server: harness.Start(t, harness.Options{YAML: poolsYAML("prometheus: {endpoint: /prometheus}")})}
	printed := harness.Run(t, p.server.Dir, nil, "routes")
	_, table, found := strings.Cut(printed.Stdout, "## vmpooler")
	rows := routeRow.FindAllStringSubmatch(table, -1)
	if !found || len(rows) < 100 {
		t.Fatalf("%d routes printed", len(rows))
	}
	open := map[string]int{"/dashboard/dashboard.css": 200, "/dashboard/dashboard.js": 200, "/healthcheck": 200, "/healthz": 200, "/readyz": 200}
	names := strings.NewReplacer("{name}", "debian-12-x86_64", "{size}", "8", "{snapshot}", "x", "{pool}", "debian-12-x86_64", "{part}", "clone",
		"{key}", "count", "{id}", "x", "{token}", "x")
	c := p.curl(editions[3])
	for _, row := range rows {
		method, path := row[1], names.Replace(row[2])
		want, is := open[path]
		switch {
		case is:
		case strings.Contains(row[2], "/debug/"): // not served unless it is configured
			continue
		case method == http.MethodGet && strings.HasSuffix(row[2], "/token/{token}"): // whoever has a token may ask about it
			want = http.StatusNotFound
		default:
			want = http.StatusUnauthorized
		}
		a := p.ask(c, method, path, nil)
		expect(t, method+" "+path+" without credentials", a.Status, want)
		if want == http.StatusUnauthorized {
			expectThat(t, method+" "+path+": challenge", a.Header.Get("WWW-Authenticate") != "", a.Header)
		}
	}
	for _, d := range []*vmpoolerclient.Client{c.With("abcdefghijklmnopqrstuvwxyz012345"), c.As("nobody", "x")} {
		expect(t, "with credentials that are none", p.ask(d, http.MethodGet, "/api/v3/vm", nil).Status, http.StatusUnauthorized)
	}
	p.server.Stop()
	p.server.Check()
}

// Users that the operator adds sign in with their password, and do with their token what their role allows.
func TestVMPoolerUsersAndRoles(t *testing.T) {
	t.Parallel()
	who := people{"root": "admin", "jdoe": "user", "eye": "reader"}
	s := startStaff(t, poolsYAML("experimental_features: true"), who)
	s.waits("eye")
	for _, c := range []struct {
		who, method, path, body string
		want                    int
	}{
		{"eye", "GET", "/vm", "", 200}, {"eye", "GET", "/status", "", 200}, {"eye", "POST", "/vm/debian-12-x86_64", "", 403},
		{"eye", "POST", "/ondemandvm/debian-12-x86_64", "", 403}, {"eye", "DELETE", "/vm/nobody", "", 403}, {"eye", "GET", "/full_config", "", 403},
		{"jdoe", "GET", "/full_config", "", 403}, {"jdoe", "DELETE", "/vm/nobody", "", 404}, {"root", "GET", "/full_config", "", 200},
		{"jdoe", "POST", "/config/poolsize", `{"rocky-9-x86_64":"2"}`, 403}, {"root", "POST", "/config/poolsize", `{"rocky-9-x86_64":"2"}`, 200},
		{"jdoe", "POST", "/poolreset", `{}`, 403}, {"jdoe", "DELETE", "/config/clonetarget/rocky-9-x86_64", "", 403},
		{"root", "DELETE", "/config/clonetarget/rocky-9-x86_64", "", 200},
	} {
		expect(t, c.who+": "+c.method+" "+c.path, s.ask(s.as(c.who), c.method, c.path, c.body).Status, c.want)
	}
	name := s.takes(s.as("jdoe"), "debian-12-x86_64")
	held := s.ask(s.curl(editions[0]), http.MethodGet, "/token/"+s.tokens["jdoe"], nil)
	expectThat(t, "the token holds the machine", strings.Contains(held.Body, `"`+name+`"`), held.Body)
	c := s.curl(editions[2])
	expect(t, "with Basic instead", s.ask(c.As("jdoe", who.password("jdoe")), http.MethodGet, "/vm", nil).Status, http.StatusOK)
	s.judged("another's token, deleted", s.ask(c.As("eye", who.password("eye")), http.MethodDelete, "/token/"+s.tokens["jdoe"], nil), unknown)
	s.secretsStay(who)
	s.server.Start()
	expect(t, "a token outlives a restart", s.ask(s.as("jdoe"), http.MethodGet, "/vm", nil).Status, http.StatusOK)
	s.server.Stop()
	expect(t, "user delete", userCommand(t, s.server, "delete", "jdoe").Code, 0)
	s.server.Start()
	expect(t, "the token of a user who is gone", s.ask(s.as("jdoe"), http.MethodGet, "/vm", nil).Status, http.StatusUnauthorized)
	s.server.Stop()
	s.server.Check()
}

// secretsStay stops the server and asks that neither its log nor its records show a token or a password.
func (s *staff) secretsStay(who people) {
	s.Helper()
	s.server.Stop()
	db, err := os.ReadFile(filepath.Join(s.server.Data, "control.db"))
	s.ok("control.db", err)
	for name, token := range s.tokens {
		for what, secret := range map[string]string{"token": token, "password": who.password(name)} {
			expectThat(s, "the log tells no "+what, !strings.Contains(s.server.Output(), secret), name)
			expectThat(s, "control.db holds no "+what+" in clear", !strings.Contains(string(db), secret), name)
		}
	}
}

// A token ends when its time is over, and says before when that will be.
func TestVMPoolerTokensExpire(t *testing.T) {
	t.Parallel()
	who := people{"jdoe": "user"}
	s := startStaff(t, poolsYAML("token_ttl: 3s"), who)
	own := s.curl(editions[0]).As("jdoe", who.password("jdoe"))
	fresh := s.ask(own, http.MethodPost, "/token", nil)
	token := strings.Trim(inner(t, fresh.Body, "token"), `"`)
	a := s.ask(s.curl(editions[0]), http.MethodGet, "/token/"+token, nil)
	expect(t, "keys of a token that ends", fmt.Sprint(keysOf(t, inner(t, a.Body, token))), "[user created expires]")
	_, err := time.Parse(`"`+vmpoolerclient.TimeLayout+`"`, inner(t, inner(t, a.Body, token), "expires"))
	s.ok("expires", err)
	harness.Eventually(t, poolWithin, "the token ends", func() bool {
		return s.ask(s.curl(editions[0]).With(token), http.MethodGet, "/vm", nil).Status == http.StatusUnauthorized
	})
	s.judged("one that has ended", s.ask(s.curl(editions[0]), http.MethodGet, "/token/"+token, nil), notFound)
	s.judged("a list of those that have ended", s.ask(own, http.MethodGet, "/token", nil), notFound)
	s.judged("a checkout with it", s.ask(s.curl(editions[2]).With(token), http.MethodPost, "/vm/debian-12-x86_64", nil), unknown)
}
