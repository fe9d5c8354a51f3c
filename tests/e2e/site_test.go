//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/client"
	"yardmaster/tests/harness"
	"yardmaster/tests/inventory"
)

// site is a server and the real nodes it works on.
type site struct {
	*harness.Server
	t       *testing.T
	client  *client.Client
	nodes   *nodes
	times   *times
	cluster string
}

// newSite starts a server, tells it of the nodes and takes all back in the end.
func newSite(t *testing.T) *site {
	t.Helper()
	n := realNodes(t)
	s := &site{t: t, nodes: n, times: &times{t: t}}
	t.Cleanup(s.times.print)
	s.Server = harness.Start(t, harness.Options{YAML: fmt.Sprintf(`
ssh: {user: %s, port: %d, key_file: %s, known_hosts: %s, dial_timeout: 10s, keepalive: 2s}
log: {level: info, format: text}
heketi: {monitor: {start: 1s, refresh: 10s}}
`, n.User, n.Nodes[0].Port, n.Key, n.KnownHosts)})
	s.client = client.New(s.URL, "admin", harness.AdminKey)
	s.load()
	t.Cleanup(s.unload)
	return s
}

// on gives the same site to a subtest.
func (s *site) on(t *testing.T) *site {
	other := *s
	other.t = t
	return &other
}

// opLimit bounds every single operation; gluster's own patience with a peer that died is three minutes.
const opLimit = 8 * time.Minute

func (s *site) bound() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.t.Context(), opLimit)
}

func (s *site) load() {
	s.t.Helper()
	ctx, cancel := s.bound()
	defer cancel()
	begin := time.Now()
	var made struct {
		ID string `json:"id"`
	}
	if err := s.client.Call(ctx, http.MethodPost, "/clusters", map[string]bool{"file": true, "block": true}, &made); err != nil {
		s.t.Fatalf("cluster: %v", err)
	}
	s.cluster = made.ID
	for i, n := range s.nodes.Nodes {
		op, err := s.client.Do(ctx, http.MethodPost, "/nodes", map[string]any{"zone": i + 1, "cluster": made.ID,
			"hostnames": map[string][]string{"manage": {n.Address}, "storage": {n.Name}}})
		if err != nil {
			s.t.Fatalf("node %s: %v", n.Name, err)
		}
		for _, d := range n.Devices {
			if _, err := s.client.Do(ctx, http.MethodPost, "/devices", map[string]string{"node": strings.TrimPrefix(op.Result, "node/"), "name": d}); err != nil {
				s.t.Fatalf("device %s of %s: %v", d, n.Name, err)
			}
		}
	}
	s.times.add(fmt.Sprintf("topology of %d nodes with %d devices each", len(s.nodes.Nodes), len(s.nodes.Nodes[0].Devices)), time.Since(begin))
}

// unload gives every node and device back, and requires that nothing of ours is left on any.
func (s *site) unload() {
	if s.t.Failed() || !s.Running() {
		return // what is left is what a reader of the failure wants to see
	}
	ctx, cancel := context.WithTimeout(context.Background(), opLimit)
	defer cancel()
	told, err := inventory.Ask(ctx, s.client)
	if err != nil {
		s.t.Errorf("topology: %v", err)
		return
	}
	for _, c := range told.Clusters {
		for _, n := range c.Nodes {
			for _, d := range n.Devices {
				for _, state := range []string{"offline", "failed"} {
					if _, err := s.client.Do(ctx, http.MethodPost, "/devices/"+d.ID+"/state", map[string]string{"state": state}); err != nil {
						s.t.Errorf("device %s %s: %v", d.Name, state, err)
					}
				}
				if _, err := s.client.Do(ctx, http.MethodDelete, "/devices/"+d.ID, nil); err != nil {
					s.t.Errorf("delete device %s: %v", d.Name, err)
				}
			}
			if _, err := s.client.Do(ctx, http.MethodDelete, "/nodes/"+n.ID, nil); err != nil {
				s.t.Errorf("delete node: %v", err)
			}
		}
	}
	for _, n := range s.nodes.Nodes {
		if left, err := s.nodes.shell(ctx, n.Address, "pvs --noheadings -o pv_name,vg_name; grep heketi /proc/mounts /etc/fstab || true"); err != nil || strings.TrimSpace(left) != "" {
			s.t.Errorf("%s still holds %q, %v", n.Name, left, err)
		}
	}
	s.Stop()
	s.Check()
}

