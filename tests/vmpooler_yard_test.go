package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// edition is one version of the vmpooler API, as a client is configured for it.
type edition struct {
	name, base string
	fqdn       bool // machines are named with their domain
	strict     bool // input is judged by its form
	versioned  bool // all routes are there
}

var editions = []edition{
	{name: "v1", base: "/api/v1", versioned: true},
	{name: "v2", base: "/api/v2", versioned: true, fqdn: true},
	{name: "v3", base: "/api/v3", versioned: true, fqdn: true, strict: true},
	{name: "no version"},
}

// poolWithin is how long anything about pools may take on a busy machine.
const poolWithin = time.Minute

// poolerYAML is a vmpooler.yaml: three pools of which two share an alias, and one whose machines are made on demand alone. It
// has users who may have any password, unless auth is off.
type poolerYAML struct {
	config []string // more lines of :config:
	more   []string // more sections
	noAuth bool
	size   int    // of each pool; 0 is 6
	file   string // where the dummy provider says that its machines are
}

func (y poolerYAML) String() string {
	if y.size == 0 {
		y.size = 6
	}
	lines := []string{"---", ":config:", "  site_name: 'the yard'", "  domain: 'company.com'", "  vm_lifetime: 12",
		"  vm_lifetime_auth: 24", "  max_lifetime_upper_limit: 168"}
	for _, l := range y.config {
		lines = append(lines, "  "+l)
	}
	lines = append(lines, ":providers:", "  :dummy:", "    provider_class: 'dummy'", "    skip_dns_check_before_creating_vm: true")
	if y.file != "" {
		lines = append(lines, "    filename: '"+y.file+"'")
	}
	if !y.noAuth {
		lines = append(lines, ":auth:", "  :provider: 'dummy'")
	}
	lines = append(lines, y.more...)
	lines = append(lines, ":pools:")
	pool := func(name, alias string, size int) {
		lines = append(lines, "  - name: '"+name+"'", "    template: 'Templates/"+name+"'",
			fmt.Sprintf("    size: %d", size), "    provider: dummy")
		if alias != "" {
			lines = append(lines, "    alias: "+alias)
		}
	}
	pool("debian-7-i386", "[ 'debian-32', 'debian' ]", y.size)
	pool("debian-7-x86_64", "'debian'", y.size)
	pool("centos-6-x86_64", "", y.size)
	pool("windows-10-x86_64", "", 0)
	return strings.Join(lines, "\n") + "\n"
}

// pooler is a running server with pools.
type pooler struct {
	testing.TB
	ctx    context.Context
	server *harness.Server
}

// startPooler starts a server and waits until all of its pools are full.
func startPooler(t testing.TB, o harness.Options) *pooler {
	t.Helper()
	p := &pooler{TB: t, ctx: t.Context(), server: harness.Start(t, o)}
	p.filled()
	return p
}

// sub is the pooler for a subtest.
func (p *pooler) sub(t testing.TB) *pooler { return &pooler{TB: t, ctx: t.Context(), server: p.server} }

// eachEdition runs a test for every version, one after the other: they share the machines.
func (p *pooler) eachEdition(t *testing.T, run func(*pooler, edition)) {
	for _, e := range editions {
		t.Run(e.name, func(t *testing.T) { run(p.sub(t), e) })
	}
}

// curl is a client without credentials for one version.
func (p *pooler) curl(e edition) *vmpoolerclient.Client {
	c := vmpoolerclient.New(p.server.URL+e.base, vmpoolerclient.Curl)
	p.Cleanup(c.Close)
	return c
}

func (p *pooler) floaty(e edition) *vmpoolerclient.Floaty {
	f := vmpoolerclient.NewFloaty(p.server.URL + e.base)
	f.Poll = 50 * time.Millisecond
	p.Cleanup(f.Close)
	return f
}

// token makes a token for a user of the dummy provider.
func (p *pooler) token(user string) string {
	p.Helper()
	token, err := p.floaty(editions[0]).TokenGet(p.ctx, user, "secret")
	if err != nil {
		p.Fatal(err)
	}
	return token
}

