package tests

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// The status has the parts that dashboards and monitors read, each under its name, and only those that were asked for.
func statusHasItsShape(t *testing.T) {
	harness.OneDay(t)
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 2}.String()})
	running := []string{p.takes(p.curl(editions[0]), "debian-7-i386"), p.takes(p.curl(editions[0]), "centos-6-x86_64")}
	p.filled()
	all := "[boot capacity clone pools queue status]"
	p.eachEdition(t, func(p *pooler, e edition) {
		c := p.curl(e)
		for view, want := range map[string]string{
			"": all, "?view": all, "?view=": "[status]", "?view=bogus": "[status]", "?view=capacity": "[capacity status]",
			"?view=queue,clone": "[clone queue status]", "?view=queue,%20clone": "[queue status]", "?view=boot,pools,nothing": "[boot pools status]",
			"?view=status": "[status]", "/": all,
		} {
			a := p.ask(c, http.MethodGet, "/status"+view, nil)
			expect(p, "GET /status"+view, a.Status, http.StatusOK)
			expect(p, "parts of /status"+view, fmt.Sprint(keysOf(p, a.Body)), want)
		}
		body := p.ask(c, http.MethodGet, "/status", nil).Body
		for part, want := range map[string]string{
			"boot": "[duration count]", "clone": "[duration count]", "capacity": "[current total percent]", "status": "[ok message uptime]",
			"pools": "[debian-7-i386 debian-7-x86_64 centos-6-x86_64 windows-10-x86_64]",
		} {
			expect(p, part, fmt.Sprint(keysOf(p, inner(p, body, part))), want)
		}
		p.statusCounts(e, body)
	})
	for _, name := range running {
		expect(p, "delete", p.ask(p.curl(editions[0]), http.MethodDelete, "/vm/"+name, nil).Status, http.StatusOK)
	}
}

// statusCounts asks that the numbers are those of three full pools of two, with two machines checked out.
func (p *pooler) statusCounts(e edition, body string) {
	p.Helper()
	expect(p, "capacity", inner(p, body, "capacity"), "{\n    \"current\": 6,\n    \"total\": 6,\n    \"percent\": 100.0\n  }")
	queue := inner(p, body, "queue")
	keys := keysOf(p, queue)
	for _, key := range []string{"pending", "cloning", "booting", "ready", "running", "completed", "total"} {
		expectThat(p, "queue has "+key, slices.Contains(keys, key), keys)
	}
	expect(p, "queue says what is requested", slices.Contains(keys, "requested"), e.strict)
	for key, want := range map[string]string{
		"pending": "0", "cloning": "0", "booting": "0", "ready": "6", "running": "2", "completed": "0", "total": "8",
	} {
		expect(p, "queue: "+key, inner(p, queue, key), want)
	}
	pools := inner(p, body, "pools")
	expect(p, "keys of a pool", fmt.Sprint(keysOf(p, inner(p, pools, "debian-7-i386"))), "[ready running pending max lastBoot alias]")
	expect(p, "keys of a pool without aliases", fmt.Sprint(keysOf(p, inner(p, pools, "centos-6-x86_64"))), "[ready running pending max lastBoot]")
	_, err := time.Parse(`"`+vmpoolerclient.TimeLayout+`"`, inner(p, inner(p, pools, "debian-7-i386"), "lastBoot"))
	p.ok("lastBoot", err)
	expect(p, "lastBoot of a pool that never booted", inner(p, inner(p, pools, "windows-10-x86_64"), "lastBoot"), `""`)
	expect(p, "running", inner(p, inner(p, pools, "debian-7-i386"), "running"), "1")
	expect(p, "keys of a duration", fmt.Sprint(keysOf(p, inner(p, inner(p, body, "clone"), "duration"))), "[average min max total]")
	expect(p, "clones", inner(p, inner(p, inner(p, body, "clone"), "count"), "total"), "8")
	expect(p, "boots", inner(p, inner(p, inner(p, body, "boot"), "count"), "total"), "8")
	expect(p, "message", inner(p, inner(p, body, "status"), "message"), `"Battle station fully armed and operational."`)
	p.smallStatus(e)
}

// smallStatus asks for what bots poll instead.
func (p *pooler) smallStatus(e edition) {
	p.Helper()
	c := p.curl(e)
	if !e.versioned {
		for _, path := range []string{"/poolstat", "/totalrunning"} {
			p.judged(path+" without a version", p.ask(c, http.MethodGet, path, nil), notFound)
		}
		return
	}
	i386 := `"debian-7-i386":{"max":2,"alias":["debian-32","debian"],"ready":2}`
	x64 := `"debian-7-x86_64":{"max":2,"alias":["debian"],"ready":2}`
	for query, want := range map[string]string{
		"": "{}", "?pool=": "{}", "?pool=solaris-11": "{}", "?pool=debian-7-i386": "{" + i386 + "}", "?pool=debian": "{" + i386 + "," + x64 + "}",
		"?pool=debian-32,windows-10-x86_64,solaris-11": "{" + i386 + `,"windows-10-x86_64":{"max":0,"ready":0}}`,
	} {
		p.answers("/poolstat"+query, p.ask(c, http.MethodGet, "/poolstat"+query, nil), http.StatusOK, pretty(`{"pools":`+want+`}`))
	}
	p.answers("/totalrunning", p.ask(c, http.MethodGet, "/totalrunning", nil), http.StatusOK, pretty(`{"running":2}`))
}

// A pool that should have machines and has none ready is named; one without a size is not.
func emptyPoolsAreTold(t *testing.T) {
	yaml := strings.Replace(poolerYAML{size: 1, noAuth: true}.String(), ":pools:",
		"  :broken:\n    provider_class: 'dummy'\n    createvm_fail_percent: 100\n"+
			"    skip_dns_check_before_creating_vm: true\n:pools:\n"+
			"  - name: 'sles-12-x86_64'\n    template: 'Templates/sles-12'\n    size: 2\n    provider: broken\n"+
			"  - name: 'sles-11-x86_64'\n    template: 'Templates/sles-11'\n    size: 1\n    provider: broken", 1)
	p := &pooler{TB: t, ctx: t.Context(), server: harness.Start(t, harness.Options{VMPooler: yaml})}
	p.eachEdition(t, func(p *pooler, e edition) {
		c := p.curl(e)
		var s struct {
			Capacity struct {
				Current, Total int
				Percent        float64
			}
			Status struct {
				OK      bool
				Message string
				Empty   []string
			}
		}
		harness.Eventually(p, poolWithin, "the other pools are full", func() bool {
			a := p.ask(c, http.MethodGet, "/status", nil)
			return a.JSON(&s) == nil && s.Capacity.Current == 3
		})
		expect(p, "ok", s.Status.OK, false)
		expect(p, "message", s.Status.Message, "Found 2 empty pools.")
		expect(p, "empty", fmt.Sprint(s.Status.Empty), "[sles-12-x86_64 sles-11-x86_64]")
		expect(p, "total", s.Capacity.Total, 6)
		expect(p, "percent", s.Capacity.Percent, 50.0)
		s.Status.OK, s.Status.Empty = false, nil
		p.reads(c, "/status?view=queue", &s)
		expectThat(p, "pools that are not shown are not judged", s.Status.OK && s.Status.Empty == nil, s)
		p.judged("nothing is ready there", p.ask(c, http.MethodPost, "/vm/sles-12-x86_64", nil), unavailable)
		p.judged("all or nothing", p.ask(c, http.MethodPost, "/vm/debian-7-i386+sles-12-x86_64", nil), unavailable)
	})
}
