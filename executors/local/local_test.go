package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/executors"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came to be: %s", what)
		}
	}
}

func TestAScriptLeavesItsOutputAndItsStatus(t *testing.T) {
	tests := []struct {
		name, script string
		want         executors.Result
	}{
		{"both streams", "echo out; echo err >&2", executors.Result{Stdout: "out\n", Stderr: "err\n"}},
		{"a refusal is no error", "echo no >&2; exit 7", executors.Result{Stderr: "no\n", Exit: 7}},
		{"it is bash", "x=(a b); echo ${x[1]}", executors.Result{Stdout: "b\n"}},
		{"it has no input", "cat; echo read", executors.Result{Stdout: "read\n"}},
		{"empty", "", executors.Result{}},
		{"longer than an argument may be", "x='" + strings.Repeat("y", 300<<10) + "'\necho ${#x}\ncat", executors.Result{Stdout: "307200\n"}},
		{"a broken script", "if", executors.Result{Stderr: "/bin/bash: -c: line 2: syntax error: unexpected end of file\n", Exit: 2}},
		{"quotes", `printf %s "a'b\"c"`, executors.Result{Stdout: `a'b"c`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := New(Config{}).Run(t.Context(), "here", tt.script)
			if err != nil || got != tt.want {
				t.Errorf("got %.200q, %v, want %.200q", fmt.Sprint(got), err, fmt.Sprint(tt.want))
			}
		})
	}
}

func TestTheServersSecretsAreNotInAScriptsEnvironment(t *testing.T) {
	t.Setenv("YARDMASTER_JWT_ADMIN_KEY", "sesame")
	got, err := New(Config{}).Run(t.Context(), "here", "env; command -v ls")
	if err != nil || got.Exit != 0 || strings.Contains(got.Stdout, "sesame") {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = New(Config{Env: []string{"A=b"}}).Run(t.Context(), "here", `echo "$A"`)
	if err != nil || got.Stdout != "b\n" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	var log bytes.Buffer
	l := New(Config{MaxOutput: 1000, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	got, err := l.Run(t.Context(), "here", "head -c 1000000 /dev/zero | tr '\\0' x; echo short >&2; exit 3")
	if err != nil || len(got.Stdout) != 1000 || got.Stderr != "short\n" || got.Exit != 3 {
		t.Errorf("%d bytes, %q, exit %d, %v", len(got.Stdout), got.Stderr, got.Exit, err)
	}
	if !strings.Contains(log.String(), "output of a script was cut") {
		t.Errorf("the log says %q", log.String())
	}
}

func TestWhatNeverRanIsUnreachable(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	mark := filepath.Join(t.TempDir(), "mark")
	tests := []struct {
		name   string
		ctx    context.Context
		cfg    Config
		script string
		want   error
	}{
		{"a cancelled caller", over, Config{}, "touch " + mark, context.Canceled},
		{"a NUL byte", t.Context(), Config{}, "touch " + mark + "\x00", errNUL},
		{"no shell", t.Context(), Config{Shell: "/nowhere/bash"}, "touch " + mark, os.ErrNotExist},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.cfg).Run(tt.ctx, "node1", tt.script)
			if !errors.Is(err, executors.ErrUnreachable) || !errors.Is(err, tt.want) || !strings.HasPrefix(err.Error(), "node1: ") {
				t.Errorf("got %v", err)
			}
			if _, err := os.Stat(mark); err == nil {
				t.Error("it ran")
			}
		})
	}
}

// alive tells whether a process runs; one that has ended but was not waited for does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestTheWholeGroupEndsWithItsCaller(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	script := fmt.Sprintf("trap '' TERM INT HUP\n(trap '' TERM; while :; do sleep 60; done) &\necho $! $$ > %[1]s.new\nmv %[1]s.new %[1]s\nwait", pids)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := New(Config{}).Run(ctx, "node1", script)
		ended <- err
	}()
	var running []int
	eventually(t, "the script runs", func() bool {
		text, err := os.ReadFile(pids)
		if err != nil {
			return false
		}
		for _, f := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(f)
			if err != nil {
				t.Fatal(err)
			}
			running = append(running, pid)
		}
		return true
	})
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, executors.ErrLost) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(patience):
		t.Fatal("Run outlived its caller")
	}
	for _, pid := range running {
		eventually(t, fmt.Sprintf("process %d has ended", pid), func() bool { return !alive(pid) })
	}
}

func TestTheCeilingEndsAScript(t *testing.T) {
	begin := time.Now()
	_, err := New(Config{CommandTimeout: 50 * time.Millisecond}).Run(t.Context(), "here", "sleep 60")
	if !errors.Is(err, executors.ErrLost) || !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > patience {
		t.Errorf("got %v after %v", err, time.Since(begin))
	}
}

func TestAScriptThatASignalEndedIsLost(t *testing.T) {
	_, err := New(Config{}).Run(t.Context(), "here", "kill -KILL $$")
	if !errors.Is(err, executors.ErrLost) || !strings.Contains(err.Error(), syscall.SIGKILL.String()) {
		t.Errorf("got %v", err)
	}
}

func TestWhatAScriptLeavesRunningDelaysItsResultOnlyAWhile(t *testing.T) {
	begin := time.Now()
	got, err := New(Config{Linger: 50 * time.Millisecond}).Run(t.Context(), "here", "sleep 60 & echo $!; exit 4")
	if err != nil || got.Exit != 4 || time.Since(begin) > patience {
		t.Fatalf("got %+v, %v after %v", got, err, time.Since(begin))
	}
	pid, err := strconv.Atoi(strings.TrimSpace(got.Stdout))
	if err != nil || !alive(pid) {
		t.Fatalf("process %q is gone: %v", got.Stdout, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}
