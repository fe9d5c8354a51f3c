package sim

import (
	"context"
	"fmt"
	"slices"

	"yardmaster/executors/vm"
)

// change is a change that waits to be written. Those that wait at the same time are written at once: whoever gets
// the pen first does it for all.
type change struct {
	fn   func(*world) error
	err  error
	done chan struct{} // closed when err is what became of it
}

// change runs fn on the world as it is now, with no other process at it, and keeps what fn did, even if fn then refused.
// After a nil it is kept for good; after an error of the file, vm.ErrUnavailable, a look tells what the file holds.
func (s *Sim) change(ctx context.Context, fn func(*world) error) error {
	if s.file == nil {
		return s.look(ctx, fn)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &change{fn: fn, done: make(chan struct{})}
	s.queue.Lock()
	s.queue.waiting = append(s.queue.waiting, c)
	s.queue.Unlock()
	select {
	case <-c.done:
	case s.pen <- struct{}{}:
		err := s.lead(ctx, c)
		<-s.pen
		if err != nil {
			return err
		}
	case <-ctx.Done():
		if s.withdraw(c) {
			return ctx.Err()
		}
		<-c.done // it is being written
	}
	return c.err
}

// lead makes all changes that wait, unless c, the leader's own, has been made by another leader. The caller holds the pen.
func (s *Sim) lead(ctx context.Context, c *change) error {
	select {
	case <-c.done:
		return nil
	default:
	}
	unlock, err := s.file.lock(ctx)
	if err != nil {
		s.withdraw(c)
		return err
	}
	defer unlock()
	s.queue.Lock()
	all := s.queue.waiting
	s.queue.waiting = nil
	s.queue.Unlock()
	s.gate <- struct{}{}
	err = s.apply(all)
	<-s.gate
	for _, c := range all {
		if err != nil {
			c.err = fmt.Errorf("%w: %w", vm.ErrUnavailable, err)
		}
		close(c.done)
	}
	return nil
}

// apply makes changes and writes what came of them; its error means that none is known to be kept.
func (s *Sim) apply(all []*change) (err error) {
	if s.w, err = s.file.read(s.w); err != nil {
		return err
	}
	for _, c := range all {
		c.err = c.fn(s.w)
	}
	if !s.w.dirty {
		return nil
	}
	if err := s.file.write(s.w); err != nil {
		s.w = nil
		return err
	}
	return nil
}

// withdraw takes a change back if nobody is at it yet.
func (s *Sim) withdraw(c *change) bool {
	s.queue.Lock()
	defer s.queue.Unlock()
	i := slices.Index(s.queue.waiting, c)
	if i < 0 {
		return false
	}
	s.queue.waiting = slices.Delete(s.queue.waiting, i, i+1)
	return true
}
