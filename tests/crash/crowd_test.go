package crash

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// crowdYAML is two pools that share an alias, on machines that a file keeps, so that they outlive the server.
const crowdYAML = `log: {level: warn}
dialects: {vmpooler: {anonymous: full}}
heketi: {executor: sim}
pools:
  task_limit: 10
  check_interval: 2s
  providers:
    - name: simulated
      kind: sim
      file: %q
      createvm_max_time: %v
      createvm_fail_percent: %d
      destroyvm_fail_percent: %[3]d
      vmready_fail_percent: %[3]d
  list:
    - {name: debian, aliases: [linux], template: t, size: 10, skip_dns_check: true}
    - {name: alma, aliases: [linux], template: t, size: 10, skip_dns_check: true}
%[4]s`

// crowd is clients who take machines of overlapping pools over HTTP and give them back, whatever becomes of the server.
type crowd struct {
	*harness.Server
	t     *testing.T
	file  string
	began time.Time
	http  *http.Client
	end   chan struct{}
	work  sync.WaitGroup

	mu     sync.Mutex
	given  map[string]int // by name: the client who had it
	lost   int            // checkouts whose answer went down with the server
	served int
}

// crowdOptions are what a crowd's machines are like.
type crowdOptions struct {
	clone       time.Duration // the longest that making one takes
	failPercent int           // how often in a hundred what is asked of them fails
	yaml        string        // more configuration
}

func startCrowd(t *testing.T, o crowdOptions) *crowd {
	t.Helper()
	dir := t.TempDir()
	c := &crowd{t: t, file: filepath.Join(dir, "machines.json"), began: time.Now(), given: map[string]int{}, end: make(chan struct{}),
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	c.Server = harness.Start(t, harness.Options{Dir: dir, YAML: fmt.Sprintf(crowdYAML, c.file, o.clone, o.failPercent, o.yaml)})
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
