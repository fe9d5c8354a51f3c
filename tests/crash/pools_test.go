package crash

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// crowdYAML is two pools that share an alias, on machines that a file keeps, so that they outlive the server. A fifth of what is
// asked of them fails.
const crowdYAML = `log: {level: warn}
dialects: {vmpooler: {anonymous: full}}
heketi: {executor: sim}
pools:
  task_limit: 10
  check_interval: 2s
  providers: [{name: simulated, kind: sim, file: %q, createvm_fail_percent: %d, destroyvm_fail_percent: %d, vmready_fail_percent: %d}]
  list:
    - {name: debian, aliases: [linux], template: t, size: 10, skip_dns_check: true}
    - {name: alma, aliases: [linux], template: t, size: 10, skip_dns_check: true}
%s`

// crowd is clients who take machines of overlapping pools over HTTP and give them back, whatever becomes of the server.
type crowd struct {
	*harness.Server
	t    *testing.T
	file string
	http *http.Client
	end  chan struct{}
	work sync.WaitGroup

	mu     sync.Mutex
	given  map[string]int // by name: the client who had it
	lost   int            // checkouts whose answer went down with the server
	served int
}

func startCrowd(t *testing.T, failPercent int, more string) *crowd {
	t.Helper()
	dir := t.TempDir()
	c := &crowd{t: t, file: filepath.Join(dir, "machines.json"), given: map[string]int{}, end: make(chan struct{}),
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	c.Server = harness.Start(t, harness.Options{Dir: dir, YAML: fmt.Sprintf(crowdYAML, c.file, failPercent, failPercent, failPercent, more)})
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

var crowdWants = []map[string]int{{"debian": 1}, {"debian": 2, "alma": 1}, {"linux": 2}, {"linux": 1, "debian": 1}, {"alma": 1, "linux": 2}}

// begin has so many clients take and give back until each was served so often, or finish is called.
func (c *crowd) begin(clients, rounds int) {
	for i := range clients {
		c.work.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(i), 7))
			for left := rounds; left > 0 && !c.ended() && !c.t.Failed(); {
				if c.round(i, crowdWants[dice.IntN(len(crowdWants))]) {
					left--
					continue
				}
				pause(c.t.Context(), time.Duration(dice.IntN(20))*time.Millisecond)
			}
		})
	}
}

func (c *crowd) ended() bool {
	select {
	case <-c.end:
		return true
	default:
		return false
	}
}

// round is one checkout and the return of what it gave; false if it was refused, or the server was gone.
func (c *crowd) round(client int, want map[string]int) bool {
	status, body, err := c.send(http.MethodPost, "/api/v1/vm", want)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return false
	case err != nil:
		c.mu.Lock()
		c.lost++
		c.mu.Unlock()
		return false
	case status == http.StatusServiceUnavailable:
		return false
	case status != http.StatusOK:
		c.t.Errorf("checkout of %v: %d %s", want, status, body)
		return false
	}
	names := c.note(client, want, body)
	for _, name := range names {
		for !c.t.Failed() {
			status, body, err := c.send(http.MethodDelete, "/api/v1/vm/"+name, nil)
			if err == nil && (status == http.StatusOK || status == http.StatusNotFound) {
				break // not found: an earlier try was done, and its answer lost
			}
			if err == nil {
				c.t.Errorf("return of %s: %d %s", name, status, body)
			}
			pause(c.t.Context(), 20*time.Millisecond)
		}
	}
	return true
}

