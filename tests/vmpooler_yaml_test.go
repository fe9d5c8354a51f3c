package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// plainYAML is the smallest vmpooler.yaml that is of use. Its second alias is a text, as many have it.
const plainYAML = `---
:config:
  domain: 'example.com'
  vm_lifetime: 12
:providers:
  :dummy:
    provider_class: 'dummy'
:auth:
  :provider: 'dummy'
:pools:
  - name: 'pool01'
    alias: [ 'one' ]
    template: 'Templates/one'
    size: 1
    provider: dummy
  - name: 'pool02'
    alias: 'two'
    template: 'Templates/two'
    size: 1
`

// warnings are what a server's log warns of, in order.
func warnings(t testing.TB, s *harness.Server) (all []string) {
	t.Helper()
	for line := range strings.Lines(s.Output()) {
		var entry struct{ Level, Msg string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Level == "WARN" {
			all = append(all, entry.Msg)
		}
	}
	return all
}

// The file of a vmpooler is all that a server needs, symbols included; what it opens to everyone is said at the start.
func TestVMPoolerYAMLIsEnough(t *testing.T) {
	t.Parallel()
	p := startPooler(t, harness.Options{VMPooler: plainYAML})
	c := p.curl(editions[0])
	p.answers("pools", p.ask(c, http.MethodGet, "/vm", nil), http.StatusOK, pretty(`["pool01","pool02"]`))
	for _, alias := range []string{"one", "two"} {
		v, err := p.floaty(editions[0]).Query(p.ctx, p.takes(c, alias))
		p.ok("query", err)
		expect(t, "domain", v.Domain, "example.com")
		expect(t, "lifetime", v.Lifetime, 12.0)
	}
	expectThat(t, "a token", tokenForm.MatchString(p.token("jdoe")), nil)
	for _, path := range []string{"/full_config", "/held"} { // open as it is, it tells nobody who holds what
		p.judged("without a token: "+path, p.ask(c, http.MethodGet, path, nil), unknown)
	}
	got := warnings(t, p.server)
	address := strings.TrimPrefix(p.server.URL, "http://")
	for i, words := range [][]string{
		{"vmpooler.yaml", address, "without a token", "dialects.vmpooler.anonymous"}, {"heketi", "nobody"}, {"DUMMY", address},
	} {
		if i >= len(got) {
			t.Fatalf("warnings: %q", got)
		}
		for _, word := range words {
			expectThat(t, "a warning of "+word, strings.Contains(got[i], word), got[i])
		}
	}
	expect(t, "warnings", len(got), 3)
	root := p.curl(editions[3])
	expect(t, "the Heketi API is closed", p.ask(root, http.MethodGet, "/clusters", nil).Status, http.StatusUnauthorized)
	expect(t, "/healthz", p.ask(root, http.MethodGet, "/healthz", nil).Status, http.StatusOK)
	expect(t, "/readyz", p.ask(root, http.MethodGet, "/readyz", nil).Status, http.StatusOK)
	p.server.Stop()
	p.server.Check()
}

// What is wrong in the file stops the start with one line that names the place; what has no effect is named, and does not.
func TestVMPoolerYAMLIsJudged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, old, new string
		says           []string
	}{
		{"unknown key", "  domain:", "  domian:", []string{"vmpooler.yaml:3", "config.domian", "config.domain"}},
		{"unknown key of a pool", "    size: 1\n    provider", "    sise: 1\n    provider", []string{"vmpooler.yaml:14", "sise", "size"}},
		{"unknown key of a provider", "    provider_class: 'dummy'", "    provider_clas: 'dummy'", []string{"vmpooler.yaml:7", "provider_clas"}},
		{"unknown section", ":auth:", ":auht:", []string{"vmpooler.yaml:8", "auht"}},
		{"a key twice", "  vm_lifetime: 12", "  domain: 'example.org'", []string{"vmpooler.yaml:4", "domain", "twice"}},
		{"no number", "  vm_lifetime: 12", "  vm_lifetime: long", []string{"vmpooler.yaml:4", "vm_lifetime", "long"}},
		{"no such provider", "    provider: dummy", "    provider: vsphere", []string{"vmpooler.yaml:15", "vsphere"}},
		{"a pool twice", "pool02", "pool01", []string{"vmpooler.yaml", "pool01"}},
		{"an auth provider that is none", "  :provider: 'dummy'", "  :provider: 'kerberos'", []string{"vmpooler.yaml:9", "kerberos"}},
		{"no YAML", ":config:", ":config: [", []string{"vmpooler.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "vmpooler.yaml"), []byte(strings.Replace(plainYAML, c.old, c.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			out := harness.Run(t, dir, []string{"YARDMASTER_DATA_DIR=" + dir, "YARDMASTER_LISTEN=127.0.0.1:0"},
				"serve", "--vmpooler-config", "vmpooler.yaml")
			expectThat(t, "the start is refused", out.Code != 0 && out.Stdout == "", out)
			expect(t, "lines", strings.Count(out.Stderr, "\n"), 1)
			for _, word := range c.says {
				expectThat(t, "the line says "+word, strings.Contains(out.Stderr, word), out.Stderr)
			}
		})
	}
}

