package expand

import (
	"errors"
	"fmt"
	"strings"
)

// FieldError is one fault of an instance or a configuration. Its text is for users and holds no secret.
type FieldError struct {
	Field  string // storage.schemas, plan.Partitions; empty if it is about the whole
	Line   int    // in a field that is a text of lines; 0 if it is not
	Reason string
}

// Error names the place before the reason.
func (e *FieldError) Error() string {
	place := e.Field
	if e.Line > 0 {
		place = strings.TrimPrefix(fmt.Sprintf("%s, line %d", place, e.Line), ", ")
	}
	if place == "" {
		return e.Reason
	}
	return place + ": " + e.Reason
}

// mostFaults bounds what is told of one text.
const mostFaults = 20

// faults collects what is wrong.
type faults struct{ all []error }

func (f *faults) add(field, reason string, args ...any) { f.at(field, 0, reason, args...) }

func (f *faults) at(field string, line int, reason string, args ...any) {
	if len(f.all) < mostFaults {
		f.all = append(f.all, &FieldError{Field: field, Line: line, Reason: fmt.Sprintf(reason, args...)})
	}
}

func (f *faults) err() error { return errors.Join(f.all...) }

// quoted is for words of others in an error.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "..."
	}
	return fmt.Sprintf("%q", s)
}
