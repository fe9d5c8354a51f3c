package vmtest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/vm"
)

var lifecycle = []promise{
	{"a created machine runs, is found and is listed", func(s *site) {
		name := s.made(s.Pool, "a")
		m, err := s.get(s.Pool, name)
		s.must("get", err)
		if m.Name != name || m.Power != vm.PoweredOn {
			s.Errorf("got name %q, power %q, want %q, %q", m.Name, m.Power, name, vm.PoweredOn)
		}
		if m.Booted.After(time.Now().Add(time.Minute)) {
			s.Errorf("booted in the future: %v", m.Booted)
		}
		if !slices.Contains(s.list(s.Pool), name) {
			s.Errorf("%s is not listed", name)
		}
	}},
	{"create twice is ErrExists and spares the first", func(s *site) {
		name := s.made(s.Pool, "a")
		s.is("second create", s.create(s.Pool, name), vm.ErrExists)
		m, err := s.get(s.Pool, name)
		s.must("get", err)
		if m.Power != vm.PoweredOn {
			s.Errorf("the first machine is %q now", m.Power)
		}
		if got := count(s.list(s.Pool), name); got != 1 {
			s.Errorf("listed %d times", got)
		}
	}},
	{"a missing template is ErrPermanent and leaves nothing", func(s *site) {
		name := s.name(s.Missing, "a")
		s.is("create", s.create(s.Missing, name), vm.ErrPermanent)
		s.gone(s.Missing, name)
		s.must("the name is free: create", s.create(s.Pool, name))
		s.must("destroy", s.destroy(s.Pool, name))
	}},
	{"get of none is ErrNotFound", func(s *site) {
		_, err := s.get(s.Pool, s.name(s.Pool, "none"))
		s.is("get", err, vm.ErrNotFound)
	}},
	{"destroy leaves nothing, and again is no error", func(s *site) {
		name, spared := s.made(s.Pool, "a"), s.made(s.Pool, "b")
		s.must("destroy", s.destroy(s.Pool, name))
		s.gone(s.Pool, name)
		s.must("second destroy", s.destroy(s.Pool, name))
		_, err := s.get(s.Pool, spared)
		s.must("get the other machine", err)
	}},
	{"destroy of a name that never was is no error", func(s *site) {
		s.must("destroy", s.destroy(s.Pool, s.name(s.Pool, "none")))
	}},
	{"a destroyed name may be created again", func(s *site) {
		name := s.made(s.Pool, "a")
		s.must("destroy", s.destroy(s.Pool, name))
		s.must("create", s.create(s.Pool, name))
		_, err := s.get(s.Pool, name)
		s.must("get", err)
	}},
	{"destroy takes a machine that is off", func(s *site) {
		s.needs("plug to pull", s.PowerOff != nil)
		name := s.made(s.Pool, "a")
		s.PowerOff(s.T, s.Pool, name)
		m, err := s.get(s.Pool, name)
		s.must("get", err)
		if m.Power != vm.PoweredOff {
			s.Errorf("power is %q, want %q", m.Power, vm.PoweredOff)
		}
		s.must("destroy", s.destroy(s.Pool, name))
		s.gone(s.Pool, name)
	}},
	{"destroy takes disks and snapshots along", func(s *site) {
		name := s.made(s.Pool, "a")
		if !s.suite.NoDisks {
			s.must("add disk", s.addDisk(name, "d1"))
		}
		if !s.suite.NoSnapshots {
			s.must("snapshot", s.snapshot(name, "s1"))
			s.must("snapshot", s.snapshot(name, "s2"))
		}
		s.must("destroy", s.destroy(s.Pool, name))
		s.gone(s.Pool, name)
		s.must("create again", s.create(s.Pool, name))
		s.counts("disks", s.Disks, s.Pool, name, 0)
		s.counts("snapshots", s.Snapshots, s.Pool, name, 0)
	}},
	{"a half made machine is in the way until it is destroyed", func(s *site) {
		s.needs("way to break a create", s.HalfMade != nil)
		name := s.name(s.Pool, "a")
		undo := sync.OnceFunc(s.HalfMade(s.T, s.Pool, name))
		defer undo()
		if err := s.create(s.Pool, name); err == nil {
			s.Fatal("create succeeded")
		}
		undo()
		s.is("create again", s.create(s.Pool, name), vm.ErrExists)
		s.must("destroy", s.destroy(s.Pool, name))
		s.gone(s.Pool, name)
		s.must("create", s.create(s.Pool, name))
	}},
	{"a machine that vanished is ErrNotFound and no error to destroy", func(s *site) {
		s.needs("way to remove a machine", s.Vanish != nil)
		name := s.made(s.Pool, "a")
		s.Vanish(s.T, s.Pool, name)
		_, err := s.get(s.Pool, name)
		s.is("get", err, vm.ErrNotFound)
		if slices.Contains(s.list(s.Pool), name) {
			s.Errorf("%s is still listed", name)
		}
		s.must("destroy", s.destroy(s.Pool, name))
	}},
	{"calls on a machine that is not there are ErrNotFound", func(s *site) {
		name := s.name(s.Pool, "none")
		for _, c := range calls(s.suite) {
			if !c.machine {
				continue
			}
			s.Run(c.name, func(t *testing.T) {
				err := s.do(c.on(s, name))
				if c.absent == nil && err != nil {
					t.Errorf("got %v, want no error", err)
				} else if c.absent != nil {
					s.with(t).is(c.name, err, c.absent)
				}
			})
		}
	}},
}

func count(names []string, name string) int {
	n := 0
	for _, other := range names {
		if other == name {
			n++
		}
	}
	return n
}
