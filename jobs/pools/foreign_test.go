package pools_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/executors/vm/sim"
	"yardmaster/jobs/pools"
	"yardmaster/store"
)

// cloning are the machines whose clone is under way.
func (y *yard) cloning() (names []string) {
	y.view(func(tx *store.Tx) error {
		vms, err := store.VMsIn(tx, "debian", store.VMPending)
		for i := range vms {
			if vms[i].Cloning() {
				names = append(names, vms[i].Name)
			}
		}
		return err
	})
	return names
}

// surveyed waits for so many more inventories.
func (y *yard) surveyed(n int) {
	y.t.Helper()
	var mu sync.Mutex
	seen := 0
	defer y.world.Inject(sim.Fault{Call: sim.List, After: func() {
		mu.Lock()
		defer mu.Unlock()
		seen++
	}})()
	y.until("inventories", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return seen > n
	})
}

// TestAMachineOfSomebodyElseIsSpared: while a clone looks whether its name is free, or is about to take it, somebody makes a machine
// of that name.
func TestAMachineOfSomebodyElseIsSpared(t *testing.T) {
	ctx := context.Background()
	tests := []struct {
		name   string
		call   sim.Call
		effect sim.Effect
		then   func(y *yard, lift func())
	}{
		{"when the provider does not answer", sim.Get, sim.Fail, func(*yard, func()) {}},
		{"when the clone is called off", sim.Get, sim.Hang, callOff},
		{"when the server dies", sim.Get, sim.Hang, crash},
		{"when the clone comes second", sim.Create, sim.Hang, func(_ *yard, lift func()) { lift() }},
		{"when the clone is called off before it begins", sim.Create, sim.Hang, callOff},
		{"when the server dies before the clone begins", sim.Create, sim.Hang, crash},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			y := newYard(t, config(0))
			made := make(chan string, 1)
			lift := y.world.Inject(sim.Fault{Call: tt.call, Effect: tt.effect, Times: 1, After: func() {
				if tt.effect == sim.Fail {
					made <- y.intrude()
				}
			}})
			defer lift()
			if _, err := y.s.Request(ctx, nobody, "r", []pools.Want{{Name: "debian", Count: 1}}); err != nil {
				t.Fatal(err)
			}
			if tt.effect == sim.Hang {
				y.until("a clone", func() bool { return len(y.cloning()) > 0 && y.reached(tt.call) })
				made <- y.intrude()
			}
			name := <-made
			tt.then(y, lift)
			y.settled()
			y.surveyed(3)
			y.settled()
			if m, there := y.world.Inspect(name); !there || !m.Foreign {
				t.Errorf("%s is gone; %s", name, y.story())
			}
		})
	}
}

func callOff(y *yard, _ func()) {
	if _, err := y.s.DeleteRequest(context.Background(), nobody, "r"); err != nil {
		y.t.Fatal(err)
	}
}

func crash(y *yard, lift func()) {
	y.killWith(lift)
	y.open()
}

// reached says that the clone under way has come to that call: to its creation, once its name was found free.
func (y *yard) reached(call sim.Call) bool {
	if call != sim.Create {
		return true
	}
	free := false
	y.view(func(tx *store.Tx) error {
		for op, err := range store.LiveOperations(tx) {
			if err != nil {
				return err
			}
			free = free || op.Done("name")
		}
		return nil
	})
	return free
}

// intrude makes a machine by hand that has the name of a clone under way.
func (y *yard) intrude() string {
	name := y.cloning()[0]
	if err := y.world.AddForeign(context.Background(), y.cfg.Pools[0].Pool, name); err != nil {
		y.t.Error(err)
	}
	return name
}

func TestWhatIsToBeDestroyedIsSparedIfItIsAnotherMachine(t *testing.T) {
	cfg := config(1)
	cfg.CheckInterval = time.Hour
	y := newYard(t, cfg)
	y.ready("debian", 1)
	ctx, name := context.Background(), y.one("debian").Name
	another := cfg.Pools[0].Pool
	another.Mark = "anothers"
	if err := errors.Join(y.world.Remove(ctx, name), y.world.AddForeign(ctx, another, name), y.s.Delete(ctx, nobody, name)); err != nil {
		t.Fatal(err)
	}
	y.settled()
	if m, there := y.world.Inspect(name); !there || m.Mark != "anothers" {
		t.Errorf("%s is gone", name)
	}
	if v := y.vm(name); v.State != store.VMDestroyed {
		t.Errorf("its record is %s", v.State)
	}
}

