package materialize

import (
	"errors"
	"fmt"
	"strings"
)

// What callers ask an error for.
var (
	ErrNoContainers = errors.New("this kind of object has no containers")
	ErrNoContainer  = errors.New("no such container")
	ErrNoReplicas   = errors.New("this kind of object has no replicas")
	ErrSize         = errors.New("the size is one of standard, large, x-large")
)

// Error is a fault of one document or patch. What is not known is left zero.
type Error struct {
	File   string
	Line   int    // in File, from 1; of a patch whose own Line is 0, in its Body
	Object string // id of the object that it is about
	Patch  int64  // version of the patch that does not fit
	Reason string
	Cause  error // one of the sentinels, or nil
}

// Error names the place before the reason.
func (e *Error) Error() string {
	var place []string
	if e.File != "" {
		place = append(place, e.File)
	}
	if e.Line > 0 {
		place = append(place, fmt.Sprintf("line %d", e.Line))
	}
	if e.Object != "" {
		place = append(place, e.Object)
	}
	if e.Patch != 0 {
		place = append(place, fmt.Sprintf("patch %d", e.Patch))
	}
	if len(place) == 0 {
		return e.Reason
	}
	return strings.Join(place, ", ") + ": " + e.Reason
}

// Unwrap is what errors.Is looks at.
func (e *Error) Unwrap() error { return e.Cause }
