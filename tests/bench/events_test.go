package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/sim/openstack"
	"yardmaster/executors/sim/rabbit"
	"yardmaster/tests/harness"
	"yardmaster/tests/notices"
)

var long = flag.Bool("long", false, "run the benchmarks of events with a million stored, and with as many more from a broker")

const (
	postBatch = 1_000  // notifications a request
	postChunk = 20_000 // that are made at a time, outside the measured time
	cloudSpan = 48 * time.Hour
)

// cloudOf is a cloud whose next n notifications lie around yesterday, half of them in it.
func cloudOf(n int) *openstack.Cloud {
	const anOperation = 9 // notifications of one, about
	day := time.Now().UTC().Truncate(24 * time.Hour)
	return openstack.New(openstack.Options{Seed: 5, Start: day.Add(-36 * time.Hour), Pace: cloudSpan * anOperation / time.Duration(n),
		Instances: max(60, n/2000)})
}

// cell is a server that keeps notifications, open to everyone as a StackTach is.
type cell struct {
	*yard
	http                       *http.Client
	kept                       int
	instances, requests, hosts []string // some of those that it knows
}

func openCell(b *testing.B, file string) *cell {
	b.Helper()
	o := harness.Options{YAML: fmt.Sprintf(`log: {level: warn}
profiling: %v
dialects: {native: {anonymous: full}, stacktach: {anonymous: full}}
heketi: {executor: sim}
sim: {nodes: 1, devices_per_node: 1}
`, *profiles != "")}
	if file != "" {
		o.Env = []string{"STACKTACH_DEPLOYMENTS_FILE=" + file}
	}
	c := &cell{yard: &yard{b: b, Server: harness.New(b, o)},
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true}}}
	b.Cleanup(c.http.CloseIdleConnections)
	return c
}

// send makes a request and gives the answer, which must be a success.
func (c *cell) send(method, path string, body []byte) []byte {
	req, err := http.NewRequestWithContext(c.b.Context(), method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		c.b.Error(err)
		return nil
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.b.Error(err)
		return nil
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(resp.Body); err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		c.b.Errorf("%s %s: %d %s %v", method, path, resp.StatusCode, answer.Bytes(), err)
	}
	return answer.Bytes()
}

func (c *cell) read(path string, out any) {
	if err := json.Unmarshal(c.send(http.MethodGet, path, nil), out); err != nil {
		c.b.Errorf("%s: %v", path, err)
	}
}

// stored is how many notifications the server keeps.
func (c *cell) stored() (n int) {
	var stats struct {
		Kept map[string]struct{ Events int }
	}
	c.read("/events/stats", &stats)
	for service, k := range stats.Kept {
		if service != "yard" {
			n += k.Events
		}
	}
	return n
}

// batches are the requests that bring notifications, those of each deployment in their order.
func batches(all []notices.Notice) map[string][][]byte {
	of := map[string][]*notices.Notice{}
	for i := range all {
		of[all[i].Deployment] = append(of[all[i].Deployment], &all[i])
	}
	out := map[string][][]byte{}
	for deployment, list := range of {
		for some := range slices.Chunk(list, postBatch) {
			body := []byte{'['}
			for i, n := range some {
				if i > 0 {
					body = append(body, ',')
				}
				body = append(fmt.Appendf(body, "[%q,", n.RoutingKey), n.Body...)
				body = append(body, ']')
			}
			out[deployment] = append(out[deployment], append(body, ']'))
		}
	}
	return out
}

// post sends notifications, one client a deployment, and says how long it took until all were on disk.
func (c *cell) post(all []notices.Notice) time.Duration {
	requests := batches(all)
	var clients sync.WaitGroup
	begin := time.Now()
	for deployment, bodies := range requests {
		clients.Go(func() {
			for _, body := range bodies {
				c.send(http.MethodPost, "/events?exchange=nova&deployment="+deployment, body)
			}
		})
	}
	clients.Wait()
	took := time.Since(begin)
	c.kept += len(all)
	c.know(all)
	return took
}

// know keeps some of what can be asked about.
func (c *cell) know(all []notices.Notice) {
	for i := 0; i < len(all); i += max(1, len(all)/200) {
		n := &all[i]
		if n.Exchange == "nova" && n.Subject() != "" && n.Request != "" {
			_, host, _ := strings.Cut(n.Publisher, ".")
			c.instances, c.requests, c.hosts = append(c.instances, n.Subject()), append(c.requests, n.Request), append(c.hosts, host)
		}
	}
}

