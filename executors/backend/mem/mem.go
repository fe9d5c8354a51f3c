// Package mem is the backend of instances in memory: what a simulated yard runs on, and what tests put in the place of a Kafka and of
// a Cassandra. It keeps the promises of package backend and nothing else: it stores no records and no rows, and forgets all when it
// is let go. A fault, if one is set, sees every call.
package mem

import (
	"context"
	"fmt"
	"sync"

	"yardmaster/executors/backend"
)

// Fault is asked about a call. What it returns is the call's error. It may block as long as ctx lasts.
type Fault func(ctx context.Context, verb, name string) error

// server is what both have: faults, and an end.
type server struct {
	mu         sync.Mutex
	fail, lose Fault
	closed     bool
}

// Fail has f asked before each call takes effect; one that f fails has none. nil ends it.
func (s *server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// Lose has f asked after each call took effect: what f returns is told in place of the answer. nil ends it.
func (s *server) Lose(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose = f
}

// Close ends it for later calls.
func (s *server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// call makes one call: it asks the faults, and does act under the lock.
func (s *server) call(ctx context.Context, verb, name string, act func() error) error {
	s.mu.Lock()
	fail, lose := s.fail, s.lose
	s.mu.Unlock()
	if err := ask(ctx, fail, verb, name); err != nil {
		return err
	}
	if err := s.locked(verb, name, act); err != nil {
		return err
	}
	return ask(ctx, lose, verb, name)
}

func (s *server) locked(verb, name string, act func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("%s %s: %w: closed", verb, name, backend.ErrUnavailable)
	}
	return act()
}

// ask gives what a fault says, or that the caller is gone.
func ask(ctx context.Context, f Fault, verb, name string) error {
	var err error
	if f != nil {
		err = f(ctx, verb, name)
	}
	if err == nil && ctx.Err() != nil {
		err = gone(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, name, err)
	}
	return nil
}

// gone tells a caller who gave up from one whose time was up, as the clients of real servers do.
func gone(ctx context.Context) error {
	if ctx.Err() == context.DeadlineExceeded {
		return fmt.Errorf("%w: %w", backend.ErrUnavailable, ctx.Err())
	}
	return ctx.Err()
}
