package ssh

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"yardmaster/executors"
)

func TestAScriptThatRanIsAResult(t *testing.T) {
	long := strings.Repeat("# long\n", inline/4)
	for name, c := range map[string]struct {
		script string
		handle func(*call)
		want   executors.Result
	}{
		"success": {"true", succeed, executors.Result{}},
		"output and status": {"x", func(c *call) {
			io.WriteString(c.ch, "out")
			io.WriteString(c.ch.Stderr(), "err")
			c.exit(7)
		}, executors.Result{Stdout: "out", Stderr: "err", Exit: 7}},
		"quotes": {"echo 'it'", func(c *call) {
			io.WriteString(c.ch, c.command)
			c.exit(0)
		}, executors.Result{Stdout: `/bin/bash -c 'echo '\''it'\'''`}},
		"input is empty": {"cat", func(c *call) {
			n, _ := io.Copy(io.Discard, c.ch)
			c.exit(uint32(n))
		}, executors.Result{}},
		"long script": {long, func(c *call) {
			text, _ := io.ReadAll(c.ch)
			if c.command != "/bin/bash -s" || string(text) != "{\n"+long+"\n}\n" {
				c.exit(1)
			}
			c.exit(0)
		}, executors.Result{}},
		"long script that nobody reads": {strings.Repeat("# long\n", 1<<20), succeed, executors.Result{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := reach(t, nil, newServer(t, c.handle))
			if got, err := s.Run(t.Context(), "node0", c.script); err != nil || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestOutputIsBounded(t *testing.T) {
	s := reach(t, func(c *Config) { c.MaxOutput = 1000 }, newServer(t, func(c *call) {
		for range 100 {
			io.WriteString(c.ch, strings.Repeat("o", 50_000))
			io.WriteString(c.ch.Stderr(), strings.Repeat("e", 50_000))
		}
		c.exit(3)
	}))
	got, err := s.Run(t.Context(), "node0", "yes")
	if err != nil || got.Stdout != strings.Repeat("o", 1000) || got.Stderr != strings.Repeat("e", 1000) || got.Exit != 3 {
		t.Errorf("%d and %d bytes, exit %d, %v", len(got.Stdout), len(got.Stderr), got.Exit, err)
	}
}

func TestAScriptWhoseEndWasNotSeenIsLost(t *testing.T) {
	for name, handle := range map[string]func(*call){
		"connection dropped":            func(c *call) { c.conn.Close() },
		"session closed without status": func(c *call) { c.ch.Close() },
		"ended by a signal": func(c *call) {
			_, _ = c.ch.SendRequest("exit-signal", false, ssh.Marshal(struct {
				Signal     string
				Dumped     bool
				Text, Lang string
			}{Signal: "KILL"}))
			_ = c.ch.Close()
		},
		"malformed status": func(c *call) {
			_, _ = c.ch.SendRequest("exit-status", false, []byte{1})
			_ = c.ch.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newServer(t, handle)
			s := reach(t, nil, n)
			_, err := s.Run(t.Context(), "node0", "x")
			if !errors.Is(err, executors.ErrLost) || errors.Is(err, executors.ErrUnreachable) || !strings.HasPrefix(err.Error(), "node0: ") {
				t.Errorf("got %v", err)
			}
			if n.sessions.Load() != 1 {
				t.Errorf("a script that may have begun was sent %d times", n.sessions.Load())
			}
		})
	}
}

func TestAScriptThatMayHaveBegunIsNotSentAgain(t *testing.T) {
	n := newServer(t, succeed)
	n.cutOnExec.Store(true)
	if _, err := reach(t, nil, n).Run(t.Context(), "node0", "x"); !errors.Is(err, executors.ErrLost) {
		t.Errorf("got %v", err)
	}
	if n.sessions.Load() != 1 {
		t.Errorf("it was sent %d times", n.sessions.Load())
	}
}

func TestAScriptThatDidNotBeginIsTriedAgainAndThenUnreachable(t *testing.T) {
	t.Run("a connection that died unnoticed", func(t *testing.T) {
		n := newServer(t, succeed)
		s := reach(t, nil, n)
		for range 5 {
			if _, err := s.Run(t.Context(), "node0", "true"); err != nil {
				t.Fatal(err)
			}
			n.dropAll()
		}
	})
	t.Run("a node that hangs up on the first knock", func(t *testing.T) {
		n := newServer(t, succeed)
		n.hangUps.Store(1)
		if _, err := reach(t, nil, n).Run(t.Context(), "node0", "true"); err != nil {
			t.Error(err)
		}
	})
	t.Run("a node that refuses every script", func(t *testing.T) {
		n := newServer(t, nil)
		_, err := reach(t, nil, n).Run(t.Context(), "node0", "echo hush")
		if !errors.Is(err, executors.ErrUnreachable) || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v", err)
		}
		if n.sessions.Load() != tries {
			t.Errorf("it was asked %d times", n.sessions.Load())
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		n := newServer(t, succeed)
		n.listener.Close()
		_, err := reach(t, nil, n).Run(t.Context(), "node0", "true")
		if !errors.Is(err, executors.ErrUnreachable) || errors.Is(err, executors.ErrLost) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a byte that would cut it short", func(t *testing.T) {
		n := newServer(t, succeed)
		_, err := reach(t, nil, n).Run(t.Context(), "node0", "rm -r /a\x00/b")
		if !errors.Is(err, executors.ErrUnreachable) || n.dials.Load() != 0 {
			t.Errorf("got %v", err)
		}
	})
}

func TestACallerWhoLeavesStopsTheScriptAndHarmsNoOther(t *testing.T) {
	gate := make(chan struct{})
	calls := make(chan *call, 2)
	n := newServer(t, func(c *call) {
		calls <- c
		until(gate)(c)
	})
	s := reach(t, nil, n)
	other := make(chan error, 1)
	go func() { _, err := s.Run(t.Context(), "node0", "long"); other <- err }()
	receive(t, "the other's script", calls)

	ctx, leave := context.WithCancel(t.Context())
	mine := make(chan error, 1)
	go func() { _, err := s.Run(ctx, "node0", "long"); mine <- err }()
	stopped := receive(t, "my script", calls)
	leave()
	if err := receive(t, "my end", mine); !errors.Is(err, executors.ErrLost) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if sig := receive(t, "a signal", stopped.signals); sig != "TERM" {
		t.Errorf("told to end by %s", sig)
	}
	close(gate)
	if err := receive(t, "the other's end", other); err != nil {
		t.Errorf("the other's script: %v", err)
	}
	if n.dials.Load() != 1 {
		t.Errorf("%d connections", n.dials.Load())
	}
	if h := s.Health()[0]; !h.Reachable {
		t.Errorf("impatience speaks against the node: %+v", h)
	}
}

func TestTheCeilingEndsAScript(t *testing.T) {
	s := reach(t, func(c *Config) { c.CommandTimeout = 20 * time.Millisecond }, newServer(t, until(nil)))
	if _, err := s.Run(t.Context(), "node0", "sleep"); !errors.Is(err, executors.ErrLost) && !errors.Is(err, executors.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

// A daemon that a script leaves behind holds the script's output open, and the session with it.
func TestAScriptEndsAlthoughItLeftSomethingRunning(t *testing.T) {
	s := reach(t, func(c *Config) { c.Linger = 20 * time.Millisecond }, newServer(t, func(c *call) {
		io.WriteString(c.ch, "started")
		_, _ = c.ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		<-c.closed
	}))
	got, err := s.Run(t.Context(), "node0", "daemon &")
	if err != nil || got.Stdout != "started" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAScriptThatDoesNotStopCostsItsConnectionNewScripts(t *testing.T) {
	gate := make(chan struct{})
	begun := make(chan struct{}, 1)
	n := newServer(t, nil)
	n.handle = func(c *call) {
		if strings.Contains(c.command, "true") {
			c.exit(0)
			return
		}
		begun <- struct{}{}
		<-gate
	}
	s := reach(t, func(c *Config) { c.Linger, c.MaxSessions, c.MaxConns = 10*time.Millisecond, 1, 1 }, n)
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := s.Run(ctx, "node0", "hung disk"); ended <- err }()
	receive(t, "the script", begun)
	leave()
	receive(t, "its end", ended)
	h := s.hosts["node0"]
	eventually(t, "another connection is taken", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.conns) == 0 || h.conns[0].retired || h.conns[0].sessions == 0
	})
	if _, err := s.Run(t.Context(), "node0", "true"); err != nil {
		t.Error(err)
	}
	close(gate)
}

func TestScriptsAreInTheDebugLogOnly(t *testing.T) {
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelInfo}))
	gone := newServer(t, func(c *call) { c.conn.Close() })
	s := reach(t, func(c *Config) { c.Logger = log }, gone, newServer(t, nil))
	for _, host := range []string{"node0", "node1", "nowhere.invalid"} {
		_, err := s.Run(t.Context(), host, "echo hush")
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", host, err)
		}
	}
	s.Close()
	if strings.Contains(text.String(), "hush") {
		t.Errorf("log: %s", text.String())
	}
}
