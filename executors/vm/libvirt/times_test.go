package libvirt

import (
	"context"
	"testing"
	"time"

	"yardmaster/executors/vm"
)

// The times of all calls, for whoever reads the log of the tests.
func TestLibvirtdTimesOfEachCall(t *testing.T) {
	s := newSite(t, "hv1", "hv2")
	p, _ := s.provider(t)
	ctx := t.Context()
	const name = "clock"
	timed := func(what string, call func() error) {
		t.Helper()
		begin := time.Now()
		if err := call(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		t.Logf("%-22s %6d ms", what, time.Since(begin).Milliseconds())
	}
	full := s.pool
	full.Full = true
	timed("list, empty", func() error { _, err := p.List(ctx, s.pool); return err })
	timed("create, linked", func() error { return p.Create(ctx, s.pool, name) })
	timed("create, full", func() error { return p.Create(ctx, full, name+"-full") })
	timed("list", func() error { _, err := p.List(ctx, s.pool); return err })
	timed("get", func() error { _, err := p.Get(ctx, s.pool, name); return err })
	timed("tag", func() error { return p.Tag(ctx, s.pool, name, "ada") })
	timed("migrate", func() error { _, err := p.Migrate(ctx, s.pool, name); return err })
	timed("add disk", func() error { return p.AddDisk(ctx, s.pool, name, "d1", 1) })
	timed("add disk again", func() error { return p.AddDisk(ctx, s.pool, name, "d1", 1) })
	timed("snapshot", func() error { return p.Snapshot(ctx, s.pool, name, "s1") })
	timed("revert", func() error { return p.Revert(ctx, s.pool, name, "s1") })
	timed("drop snapshot", func() error { return p.DropSnapshot(ctx, s.pool, name, "s1") })
	timed("destroy", func() error { return p.Destroy(ctx, s.pool, name) })
	timed("destroy again", func() error { return p.Destroy(ctx, s.pool, name) })
	timed("destroy, full", func() error { return p.Destroy(ctx, full, name+"-full") })
	timed("destroy of none", func() error { return p.Destroy(context.WithoutCancel(ctx), vm.Pool{Name: "x"}, "none") })
}
