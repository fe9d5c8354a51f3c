package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// park is a running server with pools of simulated machines, open to everyone as a vmpooler is.
type park struct {
	*yard
	http *http.Client
}

// parkYAML is a yard of pools. Clones take no time and pools fill as fast as the server can; or they are slow and made one by one,
// so that what is taken is not made up for while it is measured.
func parkYAML(dir string, slow bool, pools ...string) string {
	tasks, createMost := 64, time.Duration(0)
	if slow {
		tasks, createMost = 1, 10*time.Second
	}
	return fmt.Sprintf(`log: {level: warn}
profiling: %v
dialects: {vmpooler: {anonymous: full}}
heketi: {executor: sim}
sim: {nodes: 1, devices_per_node: 1}
auth: {users: [{name: bench, role: user, password_hash: "$2a$04$tQMxDbrS8YWMV4.nCMEycePu3qm5y1N0VjvJ9WEaNpSOhO7CQxfxG"}]}
pools:
  task_limit: %d
  check_interval: 1h
  providers: [{name: simulated, kind: sim, file: %q, createvm_max_time: %v}]
  list: [%s]
`, *profiles != "", tasks, filepath.Join(dir, "machines.json"), createMost, strings.Join(pools, ", "))
}

func poolOf(name string, size int) string {
	return fmt.Sprintf("{name: %s, template: templates/t, size: %d, domain: example.com, skip_dns_check: true, ready_ttl: 0s}", name, size)
}

// openPark fills the pools and starts the server again on slow machines.
func openPark(b *testing.B, slow bool, pools map[string]int) *park {
	b.Helper()
	dir := b.TempDir()
	var list []string
	for name, size := range pools {
		list = append(list, poolOf(name, size))
	}
	p := &park{yard: &yard{b: b, Server: harness.Start(b, harness.Options{Dir: dir, YAML: parkYAML(dir, false, list...)})},
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}}
	b.Cleanup(p.http.CloseIdleConnections)
	p.full(5*time.Minute, pools)
	if slow {
		p.Stop()
		p.Server = harness.Start(b, harness.Options{Dir: dir, YAML: parkYAML(dir, true, list...)})
		p.calm()
	}
	return p
}

func (p *park) full(within time.Duration, pools map[string]int) {
	p.b.Helper()
	harness.Eventually(p.b, within, "the pools are full", func() bool {
		var stat struct {
			Pools map[string]struct{ Ready int }
		}
		p.read(http.MethodGet, "/api/v1/poolstat?pool="+strings.Join(keys(pools), ","), "", &stat)
		for name, size := range pools {
			if stat.Pools[name].Ready < size {
				return false
			}
		}
		return true
	})
}

func keys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

// calm waits until the server has looked at all of its machines after its start and does nothing by itself.
func (p *park) calm() {
	p.b.Helper()
	last := p.busy()
	harness.Eventually(p.b, 2*time.Minute, "the server is idle", func() bool {
		time.Sleep(500 * time.Millisecond)
		now := p.busy()
		idle := now-last < 50*time.Millisecond
		last = now
		return idle
	})
}

