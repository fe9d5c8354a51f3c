package vmtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"yardmaster/executors/vm"
	"yardmaster/executors/vm/sim"
	"yardmaster/executors/vm/vmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// broken is a provider that is right in all but one of these, if it is set.
type broken struct {
	*sim.Sim
	list    func(ctx context.Context, p vm.Pool) ([]vm.Machine, error)
	get     func(ctx context.Context, p vm.Pool, name string) (vm.Machine, error)
	create  func(ctx context.Context, p vm.Pool, name string) error
	destroy func(ctx context.Context, p vm.Pool, name string) error
	addDisk func(ctx context.Context, p vm.Pool, name, id string, gb int) error
	onSnap  func(call string, ctx context.Context, p vm.Pool, name, id string) error
	migrate func(ctx context.Context, p vm.Pool, name string) (string, error)
}

func (b broken) List(ctx context.Context, p vm.Pool) ([]vm.Machine, error) {
	if b.list != nil {
		return b.list(ctx, p)
	}
	return b.Sim.List(ctx, p)
}

func (b broken) Get(ctx context.Context, p vm.Pool, name string) (vm.Machine, error) {
	if b.get != nil {
		return b.get(ctx, p, name)
	}
	return b.Sim.Get(ctx, p, name)
}

func (b broken) Create(ctx context.Context, p vm.Pool, name string) error {
	if b.create != nil {
		return b.create(ctx, p, name)
	}
	return b.Sim.Create(ctx, p, name)
}

func (b broken) Destroy(ctx context.Context, p vm.Pool, name string) error {
	if b.destroy != nil {
		return b.destroy(ctx, p, name)
	}
	return b.Sim.Destroy(ctx, p, name)
}

func (b broken) AddDisk(ctx context.Context, p vm.Pool, name, id string, gb int) error {
	if b.addDisk != nil {
		return b.addDisk(ctx, p, name, id, gb)
	}
	return b.Sim.AddDisk(ctx, p, name, id, gb)
}

func (b broken) Snapshot(ctx context.Context, p vm.Pool, name, id string) error {
	if b.onSnap != nil {
		return b.onSnap("snapshot", ctx, p, name, id)
	}
	return b.Sim.Snapshot(ctx, p, name, id)
}

func (b broken) Revert(ctx context.Context, p vm.Pool, name, id string) error {
	if b.onSnap != nil {
		return b.onSnap("revert", ctx, p, name, id)
	}
	return b.Sim.Revert(ctx, p, name, id)
}

func (b broken) DropSnapshot(ctx context.Context, p vm.Pool, name, id string) error {
	if b.onSnap != nil {
		return b.onSnap("drop", ctx, p, name, id)
	}
	return b.Sim.DropSnapshot(ctx, p, name, id)
}

func (b broken) Migrate(ctx context.Context, p vm.Pool, name string) (string, error) {
	if b.migrate != nil {
		return b.migrate(ctx, p, name)
	}
	return b.Sim.Migrate(ctx, p, name)
}

