package harness

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

func shell(t *testing.T, script string, env ...string) *Process {
	t.Helper()
	p := NewProcess(t, "shell", t.TempDir(), env, Need(t, "sh"), "-c", script)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProcessKeepsItsOutputOverStarts(t *testing.T) {
	p := shell(t, "echo out $WORD; echo err >&2", "WORD=one")
	if err := p.Wait(grace); err != nil {
		t.Fatal(err)
	}
	p.SetEnv("WORD=two")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(grace); err != nil {
		t.Fatal(err)
	}
	if got := p.Output(); got != "out one\nerr\nout two\nerr\n" {
		t.Errorf("output %q", got)
	}
}

func TestProcessTellsHowItEnded(t *testing.T) {
	p := shell(t, "exit 3")
	var exit *exec.ExitError
	if err := p.Wait(grace); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("got %v, want exit 3", err)
	}
	if p.Running() || p.Pid() != 0 {
		t.Error("it still runs")
	}
}

func TestProcessIsKilled(t *testing.T) {
	p := shell(t, "trap '' TERM; echo up; exec sleep 1000")
	Eventually(t, grace, "it is up", func() bool { return strings.Contains(p.Output(), "up") })
	if !p.Running() || p.Signal(syscall.SIGTERM) != nil {
		t.Error("it does not run")
	}
	if err := p.Wait(10 * time.Millisecond); err == nil {
		t.Error("it ended by itself")
	}
	p.Kill()
	p.Kill()
	if p.Running() || p.Signal(syscall.SIGTERM) == nil {
		t.Error("it still runs")
	}
}

func TestProcessHasAnEnvironmentOfItsOwn(t *testing.T) {
	t.Setenv("YARDMASTER_LISTEN", "from outside")
	p := shell(t, "env")
	if err := p.Wait(grace); err != nil {
		t.Fatal(err)
	}
	if got := p.Output(); strings.Contains(got, "YARDMASTER") || !strings.Contains(got, "PATH="+os.Getenv("PATH")) {
		t.Errorf("environment:\n%s", got)
	}
}

func TestFailureLogLeavesPollsOut(t *testing.T) {
	in := `{"msg":"request served","route":"/queue/{id}","status":200}` + "\n" + `{"msg":"request served","route":"/queue/{id}","status":500}` + "\nlast"
	if got := withoutPolls(in); got != in[strings.IndexByte(in, '\n')+1:] {
		t.Errorf("got %q", got)
	}
	if got := tail("one\ntwo\nthree\n", 9); got != "...\nthree\n" {
		t.Errorf("tail %q", got)
	}
}