// send makes one request and gives the status; the answer goes into out, if that is given.
func (p *park) send(method, path, token, body string, out any) int {
	req, err := http.NewRequestWithContext(p.b.Context(), method, p.URL+path, strings.NewReader(body))
	if err != nil {
		p.b.Error(err)
		return 0
	}
	if token != "" {
		req.Header.Set("X-AUTH-TOKEN", token)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		p.b.Error(err)
		return 0
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	_, err = answer.ReadFrom(resp.Body)
	if err == nil && out != nil {
		err = json.Unmarshal(answer.Bytes(), out)
	}
	if err != nil {
		p.b.Error(err)
	}
	return resp.StatusCode
}

func (p *park) read(method, path, body string, out any) {
	if status := p.send(method, path, "", body, out); status != http.StatusOK {
		p.b.Errorf("%s %s: %d", method, path, status)
	}
}

// crowdOf has clients work n times in all and gives how often a second, and how long the slowest of a hundred took.
func (p *park) crowdOf(clients, n int, work func()) (rate float64, p99 time.Duration) {
	var left atomic.Int64
	left.Store(int64(n))
	times := make([][]time.Duration, clients)
	var all sync.WaitGroup
	begin := time.Now()
	for i := range clients {
		all.Go(func() {
			for left.Add(-1) >= 0 && !p.b.Failed() {
				from := time.Now()
				work()
				times[i] = append(times[i], time.Since(from))
			}
		})
	}
	all.Wait()
	return float64(n) / time.Since(begin).Seconds(), quantile(times, 0.99)
}

// only runs a benchmark that uses something up once, whatever the framework would like, and tells the figures every time it is
// asked.
func only(b *testing.B, name string, once func(b *testing.B) map[string]float64) {
	var figures map[string]float64
	b.Run(name, func(b *testing.B) {
		if figures == nil {
			figures = once(b)
		}
		for unit, figure := range figures {
			b.ReportMetric(figure, unit)
		}
		b.ReportMetric(0, "ns/op")
	})
}

// BenchmarkCheckout takes machines of a pool that holds so many and more. Every answer is on disk before it is sent.
func BenchmarkCheckout(b *testing.B) {
	takes := map[int]int{1: 1000, 8: 2000, 32: 3000}
	for _, ready := range []int{1000, 5000} {
		b.Run(fmt.Sprintf("ready=%d", ready), func(b *testing.B) {
			pools := map[string]int{"left": ready + 600, "right": ready + 600}
			for clients, n := range takes {
				pools[fmt.Sprintf("c%d", clients)] = ready + n
			}
			var p *park
			open := func() *park {
				if p == nil {
					p = openPark(b, true, pools)
				}
				return p
			}
			for _, clients := range []int{1, 8, 32} {
				only(b, fmt.Sprintf("clients=%d", clients), func(b *testing.B) map[string]float64 {
					return open().takeAll(b, clients, takes[clients], fmt.Sprintf(`{"c%d":"1"}`, clients), 1)
				})
			}
			only(b, "3+3/clients=8", func(b *testing.B) map[string]float64 {
				return open().takeAll(b, 8, 200, `{"left":"3","right":"3"}`, 6)
			})
		})
	}
}

func (p *park) takeAll(b *testing.B, clients, n int, body string, machines int) map[string]float64 {
	var profile sync.WaitGroup
	if *profiles != "" {
		profile.Go(func() { p.profile(b) })
	}
	defer profile.Wait()
	before := p.busy()
	rate, p99 := p.crowdOf(clients, n, func() { p.read(http.MethodPost, "/api/v1/vm", body, nil) })
	return map[string]float64{"checkouts/s": rate, "machines/s": rate * float64(machines), "p99-ms": float64(p99.Microseconds()) / 1000,
		"cpu-us/checkout": float64((p.busy() - before).Microseconds()) / float64(n)}
}

// BenchmarkPoolPages reads what dashboards and command lines ask for, with 50 pools of 40 machines.
func BenchmarkPoolPages(b *testing.B) {
	pools := map[string]int{}
	for i := range 50 {
		pools[fmt.Sprintf("pool%02d", i)] = 40
	}
	p := openPark(b, true, pools)
	b.Run("status", func(b *testing.B) {
		var profile sync.WaitGroup
		if *profiles != "" {
			profile.Go(func() { p.profile(b) })
		}
		defer profile.Wait()
		for b.Loop() {
			p.read(http.MethodGet, "/api/v1/status", "", nil)
		}
		b.ReportMetric(p.resident(), "RSS-MiB")
	})
	token := p.token()
	for name := range pools {
		if status := p.send(http.MethodPost, "/api/v1/vm", token, fmt.Sprintf(`{%q:"40"}`, name), nil); status != http.StatusOK {
			b.Fatalf("checkout: %d", status)
		}
	}
	b.Run("token/running=2000", func(b *testing.B) {
		for b.Loop() {
			p.read(http.MethodGet, "/api/v1/token/"+token, "", nil)
		}
	})
}

func (p *park) token() string {
	p.b.Helper()
	req, err := http.NewRequestWithContext(p.b.Context(), http.MethodPost, p.URL+"/api/v1/token", nil)
	if err != nil {
		p.b.Fatal(err)
	}
	req.SetBasicAuth("bench", "bench")
	resp, err := p.http.Do(req)
	if err != nil {
		p.b.Fatal(err)
	}
	defer resp.Body.Close()
	var made struct{ Token string }
	raw, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(raw, &made); err != nil || made.Token == "" {
		p.b.Fatalf("token: %s %v", raw, err)
	}
	return made.Token
}

// BenchmarkRefill drains a pool of 5 at once and waits until it is full again; a clone takes no time.
func BenchmarkRefill(b *testing.B) {
	pools := map[string]int{"five": 5}
	p := openPark(b, false, pools)
	var answered time.Duration
	for b.Loop() {
		p.read(http.MethodPost, "/api/v1/vm", `{"five":"5"}`, nil)
		begin := time.Now()
		for {
			var stat struct {
				Pools map[string]struct{ Ready int }
			}
			p.read(http.MethodGet, "/api/v1/poolstat?pool=five", "", &stat)
			if stat.Pools["five"].Ready == 5 || b.Failed() {
				break
			}
		}
		answered += time.Since(begin)
	}
	b.ReportMetric(float64(answered.Microseconds())/1000/float64(b.N), "refill-ms")
}

// quantile is the time below which that share of all times lies.
func quantile(times [][]time.Duration, share float64) time.Duration {
	all := slices.Concat(times...)
	slices.Sort(all)
	return all[min(int(float64(len(all))*share), len(all)-1)]
}
