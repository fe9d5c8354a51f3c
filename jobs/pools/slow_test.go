package pools_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"yardmaster/executors/vm/sim"
	"yardmaster/jobs/pools"
	"yardmaster/store"
)

// twoProviders is a pool of one size on the simulator, and a pool "centos" of another on the provider "hung".
func twoProviders(t *testing.T, debian, centos int, change func(*pools.Config)) (*yard, *sim.Sim) {
	t.Helper()
	cfg := config(debian)
	other := pool("centos", centos)
	other.Provider = "hung"
	cfg.Pools = append(cfg.Pools, other)
	cfg.Providers["hung"] = pools.Provider{}
	if change != nil {
		change(&cfg)
	}
	second, err := sim.New(sim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return newYardWith(t, cfg, second), second
}

func (y *yard) names(taken []pools.Taken) (names []string) {
	for _, t := range taken {
		for _, v := range t.VMs {
			names = append(names, v.Name)
		}
	}
	return names
}

// TestChangesThatTakeLongLeaveRoomForOthers: there are more of them than workers.
func TestChangesThatTakeLongLeaveRoomForOthers(t *testing.T) {
	y, slow := twoProviders(t, 1, 40, func(c *pools.Config) { c.CheckInterval = time.Hour })
	y.ready("centos", 40)
	y.ready("debian", 1)
	ctx := context.Background()
	lift := slow.Inject(sim.Fault{Call: sim.TakeSnapshot, Effect: sim.Hang})
	names := y.names(y.take(nobody, pools.Want{Name: "centos", Count: 40}))
	for _, name := range names {
		if _, err := y.s.Snapshot(ctx, nobody, name, ""); err != nil {
			t.Fatal(err)
		}
	}
	y.ready("centos", 40) // clones of the same provider have room of their own
	y.one("debian")
	y.ready("debian", 1)
	lift()
	for _, name := range names {
		y.until("its snapshot", func() bool { return len(y.vm(name).Snaps) == 1 })
	}
}

func TestAProviderThatSettlesNothingLeavesThatToOthers(t *testing.T) {
	y, slow := twoProviders(t, 3, 3, func(c *pools.Config) { c.MigrationLimit, c.CheckInterval = 1, time.Hour })
	y.ready("centos", 3)
	y.ready("debian", 3)
	defer slow.Inject(sim.Fault{Call: sim.Migrate, Effect: sim.Hang})()
	y.take(nobody, pools.Want{Name: "centos", Count: 2})
	y.until("one is looked at", func() bool {
		n := 0
		y.view(func(tx *store.Tx) error {
			for op, err := range store.LiveOperations(tx) {
				if err != nil {
					return err
				}
				if op.Kind == "vm.settle" {
					n++
				}
			}
			return nil
		})
		return n == 1
	})
	for _, name := range y.names(y.take(nobody, pools.Want{Name: "debian", Count: 3})) {
		y.until("it is settled", func() bool { return y.vm(name).Settled })
	}
}

func TestADeletedMachineDoesNotWaitForItsSnapshot(t *testing.T) {
	y := newYard(t, config(1))
	y.ready("debian", 1)
	ctx, name := context.Background(), y.one("debian").Name
	begun := y.world.Inject(sim.Fault{Call: sim.TakeSnapshot, Effect: sim.Hang})
	defer begun()
	if _, err := y.s.Snapshot(ctx, nobody, name, ""); err != nil {
		t.Fatal(err)
	}
	y.until("the snapshot is under way", func() bool { return y.vm(name).Op != "" })
	if err := y.s.Delete(ctx, nobody, name); err != nil {
		t.Fatal(err)
	}
	y.until("it is gone", func() bool { return y.vm(name).State == store.VMDestroyed })
	y.settled()
	y.agree()
}

func TestMachinesThatCannotBeDestroyedDoNotKeepOthers(t *testing.T) {
	const most = 16
	cfg := config(most + 2)
	cfg.CheckInterval = time.Hour
	y := newYard(t, cfg)
	y.ready("debian", most+2)
	ctx := context.Background()
	names := y.names(y.take(nobody, pools.Want{Name: "debian", Count: most + 2}))
	var lifts []func()
	for _, name := range names[:most] {
		lifts = append(lifts, y.world.Inject(sim.Fault{Call: sim.Destroy, Name: name, Effect: sim.Fail, Err: errors.New("it is locked")}))
	}
	for _, name := range names {
		if err := y.s.Delete(ctx, nobody, name); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names[most:] {
		y.until("it is gone", func() bool { return y.vm(name).State == store.VMDestroyed })
	}
	y.kill() // what failed before the start is known after it, too
	y.open()
	last := y.one("debian").Name
	if err := y.s.Delete(ctx, nobody, last); err != nil {
		t.Fatal(err)
	}
	y.until("the last is gone", func() bool { return y.vm(last).State == store.VMDestroyed })
	for _, lift := range lifts {
		lift()
	}
}

func TestARequestForAPoolThatIsGoneEnds(t *testing.T) {
	cfg := config(0)
	cfg.Pools = append(cfg.Pools, pool("centos", 0))
	y := newYard(t, cfg)
	defer y.world.Inject(sim.Fault{Call: sim.Create, Effect: sim.Fail, Err: errors.New("no luck")})()
	y.kill()
	y.cfg.MaxRetries = 1 << 20
	y.open()
	if _, err := y.s.Request(context.Background(), nobody, "r", []pools.Want{{Name: "centos", Count: 1}}); err != nil {
		t.Fatal(err)
	}
	y.kill()
	y.cfg.Pools = y.cfg.Pools[:1]
	y.open()
	y.until("the request fails", func() bool {
		r, err := y.s.GetRequest(context.Background(), "r")
		return err == nil && r.State == store.RequestFailed && r.Message != ""
	})
}

func TestNobodyWaitsForWhatCanNeverBe(t *testing.T) {
	cfg := config(5)
	cfg.Pools[0].Aliases = []string{"deb"}
	cfg.Pools = append(cfg.Pools, pool("debian-b", 5))
	cfg.Pools[1].Aliases = []string{"deb"}
	y := newYard(t, cfg)
	y.ready("debian", 5)
	y.ready("debian-b", 5)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	begin := time.Now()
	_, err := y.s.CheckoutWait(ctx, nobody, []pools.Want{{Name: "debian", Count: 5}, {Name: "deb", Count: 10}})
	if !errors.Is(err, pools.ErrEmpty) || time.Since(begin) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
	if _, err := y.s.CheckoutWait(ctx, nobody, []pools.Want{{Name: "debian", Count: 5}, {Name: "deb", Count: 5}}); err != nil {
		t.Errorf("what can be: %v", err)
	}
}

func TestAWaitEndsWhenItsPoolBecomesTooSmall(t *testing.T) {
	y := newYard(t, config(3))
	y.ready("debian", 3)
	defer y.world.Inject(sim.Fault{Call: sim.Create, Effect: sim.Hang})()
	y.one("debian")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := y.s.CheckoutWait(ctx, nobody, []pools.Want{{Name: "debian", Count: 3}})
		ended <- err
	}()
	y.until("it waits", func() bool { return y.s.Waiting() == 1 })
	if _, err := y.s.Resize(ctx, map[string]int{"debian": 2}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, pools.ErrEmpty) || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
}

// TestWhoWaitsForAFailingPoolKeepsNobodyFromOthers: the first of the line can not be served, and those behind can.
func TestWhoWaitsForAFailingPoolKeepsNobodyFromOthers(t *testing.T) {
	for _, how := range []error{nil, errors.New("no luck")} {
		t.Run(fmt.Sprint(how), func(t *testing.T) {
			y, second := twoProviders(t, 3, 1, nil)
			y.ready("debian", 3)
			y.ready("centos", 1)
			defer second.Inject(sim.Fault{Call: sim.Create, Effect: sim.Fail, Err: how})()
			y.one("centos")
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() {
				_, err := y.s.CheckoutWait(ctx, nobody, []pools.Want{{Name: "debian", Count: 1}, {Name: "centos", Count: 1}})
				ended <- err
			}()
			defer func() {
				cancel()
				if err := <-ended; !errors.Is(err, pools.ErrEmpty) {
					t.Errorf("the first: %v", err)
				}
			}()
			y.until("the first waits", func() bool { return y.s.Waiting() == 1 })
			y.until("another one is served", func() bool {
				_, err := y.s.Checkout(ctx, nobody, []pools.Want{{Name: "debian", Count: 1}})
				return err == nil
			})
			behind, stop := context.WithTimeout(ctx, 20*time.Second)
			defer stop()
			if _, err := y.s.CheckoutWait(behind, nobody, []pools.Want{{Name: "debian", Count: 1}}); err != nil {
				t.Errorf("one who waits behind: %v", err)
			}
		})
	}
}