// breaks are the ways in which a provider may be wrong, and the subtest that should notice.
var breaks = map[string]struct {
	how  func(s *sim.Sim) broken
	seen string
}{
	"nothing": {func(s *sim.Sim) broken { return broken{Sim: s} }, ""},
	"a second create takes the first for its own": {func(s *sim.Sim) broken {
		return broken{Sim: s, create: func(ctx context.Context, p vm.Pool, name string) error {
			if err := s.Create(ctx, p, name); !errors.Is(err, vm.ErrExists) {
				return err
			}
			return nil
		}}
	}, "create_twice"},
	"a second create destroys the first": {func(s *sim.Sim) broken {
		return broken{Sim: s, create: func(ctx context.Context, p vm.Pool, name string) error {
			err := s.Create(ctx, p, name)
			if errors.Is(err, vm.ErrExists) {
				s.Destroy(ctx, p, name)
			}
			return err
		}}
	}, "create_twice"},
	"a create that was cut off leaves what cannot be destroyed": {func(s *sim.Sim) broken {
		return broken{Sim: s, destroy: func(ctx context.Context, p vm.Pool, name string) error {
			if m, ok := s.Inspect(name); ok && m.Half {
				return errors.New("half made")
			}
			return s.Destroy(ctx, p, name)
		}}
	}, "a_half_made_machine_is_in_the_way"},
	"a missing template is worth another try": {func(s *sim.Sim) broken {
		return broken{Sim: s, create: func(ctx context.Context, p vm.Pool, name string) error {
			if err := s.Create(ctx, p, name); !errors.Is(err, vm.ErrPermanent) {
				return err
			}
			return vm.ErrUnavailable
		}}
	}, "a_missing_template"},
	"get of none is an empty machine": {func(s *sim.Sim) broken {
		return broken{Sim: s, get: func(ctx context.Context, p vm.Pool, name string) (vm.Machine, error) {
			m, err := s.Get(ctx, p, name)
			if errors.Is(err, vm.ErrNotFound) {
				err = nil
			}
			return m, err
		}}
	}, "get_of_none"},
	"a cancelled get is taken for none": {func(s *sim.Sim) broken {
		return broken{Sim: s, get: func(ctx context.Context, p vm.Pool, name string) (vm.Machine, error) {
			m, err := s.Get(ctx, p, name)
			if err != nil {
				err = vm.ErrNotFound
			}
			return m, err
		}}
	}, "a_cancelled_call"},
	"destroy of none is an error": {func(s *sim.Sim) broken {
		return broken{Sim: s, destroy: func(ctx context.Context, p vm.Pool, name string) error {
			if _, err := s.Get(ctx, p, name); err != nil {
				return err
			}
			return s.Destroy(ctx, p, name)
		}}
	}, "destroy_of_a_name_that_never_was"},
	"destroy only stops": {func(s *sim.Sim) broken {
		return broken{Sim: s, destroy: func(ctx context.Context, p vm.Pool, name string) error {
			s.PowerOff(ctx, name)
			return ctx.Err()
		}}
	}, "destroy_leaves_nothing"},
	"destroy forgets its caller": {func(s *sim.Sim) broken {
		return broken{Sim: s, destroy: func(ctx context.Context, p vm.Pool, name string) error {
			return s.Destroy(context.WithoutCancel(ctx), p, name)
		}}
	}, "a_cancelled_call"},
	"every pool is listed": {func(s *sim.Sim) broken {
		return broken{Sim: s, list: func(ctx context.Context, p vm.Pool) ([]vm.Machine, error) {
			here, err := s.List(ctx, pool)
			there, _ := s.List(ctx, other)
			return append(here, there...), err
		}}
	}, "not_listed_in_another"},
	"a foreign machine is not listed": {func(s *sim.Sim) broken {
		return broken{Sim: s, list: func(ctx context.Context, p vm.Pool) ([]vm.Machine, error) {
			all, err := s.List(ctx, p)
			var own []vm.Machine
			for _, m := range all {
				if state, _ := s.Inspect(m.Name); !state.Foreign {
					own = append(own, m)
				}
			}
			return own, err
		}}
	}, "a_machine_of_somebody_else"},
	"marks are forgotten": {func(s *sim.Sim) broken {
		return broken{Sim: s, create: func(ctx context.Context, p vm.Pool, name string) error {
			p.Mark = ""
			return s.Create(ctx, p, name)
		}}
	}, "a_machine_tells_the_mark"},
	"a list tells no marks": {func(s *sim.Sim) broken {
		return broken{Sim: s, list: func(ctx context.Context, p vm.Pool) ([]vm.Machine, error) {
			all, err := s.List(ctx, p)
			for i := range all {
				all[i].Mark = ""
			}
			return all, err
		}}
	}, "a_machine_tells_the_mark"},
	"a refused create leaves its own mark": {func(s *sim.Sim) broken {
		return broken{Sim: s, create: func(ctx context.Context, p vm.Pool, name string) error {
			err := s.Create(ctx, p, name)
			if errors.Is(err, vm.ErrExists) {
				_ = s.Change(ctx, name, func(m *sim.State) { m.Mark = p.Mark })
			}
			return err
		}}
	}, "a_create_that_finds_the_name_taken"},
	"every add is a disk": {func(s *sim.Sim) broken {
		var added atomic.Int64
		return broken{Sim: s, addDisk: func(ctx context.Context, p vm.Pool, name, id string, gb int) error {
			return s.AddDisk(ctx, p, name, fmt.Sprint(id, added.Add(1)), gb)
		}}
	}, "the_same_id_twice_is_one_disk"},
	"revert leaves the machine off": {func(s *sim.Sim) broken {
		return broken{Sim: s, onSnap: func(call string, ctx context.Context, p vm.Pool, name, id string) error {
			err := onSnap(s, call, ctx, p, name, id)
			if call == "revert" && err == nil {
				err = s.PowerOff(ctx, name)
			}
			return err
		}}
	}, "revert_runs_the_machine"},
	"revert to none does nothing": {func(s *sim.Sim) broken {
		return broken{Sim: s, onSnap: func(call string, ctx context.Context, p vm.Pool, name, id string) error {
			err := onSnap(s, call, ctx, p, name, id)
			if call == "revert" && errors.Is(err, vm.ErrNotFound) {
				err = nil
			}
			return err
		}}
	}, "revert_to_a_snapshot_that_is_not_there"},
	"drop drops nothing": {func(s *sim.Sim) broken {
		return broken{Sim: s, onSnap: func(call string, ctx context.Context, p vm.Pool, name, id string) error {
			if call == "drop" {
				return ctx.Err()
			}
			return onSnap(s, call, ctx, p, name, id)
		}}
	}, "drop_removes_one_snapshot"},
	"migrate names another host": {func(s *sim.Sim) broken {
		return broken{Sim: s, migrate: func(ctx context.Context, p vm.Pool, name string) (string, error) {
			_, err := s.Migrate(ctx, p, name)
			return "elsewhere", err
		}}
	}, "migrate_says_where"},
}

