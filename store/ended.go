package store

import (
	"iter"
	"time"

	"yardmaster/store/kv"
)

// EndedOperations are those that ended at a time or later and are still kept, in the order in which they ended. Nothing may be
// written while it runs.
func EndedOperations(tx *Tx, from time.Time) iter.Seq2[Operation, error] {
	var r kv.Range
	if !from.IsZero() {
		r.From = kv.Time(from)
	}
	return Operations.kv.ScanIndexRange(tx, byEnd, r)
}