// filled waits until every pool has all machines that it is to have.
func (p *pooler) filled() {
	p.Helper()
	c := p.curl(editions[0])
	harness.Eventually(p, poolWithin, "every pool is full", func() bool {
		a, err := c.Do(p.ctx, http.MethodGet, "/status?view=capacity", nil)
		if a.Status == http.StatusUnauthorized {
			p.Fatal("nobody may look whether the pools are full")
		}
		var s struct{ Capacity struct{ Current, Total int } }
		return err == nil && a.JSON(&s) == nil && s.Capacity.Current == s.Capacity.Total && s.Capacity.Total > 0
	})
}

// ask sends one request whose answer is the caller's to judge.
func (p *pooler) ask(c *vmpoolerclient.Client, method, path string, body any) vmpoolerclient.Answer {
	p.Helper()
	a, err := c.Do(p.ctx, method, path, body)
	if err != nil {
		p.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// answers asks for a status and a whole body.
func (p *pooler) answers(what string, a vmpoolerclient.Answer, status int, body string) {
	p.Helper()
	expect(p, what+": status", a.Status, status)
	expect(p, what+": body", a.Body, body)
}

// reads gives the answer of something that must be there.
func (p *pooler) reads(c *vmpoolerclient.Client, path string, out any) {
	p.Helper()
	a := p.ask(c, http.MethodGet, path, nil)
	expect(p, "GET "+path, a.Status, http.StatusOK)
	if err := a.JSON(out); err != nil {
		p.Fatalf("GET %s: %v", path, err)
	}
}

// takes checks one machine out of a pool as soon as it can, and gives its short name.
func (p *pooler) takes(c *vmpoolerclient.Client, pool string) string {
	p.Helper()
	var a vmpoolerclient.Answer
	harness.Eventually(p, poolWithin, "a machine of "+pool+" is ready", func() bool {
		a = p.ask(c, http.MethodPost, "/vm/"+pool, nil)
		return a.Status != http.StatusServiceUnavailable
	})
	var got map[string]json.RawMessage
	var of struct{ Hostname string }
	if err := a.JSON(&got); err != nil {
		p.Fatal(err)
	}
	if err := json.Unmarshal(got[pool], &of); err != nil || of.Hostname == "" {
		p.Fatalf("checkout of %s: %d %s", pool, a.Status, a.Body)
	}
	short, _, _ := strings.Cut(of.Hostname, ".")
	return short
}

// ok fails the test if an error came where none may.
func (p *pooler) ok(what string, err error) {
	p.Helper()
	expectThat(p, what, err == nil, err)
}

// refusedWith asks for the status with which a client's command fails.
func (p *pooler) refusedWith(what string, err error, status int) {
	p.Helper()
	refusal, is := err.(*vmpoolerclient.Refused)
	if !is {
		p.Errorf("%s: %v, want HTTP %d", what, err, status)
		return
	}
	expect(p, what, refusal.Status, status)
}

// pretty is JSON as every answer prints it. The text given keeps its keys in order.
func pretty(text string) string {
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
		panic(err) // the test's own text
	}
	return strings.ReplaceAll(strings.ReplaceAll(out.String(), "{}", "{\n  }"), "[]", "[\n\n  ]")
}

var (
	yes = pretty(`{"ok":true}`)
	no  = pretty(`{"ok":false}`)
)

// noFor is a refusal that says why.
func noFor(key, text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err) // only what is no UTF-8 gets here
	}
	text = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
	return pretty(`{"ok":false,"` + key + `":` + text + `}`)
}

// failure is what a change that cannot be is answered with.
func failure(texts ...string) string {
	raw, err := json.Marshal(texts)
	if err != nil {
		panic(err)
	}
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
	return pretty(`{"ok":false,"failure":` + text + `}`)
}

// keysOf are the keys of an object in the order of the answer.
func keysOf(t testing.TB, body string) []string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(body))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		t.Fatalf("no object: %s", body)
	}
	var keys []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.(string))
		var skipped json.RawMessage
		if err := dec.Decode(&skipped); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// inner is the JSON behind a key.
func inner(t testing.TB, body, key string) string {
	t.Helper()
	var of map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &of); err != nil || of[key] == nil {
		t.Fatalf("no %s in %s", key, body)
	}
	return string(of[key])
}

// The forms of names that a server makes up.
var (
	tokenForm    = regexp.MustCompile(`^[a-z][a-z0-9]{31}$`)
	snapshotForm = tokenForm
	uuidForm     = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	shortForm    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
)
