package tests

import (
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// Every answer is JSON as Ruby prints it, packed for those who ask for it, and says the same with a slash behind the path.
func answersHaveTheirForm(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1}.String()})
	list := "[\n  \"debian-7-i386\",\n  \"debian-7-x86_64\",\n  \"centos-6-x86_64\",\n  \"windows-10-x86_64\"\n]"
	p.eachEdition(t, func(p *pooler, e edition) {
		c := p.curl(e)
		for _, path := range []string{"/vm", "/vm/"} {
			a := p.ask(c, http.MethodGet, path, nil)
			p.answers("GET "+path, a, http.StatusOK, list)
			expect(p, "its type", a.Header.Get("Content-Type"), "application/json")
			expect(p, "it is not packed", a.Header.Get("Content-Encoding"), "")
		}
		for _, style := range []vmpoolerclient.Style{vmpoolerclient.Ruby, vmpoolerclient.Go} {
			packed := vmpoolerclient.New(c.Base, style)
			a := p.ask(packed, http.MethodGet, "/vm", nil)
			expect(p, "packed for "+style.String(), a.Header.Get("Content-Encoding"), "gzip")
			p.answers("packed for "+style.String(), a, http.StatusOK, list)
			packed.Close()
		}
		a := p.ask(c, http.MethodHead, "/vm", nil)
		expect(p, "HEAD", a.Status, http.StatusOK)
		expect(p, "HEAD has no body", a.Body, "")
		p.unknownRoutes(c)
		p.judged("a machine's body that is too large", p.ask(c, http.MethodPost, "/vm", `{"debian-7-i386":"`+strings.Repeat("1", 64<<10)+`"}`),
			verdict{http.StatusRequestEntityTooLarge, "{\n  \"ok\": false..."})
		name := p.takes(c, "debian-7-i386")
		p.judged("slashes at the end", p.ask(c, http.MethodPut, "/vm/"+name+"/", `{"tags":{"a":"b"}}`), verdict{200, yes})
		p.judged("slashes at the end", p.ask(c, http.MethodDelete, "/vm/"+name+"/", nil), verdict{200, yes})
		p.judged("slashes at the end", p.ask(c, http.MethodPost, "/vm/windows-10-x86_64/", nil), unavailable)
		p.judged("slashes at the end", p.ask(c, http.MethodPost, "/vm/", `{"windows-10-x86_64":"1"}`), unavailable)
	})
}

// unknownRoutes asks that what is no route says so as everything else does.
func (p *pooler) unknownRoutes(c *vmpoolerclient.Client) {
	p.Helper()
	for _, r := range []struct{ method, path string }{
		{"GET", "/vm/a/b/c/d"}, {"PATCH", "/vm"}, {"DELETE", "/vm"}, {"PUT", "/token"}, {"POST", "/status"}, {"GET", "/summary/a/b/c"},
		{"GET", "/vm/a/disk/8"}, {"GET", "/token/a/b"},
	} {
		a := p.ask(c, r.method, r.path, nil)
		p.judged(r.method+" "+r.path, a, notFound)
		expect(p, "its type", a.Header.Get("Content-Type"), "application/json")
	}
}
