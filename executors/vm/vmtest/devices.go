package vmtest

import (
	"context"

	"yardmaster/executors/vm"
)

func (s *site) addDisk(name, id string) error {
	return s.do(func(ctx context.Context) error { return s.Provider.AddDisk(ctx, s.Pool, name, id, 1) })
}

func (s *site) snapshot(name, id string) error {
	return s.do(func(ctx context.Context) error { return s.Provider.Snapshot(ctx, s.Pool, name, id) })
}

func (s *site) revert(name, id string) error {
	return s.do(func(ctx context.Context) error { return s.Provider.Revert(ctx, s.Pool, name, id) })
}

func (s *site) drop(name, id string) error {
	return s.do(func(ctx context.Context) error { return s.Provider.DropSnapshot(ctx, s.Pool, name, id) })
}

// running requires that a machine is on.
func (s *site) running(name string) {
	s.Helper()
	m, err := s.get(s.Pool, name)
	s.must("get", err)
	if m.Power != vm.PoweredOn {
		s.Errorf("%s is %q, want %q", name, m.Power, vm.PoweredOn)
	}
}

var disks = []promise{
	{"a disk is added to a machine that runs on", withDisks(func(s *site) {
		name := s.made(s.Pool, "a")
		s.must("add disk", s.addDisk(name, "d1"))
		s.counts("disks", s.Disks, s.Pool, name, 1)
		s.running(name)
	})},
	{"the same id twice is one disk", withDisks(func(s *site) {
		name := s.made(s.Pool, "a")
		s.must("add disk", s.addDisk(name, "d1"))
		s.must("add it again", s.addDisk(name, "d1"))
		s.counts("disks", s.Disks, s.Pool, name, 1)
	})},
	{"another id is another disk", withDisks(func(s *site) {
		name := s.made(s.Pool, "a")
		for _, id := range []string{"d1", "d2", "d3"} {
			s.must("add disk "+id, s.addDisk(name, id))
		}
		s.counts("disks", s.Disks, s.Pool, name, 3)
	})},
	{"two machines may have disks with the same id", withDisks(func(s *site) {
		one, two := s.made(s.Pool, "a"), s.made(s.Pool, "b")
		s.must("add disk", s.addDisk(one, "d1"))
		s.must("add disk", s.addDisk(two, "d1"))
		s.must("destroy one", s.destroy(s.Pool, one))
		s.counts("disks", s.Disks, s.Pool, two, 1)
		s.running(two)
	})},
}

func withDisks(keep func(*site)) func(*site) {
	return func(s *site) {
		s.needs("disks", !s.suite.NoDisks)
		keep(s)
	}
}

var snapshots = []promise{
	{"a snapshot leaves the machine running", withSnapshots(func(s *site) {
		name := s.made(s.Pool, "a")
		s.must("snapshot", s.snapshot(name, "s1"))
		s.counts("snapshots", s.Snapshots, s.Pool, name, 1)
		s.running(name)
	})},
	{"the same id twice is one snapshot", withSnapshots(func(s *site) {
		name := s.made(s.Pool, "a")
		s.must("snapshot", s.snapshot(name, "s1"))
		s.must("snapshot again", s.snapshot(name, "s1"))
		s.counts("snapshots", s.Snapshots, s.Pool, name, 1)
	})},
	{"revert runs the machine, any snapshot in any order", withSnapshots(func(s *site) {
		name := s.made(s.Pool, "a")
		s.must("snapshot s1", s.snapshot(name, "s1"))
		s.must("snapshot s2", s.snapshot(name, "s2"))
		for _, id := range []string{"s1", "s2", "s2", "s1"} {
			s.must("revert to "+id, s.revert(name, id))
			s.running(name)
		}
		s.counts("snapshots", s.Snapshots, s.Pool, name, 2)
	})},
	{"revert starts a machine that is off", withSnapshots(func(s *site) {
		s.needs("plug to pull", s.PowerOff != nil)
		name := s.made(s.Pool, "a")
		s.must("snapshot", s.snapshot(name, "s1"))
		s.PowerOff(s.T, s.Pool, name)
		s.must("revert", s.revert(name, "s1"))
		s.running(name)
	})},
	{"revert to a snapshot that is not there is ErrNotFound", withSnapshots(func(s *site) {
		name := s.made(s.Pool, "a")
		s.is("revert without any", s.revert(name, "none"), vm.ErrNotFound)
		s.must("snapshot", s.snapshot(name, "s1"))
		s.is("revert", s.revert(name, "none"), vm.ErrNotFound)
		s.running(name)
	})},
	{"drop removes one snapshot, and again is no error", withSnapshots(func(s *site) {
		name := s.made(s.Pool, "a")
		s.must("snapshot s1", s.snapshot(name, "s1"))
		s.must("snapshot s2", s.snapshot(name, "s2"))
		s.must("drop", s.drop(name, "s1"))
		s.must("drop again", s.drop(name, "s1"))
		s.counts("snapshots", s.Snapshots, s.Pool, name, 1)
		s.is("revert to the dropped one", s.revert(name, "s1"), vm.ErrNotFound)
		s.must("revert to the other", s.revert(name, "s2"))
		s.running(name)
	})},
	{"a dropped id may be used again", withSnapshots(func(s *site) {
		name := s.made(s.Pool, "a")
		s.must("snapshot", s.snapshot(name, "s1"))
		s.must("drop", s.drop(name, "s1"))
		s.must("snapshot", s.snapshot(name, "s1"))
		s.must("revert", s.revert(name, "s1"))
	})},
	{"two machines may have snapshots with the same id", withSnapshots(func(s *site) {
		one, two := s.made(s.Pool, "a"), s.made(s.Pool, "b")
		s.must("snapshot", s.snapshot(one, "s1"))
		s.is("revert the other", s.revert(two, "s1"), vm.ErrNotFound)
		s.must("snapshot", s.snapshot(two, "s1"))
		s.must("drop", s.drop(one, "s1"))
		s.must("revert", s.revert(two, "s1"))
	})},
}

func withSnapshots(keep func(*site)) func(*site) {
	return func(s *site) {
		s.needs("snapshots", !s.suite.NoSnapshots)
		keep(s)
	}
}
