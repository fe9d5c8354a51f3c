package volumes

import (
	"errors"
	"fmt"
	"sort"
	"strings"
)

// The ways in which a request is turned away.
//
//lint:file-ignore ST1005 these texts are Heketi's, its clients match on them
var (
	ErrNotFound    = errors.New("Id not found")
	ErrNoCluster   = errors.New("no such cluster")
	ErrNoNode      = errors.New("no such node")
	ErrConflict    = errors.New("conflict")
	ErrInvalid     = errors.New("invalid request")
	ErrThrottled   = errors.New("Server busy. Retry operation later.")
	ErrBusy        = errors.New("The target exists, contains other items, or is in use.")
	ErrNoGlusterd  = errors.New("glusterd is not running")
	ErrUnavailable = errors.New("no answer in time")
)

// BuildError is a request that was well formed and could not be planned: Heketi answers 500 with the text.
type BuildError struct {
	Prefix string
	Err    error
}

func (e *BuildError) Error() string { return e.Prefix + ": " + e.Err.Error() }
func (e *BuildError) Unwrap() error { return e.Err }

// textError carries a text for the client and the sentinel that tells its sort.
type textError struct {
	sort error
	text string
}

func (e *textError) Error() string { return e.text }
func (e *textError) Unwrap() error { return e.sort }

func refusef(sort error, format string, args ...any) error {
	return &textError{sort: sort, text: fmt.Sprintf(format, args...)}
}

// clusterErrors are the reasons of several clusters; one alone reads as itself.
type clusterErrors struct {
	prefix string
	byID   map[string]error
}

func (e *clusterErrors) add(id string, err error) {
	if e.byID == nil {
		e.byID = map[string]error{}
	}
	e.byID[id] = err
}

func (e *clusterErrors) Error() string {
	ids := make([]string, 0, len(e.byID))
	for id := range e.byID {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	if len(ids) == 1 {
		return e.byID[ids[0]].Error()
	}
	lines := []string{e.prefix}
	for _, id := range ids {
		lines = append(lines, "Cluster "+id+": "+e.byID[id].Error())
	}
	return strings.Join(lines, "\n")
}

func (e *clusterErrors) Unwrap() []error {
	var errs []error
	for _, err := range e.byID {
		errs = append(errs, err)
	}
	return errs
}
