// Package local runs scripts on this very machine: it is the Runner for a hypervisor that the server itself stands on. It
// promises what the one over SSH does, knows no command, decides nothing, and holds nothing between scripts.
package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"yardmaster/executors"
)

// Config bounds the scripts; what is zero takes the default beside it.
type Config struct {
	Shell          string        // /bin/bash
	CommandTimeout time.Duration // 30 min, the ceiling of one script
	MaxOutput      int           // 16 MiB of each stream; what is beyond is dropped
	Linger         time.Duration // 5 s for what a script left running to let go of its output
	Env            []string      // in place of the few variables of the server's own environment that concern no secret
	Logger         *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Shell = cmp.Or(c.Shell, "/bin/bash")
	c.CommandTimeout = cmp.Or(c.CommandTimeout, 30*time.Minute)
	c.MaxOutput = cmp.Or(c.MaxOutput, 16<<20)
	c.Linger = cmp.Or(c.Linger, 5*time.Second)
	if c.Env == nil {
		c.Env = environment()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// harmless are the variables that a script gets. The server's others may hold its passwords.
var harmless = []string{"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_RUNTIME_DIR"}

func environment() []string {
	env := []string{"LANG=C.UTF-8"}
	for _, name := range harmless {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Local is a Runner on this machine. It is safe for concurrent use.
type Local struct{ cfg Config }

var _ executors.Runner = (*Local)(nil)

var errNUL = errors.New("script holds a NUL byte")

// New starts nothing yet.
func New(cfg Config) *Local { return &Local{cfg.withDefaults()} }

// Run runs a script with bash, whatever the host is called. When ctx ends, so does all of the script's process group, at once.
func (l *Local) Run(ctx context.Context, host, script string) (executors.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.CommandTimeout)
	defer cancel()
	err := ctx.Err()
	if err == nil && strings.ContainsRune(script, 0) {
		err = errNUL // a shell would end the script there
	}
	if err != nil {
		return executors.Result{}, fmt.Errorf("%s: %w: %w", host, executors.ErrUnreachable, err)
	}
	begin := time.Now()
	res, err := l.play(ctx, host, script)
	l.cfg.Logger.Debug("script ran", "host", host, "exit", res.Exit, "took", time.Since(begin), "err", err)
	return res, err
}

func (l *Local) play(ctx context.Context, host, script string) (executors.Result, error) {
	out, errs := &limited{left: l.cfg.MaxOutput}, &limited{left: l.cfg.MaxOutput}
	cmd := l.command(ctx, script)
	cmd.Stdout, cmd.Stderr = out, errs
	if err := cmd.Start(); err != nil {
		return executors.Result{}, fmt.Errorf("%s: %w: %w", host, executors.ErrUnreachable, err)
	}
	err := cmd.Wait()
	if cmd.ProcessState == nil {
		return executors.Result{}, fmt.Errorf("%s: %w: %w", host, executors.ErrLost, err)
	} // else the error is in the status, or is about what the script left running
	if out.cut || errs.cut {
		l.cfg.Logger.Warn("output of a script was cut", "host", host, "bytes", l.cfg.MaxOutput)
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case status.Exited():
		return executors.Result{Stdout: out.String(), Stderr: errs.String(), Exit: status.ExitStatus()}, nil
	case ctx.Err() != nil:
		return executors.Result{}, fmt.Errorf("%s: %w: %w", host, executors.ErrLost, ctx.Err())
	}
	return executors.Result{}, fmt.Errorf("%s: %w: script ended by signal %s", host, executors.ErrLost, status.Signal())
}

// inline is how long a script may be as an argument: one of a process ends at 128 KiB on Linux.
const inline = 64 << 10

// command prepares a shell that leads a process group. A script too long for an argument is its input; the braces make bash
// read to the end before it begins.
func (l *Local) command(ctx context.Context, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, l.cfg.Shell, "-c", script)
	if len(script) > inline {
		cmd = exec.CommandContext(ctx, l.cfg.Shell, "-s")
		cmd.Stdin = strings.NewReader("{\n" + script + "\n}\n")
	}
	cmd.Env = l.cfg.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = l.cfg.Linger
	return cmd
}
