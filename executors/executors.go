// Package executors is what acts on the world and decides nothing: it holds the one interface through which
// every command reaches a machine. The packages below it speak a protocol each (ssh, gluster, a simulated cluster).
package executors

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Result is what one script left behind: its output, bounded by the Runner, and its exit status.
type Result struct {
	Stdout, Stderr string
	Exit           int
}

// Runner runs one script with bash on a host. A script that ran and exited non-zero is a Result and no error; an
// error means that the script may never have run (ErrUnreachable) or that its end was not seen (ErrLost, or ctx's own).
type Runner interface {
	Run(ctx context.Context, host, script string) (Result, error)
}

// The transport errors that callers tell apart, always wrapped with the host's name.
var (
	// ErrUnreachable: no session could be had, so the script did not start.
	ErrUnreachable = errors.New("host unreachable")
	// ErrLost: the connection or the deadline ended while the script was under way; it may or may not have run to its end.
	ErrLost = errors.New("connection lost while the command ran")
)

// ExitError tells that a script ran and was refused by the machine.
type ExitError struct {
	Host   string
	What   string // the step in the operator's words: "create brick"
	Result Result
}

// Error gives the machine's own words, the last thing it wrote, which is what an operator can act on.
func (e *ExitError) Error() string {
	text := strings.TrimSpace(e.Result.Stderr)
	if text == "" {
		text = strings.TrimSpace(e.Result.Stdout)
	}
	if text == "" {
		text = fmt.Sprintf("exit status %d", e.Result.Exit)
	}
	return text
}
