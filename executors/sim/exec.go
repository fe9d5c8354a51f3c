package sim

import (
	"context"
	"io"
	"path"
	"strings"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
)

// program is one entry of the nodes' $PATH.
type program struct {
	run   command
	stdin func(args []string) bool // whether it reads its standard input
	lvm   bool                     // "lvm NAME" runs it too
	wrap  wrapper                  // instead of run: it runs other commands and is no step itself
}

type wrapper func(r *run, p *process, args []string) int

// process is a program with its environment: what a wrapper needs to start another.
type process struct {
	ctx            context.Context
	dir            string
	env            expand.Environ
	in             io.Reader
	stdout, stderr io.Writer
}

// exec is the shell's door to programs.
func (r *run) exec(ctx context.Context, args []string) error {
	hc := interp.HandlerCtx(ctx)
	p := &process{ctx: ctx, dir: hc.Dir, in: hc.Stdin, stdout: hc.Stdout, stderr: hc.Stderr,
		env: hc.Env}
	if args[0] == lockEnd {
		if target, ok := r.lockTarget(p, "0"); ok {
			r.c.unlock(r, target)
		}
		return exitStatus(hc.LastExitStatus)
	}
	exit := r.start(p, args)
	if err := r.fatal(); err != nil {
		return err
	}
	return exitStatus(exit)
}

func exitStatus(code int) error {
	if code == 0 {
		return nil
	}
	return interp.ExitStatus(code)
}

// start runs one program to its end.
func (r *run) start(p *process, args []string) int {
	for len(args) > 0 && strings.Contains(args[0], "=") && isAssignment(args[0]) { // as env and sudo take them
		args = args[1:]
	}
	if len(args) == 0 {
		return 0
	}
	prog := r.c.program(args[0])
	if prog == nil {
		io.WriteString(p.stderr, "bash: "+args[0]+": command not found\n")
		return 127
	}
	if prog.wrap != nil {
		return prog.wrap(r, p, args[1:])
	}
	return r.simple(p, prog, args)
}

func isAssignment(s string) bool {
	name, _, _ := strings.Cut(s, "=")
	return name != "" && !strings.ContainsAny(name, "/-. ")
}

// program finds a program by its name, or by its path in the usual places.
func (c *Cluster) program(name string) *program {
	if dir, base := path.Split(name); dir != "" {
		switch dir {
		case "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/":
			return c.programs[base]
		}
		return nil
	}
	return c.programs[name]
}

// simple runs one command that acts on the node: fault, latency, effect, output, hooks.
func (r *run) simple(p *process, prog *program, args []string) int {
	text := strings.Join(args, " ")
	c := &call{r: r, host: r.host, dir: p.dir, name: path.Base(args[0]), args: args[1:]}
	if prog.stdin != nil && prog.stdin(c.args) && p.in != nil {
		data, _ := io.ReadAll(io.LimitReader(p.in, maxInput))
		c.in = string(data)
	}
	fault, exit, failed := r.meet(p, text)
	if failed {
		return exit
	}
	if r.c.opt.Latency != nil && !r.sleep(p.ctx, r.c.opt.Latency(text)) {
		return 137
	}
	exit, alive := r.effect(c, prog)
	if !alive {
		return 137
	}
	p.stdout.Write(c.out.Bytes())
	p.stderr.Write(c.err.Bytes())
	if fault != nil && fault.Effect == Lost && fault.Exit != 0 {
		io.WriteString(p.stderr, fault.stderr())
		exit = fault.Exit
	}
	r.c.observe(r.host, text)
	if fault != nil && fault.After != nil {
		fault.After()
	}
	fault.lose(r)
	return exit
}

// effect runs the command on the world, unless the node went down meanwhile.
func (r *run) effect(c *call, prog *program) (exit int, alive bool) {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	if r.ctx.Err() != nil || r.c.broken != nil {
		return 0, false
	}
	c.w, c.auto, c.autoKiB = r.c.w, r.c.opt.AutoNodes, r.c.opt.DefaultDeviceKiB
	exit = prog.run(c)
	r.c.commit()
	return exit, r.c.broken == nil
}

// sleep waits; false means that the run ended first.
func (r *run) sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
