package sim

import (
	"bytes"
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// wrapPlain drops a program that only changes who or how (sudo, nohup, ionice) with its flags; valued flags take the
// next argument.
func wrapPlain(valued string) func(*run, *process, []string) int {
	return func(r *run, p *process, args []string) int {
		for len(args) > 0 && strings.HasPrefix(args[0], "-") {
			flag := args[0]
			args = args[1:]
			if flag == "--" {
				break
			}
			if len(args) > 0 && strings.Contains(" "+valued+" ", " "+flag+" ") {
				args = args[1:]
			}
		}
		return r.start(p, args)
	}
}

// wrapShell is bash and sh: -c SCRIPT [NAME [ARG...]], -s, or a script on standard input.
func wrapShell(r *run, p *process, args []string) int {
	script, set := "", ""
	for len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-' || args[0][0] == '+') {
		flag := args[0]
		args = args[1:]
		switch {
		case flag == "--" || flag == "-s" || strings.HasPrefix(flag, "--no"):
		case flag == "-o" && len(args) > 0:
			set += "set -o " + args[0] + "\n"
			args = args[1:]
		case strings.HasSuffix(flag, "c") && flag[0] == '-' && len(args) > 0:
			if on := strings.Trim(flag, "-cl"); on != "" {
				set += "set -" + on + "\n"
			}
			script = args[0]
			params := args[1:]
			if len(params) > 0 {
				params = params[1:]
			}
			return r.nested(p, set, script, params, p.in)
		default:
			if on := strings.Trim(flag, "-ls"); on != "" {
				set += "set -" + on + "\n"
			}
		}
	}
	if p.in == nil {
		return 0
	}
	data, _ := io.ReadAll(io.LimitReader(p.in, maxScript))
	return r.nested(p, set, string(data), args, nil)
}

func (r *run) nested(p *process, set, script string, params []string, in io.Reader) int {
	stdin, _ := in.(*os.File)
	return r.script(p.ctx, set+script, params, p.env, stdin, p.stdout, p.stderr)
}

// wrapTimeout is timeout [-k N] [-s SIG] N COMMAND.
func wrapTimeout(r *run, p *process, args []string) int {
	for len(args) > 1 && strings.HasPrefix(args[0], "-") {
		if args[0] == "-k" || args[0] == "-s" {
			args = args[1:]
		}
		args = args[1:]
	}
	if len(args) < 2 {
		io.WriteString(p.stderr, "timeout: missing operand\nTry 'timeout --help' for more information.\n")
		return 125
	}
	d, ok := seconds(args[0])
	if !ok {
		io.WriteString(p.stderr, "timeout: invalid time interval '"+args[0]+"'\n")
		return 125
	}
	q := *p
	ctx, cancel := context.WithTimeout(p.ctx, d)
	defer cancel()
	q.ctx = ctx
	exit := r.start(&q, args[1:])
	if ctx.Err() != nil && p.ctx.Err() == nil {
		return 124
	}
	return exit
}

// seconds reads 5, 0.5, 5s, 2m or 1h.
func seconds(s string) (time.Duration, bool) {
	unit := time.Second
	switch {
	case strings.HasSuffix(s, "s"):
		s = s[:len(s)-1]
	case strings.HasSuffix(s, "m"):
		s, unit = s[:len(s)-1], time.Minute
	case strings.HasSuffix(s, "h"):
		s, unit = s[:len(s)-1], time.Hour
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= 0 && n < 1e6) {
		return 0, false
	}
	return time.Duration(n * float64(unit)), true
}

func wrapSleep(r *run, p *process, args []string) int {
	var all time.Duration
	for _, a := range args {
		d, ok := seconds(a)
		if !ok {
			io.WriteString(p.stderr, "sleep: invalid time interval '"+a+"'\n")
			return 1
		}
		all += d
	}
	if !r.sleep(p.ctx, all) {
		return 143
	}
	return 0
}

// wrapXargs runs a command with the words of standard input behind its own, or with -I one line at a time.
func wrapXargs(r *run, p *process, args []string) int {
	replace, each, skipEmpty := "", 0, false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		flag := args[0]
		args = args[1:]
		switch {
		case flag == "-r" || flag == "--no-run-if-empty":
			skipEmpty = true
		case flag == "-I" && len(args) > 0:
			replace, args = args[0], args[1:]
		case flag == "-n" && len(args) > 0:
			each, _ = strconv.Atoi(args[0])
			args = args[1:]
		case strings.HasPrefix(flag, "-n"):
			each, _ = strconv.Atoi(flag[2:])
		}
	}
	var in bytes.Buffer
	if p.in != nil {
		io.Copy(&in, io.LimitReader(p.in, maxInput))
	}
	if len(args) == 0 {
		args = []string{"echo"}
	}
	exit := 0
	for _, words := range xargsGroups(in.String(), args, replace, each, skipEmpty) {
		if r.step() != nil || p.ctx.Err() != nil {
			return 1
		}
		q := *p
		q.in = nil
		if r.start(&q, words) != 0 {
			exit = 123
		}
	}
	return exit
}

func xargsGroups(in string, args []string, replace string, each int, skipEmpty bool) [][]string {
	var groups [][]string
	if replace != "" {
		for line := range strings.Lines(in) {
			words := make([]string, len(args))
			for i, a := range args {
				words[i] = strings.ReplaceAll(a, replace, strings.TrimSpace(line))
			}
			groups = append(groups, words)
		}
		return groups
	}
	words := strings.Fields(in)
	if len(words) == 0 {
		if skipEmpty {
			return nil
		}
		return [][]string{args}
	}
	if each <= 0 {
		each = len(words)
	}
	for len(words) > 0 {
		n := min(each, len(words))
		groups = append(groups, append(append([]string{}, args...), words[:n]...))
		words = words[n:]
	}
	return groups
}

// wrapFlock is flock [-n] [-w SECONDS] [-x|-s|-u] FD, or FILE COMMAND. Every lock is exclusive and ends with its script.
func wrapFlock(r *run, p *process, args []string) int {
	flags, rest := options(lead(args), "-w --timeout -E")
	rest = append(rest, args[len(lead(args)):]...)
	if len(rest) == 0 {
		io.WriteString(p.stderr, "flock: requires file descriptor, file or directory\n")
		return 64
	}
	target, ok := r.lockTarget(p, rest[0])
	if !ok {
		io.WriteString(p.stderr, "flock: "+rest[0]+": Bad file descriptor\n")
		return 65
	}
	if has(flags, "-u", "--unlock") {
		r.c.unlock(r, target)
		return 0
	}
	ctx := p.ctx
	if s := first(flags, "-w", "--timeout"); s != "" {
		d, _ := seconds(s)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	if !r.c.lock(ctx, r, target, has(flags, "-n", "--nonblock", "--nb")) {
		return 1
	}
	if len(rest) > 1 {
		defer r.c.unlock(r, target)
		if rest[1] == "-c" && len(rest) > 2 {
			return r.script(p.ctx, rest[2], nil, p.env, nil, p.stdout, p.stderr)
		}
		return r.start(p, rest[1:])
	}
	return 0
}

// lead gives the flags in front of the first operand, with the values that they take.
func lead(args []string) []string {
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			return args[:i]
		}
		if args[i] == "-w" || args[i] == "-E" || args[i] == "--timeout" {
			i++
		}
	}
	return args
}