func (c *crowd) note(client int, want map[string]int, body []byte) []string {
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(body, &answer); err != nil {
		c.t.Errorf("answer to a checkout: %v: %s", err, body)
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.served++
	var all []string
	for pool, n := range want {
		var one struct{ Hostname string }
		var many struct{ Hostname []string }
		if json.Unmarshal(answer[pool], &one) == nil {
			many.Hostname = []string{one.Hostname}
		} else if err := json.Unmarshal(answer[pool], &many); err != nil {
			c.t.Errorf("answer for %s: %v: %s", pool, err, body)
		}
		if len(many.Hostname) != n {
			c.t.Errorf("%d of %s were wanted, and these given: %v", n, pool, many.Hostname)
		}
		for _, name := range many.Hostname {
			if other, twice := c.given[name]; twice {
				c.t.Errorf("%s was given to %d and to %d", name, other, client)
			}
			c.given[name] = client
		}
		all = append(all, many.Hostname...)
	}
	return all
}

func (c *crowd) send(method, path string, in any) (int, []byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.URL+path, strings.NewReader(string(body)))
	if err != nil {
		return 0, nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	return resp.StatusCode, out, err
}

// queueCounts is what /status counts.
type queueCounts struct{ Pending, Ready, Running, Completed int }

func (c *crowd) counts() (q queueCounts, err error) {
	status, body, err := c.send(http.MethodGet, "/api/v1/status?view=queue", nil)
	if err != nil || status != http.StatusOK {
		return q, errors.Join(err, fmt.Errorf("status: %d", status))
	}
	var s struct{ Queue queueCounts }
	err = json.Unmarshal(body, &s)
	return s.Queue, err
}

// finish waits until the clients have been served and the pools have settled, and holds what must then be true.
func (c *crowd) finish() {
	c.t.Helper()
	c.work.Wait()
	var q queueCounts
	harness.Eventually(c.t, 3*time.Minute, "the pools have settled", func() bool {
		var err error
		q, err = c.counts()
		return err == nil && q.Ready == 20 && q.Pending == 0 && q.Completed == 0
	})
	if most := 3 * c.lost; q.Running > most {
		c.t.Errorf("%d machines are running, and %d answers got lost", q.Running, c.lost)
	}
	c.Stop()
	c.Check()
	if left := c.machines(); left != q.Ready+q.Running {
		c.t.Errorf("%d machines are there, and the records know of %d", left, q.Ready+q.Running)
	}
	c.t.Logf("%d checkouts of %d machines; %d answers lost, %d still running", c.served, len(c.given), c.lost, q.Running)
}

// machines counts the lines of the simulator's file that are machines.
func (c *crowd) machines() int {
	c.t.Helper()
	f, err := os.Open(c.file)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.Contains(lines.Text(), `"name"`) {
			n++
		}
	}
	return n
}

func TestNoMachineIsGivenTwiceOverHTTP(t *testing.T) {
	c := startCrowd(t, 0, "")
	c.begin(64, times(20))
	c.finish()
	if c.lost > 0 {
		t.Errorf("%d requests were not answered", c.lost)
	}
}

func TestNoMachineIsGivenTwiceThoughTheServerIsKilled(t *testing.T) {
	c := startCrowd(t, 20, "")
	c.begin(64, 1<<30)
	dice := rand.New(rand.NewPCG(3, 3))
	for range times(20) {
		pause(t.Context(), time.Duration(100+dice.IntN(900))*time.Millisecond)
		c.KillAndStart()
	}
	close(c.end)
	c.finish()
	if c.served == 0 {
		t.Error("nobody was served")
	}
}

// TestAPoolIsFilledByWorkersOverRedis has no worker in the server: two processes beside it run the operations, and one of them is
// killed in the middle.
func TestAPoolIsFilledByWorkersOverRedis(t *testing.T) {
	redis := harness.StartRedis(t)
	c := startCrowd(t, 0, fmt.Sprintf("redis: {url: %q}\nworkers: {concurrency: 0}\n", redis.URL))
	first := c.Worker("first", "YARDMASTER_WORKERS_CONCURRENCY=4")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, time.Minute, "the first machines are ready", func() bool { q, err := c.counts(); return err == nil && q.Ready > 2 })
	first.Kill()
	second := c.Worker("second", "YARDMASTER_WORKERS_CONCURRENCY=4")
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	c.begin(4, 5)
	c.finish()
	if c.served != 20 {
		t.Errorf("%d checkouts were served, want 20", c.served)
	}
}
