package ssh

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"yardmaster/executors"
	"yardmaster/executors/sim/standstill"
)

func TestOpenSSHRunsScripts(t *testing.T) {
	s := reachAll(t, func(c *Config) { c.MaxOutput = 1 << 20 }, newSSHD(t))
	big := "echo begun\n" + strings.Repeat("# a comment that says nothing\n", 20_000) + "cat; echo 'it'\\''s $HOME'; exit 5"
	for name, c := range map[string]struct {
		script string
		want   executors.Result
	}{
		"success":            {"true", executors.Result{}},
		"status":             {"exit 42", executors.Result{Exit: 42}},
		"both outputs":       {"echo out; echo err >&2; false", executors.Result{Stdout: "out\n", Stderr: "err\n", Exit: 1}},
		"quotes":             {`echo 'a  b' "c'd" $((1+1)) \$HOME`, executors.Result{Stdout: "a  b c'd 2 $HOME\n"}},
		"it is bash":         {`a=(1 2 3); echo ${#a[@]}; [[ x == x ]]`, executors.Result{Stdout: "3\n"}},
		"input is empty":     {"cat; echo end", executors.Result{Stdout: "end\n"}},
		"several lines":      {"set -e\necho one\nfalse\necho two", executors.Result{Stdout: "one\n", Exit: 1}},
		"unknown command":    {"no-such-command 2>/dev/null", executors.Result{Exit: 127}},
		"a child's own end":  {"bash -c 'kill -9 $$'; exit 3", executors.Result{Stderr: "", Exit: 3}},
		"through the input":  {big, executors.Result{Stdout: "begun\nit's $HOME\n", Exit: 5}},
		"output is bounded":  {"head -c 5000000 /dev/zero | tr '\\0' x", executors.Result{Stdout: strings.Repeat("x", 1<<20)}},
		"input nobody reads": {"exit 0\n" + strings.Repeat("#", 4<<20), executors.Result{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Run(t.Context(), "node0", c.script)
			if name == "a child's own end" {
				got.Stderr = "" // bash says that it was killed
			}
			if err != nil || got != c.want {
				t.Errorf("got exit %d, %.200q, %.200q, %v", got.Exit, got.Stdout, got.Stderr, err)
			}
		})
	}
}