// rawLog is a file to which the same bytes are added, batch by batch, each on disk before the next: what no store can do without.
type rawLog struct {
	b    *testing.B
	file *os.File
}

func newRawLog(b *testing.B, dir string) *rawLog {
	f, err := os.Create(filepath.Join(dir, "raw.log"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return &rawLog{b, f}
}

func (l *rawLog) put(all []notices.Notice) time.Duration {
	begin := time.Now()
	for some := range slices.Chunk(all, postBatch) {
		var bodies []byte
		for i := range some {
			bodies = append(bodies, some[i].Body...)
		}
		if _, err := l.file.Write(bodies); err != nil {
			l.b.Fatal(err)
		}
		if err := datasync(l.file); err != nil {
			l.b.Fatal(err)
		}
	}
	return time.Since(begin)
}

// fill posts n notifications and gives what it measured; the log takes turns with the server, so that a busy machine slows both.
func (c *cell) fill(b *testing.B, n int) map[string]float64 {
	cloud, raw := cloudOf(n), newRawLog(b, c.Dir)
	var ours, theirs, first, last time.Duration
	before := c.busy()
	for done := 0; done < n && !b.Failed(); {
		some := notices.Take(cloud, min(postChunk, n-done))
		took := c.post(some)
		if done == 0 {
			first = took
		}
		last = took
		ours, theirs = ours+took, theirs+raw.put(some)
		done += len(some)
	}
	return map[string]float64{"events/s": float64(n) / ours.Seconds(), "raw-log-events/s": float64(n) / theirs.Seconds(),
		"ratio-to-raw-log": theirs.Seconds() / ours.Seconds(), "last-to-first-chunk": first.Seconds() / last.Seconds(),
		"cpu-us/event": float64((c.busy() - before).Microseconds()) / float64(n), "B/event": c.size() / float64(n), "RSS-MiB": c.resident()}
}

// size is that of the file of events.
func (c *cell) size() float64 {
	info, err := os.Stat(filepath.Join(c.Data, "events.db"))
	if err != nil {
		c.b.Error(err)
		return 0
	}
	return float64(info.Size())
}

// BenchmarkEventsAMQP is how fast notifications that wait at a broker are durable, beside how fast it gives them to a client that
// throws them away.
func BenchmarkEventsAMQP(b *testing.B) {
	if _, err := exec.LookPath("rabbitmq-server"); err != nil {
		b.Skip("rabbitmq-server is not installed")
	}
	n := 20_000
	if *long {
		n = 1_000_000
	}
	only(b, fmt.Sprintf("waiting=%d", n), func(b *testing.B) map[string]float64 {
		broker := harness.StartRabbit(b)
		topology := notices.TopologyOf(notices.Take(cloudOf(n), 20_000)) // every queue that there will be
		p := &notices.Publisher{URL: broker.URL(), Topology: topology}
		file := filepath.Join(b.TempDir(), "stacktach.json")
		if err := os.WriteFile(file, topology.StackTach(broker.Host, broker.Port, rabbit.User, rabbit.Password), 0o600); err != nil {
			b.Fatal(err)
		}
		publish := func() {
			cloud := cloudOf(n)
			for done := 0; done < n; done += postChunk {
				if err := p.Publish(b.Context(), notices.Take(cloud, min(postChunk, n-done))); err != nil {
					b.Fatal(err)
				}
			}
		}
		publish()
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
		defer cancel()
		begin := time.Now()
		if err := p.Drain(ctx, n); err != nil {
			b.Fatal(err)
		}
		bare := time.Since(begin)
		publish()
		c := openCell(b, file)
		c.Start()
		begin = time.Now()
		early := c.stored() // while it was waited for the first answer
		harness.Eventually(b, 10*time.Minute, "all is stored", func() bool { return c.stored() >= n })
		ours := time.Since(begin).Seconds() * float64(n) / float64(n-min(early, n-1))
		return map[string]float64{"events/s": float64(n) / ours, "bare-events/s": float64(n) / bare.Seconds(), "ratio-to-bare": bare.Seconds() / ours,
			"B/event": c.size() / float64(n), "RSS-MiB": c.resident(), "cpu-us/event": float64(c.busy().Microseconds()) / float64(n)}
	})
}
