// Package sim is a provider of virtual machines that exist in memory, or in one file that several processes share: hosts with
// machines that have power, addresses, disks and snapshots, and whatever delay and bad luck they are given.
//
// It starts no process and opens no socket: that a machine is ready is its own word, nothing is dialled. It does not simulate
// what runs in a guest, and of the real machine it touches only the file named in Options.File, with its lock and its next
// version beside it.
//
//	call --> faults --> luck: delay, dice --> world: machines by name, by pool, by host --> file, if there is one
//
// One lock guards the world, taken for each look or change and never held while a call waits.
package sim

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"

	"yardmaster/executors/vm"
)

// Sim is a set of simulated hosts. It is safe for concurrent use.
type Sim struct {
	opt Options
	log *slog.Logger

	pen  chan struct{} // full while somebody waits to write the file, or does; taken before gate
	gate chan struct{} // full while somebody holds the world
	w    *world        // nil: to be read from the file
	file *file         // nil: memory only

	queue struct { // of changes to the file
		sync.Mutex
		waiting []*change
	}

	luck struct {
		sync.Mutex
		*rand.Rand
	}
	faults struct {
		sync.Mutex
		armed []*armed
	}
}

var _ vm.Provider = (*Sim)(nil)

// New opens the machines; with a File they are those that the file holds.
func New(opt Options) (*Sim, error) {
	opt, err := opt.checked()
	if err != nil {
		return nil, fmt.Errorf("simulated machines: %w", err)
	}
	s := &Sim{opt: opt, log: opt.Logger, pen: make(chan struct{}, 1), gate: make(chan struct{}, 1)}
	s.luck.Rand = rand.New(rand.NewPCG(opt.Seed, 0))
	if opt.File == "" {
		s.w = newWorld()
		return s, nil
	}
	s.file = &file{path: opt.File}
	if err := s.look(context.Background(), func(*world) error { return nil }); err != nil {
		s.Close()
		return nil, fmt.Errorf("simulated machines: %w", err)
	}
	return s, nil
}

// Close gives the file back. A later call opens it again, and machines in memory stay: there is no session to lose.
func (s *Sim) Close() error {
	if s.file == nil {
		return nil
	}
	s.pen <- struct{}{}
	s.gate <- struct{}{}
	defer func() { <-s.gate; <-s.pen }()
	s.w = nil
	return s.file.close()
}

// look runs fn on the world as it is now. What fn is handed may not leave it.
func (s *Sim) look(ctx context.Context, fn func(*world) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer func() { <-s.gate }()
	if s.file != nil {
		w, err := s.file.read(s.w)
		if err != nil {
			return fmt.Errorf("%w: %w", vm.ErrUnavailable, err)
		}
		s.w = w
	}
	return fn(s.w)
}

func (s *Sim) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
