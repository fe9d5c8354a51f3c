package tests

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yardmaster/tests/harness"
	"yardmaster/tests/heketiclient"
)

// person is how one who is no client of a predecessor sends requests: by name and password, or by a token.
type person struct {
	*yard
	name, password, token string
}

func (p person) ask(method, path, body string) heketiclient.Answer {
	p.Helper()
	r, err := http.NewRequest(method, p.server.URL, nil)
	if err != nil {
		p.Fatal(err)
	}
	if p.token != "" {
		r.Header.Set("X-Auth-Token", p.token)
		r.Header["Authorization"] = nil
	} else {
		r.SetBasicAuth(p.name, p.password)
	}
	a, err := p.admin.Raw(p.ctx, method, path, []byte(body), r.Header)
	if err != nil {
		p.Fatal(err)
	}
	return a
}

func (p person) gets(want int, method, path, body string) string {
	p.Helper()
	a := p.ask(method, path, body)
	if a.Status != want {
		p.Errorf("%s%s: %s %s: %d %s, want %d", p.name, p.token, method, path, a.Status, a.Body, want)
	}
	return string(a.Body)
}

// userCommand runs "yardmaster user" on the data of y's server.
func (y *yard) userCommand(args ...string) harness.Output {
	y.Helper()
	password := filepath.Join(y.TempDir(), "password")
	if err := os.WriteFile(password, []byte("engine\n"), 0o600); err != nil {
		y.Fatal(err)
	}
	if args[0] == "add" || args[0] == "password" {
		args = append(args, "--password-file", password)
	}
	return harness.Run(y, y.server.Dir, nil, append([]string{"user", "--data-dir", y.server.Data}, args...)...)
}

// Users are made while the server is stopped, by the command, and while it runs, by the API; both see the same ones.
func TestUsersAreKept(t *testing.T) {
	y := begin(t, harness.Options{YAML: simulated()})
	locked := y.userCommand("add", "ada")
	if locked.Code == 0 || !strings.Contains(locked.Stderr, "PUT /users/{name}") || !strings.Contains(locked.Stderr, "yardmaster serve, pid ") {
		t.Errorf("beside a running server: exit %d, %s", locked.Code, locked.Stderr)
	}
	y.server.Stop()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"add", "ada", "--role", "admin"}, 0, "user ada added, role admin"},
		{[]string{"add", "ada"}, 1, "exists already"},
		{[]string{"add", "--role", "king", "bob"}, 1, "role: "},
		{[]string{"add", "b b"}, 1, "name: "},
		{[]string{"add", "anonymous"}, 1, "taken by the configuration"},
		{[]string{"add", "bob"}, 0, "user bob added, role user"},
		{[]string{"add", "eve"}, 0, "user eve added"},
		{[]string{"delete", "eve"}, 0, "user eve deleted"},
		{[]string{"delete", "eve"}, 1, "no such user"},
		{[]string{"password", "eve"}, 1, "no such user"},
		{[]string{"list"}, 0, "ada   admin"},
		{[]string{"rename", "ada"}, 1, "user takes add NAME"},
	} {
		out := y.userCommand(c.args...)
		if said := out.Stdout + out.Stderr; out.Code != c.code || !strings.Contains(said, c.says) || strings.Contains(said, "engine") {
			t.Errorf("user %v: exit %d, %s", c.args, out.Code, said)
		}
	}
	y.server.Start()
	ada, bob := person{yard: y, name: "ada", password: "engine"}, person{yard: y, name: "bob", password: "engine"}
	if got := ada.gets(200, "GET", "/users", ""); !strings.Contains(got, `"bob"`) || strings.Contains(got, "eve") {
		t.Errorf("users: %s", got)
	}
	ada.gets(201, "PUT", "/users/grace", `{"password":"cobol","role":"reader"}`)
	person{yard: y, name: "grace", password: "cobol"}.gets(200, "GET", "/operations", "")
	bob.gets(403, "PUT", "/users/grace", `{"password":"x"}`)
	bob.gets(204, "PUT", "/users/bob", `{"password":"new"}`)
	bob.gets(401, "GET", "/operations", "")
	y.server.KillAndStart()
	bob.password = "new"
	bob.gets(200, "GET", "/operations", "")
}

// A token that a user made at the vmpooler API is good everywhere until it, or its user, is gone; also over a crash.
func TestATokenIsItsUsersEverywhere(t *testing.T) {
	y := begin(t, harness.Options{YAML: simulated()})
	y.server.Stop()
	y.userCommand("add", "ada", "--role", "admin")
	y.userCommand("add", "bob")
	y.server.Start()
	ada, bob := person{yard: y, name: "ada", password: "engine"}, person{yard: y, name: "bob", password: "engine"}
	made := func() person {
		var answer struct{ Token string }
		if err := json.Unmarshal([]byte(bob.gets(200, "POST", "/api/v1/token", "")), &answer); err != nil || answer.Token == "" {
			t.Fatalf("no token: %v", err)
		}
		return person{yard: y, token: answer.Token}
	}
	first, second := made(), made()
	y.server.KillAndStart()
	var list struct {
		Tokens []struct{ ID, User, Last string }
	}
	body := first.gets(200, "GET", "/tokens", "")
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Tokens) != 2 || list.Tokens[0].User != "bob" || list.Tokens[0].Last == "" {
		t.Fatalf("%s, %v", body, err)
	}
	if strings.Contains(body, first.token) {
		t.Errorf("the text is shown: %s", body)
	}
	first.gets(204, "DELETE", "/tokens/"+list.Tokens[0].ID, "")
	first.gets(401, "GET", "/operations", "")
	second.gets(200, "GET", "/operations", "")
	ada.gets(204, "DELETE", "/users/bob", "")
	second.gets(401, "GET", "/operations", "")
	bob.gets(401, "GET", "/operations", "")
}

// Whoever guesses is sent away for a while, the right password included.
func TestGuessingIsSlow(t *testing.T) {
	y := begin(t, harness.Options{YAML: simulated()})
	y.server.Stop()
	y.userCommand("add", "ada", "--role", "admin")
	y.server.Start()
	for range 5 {
		person{yard: y, name: "ada", password: "guess"}.gets(401, "GET", "/operations", "")
	}
	a := person{yard: y, name: "ada", password: "engine"}.ask("GET", "/operations", "")
	if a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
		t.Errorf("%d, Retry-After %q", a.Status, a.Header.Get("Retry-After"))
	}
}