func onSnap(s *sim.Sim, call string, ctx context.Context, p vm.Pool, name, id string) error {
	switch call {
	case "snapshot":
		return s.Snapshot(ctx, p, name, id)
	case "revert":
		return s.Revert(ctx, p, name, id)
	default:
		return s.DropSnapshot(ctx, p, name, id)
	}
}

var pool, other = vm.Pool{Name: "debian"}, vm.Pool{Name: "fedora"}

// brokenEnv tells the child of TestTheSuiteSeesWhatIsBroken how its provider is broken.
const brokenEnv = "YARDMASTER_VMTEST_BROKEN"

// TestTheSuiteSeesWhatIsBroken runs the suite in a process of its own, where it may fail.
func TestTheSuiteSeesWhatIsBroken(t *testing.T) {
	if how := os.Getenv(brokenEnv); how != "" {
		vmtest.Conformance(t, vmtest.Suite{NoDial: true, New: func(t *testing.T) vmtest.World { return world(t, breaks[how].how) }})
		return
	}
	for how, want := range breaks {
		t.Run(how, func(t *testing.T) {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheSuiteSeesWhatIsBroken$")
			child.Env = append(os.Environ(), brokenEnv+"="+how)
			out, err := child.CombinedOutput()
			if want.seen == "" {
				if err != nil {
					t.Errorf("a sound provider fails: %v\n%s", err, out)
				}
				return
			}
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !failed(out, want.seen) {
				t.Errorf("got %v, want a failure of %s\n%s", err, want.seen, out)
			}
		})
	}
}

// failed: a subtest of that name, or one below it, failed.
func failed(out []byte, subtest string) bool {
	for line := range bytes.Lines(out) {
		if strings.Contains(string(line), "--- FAIL") && strings.Contains(string(line), subtest) {
			return true
		}
	}
	return false
}

func world(t *testing.T, how func(*sim.Sim) broken) vmtest.World {
	s, err := sim.New(sim.Options{Missing: []string{"none"}})
	if err != nil {
		t.Fatal(err)
	}
	return vmtest.World{
		Provider: how(s), Pool: pool, Other: other, Missing: vm.Pool{Name: pool.Name, Template: "none"},
		Foreign: func(t *testing.T, p vm.Pool) string {
			if err := s.AddForeign(t.Context(), p, "stranger"); err != nil {
				t.Fatal(err)
			}
			return "stranger"
		},
		Disks: func(_ *testing.T, _ vm.Pool, name string) []string {
			m, _ := s.Inspect(name)
			return make([]string, len(m.Disks))
		},
		Snapshots: func(_ *testing.T, _ vm.Pool, name string) []string {
			m, _ := s.Inspect(name)
			return make([]string, len(m.Snapshots))
		},
		HalfMade: func(_ *testing.T, _ vm.Pool, name string) func() {
			return s.Inject(sim.Fault{Call: sim.Create, Name: name, Effect: sim.HalfDone})
		},
	}
}
