package store

import (
	"encoding/base64"
	"errors"
	"iter"
	"time"

	"yardmaster/store/kv"
)

// VolumeNamed finds a volume of a cluster by its name, or ErrNotFound.
func VolumeNamed(tx *Tx, cluster, name string) (Volume, error) {
	return Volumes.One(tx, byName, cluster, name)
}

// NodeManagedAt finds the node of that manage host, of any cluster, or ErrNotFound.
func NodeManagedAt(tx *Tx, host string) (Node, error) { return Nodes.One(tx, byManage, host) }

// NodeStoringAt finds the node of that storage host, of any cluster, or ErrNotFound.
func NodeStoringAt(tx *Tx, host string) (Node, error) { return Nodes.One(tx, byStorage, host) }

// OperationAliased finds an operation by the id that its dialect gave it, or ErrNotFound.
func OperationAliased(tx *Tx, dialect, alias string) (Operation, error) {
	return Operations.One(tx, byAlias, dialect, alias)
}

// InFlight counts the operations that count.
func InFlight(tx *Tx) int { return Operations.CountBy(tx, inFlight, "") }

// InFlightOn counts those that work on one machine.
func InFlightOn(tx *Tx, host string) int { return Operations.CountBy(tx, onHost, host) }

// CountState counts the operations in one state.
func CountState(tx *Tx, s OpState) int { return Operations.CountBy(tx, byState, string(s)) }

// LiveOperations are all that have not ended. Nothing may be written while it runs.
func LiveOperations(tx *Tx) iter.Seq2[Operation, error] {
	return func(yield func(Operation, error) bool) {
		for _, s := range States() {
			if !s.Live() {
				continue
			}
			for op, err := range Operations.By(tx, byState, string(s)) {
				if !yield(op, err) {
					return
				}
			}
		}
	}
}

// DueOperations are those that wait to be sent and may be, longest due first. Nothing may be written while it runs.
func DueOperations(tx *Tx) iter.Seq2[Operation, error] {
	return func(yield func(Operation, error) bool) {
		for op, err := range Operations.kv.ScanIndex(tx, byDue, nil) {
			if err == nil && op.NotBefore.After(tx.Now()) {
				return
			}
			if !yield(op, err) {
				return
			}
		}
	}
}

// PruneOperations forgets up to n operations that ended before a time, oldest first, and says how many.
func PruneOperations(tx *Tx, before time.Time, n int) (int, error) {
	var old []string
	for op, err := range Operations.kv.ScanIndex(tx, byEnd, nil) {
		if err != nil {
			return 0, err
		}
		if len(old) == n || !op.Finished.Before(before) {
			break
		}
		old = append(old, op.ID)
	}
	for _, id := range old {
		if err := Operations.Delete(tx, id); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}

// OperationFilter chooses operations; empty fields choose all. After is a cursor that ListOperations gave.
type OperationFilter struct {
	State  OpState
	Kind   string
	Target string // "volume/ab12"
	Owner  string
	After  string
	Limit  int
}

// ErrCursor marks a cursor that no page gave.
var ErrCursor = errors.New("bad cursor")

// ListOperations is one page, newest first, and the cursor of the next one ("" when there is none).
func ListOperations(tx *Tx, f OperationFilter) (page []Operation, next string, err error) {
	after, err := openCursor(f.After)
	if err != nil {
		return nil, "", err
	}
	for op, err := range Operations.kv.ScanIndexRange(tx, byTime, kv.Range{Before: after, Reverse: true}) {
		if err != nil {
			return nil, "", err
		}
		if !f.Matches(&op) {
			continue
		}
		if len(page) == f.Limit {
			last := page[len(page)-1]
			return page, sealCursor(&last), nil
		}
		page = append(page, op)
	}
	return page, "", nil
}

// Matches says whether an operation is one of those chosen.
func (f OperationFilter) Matches(op *Operation) bool {
	if f.State != "" && op.State != f.State || f.Kind != "" && op.Kind != f.Kind || f.Owner != "" && op.Owner != f.Owner {
		return false
	}
	if f.Target == "" {
		return true
	}
	for _, t := range op.Targets {
		if t.String() == f.Target || t.Kind == f.Target {
			return true
		}
	}
	return false
}

func sealCursor(op *Operation) string {
	return base64.RawURLEncoding.EncodeToString(kv.Join(kv.Time(op.Created), kv.Text(op.ID)))
}

func openCursor(s string) (kv.Key, error) {
	if s == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, ErrCursor
	}
	_, rest, err := kv.Key(raw).CutTime()
	if err == nil {
		_, rest, err = rest.CutText()
	}
	if err != nil || len(rest) > 0 {
		return nil, ErrCursor
	}
	return kv.Key(raw), nil
}

// BlockNamed says whether a hosting volume has a block volume of that name.
func BlockNamed(tx *Tx, hosting, name string) bool {
	_, err := BlockVolumes.One(tx, byName, hosting, name)
	return err == nil
}

// LiveOn is the operation that holds a target, or ErrNotFound.
func LiveOn(tx *Tx, target Ref) (Operation, error) {
	return Operations.One(tx, byLive, target.String())
}
