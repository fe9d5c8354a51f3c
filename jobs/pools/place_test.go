package pools_test

import (
	"context"
	"fmt"
	"testing"

	"yardmaster/executors/vm"
	"yardmaster/executors/vm/sim"
	"yardmaster/jobs/pools"
	"yardmaster/store"
)

// folders is a simulator whose machines are in the folder that they were made in, and that works in no pool without one.
type folders struct{ *sim.Sim }

func in(p vm.Pool) (vm.Pool, error) {
	if p.Folder == "" {
		return p, fmt.Errorf("%w: folder: missing", vm.ErrPermanent)
	}
	p.Name = p.Folder
	return p, nil
}

func (f folders) List(ctx context.Context, p vm.Pool) ([]vm.Machine, error) {
	p, err := in(p)
	if err != nil {
		return nil, err
	}
	return f.Sim.List(ctx, p)
}

func (f folders) Get(ctx context.Context, p vm.Pool, name string) (vm.Machine, error) {
	p, err := in(p)
	if err != nil {
		return vm.Machine{}, err
	}
	return f.Sim.Get(ctx, p, name)
}

func (f folders) Create(ctx context.Context, p vm.Pool, name string) error {
	p, err := in(p)
	if err != nil {
		return err
	}
	return f.Sim.Create(ctx, p, name)
}

func (f folders) Address(ctx context.Context, p vm.Pool, name string) (string, error) {
	p, err := in(p)
	if err != nil {
		return "", err
	}
	return f.Sim.Address(ctx, p, name)
}

func (f folders) Ready(ctx context.Context, p vm.Pool, name, address string) error {
	p, err := in(p)
	if err != nil {
		return err
	}
	return f.Sim.Ready(ctx, p, name, address)
}

func (f folders) Destroy(ctx context.Context, p vm.Pool, name string) error {
	p, err := in(p)
	if err != nil {
		return err
	}
	return f.Sim.Destroy(ctx, p, name)
}

func (f folders) AddDisk(ctx context.Context, p vm.Pool, name, id string, gb int) error {
	p, err := in(p)
	if err != nil {
		return err
	}
	return f.Sim.AddDisk(ctx, p, name, id, gb)
}