func TestAMachineFromBeforeMarksIsDestroyedByItsName(t *testing.T) {
	y := newYard(t, config(1))
	y.ready("debian", 1)
	ctx, name := context.Background(), y.one("debian").Name
	if err := y.world.Change(ctx, name, func(m *sim.State) { m.Mark = "" }); err != nil {
		t.Fatal(err)
	}
	if err := y.s.Delete(ctx, nobody, name); err != nil {
		t.Fatal(err)
	}
	y.settled()
	y.agree()
}

// blind is a provider whose inventories come back empty, and which may not find a machine by its name either.
type blind struct {
	*sim.Sim
	mu          sync.Mutex
	lists, gets bool
	asked       int // for inventories while blind
}

func (b *blind) set(lists, gets bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lists, b.gets, b.asked = lists, gets, 0
}

func (b *blind) List(ctx context.Context, p vm.Pool) ([]vm.Machine, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asked++; b.lists {
		return nil, ctx.Err()
	}
	return b.Sim.List(ctx, p)
}

func (b *blind) Get(ctx context.Context, p vm.Pool, name string) (vm.Machine, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gets {
		return vm.Machine{}, vm.ErrNotFound
	}
	return b.Sim.Get(ctx, p, name)
}

func (b *blind) seen(n int) func() bool {
	return func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.asked > n
	}
}

func newBlindYard(t *testing.T) (*yard, *blind) {
	t.Helper()
	world, err := sim.New(sim.Options{Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	b := &blind{Sim: world}
	cfg := config(2)
	cfg.Pools[0].Provider = "blind"
	cfg.Providers["blind"] = pools.Provider{}
	y := build(t, cfg, sim.Options{Seed: 7}, map[string]vm.Provider{"blind": b})
	y.ready("debian", 2)
	return y, b
}

func TestEmptyInventoriesTakeNothingAway(t *testing.T) {
	y, b := newBlindYard(t)
	held := y.one("debian").Name
	y.ready("debian", 2)
	y.settled()
	before := y.readyNames()
	b.set(true, false)
	y.until("inventories", b.seen(5))
	for name := range before {
		if v := y.vm(name); v.State != store.VMReady {
			t.Errorf("%s is %s: %s", name, v.State, v.Reason)
		}
	}
	if v := y.vm(held); v.State != store.VMRunning {
		t.Errorf("%s is %s: %s", held, v.State, v.Reason)
	}
}

func TestWhatWasHeldWhenItVanishedIsHeldAgainWhenItIsBack(t *testing.T) {
	began := store.Date(time.Now()) // midnight may come meanwhile
	y, b := newBlindYard(t)
	ann := pools.Who{User: "ann", Token: "hash"}
	v := y.take(ann, pools.Want{Name: "debian", Count: 1})[0].VMs[0]
	b.set(true, true)
	y.until("it counts as gone", func() bool { return y.vm(v.Name).State == store.VMDestroyed })
	if got := y.vm(v.Name); !got.Lost || got.Reason == "" {
		t.Errorf("got %+v", got)
	}
	b.set(false, false)
	y.until("it is back", func() bool { return y.vm(v.Name).State == store.VMRunning })
	if m, there := b.Inspect(v.Name); !there || m.Power != vm.PoweredOn {
		t.Fatalf("the machine is %+v", m)
	}
	if got := y.vm(v.Name); got.User != "ann" || !got.CheckedOut.Equal(v.CheckedOut) || !got.Destroyed.IsZero() || got.Lost {
		t.Errorf("got %+v", got)
	}
	ctx := context.Background()
	if err := y.s.Delete(ctx, ann, v.Name); err != nil {
		t.Fatal(err)
	}
	y.settled()
	usage, err := y.s.Usage(ctx, began, store.Date(time.Now()))
	var taken, ended int
	for _, day := range usage {
		taken, ended = taken+day.Taken, ended+day.Ended
	}
	if err != nil || taken != 1 || ended != 1 {
		t.Errorf("used %+v, %v", usage, err)
	}
}
