package config

import (
	"fmt"
	"strings"
)

// Error is one refused setting; its text is one line.
type Error struct {
	Where  string // "yardmaster.yaml:12", "YARDMASTER_LISTEN", "--listen"; empty for a default
	Key    string
	Reason string
}

func (e *Error) Error() string {
	var parts []string
	for _, p := range []string{e.Where, e.Key, e.Reason} {
		if p != "" {
			parts = append(parts, cut(p, partAt))
		}
	}
	return strings.Join(parts, ": ")
}

// rank orders the sources of a value from weak to strong.
type rank int

const (
	rankDefault rank = iota
	rankHeketiFile
	rankHeketiEnv
	rankVMPoolerFile
	rankVMPoolerEnv
	rankStackTach
	rankFile
	rankEnv
	rankFlag
)

// origin is where a value came from, in the words that its writer used.
type origin struct {
	rank   rank
	where  string
	key    string            // the writer's own name of the key, when it is not ours
	file   string            // that lines are counted in
	fields map[string]string // the writer's own names of the fields of a record, where they are not ours
}

func (o origin) refuse(key, reason string) *Error {
	if o.key != "" {
		key = o.key
	}
	return &Error{Where: o.where, Key: key, Reason: reason}
}

// line is the same source, further down.
func (o origin) line(n int) origin {
	if o.file != "" && n > 0 {
		o.where = fmt.Sprintf("%s:%d", o.file, n)
	}
	return o
}