// newFolderYard has a pool of one machine in the folder "pools/debian", and gives its configuration.
func newFolderYard(t *testing.T) (*yard, folders) {
	t.Helper()
	world, err := sim.New(sim.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	f := folders{world}
	cfg := config(1)
	cfg.Pools[0].Provider, cfg.Pools[0].Folder = "vc", "pools/debian"
	cfg.Providers["vc"] = pools.Provider{}
	y := build(t, cfg, sim.Options{Seed: 7}, map[string]vm.Provider{"vc": f})
	y.ready("debian", 1)
	return y, f
}

// reopen starts the server anew with another configuration of its pool.
func (y *yard) reopen(change func(*pools.Config)) {
	y.kill()
	change(&y.cfg)
	y.open()
}

func moved(c *pools.Config) {
	p := c.Pools[0]
	p.Folder = "pools/trixie"
	c.Pools = []pools.Pool{p}
}

func removed(c *pools.Config) { c.Pools = nil }

// forgetPlace makes a machine's record one of a build that did not keep where machines are.
func (y *yard) forgetPlace(name string) {
	y.t.Helper()
	err := y.db.Update(context.Background(), func(tx *store.Tx) error {
		v, err := store.VMs.Get(tx, name)
		if err != nil {
			return err
		}
		v.Place = nil
		return store.PutVM(tx, &v)
	})
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) deleted(f folders, name string) {
	y.t.Helper()
	if err := y.s.Delete(context.Background(), nobody, name); err != nil {
		y.t.Fatal(err)
	}
	y.until(name+" is gone", func() bool {
		_, there := f.Inspect(name)
		return !there && y.vm(name).State == store.VMDestroyed
	})
}

// inventoried waits for so many inventories of a folder.
func (y *yard) inventoried(f folders, folder string, n int) {
	y.t.Helper()
	seen := make(chan struct{}, 1<<16)
	defer f.Inject(sim.Fault{Call: sim.List, Pool: folder, After: func() { seen <- struct{}{} }})()
	y.until("inventories", func() bool { return len(seen) > n })
}

func TestAMachineOutlivesThePoolThatItWasMadeFor(t *testing.T) {
	y, f := newFolderYard(t)
	name := y.one("debian").Name
	y.ready("debian", 1)
	y.reopen(removed)
	y.until("what nobody has is gone", func() bool { c := y.counts("debian"); return c.Ready+c.Completed == 0 })
	if v := y.vm(name); v.State != store.VMRunning {
		t.Fatalf("got %+v", v)
	}
	y.deleted(f, name)
	if left, err := f.Sim.List(context.Background(), vm.Pool{Name: "pools/debian"}); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestAMachineStaysWhereItWasMadeWhenItsPoolMoves(t *testing.T) {
	y, f := newFolderYard(t)
	name := y.one("debian").Name
	y.ready("debian", 1)
	before := y.readyNames()
	y.reopen(moved)
	y.inventoried(f, "pools/trixie", 5)
	if v := y.vm(name); v.State != store.VMRunning {
		t.Fatalf("the machine in use: %+v", v)
	}
	for waiting := range before {
		if v := y.vm(waiting); v.State != store.VMReady {
			t.Errorf("the ready machine: %+v", v)
		}
	}
	if err := y.s.AddDisk(context.Background(), nobody, name, 5); err != nil {
		t.Fatal(err)
	}
	y.until("its disk", func() bool { return len(y.vm(name).Disks) == 1 })
	y.deleted(f, name)
}

func TestAMachineThatIsGoneFromWhereItWasMadeCountsAsGone(t *testing.T) {
	y, f := newFolderYard(t)
	name := y.one("debian").Name
	y.reopen(moved)
	if err := f.Remove(context.Background(), name); err != nil {
		t.Fatal(err)
	}
	y.until("it is lost", func() bool { return y.vm(name).Lost })
}

func TestAMachineIsFollowedToWhereItsPoolMoves(t *testing.T) {
	y, f := newFolderYard(t)
	name := y.one("debian").Name
	y.ready("debian", 1)
	y.kill()
	moved(&y.cfg)
	if err := f.Change(context.Background(), name, func(m *sim.State) { m.Pool = "pools/trixie" }); err != nil {
		t.Fatal(err)
	}
	y.open()
	y.until("its place is known", func() bool { v := y.vm(name); return v.Place != nil && v.Place.Folder == "pools/trixie" })
	y.deleted(f, name)
}

func TestWhereAnOlderRecordsMachineIsComesFromTheInventory(t *testing.T) {
	y, f := newFolderYard(t)
	name := y.one("debian").Name
	y.forgetPlace(name)
	y.until("its place is known", func() bool { return y.vm(name).Place != nil })
	y.reopen(removed)
	y.deleted(f, name)
}

func TestADestructionThatDoesNotKnowWhereEndsWhenThePoolIsBack(t *testing.T) {
	y, f := newFolderYard(t)
	name := y.one("debian").Name
	y.settled()
	y.reopen(removed)
	y.forgetPlace(name)
	if err := y.s.Delete(context.Background(), nobody, name); err != nil {
		t.Fatal(err)
	}
	y.until("it fails", func() bool {
		failed := false
		y.view(func(tx *store.Tx) error {
			for op, err := range store.LiveOperations(tx) {
				if err != nil {
					return err
				}
				failed = failed || op.Tries > 0
			}
			return nil
		})
		return failed
	})
	y.reopen(func(c *pools.Config) {
		c.Pools = config(1).Pools
		c.Pools[0].Provider, c.Pools[0].Folder = "vc", "pools/debian"
	})
	y.until(name+" is gone", func() bool { _, there := f.Inspect(name); return !there && y.vm(name).State == store.VMDestroyed })
}
