package tests

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// slowYAML is a pool whose machine takes a second and more to be made, one whose takes longer than any test, one that never has any
// since every clone fails, and one of plenty for each waiter.
func slowYAML(more ...string) string {
	lines := []string{"dialects: {vmpooler: {anonymous: full}}", "pools:", "  providers:",
		"    - {name: slow, kind: sim, createvm_max_time: 2s}", "    - {name: broken, kind: sim, createvm_fail_percent: 100}",
		"    - {name: glacial, kind: sim, createvm_max_time: 1000h}",
		"    - {name: quick, kind: sim}", "  list:",
		"    - {name: scarce, template: t, size: 1, provider: slow, skip_dns_check: true}",
		"    - {name: late, template: t, size: 1, provider: glacial, skip_dns_check: true}",
		"    - {name: never, template: t, size: 1, provider: broken, skip_dns_check: true}"}
	for _, name := range []string{"plenty0", "plenty1", "plenty2"} {
		lines = append(lines, "    - {name: "+name+", template: t, size: 20, provider: quick, skip_dns_check: true}")
	}
	for _, l := range more {
		lines = append(lines, "  "+l)
	}
	return simulated(lines...)
}

// line is clients who wait for machines, in the order in which they were answered.
type line struct {
	*pooler
	mu     sync.Mutex
	served []int
	work   sync.WaitGroup
}

func startLine(t *testing.T, more ...string) *line {
	t.Helper()
	p := &pooler{TB: t, ctx: t.Context(), server: harness.Start(t, harness.Options{YAML: slowYAML(more...)})}
	l := &line{pooler: p}
	l.full("scarce", "plenty0", "plenty1", "plenty2")
	return l
}

// full waits until those pools have all of their machines.
func (l *line) full(pools ...string) {
	l.Helper()
	c := l.curl(editions[0])
	for _, pool := range pools {
		harness.Eventually(l, poolWithin, pool+" is full", func() bool {
			max, ready := l.stat(c, pool)
			return max == ready
		})
	}
}

func (l *line) stat(c *vmpoolerclient.Client, pool string) (max, ready int) {
	l.Helper()
	var s struct {
		Pools map[string]struct{ Max, Ready int }
	}
	l.ok("poolstat", l.ask(c, http.MethodGet, "/poolstat?pool="+pool, nil).JSON(&s))
	return s.Pools[pool].Max, s.Pools[pool].Ready
}

// answered is how a wait ended.
type answered struct {
	vmpoolerclient.Answer
	err error
}

// joins lets client n wait for a machine of pool and one of its own plenty, and returns once it stands in the line: from then on
// nobody who does not wait gets of that plenty.
func (l *line) joins(ctx context.Context, n int, pool string) <-chan answered {
	l.Helper()
	own := fmt.Sprintf("plenty%d", n)
	c := l.curl(editions[n%3])
	out := make(chan answered, 1)
	l.work.Go(func() {
		a, err := c.Do(ctx, http.MethodPost, "/vm/"+pool+"+"+own+"?wait=60s", nil)
		l.mu.Lock()
		l.served = append(l.served, n)
		l.mu.Unlock()
		out <- answered{a, err}
	})
	look := l.curl(editions[0])
	harness.Eventually(l, poolWithin, fmt.Sprintf("client %d stands in the line", n), func() bool {
		status := l.ask(look, http.MethodPost, "/vm/"+own, nil).Status
		_, ready := l.stat(look, own)
		l.mu.Lock()
		defer l.mu.Unlock()
		return status == http.StatusServiceUnavailable && ready > 0 || slices.Contains(l.served, n)
	})
	return out
}

// Who waits is served in the order of asking, as machines become ready, and is not overtaken by those who do not wait.
func TestVMPoolerWaitersAreServedInOrder(t *testing.T) {
	t.Parallel()
	l := startLine(t)
	l.takes(l.curl(editions[0]), "scarce")
	var waits []<-chan answered
	for n := range 3 {
		waits = append(waits, l.joins(l.ctx, n, "scarce"))
	}
	l.work.Wait()
	for n, wait := range waits {
		a := <-wait
		l.ok("a wait", a.err)
		expect(t, fmt.Sprintf("client %d waited", n), a.Status, http.StatusOK)
	}
	expect(t, "served", fmt.Sprint(l.served), "[0 1 2]")
	l.full("plenty0")
	expect(t, "afterwards nobody is in the way", l.ask(l.curl(editions[0]), http.MethodPost, "/vm/plenty0", nil).Status, http.StatusOK)
}

// A wait ends at its deadline, at the operator's, and at once if it is for nothing.
func TestVMPoolerWaitsEnd(t *testing.T) {
	t.Parallel()
	l := startLine(t, "wait_most: 2s")
	l.eachEdition(t, func(p *pooler, e edition) {
		c := p.curl(e)
		path, body := "/vm/never+plenty0", ""
		if e.fqdn {
			path, body = "/vm", `{"plenty0":"1","never":"1"}`
		}
		for query, least := range map[string]time.Duration{
			"wait=300ms": 300 * time.Millisecond, "wait=1": time.Second, "wait=1h": 2 * time.Second,
		} {
			began := time.Now()
			a := p.ask(c, http.MethodPost, path+"?"+query, body)
			took := time.Since(began)
			p.judged("POST "+path+"?"+query, a, unavailable)
			expectThat(p, "POST "+path+"?"+query+": how long", took >= least && took < poolWithin, took)
		}
		p.judged("no wait", p.ask(c, http.MethodPost, "/vm/never?wait=0", nil), unavailable)
		p.judged("more than there will be", p.ask(c, http.MethodPost, "/vm?wait=1s", `{"scarce":"2"}`), unavailable)
		p.judged("an unknown pool", p.ask(c, http.MethodPost, "/vm/solaris-11?wait=1s", nil), notFound)
		a := p.ask(c, http.MethodPost, "/vm/plenty0?wait=1s", nil)
		expect(p, "what is ready needs no wait", a.Status, http.StatusOK)
		for _, wait := range []string{"soon", "-1", "-1s", "1x", "60 s"} {
			for _, path := range []string{"/vm", "/vm/plenty0"} {
				a := p.ask(c, http.MethodPost, path+"?wait="+url.QueryEscape(wait), `{"plenty0":"1"}`)
				expect(p, "wait="+wait, a.Status, http.StatusBadRequest)
				expectThat(p, "wait="+wait+": it is said why", keysOf(p, a.Body)[1] == "error", a.Body)
			}
		}
	})
}

// A client that goes away while it waits takes nothing with it, and a server that stops sends those who wait home.
func TestVMPoolerWaitersLeave(t *testing.T) {
	t.Parallel()
	l := startLine(t)
	c := l.curl(editions[0])
	ctx, leave := context.WithCancel(l.ctx)
	defer leave()
	wait := l.joins(ctx, 0, "late")
	leave()
	expectThat(t, "it left", (<-wait).err != nil, nil)
	harness.Eventually(t, poolWithin, "it is out of the way", func() bool {
		return l.ask(c, http.MethodPost, "/vm/plenty0", nil).Status == http.StatusOK
	})
	wait = l.joins(l.ctx, 1, "late")
	l.server.Stop()
	a := <-wait
	l.ok("an answer at the stop", a.err)
	expect(t, "whoever waited", a.Status, http.StatusServiceUnavailable)
	l.work.Wait()
	l.server.Check()
}
