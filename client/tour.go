package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Keys are the two secrets of the Heketi API.
type Keys struct{ Admin, User string }

// TourNode is one machine that a Tour registers; Devices are paths and sizes.
type TourNode struct {
	Manage, Storage string
	Zone            int
	Devices         map[string]uint64
}

// Tour shows a newcomer the system by its own API: a topology is loaded, volumes are made, machines are checked out, it
// is asked what happened, a platform is put on a cluster, and all is said as it goes.
type Tour struct {
	Client *Client
	Keys   Keys
	Nodes  []TourNode
	Pooler *Pooler
	Pools  []string // at least two, of three machines or more

	Platform *Platform
	Metrics  *Metrics

	Notified int // notifications of a cloud that were sent before
	Out      io.Writer
}

// tourVolumes are the volumes that the walk makes.
var tourVolumes = []struct {
	title string
	body  map[string]any
}{
	{"100 GiB, three copies", map[string]any{"size": 100, "name": "photos", "durability": map[string]any{"type": "replicate", "replicate": map[string]int{"replica": 3}}}},
	{"200 GiB, erasure coded 4+2", map[string]any{"size": 200, "name": "archive", "durability": map[string]any{"type": "disperse", "disperse": map[string]int{"data": 4, "redundancy": 2}}}},
	{"50 GiB, one copy, room for snapshots", map[string]any{"size": 50, "name": "scratch", "snapshot": map[string]any{"enable": true, "factor": 1.5}}},
}

// Walk goes through the whole tour, or stops at the first thing that goes wrong.
func (t Tour) Walk(ctx context.Context) error {
	cluster, err := t.topology(ctx)
	if err != nil {
		return fmt.Errorf("topology: %w", err)
	}
	for _, v := range tourVolumes {
		if err := t.volume(ctx, v.title, v.body); err != nil {
			return fmt.Errorf("volume %s: %w", v.body["name"], err)
		}
	}
	if err := t.pools(ctx); err != nil {
		return fmt.Errorf("pools: %w", err)
	}
	if err := t.events(ctx); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	if err := t.platform(ctx); err != nil {
		return fmt.Errorf("platform: %w", err)
	}
	if err := t.instances(ctx); err != nil {
		return fmt.Errorf("instances: %w", err)
	}
	return t.summary(ctx, cluster)
}

func (t Tour) say(format string, args ...any) { fmt.Fprintf(t.Out, format+"\n", args...) }

// topology registers what is not there yet, so that a demo on an old folder goes on where it was.
func (t Tour) topology(ctx context.Context) (string, error) {
	var known struct {
		Clusters []string `json:"clusters"`
	}
	if err := t.Client.Get(ctx, "/clusters", &known); err != nil {
		return "", err
	}
	if len(known.Clusters) > 0 {
		t.say("cluster %s is there from an earlier run", known.Clusters[0])
		return known.Clusters[0], nil
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := t.Client.Call(ctx, http.MethodPost, "/clusters", map[string]bool{"file": true, "block": true}, &made); err != nil {
		return "", err
	}
	t.say("cluster %s", made.ID)
	for _, n := range t.Nodes {
		op, err := t.Client.Do(ctx, http.MethodPost, "/nodes", map[string]any{"zone": n.Zone, "cluster": made.ID,
			"hostnames": map[string][]string{"manage": {n.Manage}, "storage": {n.Storage}}})
		if err != nil {
			return "", fmt.Errorf("node %s: %w", n.Manage, err)
		}
		id := strings.TrimPrefix(op.Result, "node/")
		var names []string
		for name := range n.Devices {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			if _, err := t.Client.Do(ctx, http.MethodPost, "/devices", map[string]any{"node": id, "name": name}); err != nil {
				return "", fmt.Errorf("device %s of %s: %w", name, n.Manage, err)
			}
		}
		t.say("  node %s (zone %d) with %s", n.Manage, n.Zone, strings.Join(names, " "))
	}
	return made.ID, nil
}

func (t Tour) volume(ctx context.Context, title string, body map[string]any) error {
	begin := time.Now()
	op, err := t.Client.Do(ctx, http.MethodPost, "/volumes", body)
	if e, ok := err.(*Error); ok && strings.Contains(e.Text, "already in use") {
		t.say("volume %-8s is there from an earlier run", body["name"])
		return nil
	}
	if err != nil {
		return err
	}
	var v struct {
		ID     string `json:"id"`
		Bricks []struct {
			Path string `json:"path"`
		} `json:"bricks"`
		Mount struct {
			GlusterFS struct {
				Device string `json:"device"`
			} `json:"glusterfs"`
		} `json:"mount"`
	}
	if err := t.Client.Get(ctx, "/volumes/"+strings.TrimPrefix(op.Result, "volume/"), &v); err != nil {
		return err
	}
	t.say("volume %-8s %-38s %2d bricks in %4d ms   mount -t glusterfs %s", body["name"], title, len(v.Bricks), time.Since(begin).Milliseconds(), v.Mount.GlusterFS.Device)
	return nil
}

func (t Tour) summary(ctx context.Context, cluster string) error {
	var ops struct {
		Operations []Operation `json:"operations"`
	}
	if err := t.Client.Get(ctx, "/operations?limit=1000", &ops); err != nil {
		return err
	}
	states := map[string]int{}
	for _, op := range ops.Operations {
		states[op.State]++
	}
	t.say("%d operations: %d succeeded, %d failed", len(ops.Operations), states["succeeded"], states["failed"])
	base := t.Client.base
	t.say(`
The server answers at %s
  admin key  %s
  user key   %s
  user       %s, password %s

With heketi-cli:
  heketi-cli --server %s --user admin --secret %s topology info

With curl (the token serves GET /volumes for a minute):
  curl -H 'Authorization: bearer %s' %s/volumes

With vmfloaty, or curl, for a machine:
  floaty get %s --url %s/api/v1 --token %s
  curl -X POST -H 'X-AUTH-TOKEN: %s' %s/api/v1/vm/%s

With curl, for the platform (its drift is left to be found; POST deployment/update mends it):
  curl -H 'Token: %s' %s/api/v1/control_plane/configs/k8s-inconsistencies

With curl, for the instances (the difference is left to be seen; PUT instance/1/NAME/update mends it):
  curl -u %s:%s %s/instance/1/%s/diff

With stacky, or curl, for what happened:
  STACKTACH_URL=%s stacky watch
  curl '%s/stacky/summary/'; curl '%s/stacky/kpi/'; curl '%s/stacky/search/?field=state&value=error'
  curl -N -u %s:%s '%s/events/stream'

Without a token:
  curl %s/hello; curl %s/healthz; curl %s/readyz`, base, t.Keys.Admin, t.Keys.User, t.Pooler.User, t.Pooler.Password, base, t.Keys.Admin,
		t.Client.token(http.MethodGet, "/volumes"), base, t.Pools[0], base, t.Pooler.Token, t.Pooler.Token, base, t.Pools[0],
		t.Platform.Token, base, t.Metrics.User, t.Metrics.Password, base, TourInstances[0],
		base, base, base, base, t.Pooler.User, t.Pooler.Password, base, base, base, base)
	return nil
}
