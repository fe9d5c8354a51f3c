package pools_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/executors/vm/sim"
	"yardmaster/jobs/pools"
	"yardmaster/store"
)

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

// TestWhoHasAMachineIsNotedOnIt: also where no machine is ever moved, which is how a yard is configured that says nothing of it.
func TestWhoHasAMachineIsNotedOnIt(t *testing.T) {
	y := newYard(t, config(2))
	y.ready("debian", 2)
	defer y.world.Inject(sim.Fault{Call: sim.Migrate, After: func() { t.Error("a machine would be moved") }})()
	name := y.take(pools.Who{User: "ann", Token: "hash"}, pools.Want{Name: "debian", Count: 1})[0].VMs[0].Name
	y.until("it is noted", func() bool {
		st, _ := y.world.Inspect(name)
		return st.User == "ann" && y.vm(name).Settled
	})
	if v := y.one("debian"); y.vm(v.Name).Settled {
		t.Errorf("got %+v", y.vm(v.Name))
	}
}

// TestAProviderThatRefusesEverythingIsToldOf: with what it says, as one that does not answer.
func TestAProviderThatRefusesEverythingIsToldOf(t *testing.T) {
	refusal := fmt.Errorf("%w: wrong password", vm.ErrUnusable)
	for _, call := range []sim.Call{sim.List, sim.Get} { // by inventories, and by operations
		t.Run(string(call), func(t *testing.T) {
			cfg := config(5)
			if call == sim.Get {
				cfg.CheckInterval = time.Hour
			}
			y := newYard(t, cfg)
			y.ready("debian", 5)
			lift := y.world.Inject(sim.Fault{Call: call, Effect: sim.Fail, Err: refusal})
			y.take(nobody, pools.Want{Name: "debian", Count: 5})
			y.until("it is told of", func() bool {
				broken, err := y.s.Broken(context.Background())
				return err == nil && len(broken) == 1 && strings.Contains(broken[0].Why, "wrong password")
			})
			lift()
			y.ready("debian", 5)
		})
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
