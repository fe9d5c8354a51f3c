package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// The configuration is shown pool by pool, and no password with it.
func poolsAreShown(t *testing.T) {
	yaml := poolerYAML{size: 1, more: []string{":redis:", "  server: 'redis.example.com'", "  password: 'sesame'"}}
	p := startPooler(t, harness.Options{VMPooler: yaml.String()})
	p.eachVersion(t, func(p *pooler, e edition) {
		var got struct {
			Pools []struct {
				Name, Template, Provider string
				Alias                    []string
				Size                     int
				Ready                    bool `json:"template_ready"`
			} `json:"pool_configuration"`
			Status struct{ OK bool }
		}
		p.reads(p.curl(e), "/config", &got)
		expect(p, "ok", got.Status.OK, true)
		expect(p, "pools", len(got.Pools), 4)
		expect(p, "a pool", fmt.Sprint(got.Pools[0]), "{debian-7-i386 Templates/debian-7-i386 dummy [debian-32 debian] 1 true}")
		expect(p, "its alias is a list", fmt.Sprint(got.Pools[1].Alias), "[debian]")
		a := p.ask(p.curl(e), http.MethodGet, "/full_config", nil)
		expectThat(p, "the whole configuration", a.Status == http.StatusOK || a.Status == http.StatusUnauthorized, a)
		expectThat(p, "it shows no password", !strings.Contains(a.Body, "sesame"), a.Body)
	})
	p.judged("/config without a version", p.ask(p.curl(editions[3]), http.MethodGet, "/config", nil), notFound)
}

var overrides = []struct{ method, path, body string }{
	{"POST", "/config/poolsize", `{"debian-7-i386":"1"}`}, {"DELETE", "/config/poolsize/debian-7-i386", ""},
	{"POST", "/config/pooltemplate", `{"debian-7-i386":"Templates/other"}`}, {"DELETE", "/config/pooltemplate/debian-7-i386", ""},
	{"POST", "/config/clonetarget", `{"debian-7-i386":"cluster2"}`}, {"DELETE", "/config/clonetarget/debian-7-i386", ""},
	{"POST", "/poolreset", `{"debian-7-i386":"1"}`},
}

// Unless it is switched on, no pool is changed through the API.
func poolsAreFixed(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1}.String()})
	token := p.token("jdoe")
	p.eachEdition(t, func(p *pooler, e edition) {
		want := verdict{405, no}
		if !e.versioned {
			want = notFound
		}
		for _, r := range overrides {
			p.judged(r.method+" "+r.path, p.ask(p.curl(e).With(token), r.method, r.path, r.body), want)
		}
	})
}

// Size, template and clone target of a pool are changed and put back while the server runs.
func poolsAreChanged(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1, config: []string{"experimental_features: true"}}.String()})
	token := p.token("jdoe")
	created, same := verdict{201, yes}, verdict{200, yes}
	p.eachVersion(t, func(p *pooler, e edition) {
		bare := p.curl(e)
		c := bare.With(token)
		for _, r := range overrides {
			p.judged("without a token: "+r.method+" "+r.path, p.ask(bare, r.method, r.path, r.body), unknown)
		}
		for _, r := range []struct {
			path, body string
			want       verdict
		}{
			{"/config/poolsize", `{"centos-6-x86_64":"1"}`, same},
			{"/config/poolsize", `{"centos-6-x86_64":"2"}`, created},
			{"/config/poolsize", `{"centos-6-x86_64":2}`, same},
			{"/config/poolsize", `{"centos-6-x86_64":"3","solaris-11":"1","debian":"1","debian-7-i386":"x"}`,
				verdict{400, pretty(`{"ok":false,"not_configured":["solaris-11","debian","debian-7-i386"]}`)}},
			{"/config/poolsize", `{"centos-6-x86_64":"-1"}`, verdict{400, pretty(`{"ok":false,"not_configured":["centos-6-x86_64"]}`)}},
			{"/config/pooltemplate", `{"centos-6-x86_64":"Templates/centos-6-x86_64"}`, same},
			{"/config/pooltemplate", `{"centos-6-x86_64":"Templates/centos-new"}`, created},
			{"/config/pooltemplate", `{"centos-6-x86_64":"centos","debian-7-i386":"/a/b","debian-7-x86_64":"a/","solaris-11":"a/b"}`,
				verdict{400, pretty(`{"ok":false,"bad_templates":["centos-6-x86_64","debian-7-i386","debian-7-x86_64","solaris-11"]}`)}},
			{"/config/clonetarget", `{"debian-7-i386":"cluster-` + e.name + `"}`, created},
			{"/config/clonetarget", `{"debian-7-i386":"cluster-` + e.name + `"}`, same},
			{"/config/clonetarget", `{"solaris-11":"cluster2"}`, verdict{400, pretty(`{"ok":false,"bad_templates":["solaris-11"]}`)}},
			{"/poolreset", `{"solaris-11":"1"}`, verdict{400, pretty(`{"ok":false,"bad_pools":["solaris-11"]}`)}},
			{"/config/poolsize", `{"centos`, verdict{400, noFor("message", "JSON payload could not be parsed")}},
			{"/poolreset", `{"centos`, verdict{400, noFor("message", "JSON payload could not be parsed")}},
		} {
			p.judged("POST "+r.path+" "+r.body, p.ask(c, http.MethodPost, r.path, r.body), r.want)
		}
		p.changesTakeEffect(c, e)
		p.changesAreUndone(c, e)
	})
}

