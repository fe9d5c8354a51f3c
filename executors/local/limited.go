package local

import "strings"

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
