package pools_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/vm/sim"
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

func TestARequestHasItsMachinesMade(t *testing.T) {
	cfg := config(0)
	cfg.Pools[0].Aliases = []string{"deb"}
	y := newYard(t, cfg)
	ctx := context.Background()
	if _, err := y.s.Request(ctx, pools.Who{User: "ann", Token: "hash"}, "r1", []pools.Want{{Name: "deb", Count: 2}}); err != nil {
		t.Fatal(err)
	}
	if _, err := y.s.Request(ctx, nobody, "r1", []pools.Want{{Name: "deb", Count: 1}}); !errors.Is(err, pools.ErrRequestExists) {
		t.Errorf("got %v", err)
	}
	if _, err := y.s.Request(ctx, nobody, "r2", []pools.Want{{Name: "deb", Count: 11}}); !errors.Is(err, pools.ErrTooMany) {
		t.Errorf("got %v", err)
	}
	var r pools.Request
	y.until("the request", func() bool {
		var err error
		if r, err = y.s.GetRequest(ctx, "r1"); err != nil {
			t.Fatal(err)
		}
		return r.State == store.RequestReady
	})
	if len(r.VMs) != 2 || r.VMs[0].Alias != "deb" || r.VMs[0].User != "ann" || r.VMs[0].Lifetime != 48 {
		t.Errorf("got %+v", r)
	}
	if already, err := y.s.DeleteRequest(ctx, nobody, "r1"); already || err != nil {
		t.Errorf("got %v, %v", already, err)
	}
	y.settled()
	if already, err := y.s.DeleteRequest(ctx, nobody, "r1"); !already || err != nil {
		t.Errorf("got %v, %v", already, err)
	}
	y.agree()
}

func TestARequestFailsAtOnceIfNoTryCanMendIt(t *testing.T) {
	cfg := config(0)
	y := newYardOn(t, cfg, sim.Options{Seed: 7, Missing: []string{"img/debian"}})
	ctx := context.Background()
	if _, err := y.s.Request(ctx, nobody, "r", []pools.Want{{Name: "debian", Count: 2}}); err != nil {
		t.Fatal(err)
	}
	y.until("the request fails", func() bool {
		r, err := y.s.GetRequest(ctx, "r")
		return err == nil && r.State == store.RequestFailed && r.Message != ""
	})
	y.settled()
	y.agree()
}

func TestARequestIsTriedAgainAsOftenAsItMay(t *testing.T) {
	y := newYard(t, config(0))
	defer y.world.Inject(sim.Fault{Call: sim.Create, Effect: sim.HalfDone, Err: errors.New("no luck")})()
	ctx := context.Background()
	if _, err := y.s.Request(ctx, nobody, "r", []pools.Want{{Name: "debian", Count: 1}}); err != nil {
		t.Fatal(err)
	}
	y.until("the request fails", func() bool {
		r, err := y.s.GetRequest(ctx, "r")
		return err == nil && r.State == store.RequestFailed && r.Retries == 4
	})
	y.settled()
	y.agree()
}

func TestASmallerSizeAndAnotherTemplateAreFollowed(t *testing.T) {
	y := newYard(t, config(4))
	y.ready("debian", 4)
	ctx := context.Background()
	if changed, err := y.s.Resize(ctx, map[string]int{"debian": 2}); !changed || err != nil {
		t.Fatalf("got %v, %v", changed, err)
	}
	y.settled()
	y.ready("debian", 2)
	if changed, err := y.s.Resize(ctx, map[string]int{"debian": 2}); changed || err != nil {
		t.Errorf("a size that it has: %v, %v", changed, err)
	}
	if _, err := y.s.Retemplate(ctx, map[string]string{"debian": "img/new"}); err != nil {
		t.Fatal(err)
	}
	y.until("all are of the new template", func() bool {
		n := 0
		y.view(func(tx *store.Tx) error {
			vms, err := store.VMsIn(tx, "debian", store.VMReady)
			for _, v := range vms {
				if v.Template == "img/new" {
					n++
				}
			}
			return err
		})
		return n == 2
	})
	y.settled()
	if r, err := y.s.UndoTemplate(ctx, "debian"); err != nil || !r.Changed || r.Before != "img/new" || r.After != "img/debian" {
		t.Errorf("got %+v, %v", r, err)
	}
	if r, err := y.s.UndoSize(ctx, "debian"); err != nil || !r.Changed || r.Before != "2" || r.After != "4" {
		t.Errorf("got %+v, %v", r, err)
	}
	y.ready("debian", 4)
	before := y.ready4(t)
	if err := y.s.ResetPools(ctx, []string{"debian"}); err != nil {
		t.Fatal(err)
	}
	y.until("all are new", func() bool {
		for name := range y.readyNames() {
			if before[name] {
				return false
			}
		}
		return y.counts("debian").Ready == 4
	})
	y.settled()
	y.agree()
}

