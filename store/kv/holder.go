package kv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// maxNote bounds what is read of a note that anybody may have written.
const maxNote = 4 << 10

// note says who opened a file for writing. It is a hint for people: the lock itself is the kernel's.
type note struct {
	pid                          int
	host, started, command, name string
}

func holderPath(path string) string { return path + ".holder" }

// writeHolder leaves the note; the command's arguments stay out of it, they may hold secrets.
func writeHolder(path string, opts Options) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	n := note{
		pid:     os.Getpid(),
		host:    host,
		started: started(opts.Now()),
		command: filepath.Base(os.Args[0]),
		name:    opts.Holder,
	}
	return os.WriteFile(holderPath(path), []byte(n.format()), fileMode)
}

func (n note) format() string {
	return fmt.Sprintf("pid %d\nhost %s\nstarted %s\ncommand %s\nname %s\n",
		n.pid, oneLine(n.host), oneLine(n.started), oneLine(n.command), oneLine(n.name))
}

// parseNote reads what it can; a line that it does not know is skipped.
func parseNote(text string) note {
	var n note
	for line := range strings.Lines(text) {
		field, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		value = oneLine(value)
		switch field {
		case "pid":
			if pid, err := strconv.ParseInt(value, 10, 32); err == nil && pid > 0 {
				n.pid = int(pid)
			}
		case "host":
			n.host = value
		case "started":
			n.started = value
		case "command":
			n.command = value
		case "name":
			n.name = value
		}
	}
	return n
}

// oneLine keeps foreign text from forging lines in the note and in logs.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	return strings.TrimSpace(s)
}

// describeHolder words who probably holds the lock on path.
func describeHolder(path string) string {
	f, err := os.Open(holderPath(path))
	if err != nil {
		return "the holder left no note, it may be a reader"
	}
	text, err := io.ReadAll(io.LimitReader(f, maxNote))
	if err = errors.Join(err, f.Close()); err != nil {
		return "the holder's note cannot be read"
	}
	n := parseNote(string(text))
	host, err := os.Hostname()
	return n.describe(err == nil && n.host == host, alive)
}

func (n note) describe(local bool, alive func(pid int) bool) string {
	if n.pid == 0 {
		return "the holder's note does not say who it is"
	}
	who := fmt.Sprintf("pid %d on host %s, started %s, command %s", n.pid, n.host, n.started, n.command)
	if n.name != "" {
		who += ", " + n.name
	}
	switch {
	case !local:
		return "probably held by " + who
	case alive(n.pid):
		return "probably held by " + who + ", which is running"
	default:
		return "last noted holder was " + who + ", which is gone; another process has the file now"
	}
}

func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, syscall.EPERM)
}
