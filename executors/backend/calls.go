package backend

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Calls are the calls of one provider that are under way: each is bounded in time, and all are ended when the provider is closed.
type Calls struct {
	timeout time.Duration

	mu    sync.Mutex
	ended bool
	live  map[int]context.CancelCauseFunc
	next  int
	done  sync.WaitGroup
}

// NewCalls bounds each call by timeout.
func NewCalls(timeout time.Duration) *Calls {
	return &Calls{timeout: timeout, live: map[int]context.CancelCauseFunc{}}
}

// The causes of the end of a call that are not its caller's.
var (
	errEnded = errors.New("closed")
	errSlow  = errors.New("time is up")
)

// Begin gives a call its context. The call ends it with done.
func (c *Calls) Begin(caller context.Context) (ctx context.Context, done func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, nil, fmt.Errorf("%w: %w", ErrUnavailable, errEnded)
	}
	ctx, stop := context.WithTimeoutCause(caller, c.timeout, errSlow)
	ctx, cancel := context.WithCancelCause(ctx)
	id := c.next
	c.next++
	c.live[id] = cancel
	c.done.Add(1)
	return ctx, func() {
		c.mu.Lock()
		delete(c.live, id)
		c.mu.Unlock()
		cancel(nil)
		stop()
		c.done.Done()
	}, nil
}

// End ends all calls, lets none begin, and waits for those that had.
func (c *Calls) End() {
	c.mu.Lock()
	c.ended = true
	for _, cancel := range c.live {
		cancel(errEnded)
	}
	c.mu.Unlock()
	c.done.Wait()
}

// Cut is what the end of a call's context means; nil if it has not ended.
func (c *Calls) Cut(ctx context.Context) error {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return nil
	case errors.Is(cause, errEnded):
		return fmt.Errorf("%w: %w", ErrUnavailable, errEnded)
	case errors.Is(cause, errSlow):
		return fmt.Errorf("%w: no end within %v", ErrUnavailable, c.timeout)
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
}

// Fault is the error of a call: what the end of its context means if that has come, else the meaning; with what was told.
func (c *Calls) Fault(ctx context.Context, what string, meaning error, told string) error {
	if cut := c.Cut(ctx); cut != nil {
		meaning = cut
	}
	if errors.Is(meaning, context.Canceled) {
		return fmt.Errorf("%s: %w", what, meaning)
	}
	return fmt.Errorf("%s: %w: %s", what, meaning, told)
}
