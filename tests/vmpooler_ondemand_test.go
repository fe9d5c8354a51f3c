package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// onDemand is a server whose machines take so long to be made that a request can be looked at meanwhile.
func onDemand(t *testing.T) *pooler {
	t.Helper()
	return startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1, config: []string{"max_ondemand_instances_per_request: 3"}}.String()})
}

// eachVersion is eachEdition without the one that knows no requests.
func (p *pooler) eachVersion(t *testing.T, run func(*pooler, edition)) {
	p.eachEdition(t, func(p *pooler, e edition) {
		if e.versioned {
			run(p, e)
		}
	})
}

// A request for machines is judged before anything is made.
func requestsAreJudged(t *testing.T) {
	p := onDemand(t)
	token := p.token("jdoe")
	p.eachVersion(t, func(p *pooler, e edition) {
		bare := p.curl(e)
		c := bare.With(token)
		many := verdict{403, noFor("message", "requested amount of instances exceeds the maximum 3")}
		lost := verdict{404, noFor("message", "no request found for request_id 'abc'")}
		for _, r := range []struct {
			name         string
			client       *vmpoolerclient.Client
			method, path string
			body         any
			want         verdict
		}{
			{"no token", bare, "POST", "", `{"windows-10-x86_64":"1"}`, unknown},
			{"no token in the path", bare, "POST", "/windows-10-x86_64", nil, unknown},
			{"a token that is none", bare.With("x"), "POST", "", `{"windows-10-x86_64":"1"}`, unknown},
			{"unknown pools", c, "POST", "", `{"windows-10-x86_64":"1","solaris-11":"1","beos-5":1}`,
				verdict{404, pretty(`{"ok":false,"bad_templates":["solaris-11","beos-5"]}`)}},
			{"unknown pool in the path", c, "POST", "/windows-10-x86_64+solaris-11", nil,
				verdict{404, pretty(`{"ok":false,"bad_templates":["solaris-11"]}`)}},
			{"too many", c, "POST", "", `{"windows-10-x86_64":"4"}`, many},
			{"too many in the path", c, "POST", "/" + strings.Repeat("debian+", 3) + "debian", nil, many},
			{"broken", c, "POST", "", `{"windows-10-x86_64":"1}`, verdict{400, noFor("message", "JSON payload could not be parsed")}},
			{"null", c, "POST", "", `null`, notFound},
			{"nothing in it", c, "POST", "", `{}`, notFound},
			{"unknown request", bare, "GET", "/abc", nil, lost},
			{"deletion of an unknown request", c, "DELETE", "/abc", nil, lost},
			{"deletion without a token", bare, "DELETE", "/abc", nil, unknown},
		} {
			p.judged(r.name, p.ask(r.client, r.method, "/ondemandvm"+r.path, r.body), r.want)
		}
		var s struct{ Queue struct{ Total int } }
		p.reads(bare, "/status?view=queue", &s)
		expect(p, "machines beside those of the pools", s.Queue.Total, 3)
	})
	for _, r := range []struct{ method, path string }{
		{"POST", "/ondemandvm"}, {"POST", "/ondemandvm/debian"}, {"GET", "/ondemandvm/abc"}, {"DELETE", "/ondemandvm/abc"},
	} {
		p.judged(r.method+" without a version", p.ask(p.curl(editions[3]).With(token), r.method, r.path, nil), notFound)
	}
}

