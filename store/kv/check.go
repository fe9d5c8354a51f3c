package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// maxProblems bounds a report; a file with more is beyond listing.
const maxProblems = 1000

// Fault is the sort of a Problem.
type Fault string

// The faults that Check finds.
const (
	FaultPages       Fault = "pages"       // bbolt's own page tree is damaged
	FaultNoTable     Fault = "no table"    // declared, but not in the file
	FaultNoIndex     Fault = "no index"    // declared, but not in the file
	FaultUndeclared  Fault = "undeclared"  // an index in the file that its table does not declare
	FaultUndecodable Fault = "undecodable" // a record or an index entry that cannot be read
	FaultMisplaced   Fault = "misplaced"   // a record under a key that is not its own
	FaultMissing     Fault = "missing"     // an index entry that the record demands
	FaultExtra       Fault = "extra"       // an index entry that its record does not demand
	FaultDangling    Fault = "dangling"    // an index entry without a record
	FaultTally       Fault = "tally"       // a count or a summary that is not what the entries say
	FaultMore        Fault = "more"        // the report was cut off here
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Fault  Fault
	Table  string
	Index  string
	Key    Key
	Detail string
}

func (p Problem) String() string {
	where := p.Table
	if p.Index != "" {
		where += indexMark + p.Index
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", p.Fault, where, p.Key, p.Detail))
}

// TableStats counts what a table holds.
type TableStats struct {
	Table   string
	Records int
	Entries map[string]int // by index
}

// Check reads the whole file and reports all that is wrong with it: damaged pages, records that
// cannot be read, and indexes that are not what the records say. No problems means a sound file.
// Writers wait while the pages are checked; the indexes are checked beside them.
func (d *DB) Check(ctx context.Context, s Schema) ([]Problem, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	r := &report{}
	exclusively := d.Alone
	if d.readOnly {
		exclusively = d.View
	}
	err := exclusively(ctx, func(tx *Tx) error {
		for err := range tx.bolt.Check() {
			r.add(Problem{Fault: FaultPages, Detail: err.Error()})
		}
		return nil
	})
	if err != nil || len(r.problems) > 0 {
		return r.problems, err
	}
	err = d.View(ctx, func(tx *Tx) error {
		for _, t := range s.Tables {
			if err := ctx.Err(); err != nil {
				return err
			}
			t.check(tx, r)
		}
		if s.Verify == nil {
			return nil
		}
		return s.Verify(ctx, tx, r.add)
	})
	return r.problems, err
}

// Stats counts the records and index entries of the declared tables.
func (d *DB) Stats(ctx context.Context, s Schema) ([]TableStats, error) {
	stats := make([]TableStats, 0, len(s.Tables))
	err := d.View(ctx, func(tx *Tx) error {
		for _, t := range s.Tables {
			one, err := t.count(tx)
			if err != nil {
				return errors.Join(ctx.Err(), err)
			}
			stats = append(stats, one)
		}
		return nil
	})
	return stats, err
}

// report gathers problems up to the bound.
type report struct{ problems []Problem }

func (r *report) full() bool { return len(r.problems) >= maxProblems }

func (r *report) add(p Problem) {
	switch {
	case len(r.problems) < maxProblems-1:
		p.Key = slices.Clone(p.Key)
		r.problems = append(r.problems, p)
	case len(r.problems) == maxProblems-1:
		r.problems = append(r.problems, Problem{Fault: FaultMore})
	}
}

func (t *Table[V]) count(tx *Tx) (TableStats, error) {
	s := TableStats{Table: t.Name, Entries: make(map[string]int)}
	var err error
	if s.Records, err = t.Count(tx); err != nil {
		return s, err
	}
	for _, x := range t.Indexes {
		if s.Entries[x.Name], err = t.CountIndex(tx, x.Name, nil); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (t *Table[V]) check(tx *Tx, r *report) {
	records, err := t.records(tx)
	if err != nil {
		r.add(Problem{Fault: FaultNoTable, Table: t.Name})
		return
	}
	indexes := t.checkBuckets(tx, r)
	t.checkRecords(records, indexes, r)
	for i, b := range indexes {
		if b != nil {
			t.checkEntries(records, b, i, r)
		}
	}
}

// checkBuckets returns the buckets of the declared indexes, nil for one that is missing.
func (t *Table[V]) checkBuckets(tx *Tx, r *report) []*bolt.Bucket {
	found := make([]*bolt.Bucket, len(t.Indexes))
	for i, x := range t.Indexes {
		b, err := t.entries(tx, i)
		if err != nil {
			r.add(Problem{Fault: FaultNoIndex, Table: t.Name, Index: x.Name})
			continue
		}
		found[i] = b
	}
	for _, bucket := range tx.buckets([]byte(t.Name + indexMark)) {
		if name := strings.TrimPrefix(bucket, t.Name+indexMark); !slices.Contains(t.indexNames(), name) {
			r.add(Problem{Fault: FaultUndeclared, Table: t.Name, Index: name})
		}
	}
	return found
}

// checkRecords goes from the records to the indexes.
func (t *Table[V]) checkRecords(records *bolt.Bucket, indexes []*bolt.Bucket, r *report) {
	c := records.Cursor()
	for key, raw := c.First(); key != nil && !r.full(); key, raw = c.Next() {
		var v V
		if err := t.decode(raw, &v); err != nil {
			r.add(Problem{Fault: FaultUndecodable, Table: t.Name, Key: key})
			continue
		}
		if !bytes.Equal(t.Key(&v), key) {
			r.add(Problem{Fault: FaultMisplaced, Table: t.Name, Key: key})
		}
		for i, b := range indexes {
			if b == nil {
				continue
			}
			x := &t.Indexes[i]
			for _, k := range x.keysOf(&v) {
				at, value := entry(x.Unique, k, key)
				if !bytes.Equal(b.Get(at), value) {
					r.add(Problem{Fault: FaultMissing, Table: t.Name, Index: x.Name, Key: at})
				}
			}
		}
	}
}

// checkEntries goes from an index back to the records.
func (t *Table[V]) checkEntries(records, b *bolt.Bucket, i int, r *report) {
	x := &t.Indexes[i]
	c := b.Cursor()
	for at, value := c.First(); at != nil && !r.full(); at, value = c.Next() {
		p := Problem{Table: t.Name, Index: x.Name, Key: at}
		if p.Fault = t.judge(records, x, at, value); p.Fault != "" {
			r.add(p)
		}
	}
}

// judge says what is wrong with one index entry; empty: nothing.
func (t *Table[V]) judge(records *bolt.Bucket, x *Index[V], at, value []byte) Fault {
	key, err := owner(x.Unique, at, value)
	if err != nil {
		return FaultUndecodable
	}
	raw := records.Get(key)
	if raw == nil {
		return FaultDangling
	}
	var v V
	if t.decode(raw, &v) != nil {
		return "" // said once already, of the record
	}
	for _, k := range x.keysOf(&v) {
		want, wantValue := entry(x.Unique, k, key)
		if bytes.Equal(want, at) && bytes.Equal(wantValue, value) {
			return ""
		}
	}
	return FaultExtra
}
