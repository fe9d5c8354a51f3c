package harness

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"
)

// Output is what a command did until its end.
type Output struct {
	Stdout, Stderr string
	Code           int
}

// runWithin bounds every command that Run starts.
const runWithin = 2 * time.Minute

// Run runs a command of the program in dir to its end.
func Run(t testing.TB, dir string, env []string, args ...string) Output {
	t.Helper()
	binary := Binary(t) // which may have to be built first, in its own time
	ctx, cancel := context.WithTimeout(context.Background(), runWithin)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, append(plainEnv(dir), env...), &stdout, &stderr, die()
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("yardmaster %v: %v", args, err)
	}
	return Output{Stdout: stdout.String(), Stderr: stderr.String(), Code: cmd.ProcessState.ExitCode()}
}
