package pools_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"yardmaster/jobs/pools"
	"yardmaster/store"
)

func TestAPoolFillsAndRefills(t *testing.T) {
	y := newYard(t, config(3))
	y.ready("debian", 3)
	v := y.one("debian")
	y.ready("debian", 3)
	if got := y.vm(v.Name); got.State != store.VMRunning || got.CheckedOut.IsZero() || got.Alias != "debian" || got.IP == "" || got.Host == "" {
		t.Errorf("got %+v", got)
	}
	if err := y.s.Delete(context.Background(), nobody, v.Name); err != nil {
		t.Fatal(err)
	}
	y.settled()
	if got := y.vm(v.Name); got.State != store.VMDestroyed || got.Reason == "" {
		t.Errorf("got %+v", got)
	}
	y.agree()
}

func TestPoolsThatFoundNoRoomGoOnWhenThereIsSome(t *testing.T) {
	cfg := overlapping(5)
	cfg.TaskLimit, cfg.CheckInterval = 1, time.Hour
	y := newYard(t, cfg)
	y.ready("debian", 5)
	y.ready("centos", 5)
}

func TestTheOldestReadyIsTakenFirst(t *testing.T) {
	y := newYard(t, config(1))
	y.ready("debian", 1)
	first := ""
	y.view(func(tx *store.Tx) error {
		v, err := store.OldestReady(tx, "debian")
		first = v.Name
		return err
	})
	if _, err := y.s.Resize(context.Background(), map[string]int{"debian": 3}); err != nil {
		t.Fatal(err)
	}
	y.ready("debian", 3)
	if got := y.one("debian").Name; got != first {
		t.Errorf("got %s, want %s", got, first)
	}
}

func TestAllOrNothing(t *testing.T) {
	cfg := config(2)
	cfg.Pools = append(cfg.Pools, pool("centos", 1))
	y := newYard(t, cfg)
	y.ready("debian", 2)
	y.ready("centos", 1)
	_, err := y.s.Checkout(context.Background(), nobody, []pools.Want{{Name: "debian", Count: 2}, {Name: "centos", Count: 2}})
	if !errors.Is(err, pools.ErrEmpty) {
		t.Fatalf("got %v, want %v", err, pools.ErrEmpty)
	}
	if d, c := y.counts("debian"), y.counts("centos"); d.Ready != 2 || d.Running != 0 || c.Ready != 1 || c.Running != 0 {
		t.Errorf("got %+v and %+v", d, c)
	}
	var unknown *pools.UnknownPoolsError
	if _, err = y.s.Checkout(context.Background(), nobody, []pools.Want{{Name: "debian", Count: 1}, {Name: "beos", Count: 1}}); !errors.As(err, &unknown) {
		t.Errorf("got %v, want an UnknownPoolsError", err)
	}
	y.agree()
}

func TestAnAliasIsServedByAnyOfItsPools(t *testing.T) {
	cfg := config(1)
	cfg.Pools = append(cfg.Pools, pool("debian-b", 1))
	cfg.Pools[0].Aliases, cfg.Pools[1].Aliases = []string{"deb"}, []string{"deb", "debian"}
	cfg.Experimental = true
	y := newYard(t, cfg)
	y.ready("debian", 1)
	y.ready("debian-b", 1)
	taken := y.take(nobody, pools.Want{Name: "deb", Count: 2})
	if got := taken[0]; got.Name != "deb" || len(got.VMs) != 2 || got.VMs[0].Pool == got.VMs[1].Pool || got.VMs[0].Alias != "deb" {
		t.Errorf("got %+v", got)
	}
}

func TestDisksAndSnapshotsComeInTheOrderInWhichTheyWereAskedFor(t *testing.T) {
	y := newYard(t, config(1))
	y.ready("debian", 1)
	ctx, name := context.Background(), y.one("debian").Name
	for _, gb := range []int{8, 2} {
		if err := y.s.AddDisk(ctx, nobody, name, gb); err != nil {
			t.Fatal(err)
		}
	}
	id, err := y.s.Snapshot(ctx, nobody, name, "before the test")
	if err != nil {
		t.Fatal(err)
	}
	y.until("the snapshot", func() bool { return len(y.vm(name).Snaps) == 1 })
	v := y.vm(name)
	if len(v.Disks) != 2 || v.Disks[0] != 8 || v.Disks[1] != 2 || v.Snaps[0].ID != id || v.Snaps[0].Name != "before the test" || v.Op != "" {
		t.Errorf("got %+v", v)
	}
	if err := y.s.Revert(ctx, nobody, name, "no such"); !errors.Is(err, pools.ErrNoSnapshot) {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(y.s.Revert(ctx, nobody, name, "before the test"), y.s.DropSnapshot(ctx, nobody, name, id)); err != nil {
		t.Fatal(err)
	}
	y.until("the snapshot is gone", func() bool { return len(y.vm(name).Snaps) == 0 })
	st, _ := y.world.Inspect(name)
	if len(st.Disks) != 2 || len(st.Snapshots) != 0 {
		t.Errorf("the machine has %+v", st)
	}
	if err := y.s.Delete(ctx, nobody, name); err != nil {
		t.Fatal(err)
	}
	y.settled()
	y.agree()
}

func TestQuotasAndOwnership(t *testing.T) {
	cfg := config(3)
	cfg.QuotaUser, cfg.Ownership = 2, true
	y := newYard(t, cfg)
	y.ready("debian", 3)
	ann, bob := pools.Who{User: "ann", Token: "a"}, pools.Who{User: "bob", Token: "b"}
	v := y.take(ann, pools.Want{Name: "debian", Count: 2})[0].VMs[0]
	ctx := context.Background()
	if _, err := y.s.Checkout(ctx, ann, []pools.Want{{Name: "debian", Count: 1}}); !errors.Is(err, pools.ErrQuota) {
		t.Errorf("got %v, want %v", err, pools.ErrQuota)
	}
	if _, err := y.s.Request(ctx, ann, "beyond", []pools.Want{{Name: "debian", Count: 1}}); !errors.Is(err, pools.ErrQuota) {
		t.Errorf("on demand: got %v, want %v", err, pools.ErrQuota)
	}
	if err := y.s.Delete(ctx, nobody, v.Name); !errors.Is(err, pools.ErrNeedToken) {
		t.Errorf("got %v, want %v", err, pools.ErrNeedToken)
	}
	if err := y.s.Delete(ctx, bob, v.Name); !errors.Is(err, pools.ErrNotYours) {
		t.Errorf("got %v, want %v", err, pools.ErrNotYours)
	}
	if err := y.s.Delete(ctx, pools.Who{User: "root", Admin: true}, v.Name); err != nil {
		t.Error(err)
	}
	if err := y.s.Delete(ctx, ann, v.Name); !errors.Is(err, pools.ErrNotFound) {
		t.Errorf("twice: got %v, want %v", err, pools.ErrNotFound)
	}
}
