package tests

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// The dashboard is one page without anything from elsewhere, and is fed with what pages of others read too.
func dashboardIsFed(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1}.String()})
	c := p.curl(editions[3])
	name := p.takes(c, "centos-6-x86_64")
	p.filled()
	a := p.ask(c, http.MethodGet, "/", nil)
	expect(p, "the root", a.Status, http.StatusFound)
	expectThat(p, "where it leads", strings.HasSuffix(a.Header.Get("Location"), "/dashboard/"), a.Header)
	a = p.ask(c, http.MethodGet, "/dashboard/", nil)
	expect(p, "the page", a.Status, http.StatusOK)
	expectThat(p, "its type", strings.HasPrefix(a.Header.Get("Content-Type"), "text/html"), a.Header)
	expectThat(p, "the name of the site", strings.Contains(a.Body, "the yard"), a.Body)
	for _, found := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(a.Body, -1) {
		expectThat(p, "nothing comes from elsewhere", !strings.Contains(found[1], "//"), found[1])
		expect(p, found[1], p.ask(c, http.MethodGet, path.Join("/dashboard", found[1]), nil).Status, http.StatusOK)
	}
	stats := "/dashboard/stats/vmpooler/"
	p.answers("pools", p.ask(c, http.MethodGet, stats+"pool", nil), http.StatusOK, pretty(`{"debian-7-i386":{"size":1,"ready":1},`+
		`"debian-7-x86_64":{"size":1,"ready":1},"centos-6-x86_64":{"size":1,"ready":1},"windows-10-x86_64":{"size":0,"ready":0}}`))
	history := inner(p, p.ask(c, http.MethodGet, stats+"pool?history=1", nil).Body, "debian-7-i386")
	expect(p, "with history", fmt.Sprint(keysOf(p, history)), "[size ready history]")
	for _, name := range []string{"running", "running/"} {
		p.answers(name, p.ask(c, http.MethodGet, stats+name, nil), http.StatusOK,
			pretty(`{"debian":{"running":0},"centos":{"running":1},"windows":{"running":0}}`))
	}
	expect(p, "delete", p.ask(c, http.MethodDelete, "/vm/"+name, nil).Status, http.StatusOK)
	for _, page := range []string{"/healthcheck", "/prometheus"} {
		p.judged(page+", which is not configured", p.ask(c, http.MethodGet, page, nil), notFound)
	}
}

// Where metrics are configured they have the names that dashboards chart, and count what happens.
func monitorsAreAnswered(t *testing.T) {
	yaml := poolerYAML{size: 1, config: []string{"usage_stats: true"}, more: []string{":prometheus:", "  prefix: 'yard1'"}}
	p := startPooler(t, harness.Options{VMPooler: yaml.String()})
	root, c := p.curl(editions[3]), p.curl(editions[2]).With(p.token("jdoe"))
	p.answers("/healthcheck", p.ask(root, http.MethodGet, "/healthcheck", nil), http.StatusOK, yes)
	name := p.takes(c, "debian-7-i386")
	p.judged("delete", p.ask(c, http.MethodDelete, "/vm/"+name, nil), verdict{200, yes})
	p.judged("delete again", p.ask(c, http.MethodDelete, "/vm/"+name, nil), notFound)
	p.judged("unknown pool", p.ask(c, http.MethodPost, "/vm/solaris-11", nil), notFound)
	p.judged("none is ready", p.ask(c, http.MethodPost, "/vm/windows-10-x86_64", nil), unavailable)
	p.filled()
	booted := `vmpooler_time_to_ready_state_count{poolname="debian-7-i386",vmpooler_instance="yard1"} 2`
	harness.Eventually(p, poolWithin, "the meter has heard of the second machine", func() bool {
		return strings.Contains(p.ask(root, http.MethodGet, "/prometheus", nil).Body, booted)
	})
	a := p.ask(root, http.MethodGet, "/prometheus", nil)
	expect(p, "/prometheus", a.Status, http.StatusOK)
	for _, line := range []string{
		`vmpooler_checkout_success{poolname="debian-7-i386",vmpooler_instance="yard1"} 1`,
		`vmpooler_checkout_invalid{poolname=".*",vmpooler_instance="yard1"} 1`,
		`vmpooler_checkout_empty{poolname="windows-10-x86_64",vmpooler_instance="yard1"} 1`,
		`vmpooler_delete_success{.*} 1`,
		`vmpooler_delete_failed{.*} 1`,
		`vmpooler_ready{poolname="debian-7-i386",vmpooler_instance="yard1"} 1`,
		`vmpooler_running{poolname="debian-7-i386",vmpooler_instance="yard1"} 0`,
		`vmpooler_user{operation="allocate",poolname="debian-7-i386",user="jdoe",vmpooler_instance="yard1"} 1`,
		`vmpooler_user{operation="destroy",poolname="debian-7-i386",user="jdoe",vmpooler_instance="yard1"} 1`,
		`vmpooler_http_requests_vm_total{method="delete",operation="hostname",subpath="vm",vmpooler_instance="yard1"} 2`,
		booted,
	} {
		p.charted(a, line)
	}
}

// charted asks for a line of metrics, whose labels may hold patterns.
func (p *pooler) charted(a vmpoolerclient.Answer, line string) {
	p.Helper()
	pattern := strings.NewReplacer("{", `\{`, "}", `\}`).Replace(line)
	found := regexp.MustCompile("(?m)^" + pattern + "$").MatchString(a.Body)
	name, _, _ := strings.Cut(line, "{")
	expectThat(p, line, found, strings.Join(regexp.MustCompile("(?m)^"+name+`\{.*$`).FindAllString(a.Body, -1), "\n"))
}