func (y *yard) readyNames() map[string]bool {
	names := map[string]bool{}
	y.view(func(tx *store.Tx) error {
		vms, err := store.VMsIn(tx, "debian", store.VMReady)
		for _, v := range vms {
			names[v.Name] = true
		}
		return err
	})
	return names
}

func (y *yard) ready4(t *testing.T) map[string]bool {
	t.Helper()
	y.settled()
	y.ready("debian", 4)
	return y.readyNames()
}

func TestWhatVanishesIsReplacedAndStrangersAreLeftAlone(t *testing.T) {
	y := newYard(t, config(2))
	y.ready("debian", 2)
	ctx := context.Background()
	for name := range y.readyNames() {
		if err := y.world.Remove(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	gone := y.readyNames()
	if err := y.world.AddForeign(ctx, y.cfg.Pools[0].Pool, "stranger"); err != nil {
		t.Fatal(err)
	}
	y.until("two others are ready", func() bool {
		names := y.readyNames()
		for name := range gone {
			if names[name] {
				return false
			}
		}
		return len(names) == 2
	})
	y.settled()
	if _, there := y.world.Inspect("stranger"); !there {
		t.Error("the stranger was destroyed")
	}
}

func TestPurgingDestroysStrangersButThoseAllowed(t *testing.T) {
	cfg := config(1)
	cfg.Providers["sim"] = pools.Provider{Purge: true, Allow: []string{"keep-*"}}
	y := newYard(t, cfg)
	y.ready("debian", 1)
	ctx := context.Background()
	for _, name := range []string{"stranger", "keep-me"} {
		if err := y.world.AddForeign(ctx, y.cfg.Pools[0].Pool, name); err != nil {
			t.Fatal(err)
		}
	}
	y.until("the stranger is gone", func() bool { _, there := y.world.Inspect("stranger"); return !there })
	if _, there := y.world.Inspect("keep-me"); !there {
		t.Error("an allowed one was destroyed")
	}
	y.ready("debian", 1)
}

func TestAMachineThatStopsAnsweringIsReplaced(t *testing.T) {
	y := newYard(t, config(1))
	y.ready("debian", 1)
	var name string
	for name = range y.readyNames() {
		if err := y.world.PowerOff(context.Background(), name); err != nil {
			t.Fatal(err)
		}
	}
	y.until("another one is ready", func() bool { names := y.readyNames(); return len(names) == 1 && !names[name] })
	y.settled()
	y.agree()
}

func TestAMachineThatComesLateIsDestroyed(t *testing.T) {
	y := newYard(t, config(0))
	lift := y.world.Inject(sim.Fault{Call: sim.Create, Effect: sim.Fail, Err: errors.New("no luck")})
	ctx := context.Background()
	if _, err := y.s.Request(ctx, nobody, "r", []pools.Want{{Name: "debian", Count: 1}}); err != nil {
		t.Fatal(err)
	}
	var name string
	y.until("a clone has failed", func() bool {
		y.view(func(tx *store.Tx) error {
			vms, err := store.VMsIn(tx, "debian", store.VMDestroyed)
			for _, v := range vms {
				name = v.Name
			}
			return err
		})
		return name != ""
	})
	lift()
	late := y.cfg.Pools[0].Pool
	late.Mark = y.vm(name).Mark
	if err := y.world.AddForeign(ctx, late, name); err != nil {
		t.Fatal(err)
	}
	y.until("it is gone", func() bool { _, there := y.world.Inspect(name); return !there })
	y.settled()
	y.agree()
}

func TestANameThatDNSKnowsIsGivenUp(t *testing.T) {
	y := newYard(t, config(0))
	y.kill()
	y.cfg = config(2)
	y.cfg.Pools[0].SkipDNS = false
	var asked sync.Map
	first := ""
	y.dns = func(_ context.Context, host string) (bool, error) {
		_, loaded := asked.LoadOrStore("first", host)
		if !loaded {
			first = host
		}
		return !loaded, nil
	}
	y.open()
	y.ready("debian", 2)
	y.settled()
	for name := range y.readyNames() {
		if name+".example.com" == first {
			t.Errorf("%s has a name that DNS knew", name)
		}
	}
	y.agree()
}

func TestAHungProviderHurtsOnlyItsOwnPools(t *testing.T) {
	cfg := config(2)
	other := pool("centos", 2)
	other.Provider = "hung"
	cfg.Pools = append(cfg.Pools, other)
	cfg.Providers["hung"] = pools.Provider{}
	hung, err := sim.New(sim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	hung.Inject(sim.Fault{Effect: sim.Hang})
	y := newYardWith(t, cfg, hung)
	y.ready("debian", 2)
	for range 20 {
		v := y.one("debian")
		if err := y.s.Delete(context.Background(), nobody, v.Name); err != nil {
			t.Fatal(err)
		}
		y.ready("debian", 2)
	}
	if c := y.counts("centos"); c.Pending == 0 || c.Ready != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestAProviderThatFailsIsLeftAloneForAWhile(t *testing.T) {
	y := newYard(t, config(3))
	y.ready("debian", 3)
	lift := y.world.Inject(sim.Fault{Effect: sim.Fail})
	y.one("debian")
	y.until("it is broken off", func() bool {
		all, err := y.s.Pools(context.Background())
		return err == nil && all[0].Broken != ""
	})
	lift()
	y.ready("debian", 3)
	y.settled()
	y.agree()
}

func TestThoseWhoWaitAreServedInOrder(t *testing.T) {
	y := newYard(t, config(1))
	y.ready("debian", 1)
	slow := y.world.Inject(sim.Fault{Call: sim.Create, Effect: sim.Hang})
	y.one("debian")
	type answer struct {
		who string
		vm  string
	}
	answers := make(chan answer, 2)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	wait := func(who string) {
		taken, err := y.s.CheckoutWait(ctx, pools.Who{User: who}, []pools.Want{{Name: "debian", Count: 1}})
		if err != nil {
			answers <- answer{who, err.Error()}
			return
		}
		answers <- answer{who, taken[0].VMs[0].Name}
	}
	go wait("first")
	y.until("the first waits", func() bool { return y.s.Waiting() == 1 })
	go wait("second")
	y.until("the second waits", func() bool { return y.s.Waiting() == 2 })
	if _, err := y.s.Checkout(ctx, nobody, []pools.Want{{Name: "debian", Count: 1}}); !errors.Is(err, pools.ErrEmpty) {
		t.Errorf("somebody came before those who wait: %v", err)
	}
	slow()
	a, b := <-answers, <-answers
	if a.who != "first" || b.who != "second" || a.vm == b.vm {
		t.Errorf("got %v, then %v", a, b)
	}
	short, stop := context.WithTimeout(ctx, 10*time.Millisecond)
	defer stop()
	if _, err := y.s.CheckoutWait(short, nobody, []pools.Want{{Name: "debian", Count: 2}}); !errors.Is(err, pools.ErrEmpty) {
		t.Errorf("more than there will ever be: %v", err)
	}
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

func TestLifetimesAreKept(t *testing.T) {
	y := newYard(t, config(1))
	y.ready("debian", 1)
	name := y.one("debian").Name
	ctx := context.Background()
	past := func(hours int) {
		err := y.db.Update(ctx, func(tx *store.Tx) error {
			v, err := store.VMs.Get(tx, name)
			if err != nil {
				return err
			}
			v.CheckedOut = tx.Now().Add(-time.Duration(hours) * time.Hour)
			return store.PutVM(tx, &v)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	more := 30
	if err := y.s.Change(ctx, nobody, name, pools.Change{Lifetime: &more, Tags: map[string]string{"team": "a", "none": ""}}); err != nil {
		t.Fatal(err)
	}
	past(29)
	y.settled()
	if v := y.vm(name); v.State != store.VMRunning || v.Tags["team"] != "a" || len(v.Tags) != 1 {
		t.Fatalf("got %+v", v)
	}
	past(30)
	y.until("its time is over", func() bool { return y.vm(name).State == store.VMDestroyed })
	days, err := y.s.Days(ctx, store.Date(time.Now()), store.Date(time.Now()))
	if err != nil || days[store.Date(time.Now())].Tags["team"]["a"] != 1 {
		t.Errorf("got %+v, %v", days, err)
	}
}

func TestTagsSayHowLongAMachineLives(t *testing.T) {
	cfg := config(1)
	cfg.TagLifetimes = map[string]int{"job=nightly": 6, "keep": 100, "job=quick": 1}
	tests := []struct {
		name string
		by   pools.Who
		own  int
		tags map[string]string
		want time.Duration
	}{
		{"no tag", nobody, 0, nil, 24 * time.Hour},
		{"a tag with that value", nobody, 0, map[string]string{"job": "nightly"}, 6 * time.Hour},
		{"with another", nobody, 0, map[string]string{"job": "weekly"}, 24 * time.Hour},
		{"with any", nobody, 0, map[string]string{"keep": "yes"}, 100 * time.Hour},
		{"the most of several", nobody, 0, map[string]string{"job": "quick", "keep": "yes"}, 100 * time.Hour},
		{"its user goes before", nobody, 30, map[string]string{"job": "nightly"}, 30 * time.Hour},
		{"its token goes before", pools.Who{User: "ann", Token: "hash"}, 0, map[string]string{"job": "nightly"}, 48 * time.Hour},
	}
	y := newYard(t, cfg)
	ctx := context.Background()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			y.ready("debian", 1)
			v := y.take(tt.by, pools.Want{Name: "debian", Count: 1})[0].VMs[0]
			change := pools.Change{Tags: tt.tags}
			if tt.own > 0 {
				change.Lifetime = &tt.own
			}
			if err := y.s.Change(ctx, tt.by, v.Name, change); err != nil {
				t.Fatal(err)
			}
			v = y.vm(v.Name)
			if got := y.s.LifetimeOf(&v); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			y.aged(v.Name, tt.want-time.Minute)
			y.surveyed(2)
			if got := y.vm(v.Name); got.State != store.VMRunning {
				t.Fatalf("a minute before its time it is %s: %s", got.State, got.Reason)
			}
			y.aged(v.Name, tt.want)
			y.until("its time is over", func() bool { return y.vm(v.Name).State == store.VMDestroyed })
		})
	}
}

// aged makes a machine one that was checked out so long ago.
func (y *yard) aged(name string, age time.Duration) {
	y.t.Helper()
	err := y.db.Update(context.Background(), func(tx *store.Tx) error {
		v, err := store.VMs.Get(tx, name)
		if err != nil {
			return err
		}
		v.CheckedOut = tx.Now().Add(-age)
		return store.PutVM(tx, &v)
	})
	if err != nil {
		y.t.Fatal(err)
	}
}

func TestAPoolThatIsNotConfiguredAnyMoreIsClearedButForWhatIsInUse(t *testing.T) {
	cfg := config(2)
	cfg.Pools = append(cfg.Pools, pool("centos", 2))
	y := newYard(t, cfg)
	y.ready("centos", 2)
	v := y.one("centos")
	y.ready("centos", 2)
	y.settled()
	y.kill()
	y.cfg.Pools = y.cfg.Pools[:1]
	y.open()
	y.until("what nobody has is gone", func() bool { c := y.counts("centos"); return c.Ready+c.Pending+c.Completed == 0 })
	if c := y.counts("centos"); c.Running != 1 {
		t.Errorf("got %+v", c)
	}
	if err := y.s.Delete(context.Background(), nobody, v.Name); err != nil {
		t.Fatal(err)
	}
	y.until("the last one is gone", func() bool { _, there := y.world.Inspect(v.Name); return !there })
}
