// Package backendtest is what package backend promises, as tests that run on every provider: in memory, on a broker in the test's own
// process, on a real server. It knows no provider, sees through the interface only, drops all it made, and leaves alone what was
// there before.
package backendtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/backend"
)

// Server is what the other side of a provider can be made to do. A func that is nil cannot be had, and its promises are skipped.
type Server struct {
	Timeout time.Duration                       // of the provider's calls
	Down    func(t *testing.T) (up func())      // nobody listens until up
	Hang    func(t *testing.T) (release func()) // calls are taken and not answered until release
	Forbid  func(t *testing.T) (relent func())  // the user may do nothing until relent
	Secrets []string                            // words that no error may hold
	Patient bool                                // a call may take seconds
}

// site is one promise's test.
type site struct {
	*testing.T
	Server
	prefix string
}

func newSite(t *testing.T, s Server) *site {
	return &site{T: t, Server: s, prefix: fmt.Sprintf("t%07x", rand.Uint32()>>4)}
}

// name makes one up that nobody else has.
func (s *site) name(suffix string) string { return s.prefix + "_" + suffix }

// limit bounds a call that should succeed.
const limit = 60 * time.Second

func (s *site) ctx() context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), limit)
	s.Cleanup(cancel)
	return ctx
}

// cleanup runs drop after the promise, when the test's own context has ended.
func (s *site) cleanup(drop func(ctx context.Context) error) {
	s.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Context()), limit)
		defer cancel()
		if err := drop(ctx); err != nil && !errors.Is(err, backend.ErrUnavailable) {
			s.Errorf("clean up: %v", err)
		}
	})
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// is checks what an error means, and that it tells no secret.
func (s *site) is(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("got %v, want an error that is %q", err, want)
	}
	s.discreet(err)
}

// needs skips a promise about something that this world's server cannot be made to do.
func (s *site) needs(has bool) {
	s.Helper()
	if !has {
		s.Skip("this server cannot be made to do so")
	}
}

// away makes calls that nobody answers: each has to say so in time, and not as if the caller had given up.
func (s *site) away(calls map[string]func(context.Context) error) {
	s.Helper()
	for what, call := range calls {
		start := time.Now()
		err := call(s.ctx())
		s.is(err, backend.ErrUnavailable)
		if errors.Is(err, context.Canceled) {
			s.Errorf("%s: as if the caller had given up: %v", what, err)
		}
		if took := time.Since(start); took > s.Timeout+slack {
			s.Errorf("%s took %v, of at most %v", what, took, s.Timeout)
		}
	}
}

// slack is what a busy machine adds to a timeout.
const slack = 3 * time.Second

// givenUp makes calls whose caller gives up while nobody answers.
func (s *site) givenUp(calls map[string]func(context.Context) error) {
	s.Helper()
	for what, call := range calls {
		ctx, cancel := context.WithCancel(s.ctx())
		timer := time.AfterFunc(s.Timeout/8, cancel)
		start := time.Now()
		err := call(ctx)
		timer.Stop()
		cancel()
		s.is(err, context.Canceled)
		if errors.Is(err, backend.ErrUnavailable) {
			s.Errorf("%s: as if the server were away: %v", what, err)
		}
		if took := time.Since(start); took > s.Timeout/8+slack {
			s.Errorf("%s went on for %v", what, took)
		}
	}
}

// cut makes a call again and again, and cuts it off a little later each time. What it returns is nobody's business.
func (s *site) cut(call func(context.Context) error) {
	step := 150 * time.Microsecond
	if s.Patient {
		step = 5 * time.Millisecond
	}
	for i := range 24 {
		ctx, cancel := context.WithCancel(s.ctx())
		timer := time.AfterFunc(time.Duration(i)*step, cancel)
		s.discreet(call(ctx))
		timer.Stop()
		cancel()
	}
}

// together makes calls at the same time, and gives their errors.
func together(n int, call func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = call(i) })
	}
	wg.Wait()
	return errs
}
