package ssh

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"yardmaster/executors"
)

func runMany(ctx context.Context, s *SSH, host string, n int) []error {
	var all sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		all.Go(func() { _, errs[i] = s.Run(ctx, host, fmt.Sprintf("script %d", i)) })
	}
	all.Wait()
	return errs
}

func TestManyScriptsKeepToTheirPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		max      int32 // of the node's sessions
		refusals bool
	}{
		"node with room":             {max: 10},
		"node without a limit":       {},
		"node with less room than 8": {max: 3, refusals: true},
		"node with one session":      {max: 1, refusals: true},
	} {
		t.Run(name, func(t *testing.T) {
			n := newServer(t, func(c *call) {
				time.Sleep(time.Millisecond) // so that scripts overlap
				c.exit(0)
			})
			n.maxSessions = c.max
			s := reach(t, nil, n)
			if err := errors.Join(runMany(t.Context(), s, "node0", 200)...); err != nil {
				t.Fatal(err)
			}
			if n.mostOnOne.Load() > 8 || n.mostLive.Load() > 4 || n.mostDialing.Load() > 1 || n.sessions.Load() != 200 {
				t.Errorf("%d sessions at most on one of %d connections, %d dials at once, %d scripts",
					n.mostOnOne.Load(), n.mostLive.Load(), n.mostDialing.Load(), n.sessions.Load())
			}
			if c.refusals && n.refusals.Load() == 0 {
				t.Error("no session was refused: this tests nothing")
			}
		})
	}
}

// All places must be in use while anybody waits: 32 scripts that all wait for each other end only then.
func TestEveryPlaceIsUsed(t *testing.T) {
	for round := range 3 {
		var meeting sync.WaitGroup
		meeting.Add(32)
		n := newServer(t, func(c *call) {
			meeting.Done()
			meeting.Wait()
			c.exit(0)
		})
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := errors.Join(runMany(ctx, reach(t, nil, n), "node0", 32)...); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		cancel()
	}
}

func TestANodeThatGrantsNoSessionIsUnreachable(t *testing.T) {
	n := newServer(t, succeed)
	n.maxSessions = -1
	s := reach(t, nil, n)
	if _, err := s.Run(t.Context(), "node0", "true"); !errors.Is(err, executors.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	if n.dials.Load() != tries {
		t.Errorf("%d connections were tried", n.dials.Load())
	}
	if h := s.Health()[0]; h.Reachable || h.Reason == "" {
		t.Errorf("health: %+v", h)
	}
}

func TestAFullNodeIsWaitedForAsLongAsTheCallerHasTime(t *testing.T) {
	n := newServer(t, until(nil))
	s := reach(t, func(c *Config) { c.MaxConns, c.MaxSessions = 1, 1 }, n)
	ctx, cancel := context.WithCancel(t.Context())
	held := make(chan error, 1)
	go func() { _, err := s.Run(ctx, "node0", "holds the only place"); held <- err }()
	eventually(t, "the place is held", func() bool { return n.sessions.Load() == 1 })
	short, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer end()
	if _, err := s.Run(short, "node0", "true"); !errors.Is(err, executors.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if h := s.Health()[0]; !h.Reachable {
		t.Errorf("a full node counts as down: %+v", h)
	}
	cancel()
	receive(t, "the holder's end", held)
}

func TestTheFailureOfOneDialIsEverybodys(t *testing.T) {
	n := newServer(t, succeed)
	n.silent.Store(true) // it takes TCP and never speaks
	s := reach(t, func(c *Config) { c.DialTimeout, c.Redial = 100*time.Millisecond, time.Hour }, n)
	for i, err := range runMany(t.Context(), s, "node0", 100) {
		if !errors.Is(err, executors.ErrUnreachable) || errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("caller %d: %v", i, err)
		}
	}
	if n.dials.Load() != 1 {
		t.Errorf("%d dials for one failure", n.dials.Load())
	}
	if h := s.Health()[0]; h.Reachable || h.Reason == "" {
		t.Errorf("health: %+v", h)
	}
}

func TestACallerWhoLeavesDuringTheDialLeavesItToTheOthers(t *testing.T) {
	n := newServer(t, succeed)
	n.silent.Store(true)
	s := reach(t, func(c *Config) { c.DialTimeout = patience }, n)
	ctx, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { _, err := s.Run(ctx, "node0", "true"); first <- err }()
	eventually(t, "the dial", func() bool { return n.dials.Load() == 1 })
	second := make(chan error, 1)
	go func() { _, err := s.Run(t.Context(), "node0", "true"); second <- err }()
	leave()
	if err := receive(t, "the first one's end", first); !errors.Is(err, context.Canceled) || !errors.Is(err, executors.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	n.silent.Store(false)
	n.dropAll() // it wakes up; the dial under way is tried once more
	if err := receive(t, "the second one's end", second); err != nil {
		t.Error(err)
	}
}

func TestAConnectionThatNobodyNeedsIsClosed(t *testing.T) {
	n := newServer(t, succeed)
	s := reach(t, func(c *Config) { c.Idle = time.Millisecond }, n)
	if _, err := s.Run(t.Context(), "node0", "true"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the connection is closed", func() bool { return n.live.Load() == 0 })
	if h := s.Health()[0]; !h.Reachable {
		t.Errorf("thrift speaks against the node: %+v", h)
	}
	if _, err := s.Run(t.Context(), "node0", "true"); err != nil {
		t.Error(err)
	}
}
