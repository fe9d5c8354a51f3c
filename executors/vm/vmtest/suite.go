// Package vmtest is the contract of vm.Provider as a test: one suite that every provider passes, against a simulator or the real
// thing. It knows no provider, looks at machines only through the interface and the World's own eyes, destroys all it made, and
// tolerates whatever stood in the pools before.
package vmtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/vm"
)

// Suite is what is to be tested. A feature that the world lacks is left out of the test; the calls for it are not made.
type Suite struct {
	// New starts a world for one subtest. What it starts it ends with t.Cleanup; the suite closes the provider.
	New func(t *testing.T) World

	Slow        bool // a call may take minutes, and a cancelled one ten seconds; else seconds, and two
	NoAddress   bool // guests get no IP address
	NoDisks     bool
	NoSnapshots bool
	NoMigrate   bool
	NoDial      bool // Ready asks the world and not the network
}

// World is a provider with two pools, and eyes and hands that reach its machines behind its back. Every func may be nil: what
// needs it is then not looked at.
type World struct {
	Provider vm.Provider
	Pool     vm.Pool // its template exists
	Other    vm.Pool // another place for machines on the same provider, with a template that exists
	Missing  vm.Pool // as Pool, with a template that does not exist

	Foreign   func(t *testing.T, p vm.Pool) (name string)         // makes a machine in the pool's place, as somebody else would
	Vanish    func(t *testing.T, p vm.Pool, name string)          // removes a machine
	PowerOff  func(t *testing.T, p vm.Pool, name string)          // pulls the plug
	Disks     func(t *testing.T, p vm.Pool, name string) []string // the disks that were added, in any words
	Snapshots func(t *testing.T, p vm.Pool, name string) []string // ids
	Left      func(t *testing.T, p vm.Pool, name string) []string // all that the world holds of a machine: files, volumes, records
	Hang      func(t *testing.T) (release func())                 // the other side takes calls and does not answer
	Down      func(t *testing.T) (release func())                 // nobody listens on the other side
	// From now until undo, a Create of that name fails and leaves half a machine.
	HalfMade func(t *testing.T, p vm.Pool, name string) (undo func())
}

// Conformance runs the whole suite, a subtest for each promise.
func Conformance(t *testing.T, s Suite) {
	for _, part := range []struct {
		name  string
		tests []promise
	}{
		{"lifecycle", lifecycle}, {"pools", pools}, {"disks", disks}, {"snapshots", snapshots}, {"guest", guest},
		{"marks", marks}, {"cut off", cuts}, {"together", together},
	} {
		t.Run(part.name, func(t *testing.T) {
			for _, p := range part.tests {
				t.Run(p.name, func(t *testing.T) { p.keep(newSite(t, s)) })
			}
		})
	}
}

// promise is one sentence of the contract and what holds a provider to it.
type promise struct {
	name string
	keep func(*site)
}

// site is a world during one subtest.
type site struct {
	World
	*testing.T
	suite  Suite
	prefix string

	mu   sync.Mutex
	used map[string]vm.Pool // what the suite may have made
}

func newSite(t *testing.T, s Suite) *site {
	t.Helper()
	w := &site{T: t, World: s.New(t), suite: s, prefix: fmt.Sprintf("t%07x", rand.Uint32()>>4), used: map[string]vm.Pool{}}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), w.limit())
		defer cancel()
		for name, p := range w.used {
			if err := w.Provider.Destroy(ctx, p, name); err != nil {
				t.Errorf("clean up %s: %v", name, err)
			}
		}
		if err := w.Provider.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return w
}

// name makes up a machine's name and has it destroyed when the subtest ends.
func (s *site) name(p vm.Pool, suffix string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := s.prefix + "-" + suffix
	s.used[name] = p
	return name
}

// limit bounds a call that should succeed.
func (s *site) limit() time.Duration {
	if s.suite.Slow {
		return 5 * time.Minute
	}
	return 20 * time.Second
}

// quick bounds a call that has been cancelled.
func (s *site) quick() time.Duration {
	if s.suite.Slow {
		return 10 * time.Second
	}
	return 2 * time.Second
}

// do makes one call within the limit.
func (s *site) do(call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(s.Context(), s.limit())
	defer cancel()
	return call(ctx)
}

func (s *site) create(p vm.Pool, name string) error {
	return s.do(func(ctx context.Context) error { return s.Provider.Create(ctx, p, name) })
}

func (s *site) destroy(p vm.Pool, name string) error {
	return s.do(func(ctx context.Context) error { return s.Provider.Destroy(ctx, p, name) })
}

func (s *site) get(p vm.Pool, name string) (m vm.Machine, err error) {
	err = s.do(func(ctx context.Context) error {
		m, err = s.Provider.Get(ctx, p, name)
		return err
	})
	return m, err
}

// list is the names of the machines in a pool's place.
func (s *site) list(p vm.Pool) []string {
	s.Helper()
	var names []string
	for _, m := range s.machines(p) {
		names = append(names, m.Name)
	}
	return names
}

// machines are those in a pool's place.
func (s *site) machines(p vm.Pool) (all []vm.Machine) {
	s.Helper()
	err := s.do(func(ctx context.Context) (err error) {
		all, err = s.Provider.List(ctx, p)
		return err
	})
	if err != nil {
		s.Fatalf("list %s: %v", p.Name, err)
	}
	return all
}

// made is a machine that runs.
func (s *site) made(p vm.Pool, suffix string) string {
	s.Helper()
	name := s.name(p, suffix)
	if err := s.create(p, name); err != nil {
		s.Fatalf("create %s: %v", name, err)
	}
	return name
}

// must ends the subtest with an error that should not be.
func (s *site) must(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

// is complains about an error that is not the one that callers look for.
func (s *site) is(what string, err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("%s: got %v, want an error that is %q", what, err, want)
	}
}

// gone requires that nothing of a machine is left.
func (s *site) gone(p vm.Pool, name string) {
	s.Helper()
	_, err := s.get(p, name)
	s.is("get "+name, err, vm.ErrNotFound)
	if slices.Contains(s.list(p), name) {
		s.Errorf("%s is still listed", name)
	}
	if s.Left == nil {
		return
	}
	if left := s.Left(s.T, p, name); len(left) > 0 {
		s.Errorf("of %s there is left: %q", name, left)
	}
}

// counts requires so many things of what one of the world's eyes sees; a world without that eye is not asked.
func (s *site) counts(what string, eye func(*testing.T, vm.Pool, string) []string, p vm.Pool, name string, want int) {
	s.Helper()
	if eye == nil {
		return
	}
	if got := eye(s.T, p, name); len(got) != want {
		s.Errorf("%s of %s: got %q, want %d", what, name, got, want)
	}
}

// needs skips the subtest if the world lacks something.
func (s *site) needs(what string, has bool) {
	s.Helper()
	if !has {
		s.Skip("this world has no " + what)
	}
}
