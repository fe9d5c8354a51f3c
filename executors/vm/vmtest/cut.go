package vmtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/vm"
)

// cutAfter are the times after which a call is cut off: before it began, and in whatever it is doing then.
var cutAfter = []time.Duration{
	time.Microsecond, 200 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 30 * time.Millisecond, 200 * time.Millisecond,
}

// hung is how long a call to somebody who does not answer is let wait.
const hung = 100 * time.Millisecond

var cuts = []promise{
	{"a cancelled call ends at once with an error", func(s *site) {
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		s.endsAtOnce(ctx)
	}},
	{"a call whose time is over ends at once with an error", func(s *site) {
		ctx, cancel := context.WithDeadline(s.Context(), time.Now().Add(-time.Second))
		defer cancel()
		s.endsAtOnce(ctx)
	}},
	{"a call ends with its time when the other side hangs", func(s *site) {
		s.needs("way to hang", s.Hang != nil)
		name := s.busy("a")
		release := sync.OnceFunc(s.Hang(s.T))
		defer release()
		s.each(func(t *testing.T, c call) {
			ctx, cancel := context.WithTimeout(t.Context(), hung)
			defer cancel()
			s.with(t).ends(ctx, c, name)
		})
		release()
	}},
	{"a call to nobody is ErrUnavailable", func(s *site) {
		s.needs("way to go down", s.Down != nil)
		name := s.busy("a")
		release := sync.OnceFunc(s.Down(s.T))
		defer release()
		s.each(func(t *testing.T, c call) {
			if c.mayDo || c.name == "ready" {
				return
			}
			s.with(t).is(c.name, s.do(c.on(s, name)), vm.ErrUnavailable)
		})
		release()
	}},
	{"a create that was cut off may be made again, or undone", func(s *site) {
		for i, after := range cutAfter {
			name := s.name(s.Pool, fmt.Sprint("c", i))
			err := s.cut(after, func(ctx context.Context) error { return s.Provider.Create(ctx, s.Pool, name) })
			if again := s.create(s.Pool, name); again != nil && !errors.Is(again, vm.ErrExists) || err == nil && again == nil {
				s.Errorf("cut after %v: %v, again: %v", after, err, again)
			}
			s.must("destroy", s.destroy(s.Pool, name))
			s.gone(s.Pool, name)
			s.must("create", s.create(s.Pool, name))
			s.running(name)
		}
	}},
	{"a destroy that was cut off may be made again", func(s *site) {
		for i, after := range cutAfter {
			name := s.busy(fmt.Sprint("d", i))
			s.cut(after, func(ctx context.Context) error { return s.Provider.Destroy(ctx, s.Pool, name) })
			s.must("destroy", s.destroy(s.Pool, name))
			s.gone(s.Pool, name)
		}
	}},
	{"a disk that was cut off may be added again", withDisks(func(s *site) {
		name := s.made(s.Pool, "a")
		for i, after := range cutAfter {
			id := fmt.Sprint("d", i)
			s.cut(after, func(ctx context.Context) error { return s.Provider.AddDisk(ctx, s.Pool, name, id, 1) })
			s.must("add disk", s.addDisk(name, id))
			s.counts("disks", s.Disks, s.Pool, name, i+1)
		}
		s.running(name)
		s.must("destroy", s.destroy(s.Pool, name))
		s.gone(s.Pool, name)
	})},
	{"calls on snapshots that were cut off may be made again", withSnapshots(func(s *site) {
		name := s.made(s.Pool, "a")
		for _, after := range cutAfter {
			s.cut(after, func(ctx context.Context) error { return s.Provider.Snapshot(ctx, s.Pool, name, "s1") })
			s.must("snapshot", s.snapshot(name, "s1"))
			s.counts("snapshots", s.Snapshots, s.Pool, name, 1)
			s.cut(after, func(ctx context.Context) error { return s.Provider.Revert(ctx, s.Pool, name, "s1") })
			s.must("revert", s.revert(name, "s1"))
			s.running(name)
			s.cut(after, func(ctx context.Context) error { return s.Provider.DropSnapshot(ctx, s.Pool, name, "s1") })
			s.must("drop", s.drop(name, "s1"))
			s.counts("snapshots", s.Snapshots, s.Pool, name, 0)
		}
	})},
}

// busy is a machine with all that a world can give it.
func (s *site) busy(suffix string) string {
	s.Helper()
	name := s.made(s.Pool, suffix)
	s.name(s.Pool, suffix+"n") // what the create among the calls makes
	if !s.suite.NoDisks {
		s.must("add disk", s.addDisk(name, "d1"))
	}
	if !s.suite.NoSnapshots {
		s.must("snapshot", s.snapshot(name, "s1"))
	}
	return name
}

// cut makes a call that is cancelled after a while, and requires that it then ends.
func (s *site) cut(after time.Duration, call func(context.Context) error) error {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), after)
	defer cancel()
	start := time.Now()
	err := call(ctx)
	if took := time.Since(start) - after; took > s.quick() {
		s.Errorf("cut after %v, it went on for %v", after, took)
	}
	return err
}

func (s *site) endsAtOnce(ctx context.Context) {
	name := s.busy("a")
	before := s.list(s.Pool)
	s.each(func(t *testing.T, c call) { s.with(t).ends(ctx, c, name) })
	after := s.list(s.Pool)
	slices.Sort(before)
	slices.Sort(after)
	if !slices.Equal(before, after) {
		s.Errorf("the calls changed the pool: %q, before %q", after, before)
	}
	s.running(name)
}

// each runs a subtest for every call.
func (s *site) each(try func(*testing.T, call)) {
	for _, c := range calls(s.suite) {
		s.Run(c.name, func(t *testing.T) { try(t, c) })
	}
}

// ends requires that a call ends soon after its ctx, with an error that does not say that nothing was to be done.
func (s *site) ends(ctx context.Context, c call, name string) {
	s.Helper()
	start := time.Now()
	err := c.on(s, name)(ctx)
	if took := time.Since(start); took > s.quick() {
		s.Errorf("took %v", took)
	}
	if err == nil && !c.mayDo {
		s.Error("no error")
	}
	for _, wrong := range []error{vm.ErrNotFound, vm.ErrExists, vm.ErrPermanent} {
		if errors.Is(err, wrong) {
			s.Errorf("got %v, which is %q to its callers", err, wrong)
		}
	}
}

// with is the site in a subtest.
func (s *site) with(t *testing.T) *site {
	return &site{T: t, World: s.World, suite: s.suite, prefix: s.prefix, used: s.used}
}
