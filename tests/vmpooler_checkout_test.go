package tests

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// verdict is how a request is answered; a body that ends in "..." is one that begins so.
type verdict struct {
	status int
	body   string
}

func (p *pooler) judged(what string, a vmpoolerclient.Answer, want verdict) {
	p.Helper()
	expect(p, what+": status", a.Status, want.status)
	if start, open := strings.CutSuffix(want.body, "..."); open {
		expectThat(p, what+": body", strings.HasPrefix(a.Body, start), a.Body)
		return
	}
	expect(p, what+": body", a.Body, want.body)
}

var (
	notFound    = verdict{404, no}
	unavailable = verdict{503, no}
	unknown     = verdict{401, no}
)

func badly(text string) verdict { return verdict{400, noFor("error", text)} }

// brokenJSON says in its own words what the parser stumbled over.
var brokenJSON = verdict{400, "{\n  \"ok\": false,\n  \"error\": \"Invalid JSON: ..."}

// Every way to ask for machines that cannot be had has its answer, and takes none.
func checkoutsAreJudged(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{}.String()})
	nothing := func(e edition) verdict { // nothing was asked for, and is given
		if e.fqdn {
			return verdict{200, yes}
		}
		return verdict{200, pretty(`{"ok":true,"domain":"company.com"}`)}
	}
	p.eachEdition(t, func(p *pooler, e edition) {
		for _, c := range []struct {
			name, body string
			v1         verdict
			v3         verdict // the strict one's, if it is another
		}{
			{"unknown pool", `{"solaris-11":"1"}`, notFound, verdict{}},
			{"one unknown pool", `{"debian-7-i386":"1","solaris-11":"1"}`, notFound, verdict{}},
			{"name with a dot", `{"debian.7":"1"}`, notFound, badly("Invalid pool name format")},
			{"no name", `{"":"1"}`, notFound, badly("Pool name is required")},
			{"more than there are", `{"centos-6-x86_64":"7"}`, unavailable, verdict{}},
			{"more than there are of one", `{"debian-7-i386":"1","centos-6-x86_64":7}`, unavailable, verdict{}},
			{"none is ready", `{"windows-10-x86_64":"1"}`, unavailable, verdict{}},
			{"far too many", `{"debian-7-i386":"101"}`, unavailable, badly("VM count must be at most 100")},
			{"zero", `{"debian-7-i386":"0"}`, nothing(e), badly("VM count must be at least 1")},
			{"zero as a number", `{"debian-7-i386":0}`, nothing(e), badly("VM count must be at least 1")},
			{"no number", `{"debian-7-i386":"x"}`, nothing(e), badly("VM count must be a valid integer")},
			{"null", "null", notFound, badly("Request body must be a JSON object")},
			{"a list", "[]", badly("Request body must be a JSON object"), verdict{}},
			{"a text", `"debian-7-i386"`, badly("Request body must be a JSON object"), verdict{}},
			{"broken", `{"debian-7-i386":`, brokenJSON, verdict{}},
			{"nothing in it", "{}", nothing(e), notFound},
			{"no body", "", brokenJSON, notFound},
			{"too deep", `{"debian-7-i386":[[[[[[1]]]]]]}`, verdict{400, "{\n  \"ok\": false..."}, badly("Request body too complex")},
		} {
			want := c.v1
			if e.strict && c.v3.status != 0 {
				want = c.v3
			}
			p.judged(c.name, p.ask(p.curl(e), http.MethodPost, "/vm", c.body), want)
		}
		for _, c := range []struct {
			name, path string
			want       verdict
		}{
			{"unknown pool in the path", "solaris-11", notFound},
			{"one unknown pool in the path", "debian-7-i386+solaris-11", notFound},
			{"name with a dot in the path", "debian.7", notFound},
			{"more in the path than there are", strings.Repeat("centos-6-x86_64+", 6) + "centos-6-x86_64", unavailable},
			{"none is ready in the path", "windows-10-x86_64", unavailable},
		} {
			p.judged(c.name, p.ask(p.curl(e), http.MethodPost, "/vm/"+c.path, nil), c.want)
		}
		for _, path := range []string{"/vm/debian-7-i386", "/vm"} {
			a := p.ask(p.curl(e).With("abcdefghijklmnopqrstuvwxyz012345"), http.MethodPost, path, `{"debian-7-i386":"1"}`)
			p.judged("unknown token", a, unknown)
			expect(p, "unknown token: challenge", a.Header.Get("WWW-Authenticate"), `Basic realm="Authentication required"`)
		}
		p.nothingIsTaken(e)
	})
}

// nothingIsTaken asks that no machine is running.
func (p *pooler) nothingIsTaken(e edition) {
	p.Helper()
	var s struct{ Queue struct{ Running, Ready int } }
	p.reads(p.curl(e), "/status?view=queue", &s)
	expect(p, "machines that are running", s.Queue.Running, 0)
	expect(p, "machines that are ready", s.Queue.Ready, 18)
}

// What is asked for by an alias is answered under it, from any of its pools, and those share out what one of them cannot give.
func checkoutsByAlias(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 2}.String()})
	p.eachEdition(t, func(p *pooler, e edition) {
		p.filled()
		c := p.curl(e)
		a := p.ask(c, http.MethodPost, "/vm", `{"debian":"4"}`)
		expect(p, "checkout by alias", a.Status, http.StatusOK)
		want := []string{"ok", "debian", "domain"}
		if e.fqdn {
			want = want[:2]
		}
		expect(p, "keys of the answer", fmt.Sprint(keysOf(p, a.Body)), fmt.Sprint(want))
		var got struct {
			Debian struct{ Hostname []string }
		}
		p.ok("answer", a.JSON(&got))
		names := got.Debian.Hostname
		expect(p, "machines", len(names), 4)
		from := map[string]int{}
		for _, name := range names {
			expect(p, "the name carries its domain", strings.HasSuffix(name, ".company.com"), e.fqdn)
			v, err := p.floaty(e).Query(p.ctx, name)
			p.ok("query", err)
			from[v.Template]++
			expect(p, "delete", p.ask(c, http.MethodDelete, "/vm/"+name, nil).Status, http.StatusOK)
		}
		expect(p, "pools that gave them", fmt.Sprint(from), "map[debian-7-i386:2 debian-7-x86_64:2]")
		p.filled()
		p.judged("more than all pools of an alias have", p.ask(c, http.MethodPost, "/vm/debian+debian+debian+debian+debian", nil), unavailable)
		p.judged("an alias and its pools want the same",
			p.ask(c, http.MethodPost, "/vm/debian+debian+debian+debian-32+debian-7-i386", nil), unavailable)
		a = p.ask(c, http.MethodPost, "/vm/debian%2Bdebian-32", nil)
		expect(p, "plus signs that are escaped", a.Status, http.StatusOK)
		keys := keysOf(p, a.Body)
		expectThat(p, "each name has its key", slices.Contains(keys, "debian") && slices.Contains(keys, "debian-32"), keys)
		var each map[string]any
		p.ok("answer", a.JSON(&each))
		for _, name := range []string{"debian", "debian-32"} {
			of, _ := each[name].(map[string]any)
			host, isText := of["hostname"].(string)
			expectThat(p, "one machine is no list", isText, each)
			expect(p, "delete", p.ask(c, http.MethodDelete, "/vm/"+host, nil).Status, http.StatusOK)
		}
	})
}
