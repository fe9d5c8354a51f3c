//go:build e2e

package gluster_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/executors"
	"yardmaster/executors/gluster"
)

// yard is the real nodes with a volume group on each, and the bricks that a test made there.
type yard struct {
	t     *testing.T
	g     *gluster.Gluster
	run   executors.Runner
	hosts []string
	vg    map[string]string
	dev   map[string]string
}

func newYard(t *testing.T) *yard {
	nodes, run := reachNodes(t)
	y := &yard{t: t, g: gluster.New(run, gluster.Options{}), run: run, vg: map[string]string{}, dev: map[string]string{}}
	for _, n := range nodes.Nodes {
		y.hosts = append(y.hosts, n.Name)
		y.vg[n.Name], y.dev[n.Name] = "vg_"+newID(), n.Devices[0]
	}
	ctx := t.Context()
	for _, h := range y.hosts[1:] {
		y.timed("peer probe "+h, func() error { return y.g.PeerProbe(ctx, y.hosts[0], h) })
	}
	y.timed("device setup on all", func() error {
		return y.each(func(h string) error { _, err := y.g.DeviceSetup(ctx, h, y.dev[h], y.vg[h], false); return err })
	})
	t.Cleanup(func() {
		ctx := context.Background()
		y.timed("device teardown on all", func() error {
			return y.each(func(h string) error { return y.g.DeviceTeardown(ctx, h, y.dev[h], y.vg[h], "", false) })
		})
		for _, h := range y.hosts[1:] {
			y.timed("peer detach "+h, func() error { return y.g.PeerDetach(ctx, y.hosts[0], h) })
		}
	})
	return y
}

func newID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// timed runs one step, fails the test when it fails, and logs how long it took.
func (y *yard) timed(what string, f func() error) {
	y.t.Helper()
	start := time.Now()
	if err := f(); err != nil {
		y.t.Fatalf("%s: %v", what, err)
	}
	y.t.Logf("%6d ms  %s", time.Since(start).Milliseconds(), what)
}

func (y *yard) each(f func(host string) error) error {
	errs := make([]error, len(y.hosts))
	var wg sync.WaitGroup
	for i, h := range y.hosts {
		wg.Go(func() { errs[i] = f(h) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (y *yard) set(n int, gib float64) []gluster.Brick {
	size := uint64(gib * (1 << 20))
	var set []gluster.Brick
	for _, h := range y.hosts[:n] {
		id := newID()
		b := gluster.Brick{ID: id, Host: h, Storage: h, VG: y.vg[h], LV: "brick_" + id, Pool: "tp_" + id, SizeKiB: size, PoolKiB: size, MetaKiB: 8192}
		b.Path = fmt.Sprintf("/var/lib/heketi/mounts/%s/%s/brick", b.VG, b.LV)
		set = append(set, b)
	}
	return set
}

func bricksAtOnce(bricks []gluster.Brick, f func(b gluster.Brick) error) error {
	errs := make([]error, len(bricks))
	var wg sync.WaitGroup
	for i, b := range bricks {
		wg.Go(func() { errs[i] = f(b) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (y *yard) create(v gluster.Volume) error {
	var bricks []gluster.Brick
	for _, s := range v.Sets {
		bricks = append(bricks, s...)
	}
	start := time.Now()
	err := bricksAtOnce(bricks, func(b gluster.Brick) error { return y.g.BrickCreate(y.t.Context(), b) })
	y.t.Logf("          bricks %d ms", time.Since(start).Milliseconds())
	if err != nil {
		return err
	}
	return y.g.VolumeCreate(y.t.Context(), v.Sets[0][0].Host, v)
}

func (y *yard) expand(v gluster.Volume, added []gluster.Brick) error {
	if err := bricksAtOnce(added, func(b gluster.Brick) error { return y.g.BrickCreate(y.t.Context(), b) }); err != nil {
		return err
	}
	return y.g.VolumeExpand(y.t.Context(), y.hosts[0], v.Name, v, [][]gluster.Brick{added})
}

func (y *yard) delete(v gluster.Volume) error {
	var bricks []gluster.Brick
	for _, s := range v.Sets {
		bricks = append(bricks, s...)
	}
	start := time.Now()
	if err := y.g.VolumeDelete(y.t.Context(), y.hosts, v.Name); err != nil {
		return err
	}
	y.t.Logf("          volume %d ms", time.Since(start).Milliseconds())
	return y.destroy(bricks)
}

func (y *yard) destroy(bricks []gluster.Brick) error {
	return bricksAtOnce(bricks, func(b gluster.Brick) error {
		reclaimed, err := y.g.BrickDestroy(y.t.Context(), b)
		if err == nil && !reclaimed {
			err = fmt.Errorf("brick %s: pool not reclaimed", b.ID)
		}
		return err
	})
}

// clean fails the test when a node still holds anything of ours.
func (y *yard) clean() {
	y.t.Helper()
	for _, h := range y.hosts {
		found, err := y.g.ListBricks(y.t.Context(), h)
		if err != nil {
			y.t.Fatal(err)
		}
		for _, f := range found {
			y.t.Errorf("%s still holds %+v", h, f)
		}
		res, err := y.run.Run(y.t.Context(), h, "ls /dev/mapper; gluster volume list; gluster snapshot list; ls /var/lib/heketi/mounts/*; grep heketi /etc/fstab; ls /run/gluster/snaps")
		if err != nil {
			y.t.Fatal(err)
		}
		y.t.Log(h, strings.Join(strings.Fields(res.Stdout+res.Stderr), " "))
	}
}

func TestRealNodesLiveThroughAVolumesLife(t *testing.T) {
	y := newYard(t)
	ctx := t.Context()
	for i := range 2 {
		v := gluster.Volume{Name: fmt.Sprintf("vol%d", i), ID: newID(), Durability: gluster.Replicate, Replica: 3, Sets: [][]gluster.Brick{y.set(3, 1)}}
		y.timed("create replica 3", func() error { return y.create(v) })
		y.timed("create again", func() error { return y.create(v) })
		added := [][]gluster.Brick{y.set(3, 1)}
		y.timed("expand", func() error { return y.expand(v, added[0]) })
		y.timed("expand again", func() error { return y.g.VolumeExpand(ctx, y.hosts[0], v.Name, v, added) })
		v.Sets = append(v.Sets, added...)
		spec := gluster.CloneSpec{Source: v, Name: "clone" + v.Name, ID: newID(), Op: newID()}
		var c gluster.CloneResult
		y.timed("clone", func() (err error) { c, err = y.g.Clone(ctx, y.hosts[0], spec); return })
		t.Logf("%+v", c)
		y.timed("clone again", func() (err error) { _, err = y.g.Clone(ctx, y.hosts[0], spec); return })
		y.timed("undo clone", func() error { return y.g.CloneUndo(ctx, y.hosts, spec) })
		y.timed("undo clone again", func() error { return y.g.CloneUndo(ctx, y.hosts, spec) })
		y.timed("delete", func() error { return y.delete(v) })
		y.timed("delete again", func() error { return y.delete(v) })
		y.clean()
	}
}
