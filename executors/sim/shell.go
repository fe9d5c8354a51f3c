package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"yardmaster/executors"
)

// The bounds of one script.
const (
	maxScript = 1 << 20
	maxSteps  = 5000 // commands, builtins included
	maxOutput = 1 << 20
	maxInput  = 1 << 20
	maxNested = 16 // bash -c in bash -c
)

// run is one script under way on one node, with the scripts nested in it.
type run struct {
	c      *Cluster
	host   string
	ctx    context.Context
	cancel context.CancelCauseFunc

	stdout, stderr bounded

	mu     sync.Mutex
	steps  int
	err    error // why the run as a whole failed
	files  []io.Closer
	opened map[*os.File]string // what an inherited file descriptor was opened on
}

// bounded keeps the first maxOutput bytes and drops the rest.
type bounded struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if room := maxOutput - b.buf.Len(); room > 0 {
		b.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (b *bounded) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// fatal is why the run's end was not seen, if it was not.
func (r *run) fatal() error {
	r.mu.Lock()
	err := r.err
	r.mu.Unlock()
	if err != nil {
		return err
	}
	if r.ctx.Err() != nil {
		return fmt.Errorf("%w: %w", executors.ErrLost, context.Cause(r.ctx))
	}
	return nil
}

func (r *run) abort(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	r.cancel(err)
	return err
}

// step counts one command.
func (r *run) step() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps++
	if r.steps > maxSteps {
		return fmt.Errorf("script runs more than %d commands", maxSteps)
	}
	return nil
}

func (r *run) keep(f io.Closer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = append(r.files, f)
}

func (r *run) closeFiles() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.files {
		f.Close()
	}
	r.files = nil
}

type nestedKey struct{}

// script interprets one script, nested or not, and gives its exit status.
func (r *run) script(ctx context.Context, src string, params []string, env expand.Environ, in *os.File, stdout, stderr io.Writer) (exit int) {
	depth, _ := ctx.Value(nestedKey{}).(int)
	if depth >= maxNested || len(src) > maxScript {
		fmt.Fprintln(stderr, "bash: script too deep or too long")
		return 126
	}
	ctx = context.WithValue(ctx, nestedKey{}, depth+1)
	prog, err := r.c.parsed.parse(src)
	if err != nil {
		fmt.Fprintf(stderr, "bash: %v\n", err)
		return 2
	}
	defer func() {
		if p := recover(); p != nil { // the interpreter met a script that it cannot play
			fmt.Fprintf(stderr, "bash: %v\n", p)
			exit = 2
		}
	}()
	sh, err := r.shell(env, in, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "bash: %v\n", err)
		return 126
	}
	sh.Params = params
	err = sh.Run(ctx, prog)
	if waited := sh.Run(ctx, waitAll); err == nil && waited != nil && ctx.Err() != nil {
		err = waited
	}
	return r.exitOf(err, stderr)
}

// waitAll lets no background command outlive its script.
var waitAll = &syntax.CallExpr{Args: []*syntax.Word{{Parts: []syntax.WordPart{&syntax.Lit{Value: "wait"}}}}}

func (r *run) exitOf(err error, stderr io.Writer) int {
	var status interp.ExitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	}
	if r.ctx.Err() == nil {
		fmt.Fprintf(stderr, "bash: %v\n", err)
	}
	return 2
}

// shell sets an interpreter up in which every door to the real machine is walled up.
func (r *run) shell(env expand.Environ, stdin *os.File, stdout, stderr io.Writer) (*interp.Runner, error) {
	var in io.Reader
	if stdin != nil {
		in = stdin
	}
	return interp.New(
		interp.Env(r.environ(env)), interp.Dir("/"), interp.StdIO(in, stdout, stderr),
		interp.CallHandler(r.rewrite),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return r.exec }),
		interp.OpenHandler(r.open), interp.StatHandler(r.stat),
		interp.ReadDirHandler2(r.readDir), interp.AccessHandler(r.access),
	)
}

// environ is what a login on the node would see, or what a shell exports to another. The directory for temporary files
// can exist nowhere, since the interpreter would open files of a certain name there itself.
func (r *run) environ(outer expand.Environ) expand.Environ {
	vars := []string{"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash", "UID=0", "EUID=0", "GID=0", "LANG=C",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=" + r.host}
	if outer != nil {
		outer.Each(func(name string, v expand.Variable) bool {
			if v.Exported && v.Kind == expand.String {
				vars = append(vars, name+"="+v.Str)
			}
			return true
		})
	}
	return expand.ListEnviron(append(vars, "TMPDIR=/\x00")...)
}

// input makes bytes a script's standard input.
func (r *run) input(data []byte) (*os.File, error) {
	if len(data) == 0 {
		return nil, nil
	}
	return r.pipeOf(string(data))
}

// pipeOf gives a reader of text that a shell can hand to its commands.
func (r *run) pipeOf(text string) (*os.File, error) {
	if len(text) > maxInput {
		return nil, errors.New("input too large")
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	r.keep(pr)
	if len(text) <= pipeRoom {
		_, err = io.WriteString(pw, text)
		return pr, errors.Join(err, pw.Close())
	}
	r.keep(pw)
	go func() { // ends when all is read or when the run closes its files
		io.WriteString(pw, text)
		pw.Close()
	}()
	return pr, nil
}

// pipeRoom is what a pipe takes without a reader.
const pipeRoom = 1 << 16

// rewrite sees every command before the shell does. It turns builtins that would look at the real machine, or that the
// cluster must see, into commands of the node.
func (r *run) rewrite(ctx context.Context, args []string) ([]string, error) {
	if err := r.step(); err != nil {
		return nil, err
	}
	switch args[0] {
	case "type", "source", ".", "hash", "ulimit", "umask", "kill", "bind", "compgen", "help", "times", "suspend", "fc":
		return append([]string{"builtin-" + args[0]}, args[1:]...), nil
	case "pwd":
		return args[:1], nil
	case "builtin":
		if len(args) > 1 {
			return r.rewrite(ctx, args[1:])
		}
	case "command":
		return r.rewriteCommand(ctx, args)
	case "eval":
		if _, err := parse(strings.Join(args[1:], " ")); err != nil {
			return nil, err
		}
	case "test", "[":
		for _, a := range args[1:] {
			if a == "-O" || a == "-G" || a == "-t" {
				return []string{"false"}, nil
			}
		}
	}
	return args, nil
}

func (r *run) rewriteCommand(ctx context.Context, args []string) ([]string, error) {
	rest := args[1:]
	for len(rest) > 0 && (rest[0] == "-p" || rest[0] == "--") {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return []string{"true"}, nil
	}
	if rest[0] == "-v" || rest[0] == "-V" {
		return append([]string{"builtin-type", "-v"}, rest[1:]...), nil
	}
	return r.rewrite(ctx, rest)
}
