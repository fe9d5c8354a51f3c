package ssh

import "strings"

// inline is how long a command may be: one argument of a process ends at 128 KiB on Linux.
const inline = 64 << 10

// compose makes the command line of a script, and the input of one that is too long for it. There the braces make bash
// read to the end before it begins: of a script that was cut off on its way nothing runs.
func compose(script string, sudo bool) (command, input string) {
	prefix := ""
	if sudo {
		prefix = "sudo -n "
	}
	if command = prefix + "/bin/bash -c " + quoted(script); len(command) <= inline {
		return command, ""
	}
	return prefix + "/bin/bash -s", "{\n" + script + "\n}\n"
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// limited keeps the first bytes of a stream and swallows the rest. Streams are written by one goroutine each.
type limited struct {
	kept strings.Builder
	left int
	cut  bool
}

func (l *limited) Write(p []byte) (int, error) {
	keep := min(len(p), l.left)
	l.left -= keep
	l.cut = l.cut || keep < len(p)
	l.kept.Write(p[:keep])
	return len(p), nil
}

func (l *limited) String() string { return l.kept.String() }
