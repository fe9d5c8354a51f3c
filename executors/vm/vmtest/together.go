package vmtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"yardmaster/executors/vm"
)

// crowd is how many calls are made at a time.
const crowd = 6

var together = []promise{
	{"many machines are created and destroyed at once", func(s *site) {
		var names []string
		for i := range crowd {
			names = append(names, s.name(s.Pool, fmt.Sprint("m", i)))
		}
		for i, err := range s.atOnce(func(i int) error { return s.create(s.Pool, names[i]) }) {
			s.must("create "+names[i], err)
		}
		listed := s.list(s.Pool)
		for _, name := range names {
			if !slices.Contains(listed, name) {
				s.Errorf("%s is not listed", name)
			}
			s.running(name)
		}
		for i, err := range s.atOnce(func(i int) error { return s.destroy(s.Pool, names[i]) }) {
			s.must("destroy "+names[i], err)
		}
		for _, name := range names {
			s.gone(s.Pool, name)
		}
	}},
	{"one name asked for many times at once is one machine", func(s *site) {
		name := s.name(s.Pool, "a")
		made := 0
		for _, err := range s.atOnce(func(int) error { return s.create(s.Pool, name) }) {
			if err == nil {
				made++
			} else if !errors.Is(err, vm.ErrExists) {
				s.Errorf("got %v, want an error that is %q", err, vm.ErrExists)
			}
		}
		if made != 1 {
			s.Errorf("created %d times", made)
		}
		s.running(name)
	}},
	{"one machine destroyed many times at once is no error", func(s *site) {
		name := s.busy("a")
		for _, err := range s.atOnce(func(int) error { return s.destroy(s.Pool, name) }) {
			s.must("destroy", err)
		}
		s.gone(s.Pool, name)
	}},
	{"disks and snapshots of many machines are made at once", func(s *site) {
		var names []string
		for i := range crowd {
			names = append(names, s.made(s.Pool, fmt.Sprint("m", i)))
		}
		for _, err := range s.atOnce(func(i int) error {
			if s.suite.NoDisks {
				return nil
			}
			return s.addDisk(names[i], "d1")
		}) {
			s.must("add disk", err)
		}
		for _, err := range s.atOnce(func(i int) error {
			if s.suite.NoSnapshots {
				return nil
			}
			return s.snapshot(names[i], "s1")
		}) {
			s.must("snapshot", err)
		}
		for _, name := range names {
			s.running(name)
		}
	}},
}

// atOnce makes a crowd's calls and waits for all.
func (s *site) atOnce(call func(i int) error) []error {
	errs := make([]error, crowd)
	var all sync.WaitGroup
	for i := range crowd {
		all.Go(func() { errs[i] = call(i) })
	}
	all.Wait()
	return errs
}
