package sim

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/executors/vm"
	"yardmaster/executors/vm/vmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open is a simulator that is closed when the test ends.
func open(t testing.TB, opt Options) *Sim {
	t.Helper()
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var pool, other = vm.Pool{Name: "debian", Template: "debian-13"}, vm.Pool{Name: "fedora", Template: "fedora-43"}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name string
		opt  func(t *testing.T) Options
	}{
		{"in memory", func(*testing.T) Options { return Options{} }},
		{"in memory, each call taking its time", func(*testing.T) Options {
			takes := Trouble{MaxTime: 3 * time.Millisecond}
			return Options{CreateVM: takes, CreateDisk: takes, CreateSnapshot: takes, RevertSnapshot: takes, MigrateVM: takes, DestroyVM: takes,
				DestroyShutdown: time.Millisecond, FirstReady: time.Millisecond, MigrateCouldMove: 100}
		}},
		{"in a file", func(t *testing.T) Options { return Options{File: filepath.Join(t.TempDir(), "machines.json")} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			vmtest.Conformance(t, vmtest.Suite{NoDial: true, New: func(t *testing.T) vmtest.World { return conforming(t, tt.opt(t)) }})
		})
	}
}

// conforming is the suite's world; what it looks at from behind, a second simulator looks at if there is a file to share.
func conforming(t *testing.T, opt Options) vmtest.World {
	opt.Missing = []string{"none"}
	s := open(t, opt)
	behind := s
	if opt.File != "" {
		behind = open(t, opt)
	}
	missing := pool
	missing.Template = "none"
	all := func(e Effect) func(*testing.T) func() {
		return func(*testing.T) func() { return s.Inject(Fault{Effect: e}) }
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	return vmtest.World{
		Provider: s, Pool: pool, Other: other, Missing: missing,
		Foreign: func(t *testing.T, p vm.Pool) string {
			must(t, behind.AddForeign(t.Context(), p, "stranger"))
			return "stranger"
		},
		Vanish:   func(t *testing.T, _ vm.Pool, name string) { must(t, behind.Remove(t.Context(), name)) },
		PowerOff: func(t *testing.T, _ vm.Pool, name string) { must(t, behind.PowerOff(t.Context(), name)) },
		Disks: func(_ *testing.T, _ vm.Pool, name string) (ids []string) {
			m, _ := behind.Inspect(name)
			for _, d := range m.Disks {
				ids = append(ids, d.ID)
			}
			return ids
		},
		Snapshots: func(_ *testing.T, _ vm.Pool, name string) (ids []string) {
			m, _ := behind.Inspect(name)
			for _, taken := range m.Snapshots {
				ids = append(ids, taken.ID)
			}
			return ids
		},
		Left: func(_ *testing.T, _ vm.Pool, name string) []string {
			if m, ok := behind.Inspect(name); ok {
				return []string{fmt.Sprintf("%+v", m)}
			}
			return nil
		},
		Hang: all(Hang),
		Down: all(Fail),
		HalfMade: func(_ *testing.T, _ vm.Pool, name string) func() {
			return s.Inject(Fault{Call: Create, Name: name, Effect: HalfDone})
		},
	}
}