// Keys of a vmpooler that mean nothing here are named in a warning each, with their line.
func TestVMPoolerYAMLWarns(t *testing.T) {
	t.Parallel()
	yaml := strings.Replace(plainYAML, ":config:\n", ":config:\n  logfile: '/var/log/vmpooler.log'\n  retry_factor: 10\n", 1) +
		"    check_loop_delay_max: 60\n:redis:\n  server: 'redis.example.com'\n  password: 'sesame'\n:graphs:\n  server: 'graphite.example.com'\n" +
		":statsd:\n  server: 'statsd.example.com'\n  prefix: 'vmpooler'\n"
	p := startPooler(t, harness.Options{VMPooler: yaml})
	got := warnings(t, p.server)
	lineOf := func(text string) int { return strings.Count(yaml[:strings.Index(yaml, text)], "\n") + 1 }
	for key, text := range map[string]string{"config.logfile": "logfile", "config.retry_factor": "retry_factor",
		"redis.server": "server: 'redis", "redis.password": "password", "graphs.server": "server: 'graphite", "statsd.server": "server: 'statsd",
		"check_loop_delay_max": "check_loop_delay_max"} {
		where := fmt.Sprintf("vmpooler.yaml:%d", lineOf(text))
		named := slices.ContainsFunc(got, func(w string) bool { return strings.Contains(w, where+": ") && strings.Contains(w, key) })
		expectThat(t, "a warning of "+key+" at "+where, named, strings.Join(got, "\n"))
	}
	expectThat(t, "no warning tells a password", !strings.Contains(p.server.Output(), "sesame"), nil)
}

// Where the file comes from: a variable may hold its name or all of it, and one value of it.
func TestVMPoolerYAMLFromTheEnvironment(t *testing.T) {
	t.Parallel()
	for name, give := range map[string]func(dir string) []string{
		"the text": func(string) []string { return []string{"VMPOOLER_CONFIG=" + plainYAML} },
		"the name": func(dir string) []string {
			if err := os.WriteFile(filepath.Join(dir, "other.yaml"), []byte(plainYAML), 0o600); err != nil {
				t.Fatal(err)
			}
			return []string{"VMPOOLER_CONFIG_FILE=other.yaml"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			port := harness.FreePort(t)
			env := append(give(dir), "VM_LIFETIME=3", "YARDMASTER_DATA_DIR="+dir+"/data", fmt.Sprintf("YARDMASTER_LISTEN=127.0.0.1:%d", port))
			server := harness.NewProcess(t, "server", dir, env, harness.Binary(t), "serve")
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			p := &pooler{TB: t, ctx: t.Context(), server: &harness.Server{Process: server, URL: fmt.Sprintf("http://127.0.0.1:%d", port)}}
			p.filled()
			c := p.curl(editions[2])
			v, err := p.floaty(editions[2]).Query(p.ctx, p.takes(c, "two"))
			p.ok("query", err)
			expect(t, "lifetime", v.Lifetime, 3.0)
			server.Stop()
		})
	}
}

// More files are merged into the first one, and pools are asked for by the names of either.
func TestVMPoolerYAMLInSeveralFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	more := "---\n:config:\n  vm_lifetime: 99\n  vm_lifetime_auth: 48\n" +
		":pools:\n  - name: 'pool03'\n    template: 'Templates/three'\n    size: 1\n"
	if err := os.WriteFile(filepath.Join(dir, "more.yaml"), []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	yaml := strings.Replace(plainYAML, ":config:\n", ":config:\n  extra_config: '"+filepath.Join(dir, "more.yaml")+"'\n", 1)
	p := startPooler(t, harness.Options{Dir: dir, VMPooler: yaml})
	c := p.curl(editions[0])
	p.answers("pools", p.ask(c, http.MethodGet, "/vm", nil), http.StatusOK, pretty(`["pool01","pool02","pool03"]`))
	for token, want := range map[string]float64{"": 12, p.token("jdoe"): 48} {
		v, err := p.floaty(editions[0]).Query(p.ctx, p.takes(c.With(token), "pool03"))
		p.ok("query", err)
		expect(t, "lifetime", v.Lifetime, want)
	}
	warned := warnings(t, p.server)
	conflict := slices.ContainsFunc(warned, func(w string) bool { return strings.Contains(w, "more.yaml:3") && strings.Contains(w, "vm_lifetime") })
	expectThat(t, "a value that is there twice is warned of", conflict, warned)
	start := time.Now()
	p.server.Stop()
	expectThat(t, "an idle server stops at once", time.Since(start) < poolWithin, time.Since(start))
}