// must makes a change, notes its time under that name, and gives the id of what it made.
func (s *site) must(name, method, path string, body any) (id string) {
	s.t.Helper()
	begin := time.Now()
	id = s.change(method, path, body)
	s.times.add(name, time.Since(begin))
	return id
}

// change makes a change and gives the id of what it made.
func (s *site) change(method, path string, body any) (id string) {
	s.t.Helper()
	ctx, cancel := s.bound()
	defer cancel()
	op, err := s.client.Do(ctx, method, path, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return op.Result[strings.Index(op.Result, "/")+1:]
}

// begin makes a change that is waited for later.
func (s *site) begin(method, path string, body any) (operation string) {
	s.t.Helper()
	id, err := s.client.Start(s.t.Context(), method, path, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return id
}

// end waits for the end of an operation, whichever it is.
func (s *site) end(operation string) client.Operation {
	s.t.Helper()
	ctx, cancel := s.bound()
	defer cancel()
	op, err := s.client.Wait(ctx, operation)
	if err != nil {
		s.t.Fatalf("operation %s has not ended: %v", operation, err)
	}
	return op
}

// agree waits until nothing is under way, and requires that server and nodes know of the same things; a node that was booted
// may take a while to hear from its peers what it missed.
func (s *site) agree() inventory.Yard {
	s.t.Helper()
	ctx, cancel := s.bound()
	defer cancel()
	s.eventually(4*time.Minute, "every operation has ended", func() (bool, string) {
		live, err := inventory.Live(ctx, s.client)
		return err == nil && len(live) == 0, fmt.Sprintf("%+v, %v", live, err)
	})
	told := s.ask()
	s.eventually(time.Minute, "server and nodes know of the same", func() (bool, string) {
		differences, err := inventory.Differences(ctx, s.nodes.shell, told)
		return err == nil && len(differences) == 0, fmt.Sprintf("%s, %v", strings.Join(differences, "\n"), err)
	})
	return told
}

func (s *site) ask() inventory.Yard {
	s.t.Helper()
	told, err := inventory.Ask(s.t.Context(), s.client)
	if err != nil {
		s.t.Fatal(err)
	}
	return told
}

// named gives the id of a volume by its name.
func (s *site) named(volume string) (id string) {
	s.t.Helper()
	id, there := s.ask().Volumes()[volume]
	if !there {
		s.t.Fatalf("there is no volume %s", volume)
	}
	return id
}

// do makes a change and waits for its end.
func (s *site) do(ctx context.Context, method, path string, body any) error {
	_, err := s.client.Do(ctx, method, path, body)
	return err
}

// volume is what is asked for.
type volume struct {
	title string
	size  int
	kind  map[string]any // durability
}

var (
	replica3    = volume{"replica 3", 1, map[string]any{"type": "replicate", "replicate": map[string]int{"replica": 3}}}
	disperse    = volume{"disperse 2+1", 2, map[string]any{"type": "disperse", "disperse": map[string]int{"data": 2, "redundancy": 1}}}
	distributed = volume{"distributed", 1, map[string]any{"type": "none"}}
)

func (v volume) body(name string) map[string]any {
	return map[string]any{"size": v.size, "name": name, "durability": v.kind}
}

func (s *site) create(v volume, name string) (id string) {
	s.t.Helper()
	return s.must(fmt.Sprintf("create %s, %d GiB", v.title, v.size), http.MethodPost, "/volumes", v.body(name))
}

func (s *site) delete(v volume, id string) {
	s.t.Helper()
	s.must("delete "+v.title, http.MethodDelete, "/volumes/"+id, nil)
}