func TestOpenSSHRunsAsRootThroughSudo(t *testing.T) {
	if err := exec.Command("sudo", "-n", "true").Run(); err != nil {
		t.Skipf("no sudo without a password: %v", err)
	}
	s := reachAll(t, func(c *Config) { c.Sudo = true }, newSSHD(t))
	if got, err := s.Run(t.Context(), "node0", "id -u"); err != nil || got.Stdout != "0\n" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOpenSSHTakesManyScriptsOverFewConnections(t *testing.T) {
	for name, option := range map[string]string{"as it comes": "MaxSessions 10", "with few sessions": "MaxSessions 2"} {
		t.Run(name, func(t *testing.T) {
			d := newSSHD(t, option)
			s := reachAll(t, nil, d)
			var all sync.WaitGroup
			for i := range 40 {
				all.Go(func() {
					if got, err := s.Run(t.Context(), "node0", fmt.Sprintf("sleep 0.05; echo %d", i)); err != nil || got.Stdout != fmt.Sprintf("%d\n", i) {
						t.Errorf("script %d: %+v, %v", i, got, err)
					}
				})
			}
			all.Wait()
			if n := d.logins(); n > 4 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// OpenSSH takes no signals for the sessions of root; of any other user it must stop the script.
func TestOpenSSHStopsAScriptWhoseCallerLeft(t *testing.T) {
	d := newSSHD(t)
	s := reachAll(t, nil, d)
	pid := filepath.Join(t.TempDir(), "pid")
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := s.Run(ctx, "node0", "echo $$ >"+pid+"; sleep 1000; true"); ended <- err }()
	eventually(t, "the script runs", func() bool { return number(pid) > 0 })
	leave()
	if err := receive(t, "its end", ended); !errors.Is(err, executors.ErrLost) {
		t.Errorf("got %v", err)
	}
	stopped := func() bool { return syscall.Kill(number(pid), 0) != nil }
	deaf := func() bool { return strings.Contains(d.log.String(), "signalling requires privilege separation") }
	eventually(t, "the script is stopped, or sshd says that it will not", func() bool { return stopped() || deaf() })
	if deaf() && os.Geteuid() != 0 {
		t.Errorf("sshd stops nothing for an ordinary user\n%s", d.log)
	}
	if _, err := s.Run(t.Context(), "node0", "true"); err != nil {
		t.Error(err)
	}
}

func number(file string) (n int) {
	text, err := os.ReadFile(file)
	if err == nil {
		_, _ = fmt.Sscan(string(text), &n)
	}
	return n
}

func TestOpenSSHDoesNotWaitForWhatAScriptLeftRunning(t *testing.T) {
	s := reachAll(t, func(c *Config) { c.Linger, c.CommandTimeout = 100*time.Millisecond, patience }, newSSHD(t))
	got, err := s.Run(t.Context(), "node0", "sleep 60 & echo $!")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context(), "node0", "kill "+got.Stdout); err != nil {
		t.Error(err)
	}
}

func TestAKilledSSHDLosesItsScriptsAndIsReachedAgain(t *testing.T) {
	d := newSSHD(t)
	s := reachAll(t, nil, d)
	mark := filepath.Join(t.TempDir(), "mark")
	lost := make(chan error, 1)
	go func() { _, err := s.Run(t.Context(), "node0", "echo 1 >"+mark+"; sleep 1000"); lost <- err }()
	eventually(t, "the script runs", func() bool { return number(mark) == 1 })
	d.kill()
	if err := receive(t, "its end", lost); !errors.Is(err, executors.ErrLost) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Run(t.Context(), "node0", "true"); !errors.Is(err, executors.ErrUnreachable) {
		t.Errorf("while it is down: %v", err)
	}
	if h := s.Health()[0]; h.Reachable || h.Reason == "" {
		t.Errorf("while it is down: %+v", h)
	}
	d.start()
	eventually(t, "it is reached again", func() bool { return s.Check(t.Context(), "node0") == nil })
	if !s.Health()[0].Reachable {
		t.Errorf("when it is back: %+v", s.Health()[0])
	}
}

func TestAStoppedSSHDHoldsNobodyForEver(t *testing.T) {
	frozen, well := newSSHD(t), newSSHD(t)
	s := reachAll(t, func(c *Config) { c.DialTimeout = 2 * time.Second }, frozen, well)
	for _, host := range []string{"node0", "node1"} {
		if err := s.Check(t.Context(), host); err != nil {
			t.Fatal(err)
		}
	}
	mark := filepath.Join(t.TempDir(), "mark")
	lost := make(chan error, 1)
	go func() { _, err := s.Run(t.Context(), "node0", "echo 1 >"+mark+"; sleep 1000"); lost <- err }()
	eventually(t, "the script runs", func() bool { return number(mark) == 1 })
	frozen.freeze()
	short, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer end()
	if _, err := s.Run(short, "node0", "true"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the deadline of a caller: %v", err)
	}
	if _, err := s.Run(t.Context(), "node1", "true"); err != nil {
		t.Errorf("another node: %v", err)
	}
	if err := receive(t, "the end of what ran", lost); !errors.Is(err, executors.ErrLost) || !strings.Contains(err.Error(), "answered nothing") {
		t.Errorf("what ran: %v", err)
	}
	// Its kernel still takes connections, which nobody answers.
	if _, err := s.Run(t.Context(), "node0", "true"); !errors.Is(err, executors.ErrUnreachable) {
		t.Errorf("the next one: %v", err)
	}
	if h := s.Health(); h[0].Reachable || !h[1].Reachable {
		t.Errorf("health: %+v", h)
	}
	standstill.End(frozen.family()...)
	eventually(t, "it is reached again", func() bool { return s.Check(t.Context(), "node0") == nil })
}

// A node that stops while much is sent to it fills the socket: not even a farewell can be written then.
func TestAFullSocketHoldsNobodyForEver(t *testing.T) {
	d := newSSHD(t)
	s := reachAll(t, func(c *Config) { c.DialTimeout = 2 * time.Second }, d)
	mark := filepath.Join(t.TempDir(), "mark")
	script := "echo 1 >" + mark + "\nsleep 1000\n" + strings.Repeat("#", 16<<20)
	ended := make(chan error, 1)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	go func() { _, err := s.Run(ctx, "node0", script); ended <- err }()
	eventually(t, "the script is on its way", func() bool { return d.logins() == 1 && len(d.family()) > 2 })
	d.freeze()
	leave()
	if err := receive(t, "its end", ended); err == nil {
		t.Error("a script that never ended succeeded")
	}
	done := make(chan error, 1)
	go func() { done <- s.Close() }()
	if err := receive(t, "the close", done); err != nil {
		t.Error(err)
	}
}

func TestOpenSSHWithAnotherHostKeyIsRefused(t *testing.T) {
	for _, mode := range []HostKeys{Strict, AcceptNew} {
		t.Run(string(mode), func(t *testing.T) {
			d := newSSHD(t)
			s := reachAll(t, func(c *Config) { c.HostKeys, c.Redial = mode, time.Hour }, d)
			if err := s.Check(t.Context(), "node0"); err != nil {
				t.Fatal(err)
			}
			d.kill()
			d.newKey("ecdsa")
			d.start()
			eventually(t, "the loss is noticed", func() bool { return !s.Health()[0].Reachable })
			eventually(t, "our own look is in the log", func() bool { return knocks(d) == 3 })
			before := knocks(d)
			for _, err := range runMany(t.Context(), s, "node0", 20) {
				if !errors.Is(err, executors.ErrUnreachable) || !strings.HasPrefix(err.Error(), "node0: ") {
					t.Fatalf("got %v", err)
				}
			}
			eventually(t, "the try is in the log", func() bool { return knocks(d)-before > 0 })
			if n := knocks(d) - before; n != 1 {
				t.Errorf("it was tried %d times\n%s", n, d.log)
			}
		})
	}
	t.Run("of the same type", func(t *testing.T) {
		d := newSSHD(t)
		s := reachAll(t, func(c *Config) { c.Redial = time.Hour }, d)
		d.kill()
		d.newKey("ed25519")
		d.start()
		err := s.Check(t.Context(), "node0")
		if err == nil || !strings.Contains(err.Error(), ssh.FingerprintSHA256(d.hostKey.PublicKey())) || !strings.Contains(err.Error(), d.address) {
			t.Errorf("got %v", err)
		}
		if h := s.Health()[0]; h.Reachable || !strings.Contains(h.Reason, "somebody else") {
			t.Errorf("health: %+v", h)
		}
	})
}

func knocks(d *sshd) int { return strings.Count(d.log.String(), "Connection from") }

func TestOpenSSHIsAskedThroughAnAgent(t *testing.T) {
	if _, err := exec.LookPath("ssh-agent"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("ssh-agent is not installed, and in CI nothing may be skipped")
		}
		t.Skip("ssh-agent is not installed")
	}
	d := newSSHD(t)
	socket := filepath.Join(t.TempDir(), "agent")
	agent := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = agent.Process.Kill()
		_ = agent.Wait()
	})
	eventually(t, "the agent listens", func() bool { _, err := os.Stat(socket); return err == nil })
	t.Setenv("SSH_AUTH_SOCK", socket)
	s := reachAll(t, func(c *Config) { c.KeyFile, c.Agent, c.Redial = "", true, time.Millisecond }, d)
	if err := s.Check(t.Context(), "node0"); !errors.Is(err, executors.ErrUnreachable) {
		t.Errorf("an agent without keys: %v", err)
	}
	if out, err := exec.Command("ssh-add", d.client).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	eventually(t, "the agent's key logs in", func() bool { return s.Check(t.Context(), "node0") == nil })
}
