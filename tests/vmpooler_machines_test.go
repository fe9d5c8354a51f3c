package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// A machine is found by its short name and by its whole one, and tells of itself in a fixed order.
func machinesAreFound(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 2}.String()})
	p.eachEdition(t, func(p *pooler, e edition) {
		c := p.curl(e)
		name := p.takes(c, "debian-7-i386")
		for _, path := range []string{name, name + ".company.com", name + ".elsewhere.org", name + "/"} {
			a := p.ask(c, http.MethodGet, "/vm/"+path, nil)
			expect(p, "GET "+path, a.Status, http.StatusOK)
			expect(p, "the answer's keys", fmt.Sprint(keysOf(p, a.Body)), "[ok "+name+"]")
		}
		a := p.ask(c, http.MethodGet, "/vm/"+name, nil)
		var v struct {
			Start time.Time `json:"start_time"`
			End   time.Time `json:"end_time"`
			Left  float64   `json:"remaining"`
		}
		p.ok("answer", json.Unmarshal([]byte(inner(p, a.Body, name)), &v))
		expect(p, "end is start and lifetime", v.End.Sub(v.Start), 12*time.Hour)
		expectThat(p, "what remains", v.Left > 11.9 && v.Left <= 12, v.Left)
		expectThat(p, "keys of a machine", strings.HasPrefix(fmt.Sprint(keysOf(p, inner(p, a.Body, name))),
			"[template lifetime running remaining start_time end_time state ip "+map[bool]string{true: "fqdn", false: "domain"}[e.fqdn]), a.Body)

		for _, c := range []struct {
			what, name string
			v1, v3     verdict
		}{
			{"unknown", "nobody", notFound, notFound},
			{"unknown with a domain", "nobody.company.com", notFound, notFound},
			{"dash first", "-nobody", notFound, badly("Invalid hostname format")},
			{"underscore", "no_body", notFound, badly("Invalid hostname format")},
			{"a label too long", strings.Repeat("a", 64), notFound, badly("Invalid hostname format")},
			{"too long", strings.Repeat("a.", 127) + "a", notFound, badly("Hostname too long")},
		} {
			want := c.v1
			if e.strict {
				want = c.v3
			}
			if c.what == "too long" && e.strict {
				want.body = "{\n  \"ok\": false,\n  \"error\": \"..." // in whatever words
			}
			for _, r := range []struct {
				method, path string
				body         any
			}{
				{http.MethodGet, "", nil}, {http.MethodDelete, "", nil}, {http.MethodPut, "", `{"tags":{"a":"b"}}`},
			} {
				p.judged(r.method+" "+c.what, p.ask(p.curl(e), r.method, "/vm/"+c.name+r.path, r.body), want)
			}
		}
		expect(p, "delete", p.ask(c, http.MethodDelete, "/vm/"+name, nil).Status, http.StatusOK)
	})
}

// A machine is deleted once: neither one that waits in its pool nor one that was given up can be.
func deletionsAreFinal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "machines.yaml")
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1, file: file}.String()})
	p.eachEdition(t, func(p *pooler, e edition) {
		c := p.curl(e)
		p.filled()
		waiting := machineOf(p, file+".yardmaster", "centos-6-x86_64")
		p.judged("delete of one that waits", p.ask(c, http.MethodDelete, "/vm/"+waiting, nil), notFound)
		name := p.takes(c, "centos-6-x86_64")
		expect(p, "it is handed out", name, waiting)
		p.answers("delete", p.ask(c, http.MethodDelete, "/vm/"+name+"/", nil), http.StatusOK, yes)
		p.judged("delete again", p.ask(c, http.MethodDelete, "/vm/"+name, nil), notFound)
		for _, r := range []struct{ method, path, body string }{
			{http.MethodPut, "", `{"tags":{"a":"b"}}`}, {http.MethodDelete, ".company.com", ""},
		} {
			p.judged(r.method+" after it", p.ask(c, r.method, "/vm/"+name+r.path, r.body), notFound)
		}
		f := p.floaty(e)
		states := map[string]bool{}
		harness.Eventually(p, poolWithin, "the machine is destroyed", func() bool {
			v, err := f.Do(p.ctx, http.MethodGet, "/vm/"+name, nil)
			if err != nil || v.Status != http.StatusOK {
				p.Fatalf("GET of a machine that was deleted: %v %v", v, err)
			}
			var got map[string]any
			p.ok("answer", v.JSON(&got))
			vm, _ := got[name].(map[string]any)
			state, _ := vm["state"].(string)
			states[state] = true
			return state == "destroyed"
		})
		expectThat(p, "states on the way", !states["ready"] && !states["pending"], states)
		p.judged("delete of what is destroyed", p.ask(c, http.MethodDelete, "/vm/"+name, nil), notFound)
	})
}

// machineOf is the one machine of a pool that the file of simulated machines holds.
func machineOf(t testing.TB, file, pool string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var world struct {
		Machines []struct{ Name, Pool string }
	}
	if err := json.Unmarshal(raw, &world); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range world.Machines {
		if m.Pool == pool {
			names = append(names, m.Name)
		}
	}
	if len(names) != 1 {
		t.Fatalf("machines of %s: %v", pool, names)
	}
	return names[0]
}