// changesTakeEffect asks that the pool is filled anew, and again after a reset.
func (p *pooler) changesTakeEffect(c *vmpoolerclient.Client, e edition) {
	p.Helper()
	ready := func(n int) {
		p.Helper()
		harness.Eventually(p, poolWithin, fmt.Sprintf("%d machines are ready", n), func() bool {
			a := p.ask(c, http.MethodGet, "/poolstat?pool=centos-6-x86_64", nil)
			return a.Body == pretty(fmt.Sprintf(`{"pools":{"centos-6-x86_64":{"max":2,"ready":%d}}}`, n))
		})
	}
	ready(2)
	var got struct {
		Pools []map[string]any `json:"pool_configuration"`
	}
	p.reads(c, "/config", &got)
	expect(p, "size", got.Pools[2]["size"], any(2.0))
	expect(p, "template", got.Pools[2]["template"], any("Templates/centos-new"))
	expect(p, "clone target", got.Pools[0]["clone_target"], any("cluster-"+e.name))
	p.judged("reset", p.ask(c, http.MethodPost, "/poolreset", `{"centos-6-x86_64":"1"}`), verdict{201, yes})
	ready(2)
}

func (p *pooler) changesAreUndone(c *vmpoolerclient.Client, e edition) {
	p.Helper()
	for _, r := range []struct {
		path string
		want verdict
	}{
		{"/config/poolsize/centos-6-x86_64", verdict{201, pretty(`{"ok":true,"pool_size_before_reset":2,"pool_size_before_overrides":1}`)}},
		{"/config/poolsize/centos-6-x86_64", verdict{200, "{\n  \"ok\": true..."}},
		{"/config/poolsize/solaris-11", notFound},
		{"/config/pooltemplate/centos-6-x86_64", verdict{201,
			pretty(`{"ok":true,"template_before_reset":"Templates/centos-new","template_before_overrides":"Templates/centos-6-x86_64"}`)}},
		{"/config/pooltemplate/centos-6-x86_64", verdict{200, "{\n  \"ok\": true..."}},
		{"/config/pooltemplate/solaris-11", notFound},
		{"/config/clonetarget/debian-7-i386", verdict{201,
			pretty(`{"ok":true,"clone_target_before_reset":"cluster-` + e.name + `","clone_target_before_overrides":""}`)}},
		{"/config/clonetarget/debian-7-i386", verdict{200, "{\n  \"ok\": true..."}},
		{"/config/clonetarget/solaris-11", notFound},
	} {
		p.judged("DELETE "+r.path, p.ask(c, http.MethodDelete, r.path, nil), r.want)
	}
	harness.Eventually(p, poolWithin, "the pool is as configured", func() bool {
		a := p.ask(c, http.MethodGet, "/poolstat?pool=centos-6-x86_64", nil)
		return a.Body == pretty(`{"pools":{"centos-6-x86_64":{"max":1,"ready":1}}}`)
	})
}
