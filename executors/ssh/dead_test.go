package ssh

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"yardmaster/executors"
)

func TestANodeThatFallsSilentLosesItsScriptsAndNobodyElses(t *testing.T) {
	gate, thawed := make(chan struct{}), make(chan struct{})
	frozen, well := newServer(t, until(thawed)), newServer(t, until(gate))
	s := reach(t, func(c *Config) { c.Keepalive, c.DialTimeout = time.Second, 2*time.Second }, frozen, well)
	lost, done := make(chan error, 8), make(chan error, 1)
	for range 8 {
		go func() { _, err := s.Run(t.Context(), "node0", "x"); lost <- err }()
	}
	go func() { _, err := s.Run(t.Context(), "node1", "x"); done <- err }()
	eventually(t, "all scripts run", func() bool { return frozen.scripts.Load() == 8 && well.scripts.Load() == 1 })
	frozen.silent.Store(true)
	for range 8 {
		if err := receive(t, "a lost script", lost); !errors.Is(err, executors.ErrLost) || !strings.Contains(err.Error(), "answered nothing") {
			t.Errorf("got %v", err)
		}
	}
	if _, err := s.Run(t.Context(), "node0", "x"); !errors.Is(err, executors.ErrUnreachable) {
		t.Errorf("the next one: %v", err)
	}
	close(gate)
	if err := receive(t, "the healthy node's script", done); err != nil {
		t.Errorf("healthy node: %v", err)
	}
	health := s.Health()
	if len(health) != 2 || health[0].Reachable || health[0].Reason == "" || !health[1].Reachable {
		t.Errorf("health: %+v", health)
	}
	frozen.silent.Store(false)
	close(thawed)
	eventually(t, "the node is back", func() bool { return s.Check(t.Context(), "node0") == nil })
	if !s.Health()[0].Reachable {
		t.Errorf("health: %+v", s.Health())
	}
}

// A refusal to answer a keepalive is an answer: a slow script on a node that is there goes on.
func TestKeepalivesKeepASlowScript(t *testing.T) {
	gate := make(chan struct{})
	n := newServer(t, until(gate))
	s := reach(t, func(c *Config) { c.Keepalive = 500 * time.Millisecond }, n)
	done := make(chan error, 1)
	go func() { _, err := s.Run(t.Context(), "node0", "slow"); done <- err }()
	eventually(t, "many keepalives", func() bool { return n.keepalives.Load() > 2*lapses })
	close(gate)
	if err := receive(t, "its end", done); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsAllAndLeavesNothing(t *testing.T) {
	busy, silent := newServer(t, until(nil)), newServer(t, nil)
	silent.silent.Store(true)
	s := reach(t, func(c *Config) { c.MaxSessions, c.MaxConns = 2, 2 }, busy, silent)
	type end struct {
		host string
		err  error
	}
	ends := make(chan end, 12)
	for range 6 {
		for _, host := range []string{"node0", "node1"} {
			go func() { _, err := s.Run(t.Context(), host, "x"); ends <- end{host, err} }()
		}
	}
	eventually(t, "places are taken and a dial is under way", func() bool { return busy.scripts.Load() == 4 && silent.dials.Load() == 1 })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for range 12 {
		e := receive(t, "an end", ends)
		switch {
		case e.host == "node0" && errors.Is(e.err, executors.ErrLost):
			lost++
		case !errors.Is(e.err, executors.ErrUnreachable):
			t.Errorf("%s: %v", e.host, e.err)
		}
		if !errors.Is(e.err, errClosed) {
			t.Errorf("%s: %v does not tell why", e.host, e.err)
		}
	}
	if lost != 4 {
		t.Errorf("%d scripts were lost, 4 had begun", lost)
	}
	if _, err := s.Run(t.Context(), "node0", "true"); !errors.Is(err, executors.ErrUnreachable) {
		t.Errorf("after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// slowLog holds every Run at its last line until Close has returned, which must not happen, or for a moment.
type slowLog struct {
	slog.Handler
	closed <-chan struct{}
	early  chan<- bool
}

func (l slowLog) Enabled(context.Context, slog.Level) bool { return true }

func (l slowLog) Handle(context.Context, slog.Record) error {
	select {
	case <-l.closed:
		l.early <- true
	case <-time.After(50 * time.Millisecond):
		l.early <- false
	}
	return nil
}

func TestCloseWaitsForWhatRuns(t *testing.T) {
	n := newServer(t, until(nil))
	closed, early := make(chan struct{}), make(chan bool, 1)
	s := reach(t, func(c *Config) { c.Logger = slog.New(slowLog{closed: closed, early: early}) }, n)
	ended := make(chan error, 1)
	<-early // the warning about host keys
	go func() { _, err := s.Run(t.Context(), "node0", "x"); ended <- err }()
	eventually(t, "the script runs", func() bool { return n.scripts.Load() == 1 })
	s.Close()
	close(closed)
	if receive(t, "the last line of the run", early) {
		t.Error("it was closed while a script's Run was not over")
	}
	receive(t, "its end", ended)
}
