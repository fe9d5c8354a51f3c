package sim

import (
	"bytes"
	"fmt"
	"path"
	"strings"
)

// call is one simple command on one node. The cluster's lock is held while it runs; what it writes goes out after.
type call struct {
	w       *world
	r       *run
	host    string
	dir     string // the shell's working directory
	name    string
	args    []string // without the name
	in      string   // standard input, read beforehand by the commands that want it
	out     bytes.Buffer
	err     bytes.Buffer
	auto    bool
	autoKiB uint64
}

// command is a program of the nodes. It returns its exit status.
type command func(c *call) int

// printf writes to standard output.
func (c *call) printf(format string, args ...any) { fmt.Fprintf(&c.out, format, args...) }

// fail writes a line to standard error and gives the exit status back.
func (c *call) fail(exit int, format string, args ...any) int {
	fmt.Fprintf(&c.err, format+"\n", args...)
	return exit
}

// node is the machine that the command runs on.
func (c *call) node() *node { return c.w.nodes.get("", c.host) }

// abs makes a path absolute.
func (c *call) abs(name string) string {
	if !path.IsAbs(name) {
		name = c.dir + "/" + name
	}
	return path.Clean(name)
}

func (c *call) at(name string) place { return c.w.at(c.host, c.abs(name)) }

// options splits arguments into flags and operands. Names in valued take the next argument or what follows "=".
// A short flag is split into its letters; "--" ends the flags.
func options(args []string, valued string) (flags map[string]string, operands []string) {
	flags = map[string]string{}
	takes := func(name string) bool { return strings.Contains(" "+valued+" ", " "+name+" ") }
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return flags, append(operands, args[i+1:]...)
		case strings.HasPrefix(arg, "--"):
			name, value, has := strings.Cut(arg, "=")
			if !has && takes(name) && i+1 < len(args) {
				i++
				value = args[i]
			}
			flags[name] = value
		case len(arg) > 1 && arg[0] == '-':
			i = shortFlags(flags, args, i, takes)
		default:
			operands = append(operands, arg)
		}
	}
	return flags, operands
}

// shortFlags reads -abc, -o value and -ovalue; it gives the index of the last argument used.
func shortFlags(flags map[string]string, args []string, i int, takes func(string) bool) int {
	letters := args[i][1:]
	if takes("-"+letters) && i+1 < len(args) { // a multi-letter flag with one dash
		flags["-"+letters] = args[i+1]
		return i + 1
	}
	for at := range len(letters) {
		name := "-" + letters[at:at+1]
		if !takes(name) {
			flags[name] = ""
			continue
		}
		if rest := letters[at+1:]; rest != "" {
			flags[name] = rest
			return i
		}
		if i+1 < len(args) {
			flags[name] = args[i+1]
			return i + 1
		}
		flags[name] = ""
	}
	return i
}

// has tells whether one of the flags was given.
func has(flags map[string]string, names ...string) bool {
	for _, n := range names {
		if _, ok := flags[n]; ok {
			return true
		}
	}
	return false
}

// first gives the value of the first of the flags that was given.
func first(flags map[string]string, names ...string) string {
	for _, n := range names {
		if v, ok := flags[n]; ok {
			return v
		}
	}
	return ""
}
