package bench

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/client"
	"yardmaster/tests/harness"
	"yardmaster/tests/heketiclient"
)

// The simulated cluster of every benchmark: with its volumes it takes Heketi's clients 8 requests and one for each volume to
// walk through, which is what the figures of docs/performance.md that stand beside ours counted.
const (
	nodes     = 6
	devices   = 4
	deviceGiB = 4096
)

func device(n int) string { return "/dev/sd" + string(rune('b'+n)) }

// settings are what a benchmark changes of a server; the rest is as an operator has it who changed nothing.
type settings struct {
	instant bool          // the machines do nothing, and that at once
	latency time.Duration // of every simulated command
	redis   string        // "" is the embedded queue
	ssh     string        // the YAML of machines behind SSH instead, which are reached at addresses of this host
}

// yard is a running server with its topology loaded.
type yard struct {
	*harness.Server
	b testing.TB
}

// start runs a server for one family of benchmarks and registers its machines.
func start(b *testing.B, s settings) *yard {
	b.Helper()
	if s.redis == "" {
		s.redis = "embedded"
	}
	machines := fmt.Sprintf("heketi: {executor: sim, max_volumes_per_cluster: -1}\nsim: {nodes: %d, devices_per_node: %d, device_size_gb: %d, latency: %v}",
		nodes, devices, deviceGiB, s.latency)
	if s.ssh != "" {
		machines = s.ssh
	}
	tags := ""
	if s.instant {
		tags = "instant"
	}
	y := &yard{b: b, Server: harness.Start(b, harness.Options{Tags: tags,
		YAML: fmt.Sprintf("redis: {url: %q}\nlog: {level: warn}\nprofiling: %v\n%s\n", s.redis, *profiles != "", machines)})}
	y.load(s.ssh != "")
	return y
}

// load registers the machines, each node with its devices at once.
func (y *yard) load(local bool) {
	y.b.Helper()
	c := y.client()
	var cluster struct {
		ID string `json:"id"`
	}
	a := c.once(http.MethodPost, "/clusters", map[string]bool{"file": true, "block": true})
	if err := a.JSON(&cluster); err != nil {
		y.b.Fatal(err)
	}
	for n := 1; n <= nodes; n++ {
		manage := fmt.Sprintf("node%d", n)
		if local {
			manage = address(n)
		}
		node := c.do(http.MethodPost, "/nodes", map[string]any{"zone": (n-1)%3 + 1, "cluster": cluster.ID,
			"hostnames": map[string][]string{"manage": {manage}, "storage": {fmt.Sprintf("10.0.0.%d", n)}}})
		var all sync.WaitGroup
		for d := range devices {
			all.Go(func() {
				c.do(http.MethodPost, "/devices", map[string]any{"node": id(node), "name": device(d)})
			})
		}
		all.Wait()
	}
}

// fill brings the yard to n volumes.
func (y *yard) fill(n int) {
	y.b.Helper()
	y.each(8, n-len(y.volumes()), func(c *caller) { c.create() })
}

// volumes lists the ids of all volumes.
func (y *yard) volumes() []string {
	y.b.Helper()
	var list struct {
		Volumes []string `json:"volumes"`
	}
	if err := y.client().once(http.MethodGet, "/volumes", nil).JSON(&list); err != nil {
		y.b.Fatal(err)
	}
	return list.Volumes
}

// each calls work n times in all, from so many clients at once, every one with a connection of its own.
func (y *yard) each(clients, n int, work func(*caller)) {
	y.b.Helper()
	callers := make([]*caller, clients)
	for i := range callers {
		callers[i] = y.client()
	}
	var left atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	for _, c := range callers {
		all.Go(func() {
			for left.Add(-1) >= 0 && !y.b.Failed() {
				work(c)
			}
		})
	}
	all.Wait()
}

// caller is one client with one connection, signing every request as Heketi's do.
type caller struct {
	*heketiclient.Client
	b testing.TB
}

func (y *yard) client() *caller {
	c := heketiclient.New(y.URL, "admin", harness.AdminKey, heketiclient.Go)
	c.HTTP.Transport = &http.Transport{MaxIdleConnsPerHost: devices}
	y.b.Cleanup(c.Close)
	return &caller{Client: c, b: y.b}
}

// once sends one request; anything but a success ends the client.
func (c *caller) once(method, path string, body any) heketiclient.Answer {
	a, err := c.Client.Once(c.b.Context(), method, path, body)
	if err != nil || a.Status >= http.StatusMultipleChoices {
		c.b.Errorf("%s %s: %d %s %v", method, path, a.Status, a.Text(), err)
	}
	return a
}

// get reads a path with a query, which no token covers.
func (c *caller) get(path, query string) heketiclient.Answer {
	header := http.Header{"Authorization": {"bearer " + c.Token(http.MethodGet, path)}}
	a, err := c.Raw(c.b.Context(), http.MethodGet, path+"?"+query, nil, header)
	if err != nil || a.Status != http.StatusOK {
		c.b.Errorf("GET %s: %d %s %v", path, a.Status, a.Text(), err)
	}
	return a
}

// do sends a change and has the server say when it has ended: a client that looks again and again measures its own pauses.
func (c *caller) do(method, path string, body any) client.Operation {
	a := c.once(method, path, body)
	place := a.Header.Get("Location")
	var op client.Operation
	for c.ok(place != "", "%s %s: no place in the queue", method, path) && !op.Ended() {
		a = c.once(http.MethodGet, "/operations/"+strings.TrimPrefix(place, "/queue/")+"/wait", nil)
		if err := a.JSON(&op); err != nil {
			c.b.Error(err)
			return op
		}
	}
	c.ok(op.State == "succeeded", "%s %s: %s %v", method, path, op.State, op.Error)
	return op
}

func (c *caller) ok(ok bool, format string, args ...any) bool {
	if !ok {
		c.b.Errorf(format, args...)
	}
	return ok
}

// volume is what every benchmark creates.
func volume() any {
	return map[string]any{"size": 10, "durability": map[string]any{"type": "replicate", "replicate": map[string]int{"replica": 3}}}
}

func (c *caller) create() client.Operation { return c.do(http.MethodPost, "/volumes", volume()) }

// pair creates a volume and deletes it.
func (c *caller) pair() {
	if op := c.create(); op.Result != "" {
		c.do(http.MethodDelete, "/volumes/"+id(op), nil)
	}
}

// id is that of what an operation made.
func id(op client.Operation) string {
	_, id, _ := strings.Cut(op.Result, "/")
	return id
}
