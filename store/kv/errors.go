package kv

import (
	"errors"
	"fmt"
)

// What callers may ask about with errors.Is.
var (
	ErrNotFound   = errors.New("not found")
	ErrExists     = errors.New("already exists")
	ErrLocked     = errors.New("file is locked")
	ErrClosed     = errors.New("database is closed")
	ErrReadOnly   = errors.New("read-only")
	ErrTxClosed   = errors.New("transaction has ended")
	ErrNotAlone   = errors.New("only allowed in a transaction of its own")
	ErrNoTable    = errors.New("no such table in this file")
	ErrNoIndex    = errors.New("no such index")
	ErrBadKey     = errors.New("bad key")
	ErrCorrupt    = errors.New("corrupt data")
	ErrBadSchema  = errors.New("bad schema")
	ErrNewer      = errors.New("file was written by a newer version")
	ErrTooOld     = errors.New("file is older than the oldest known migration")
	ErrOtherFile  = errors.New("file belongs to something else")
	ErrBadOptions = errors.New("bad options")
)

// ConflictError says which key of a table is already taken; it is an ErrExists.
type ConflictError struct {
	Table string
	Index string // empty: the record's own key
	Key   Key    // the key that both records claim
	Owner Key    // the record that has it
}

func (e *ConflictError) Error() string {
	if e.Index == "" {
		return fmt.Sprintf("table %s: record %s", e.Table, ErrExists)
	}
	return fmt.Sprintf("table %s: unique index %s: %s", e.Table, e.Index, ErrExists)
}

// Unwrap lets errors.Is find ErrExists.
func (e *ConflictError) Unwrap() error { return ErrExists }
