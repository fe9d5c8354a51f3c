package sim

import (
	"errors"
	"fmt"
	"testing"

	"yardmaster/executors/vm"
)

func TestMachinesSpreadOverTheHosts(t *testing.T) {
	s := open(t, Options{Hosts: 3})
	for i := range 9 {
		made(t, s, fmt.Sprint("m", i))
	}
	for _, name := range []string{"m0", "m3", "m6"} { // all of one host
		if err := s.Destroy(t.Context(), pool, name); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		made(t, s, fmt.Sprint("n", i))
	}
	all, err := s.List(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	hosts := map[string]int{}
	for _, m := range all {
		hosts[m.Host]++
	}
	if len(hosts) != 3 || hosts["sim-host-1"] != 3 || hosts["sim-host-2"] != 3 {
		t.Errorf("got %v, want three on each", hosts)
	}
}

func TestWhatIsHandedOutIsACopy(t *testing.T) {
	s := open(t, Options{})
	made(t, s, "web")
	if err := errors.Join(s.AddDisk(t.Context(), pool, "web", "d1", 8), s.Snapshot(t.Context(), pool, "web", "s1")); err != nil {
		t.Fatal(err)
	}
	m := inspect(t, s, "web")
	m.Disks[0].GB, m.Snapshots[0].ID, m.Snapshots[0].Disks[0].GB = 99, "other", 99
	var kept *State
	if err := s.Change(t.Context(), "web", func(m *State) { kept = m }); err != nil {
		t.Fatal(err)
	}
	kept.Disks[0].GB = 99
	got := inspect(t, s, "web")
	if got.Disks[0].GB != 8 || got.Snapshots[0].ID != "s1" || got.Snapshots[0].Disks[0].GB != 8 {
		t.Errorf("got %+v", got)
	}
}

func TestNamesAndDisksThatCannotBeArePermanent(t *testing.T) {
	s := open(t, Options{})
	made(t, s, "web")
	for what, err := range map[string]error{
		"a machine without a name":    s.Create(t.Context(), pool, ""),
		"a machine with no text":      s.Create(t.Context(), pool, "\xff"),
		"a machine without a pool":    s.Create(t.Context(), vm.Pool{}, "db"),
		"a disk of nothing":           s.AddDisk(t.Context(), pool, "web", "d1", 0),
		"a disk without an id":        s.AddDisk(t.Context(), pool, "web", "", 1),
		"a snapshot without an id":    s.Snapshot(t.Context(), pool, "web", ""),
		"a snapshot with no text":     s.Snapshot(t.Context(), pool, "web", "\xff"),
		"a machine without its image": open(t, Options{Missing: []string{""}}).Create(t.Context(), vm.Pool{Name: "p"}, "db"),
	} {
		if !errors.Is(err, vm.ErrPermanent) {
			t.Errorf("%s: got %v, want %q", what, err, vm.ErrPermanent)
		}
	}
	if m := inspect(t, s, "web"); len(m.Disks)+len(m.Snapshots) > 0 {
		t.Errorf("got %+v", m)
	}
}

// BenchmarkChurn makes and destroys a machine among many: its time should not follow their number.
func BenchmarkChurn(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := open(b, Options{})
			for i := range n {
				made(b, s, fmt.Sprint("m", i))
			}
			for b.Loop() {
				made(b, s, "web")
				if err := s.Destroy(b.Context(), pool, "web"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
