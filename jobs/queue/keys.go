package queue

import (
	"fmt"
	"strconv"
)

// keys names what one namespace keeps. The hash tag is the one that asynq gives its queue of the same name, so a script may
// touch both on a Cluster.
type keys struct{ ns string }

func (k keys) own(name string) string      { return "{" + k.ns + "}:" + name }
func (k keys) fence(op string) string      { return k.own("fence:" + op) }
func (k keys) life(op string) string       { return k.own("life:" + op) }
func (k keys) reports() string             { return k.own("reports") }
func (k keys) workers() string             { return k.own("workers") }
func (k keys) worker(id string) string     { return k.own("worker:" + id) }
func (k keys) epoch() string               { return k.own("epoch") }
func (k keys) wake() string                { return k.own("wake") }
func (k keys) pending() string             { return "asynq:{" + k.ns + "}:pending" }
func (k keys) active() string              { return "asynq:{" + k.ns + "}:active" }
func (k keys) task(id string) string       { return "asynq:{" + k.ns + "}:t:" + id }
func taskID(op string, attempt int) string { return taskPrefix(op) + strconv.Itoa(attempt) }
func taskPrefix(op string) string          { return "op-" + op + "-" }

const maxWord = 200

// word reports whether s can stand in a key and in the first line of a frame.
func word(s string) bool {
	if s == "" || len(s) > maxWord {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-', c == '_', c == '.', c == ':', c == '/', c == '@':
		default:
			return false
		}
	}
	return true
}

func checkWord(what, s string) error {
	if !word(s) {
		return fmt.Errorf("%s %q: want 1 to %d letters, digits or -_.:/@", what, s, maxWord)
	}
	return nil
}
