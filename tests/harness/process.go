package harness

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a program that a test started. Its output goes to a file in its folder and is shown if the test fails.
// It can be started again after it ended; at the end of the test it is killed.
type Process struct {
	t    testing.TB
	name string
	path string
	args []string
	env  []string
	dir  string

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when the running command has ended
	err  error         // of that command; read after done
}

// NewProcess prepares a program that works in dir, with env as its whole environment beside PATH and the like.
func NewProcess(t testing.TB, name, dir string, env []string, path string, args ...string) *Process {
	t.Helper()
	p := &Process{t: t, name: name, path: path, args: args, dir: dir, env: append(plainEnv(dir), env...)}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("output of %s:\n%s", name, tail(withoutPolls(p.Output()), 16<<10))
		}
	})
	return p
}

// plainEnv lets nothing of the caller's environment in that configures the server.
func plainEnv(dir string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + os.TempDir(), "LANG=C"}
}

// Start runs the program. It does not wait until it is ready.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return fmt.Errorf("%s runs already", p.name)
	}
	out, err := os.OpenFile(p.outputFile(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = p.env, p.dir, out, out, die()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(done)
	}()
	return nil
}

// SetEnv adds "KEY=value" to the environment of the next start; it wins over what was there.
func (p *Process) SetEnv(more ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.env = append(slices.Clip(p.env), more...)
}

func (p *Process) outputFile() string { return filepath.Join(p.dir, p.name+".log") }

// Output is all that the program has printed, in all its runs.
func (p *Process) Output() string {
	raw, err := os.ReadFile(p.outputFile())
	if err != nil {
		return ""
	}
	return string(raw)
}

// Pid is the id of the running process, 0 if none runs.
func (p *Process) Pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Running says whether the program was started and has not ended by itself.
func (p *Process) Running() bool {
	cmd, done := p.current()
	if cmd == nil {
		return false
	}
	select {
	case <-done:
		return false
	default:
		return true
	}
}

func (p *Process) current() (*exec.Cmd, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd, p.done
}

// Signal sends a signal to the running program.
func (p *Process) Signal(s os.Signal) error {
	cmd, _ := p.current()
	if cmd == nil {
		return fmt.Errorf("%s does not run", p.name)
	}
	return cmd.Process.Signal(s)
}

// Wait waits for the program to end by itself and gives how it did.
func (p *Process) Wait(within time.Duration) error {
	cmd, done := p.current()
	if cmd == nil {
		return nil
	}
	limit := time.NewTimer(within)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
		return fmt.Errorf("%s still runs after %v", p.name, within)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = nil
	return p.err
}

// Kill ends the program as a power cut would. It is no error if it does not run.
func (p *Process) Kill() {
	cmd, done := p.current()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Kill() // it may have ended this very moment
	<-done
	p.mu.Lock()
	p.cmd = nil
	p.mu.Unlock()
	p.noRaces()
}

// grace is how long an orderly stop may take.
const grace = 15 * time.Second

// Stop asks the program to end, and fails the test unless it ends with 0 within the grace of an orderly stop.
func (p *Process) Stop() {
	p.t.Helper()
	if err := p.Signal(syscall.SIGTERM); err != nil {
		p.t.Errorf("stop: %v", err)
		return
	}
	if err := p.Wait(grace); err != nil {
		p.t.Errorf("stop %s: %v", p.name, err)
		p.Kill()
	}
	p.noRaces()
}

// noRaces fails the test if the race detector spoke up in the program.
func (p *Process) noRaces() {
	if Race && strings.Contains(p.Output(), "WARNING: DATA RACE") {
		p.t.Errorf("%s has a data race", p.name)
	}
}

// withoutPolls leaves out the lines of clients that only asked whether something is done.
func withoutPolls(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if !strings.Contains(line, `"route":"/queue/{id}","status":200`) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[len(s)-n:]
	if i := bytes.IndexByte([]byte(s), '\n'); i >= 0 {
		s = s[i+1:]
	}
	return "...\n" + s
}