// A request keeps its id and its counts, is ready as a whole, and gives its machines up when it is called off.
func requestsAreCalledOff(t *testing.T) {
	p := onDemand(t)
	token := p.token("jdoe")
	p.eachVersion(t, func(p *pooler, e edition) {
		c := p.curl(e).With(token)
		own := "build-" + e.name
		body := `{"windows-10-x86_64":"2","debian-32":"1","request_id":"` + own + `"}`
		made := `{"ok":true,"request_id":"` + own + `"`
		if !e.fqdn {
			made += `,"domain":"company.com"`
		}
		p.answers("request", p.ask(c, http.MethodPost, "/ondemandvm", body), http.StatusCreated, pretty(made+"}"))
		p.judged("the same id again", p.ask(c, http.MethodPost, "/ondemandvm", body),
			verdict{409, "{\n  \"ok\": false,\n  \"request_id\": \"" + own + "\",\n  \"message\": \"..."})
		first := p.ask(c.With(""), http.MethodGet, "/ondemandvm/"+own, nil)
		expect(p, "while machines are missing", first.Status, http.StatusAccepted)
		p.answers("while machines are missing", first, http.StatusAccepted, pretty(`{"ok":true,"request_id":"`+own+`","ready":false,`+
			`"windows-10-x86_64":{"ready":"0","pending":"2"},"debian-32":{"ready":"0","pending":"1"}}`))
		ready := p.whenReady(c, own)
		keys := []string{"ok", "request_id", "ready", "windows-10-x86_64", "debian-32", "domain"}
		if e.fqdn {
			keys = keys[:5]
		}
		expect(p, "keys of a request that is ready", fmt.Sprint(keysOf(p, ready)), fmt.Sprint(keys))
		var names []string
		for kind, count := range map[string]int{"windows-10-x86_64": 2, "debian-32": 1} {
			var of struct{ Hostname []string }
			p.ok("a list", json.Unmarshal([]byte(inner(p, ready, kind)), &of))
			expect(p, "machines of "+kind, len(of.Hostname), count)
			names = append(names, of.Hostname...)
		}
		for _, name := range names {
			expect(p, "the name carries its domain", strings.HasSuffix(name, ".company.com"), e.fqdn)
			v, err := p.floaty(e).Query(p.ctx, name)
			p.ok("query", err)
			expect(p, "state", v.State, "running")
			expect(p, "lifetime", v.Lifetime, 24.0)
		}
		held, err := p.floaty(e).With(token).TokenStatus(p.ctx)
		p.ok("token", err)
		expect(p, "the token holds them", len(held.Running), 3)

		p.judged("deletion", p.ask(c, http.MethodDelete, "/ondemandvm/"+own, nil), verdict{200, yes})
		p.judged("deletion again", p.ask(c, http.MethodDelete, "/ondemandvm/"+own, nil),
			verdict{200, pretty(`{"ok":true,"message":"the request has already been deleted"}`)})
		p.judged("what was deleted", p.ask(c, http.MethodGet, "/ondemandvm/"+own, nil),
			verdict{200, pretty(`{"ok":true,"request_id":"` + own + `","ready":false,"message":"The request has been deleted"}`)})
		held, err = p.floaty(e).With(token).TokenStatus(p.ctx)
		p.ok("token", err)
		expect(p, "the token holds nothing any more", len(held.Running), 0)
		for _, name := range names {
			expect(p, "a machine is gone", p.ask(c, http.MethodDelete, "/vm/"+name, nil).Status, http.StatusNotFound)
		}
		p.ownIDs(c)
	})
}

// ownIDs asks that a request without an id is given one.
func (p *pooler) ownIDs(c *vmpoolerclient.Client) {
	p.Helper()
	a := p.ask(c, http.MethodPost, "/ondemandvm/windows-10-x86_64", nil)
	expect(p, "request in the path", a.Status, http.StatusCreated)
	var made struct {
		ID string `json:"request_id"`
	}
	p.ok("request", a.JSON(&made))
	expectThat(p, "form of an id", uuidForm.MatchString(made.ID), made.ID)
	p.judged("deletion before it is ready", p.ask(c, http.MethodDelete, "/ondemandvm/"+made.ID+"/", nil), verdict{200, yes})
}

func (p *pooler) whenReady(c *vmpoolerclient.Client, id string) (body string) {
	p.Helper()
	harness.Eventually(p, poolWithin, "the request is ready", func() bool {
		a := p.ask(c, http.MethodGet, "/ondemandvm/"+id, nil)
		body = a.Body
		return a.Status != http.StatusAccepted
	})
	expect(p, "ready", inner(p, body, "ready"), "true")
	return body
}
