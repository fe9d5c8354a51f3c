package kv

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// Index is one more way to find records.
type Index[V any] struct {
	Name   string
	Unique bool
	// Keys gives the index keys of a record, all of one shape; none keeps the record out of the index. It must
	// depend on the record alone. To change it, rename the index: Migrate then builds the new one.
	Keys func(*V) []Key
}

// Table declares how records of type V are stored. Declare it once and use it by pointer; it holds no
// state and serves any number of files.
type Table[V any] struct {
	Name    string
	Key     func(*V) Key
	Indexes []Index[V]
	// Copy gives the record as Get would give it after a Put, sharing nothing with its argument. With it the writer need not
	// decode again what it has seen; without it every record is decoded.
	Copy func(V) V
	// Hot says that views ask for the same few records again and again: with Copy they remember them, as the writer does.
	Hot bool
	// Ascending promises that new records mostly come last, which packs pages fuller.
	Ascending bool
}

// AnyTable is a Table of any record type.
type AnyTable interface {
	name() string
	validate() error
	indexNames() []string
	create(tx *Tx) (made bool, err error)
	reindex(tx *Tx) error
	check(tx *Tx, r *report)
	count(tx *Tx) (TableStats, error)
	Bytes(tx *Tx) (int64, error)
}

const (
	indexMark = "/"
	appending = 0.95
)

func (t *Table[V]) name() string { return t.Name }

func (t *Table[V]) indexNames() []string {
	names := make([]string, len(t.Indexes))
	for i := range t.Indexes {
		names[i] = t.Indexes[i].Name
	}
	return names
}

func (t *Table[V]) validate() error {
	if !nameOK(t.Name) || t.Key == nil {
		return fmt.Errorf("%w: table %q needs a plain name and a Key", ErrBadSchema, t.Name)
	}
	for i, x := range t.Indexes {
		if !nameOK(x.Name) || x.Keys == nil {
			return fmt.Errorf("%w: table %s: index %q needs a plain name and Keys", ErrBadSchema, t.Name, x.Name)
		}
		if slices.Contains(t.indexNames()[:i], x.Name) {
			return fmt.Errorf("%w: table %s: index %s twice", ErrBadSchema, t.Name, x.Name)
		}
	}
	return nil
}

func nameOK(name string) bool {
	return name != "" && len(name) <= 255 && !strings.Contains(name, indexMark)
}

// Create makes the table and its indexes if they are missing. It needs a transaction of its own, Alone's or a
// migration's; a table named in the Schema is created by Migrate.
func (t *Table[V]) Create(tx *Tx) error {
	if err := t.validate(); err != nil {
		return err
	}
	_, err := t.create(tx)
	return err
}

// Drop removes the table with all its records and indexes at the cost of its pages, not of its
// records. It needs a transaction of its own; a table that is not there is no error.
func (t *Table[V]) Drop(tx *Tx) error {
	if err := tx.structural(); err != nil {
		return err
	}
	for _, bucket := range append(tx.buckets([]byte(t.Name+indexMark)), t.Name) {
		if err := tx.dropBucket(bucket); err != nil {
			return err
		}
	}
	return nil
}

// Tables lists the tables of the file whose name starts with prefix, in order.
func (t *Tx) Tables(prefix string) ([]string, error) {
	if err := t.alive(); err != nil {
		return nil, err
	}
	names := t.buckets([]byte(prefix))
	return slices.DeleteFunc(names, func(n string) bool { return strings.Contains(n, indexMark) }), nil
}

// create makes missing buckets; a new index of a table that has records is filled at once.
func (t *Table[V]) create(tx *Tx) (bool, error) {
	if err := tx.structural(); err != nil {
		return false, err
	}
	made, err := tx.ensure(t.Name)
	if err != nil {
		return false, err
	}
	for i := range t.Indexes {
		fresh, err := tx.ensure(t.indexBucket(i))
		if err != nil {
			return false, err
		}
		if fresh {
			made = true
			if err := t.build(tx, i); err != nil {
				return false, err
			}
		}
	}
	return made, nil
}

func (t *Table[V]) indexBucket(i int) string { return t.Name + indexMark + t.Indexes[i].Name }

// records finds the bucket of the records, in a transaction that is still open.
func (t *Table[V]) records(tx *Tx) (*bolt.Bucket, error) {
	if err := tx.alive(); err != nil {
		return nil, err
	}
	b := tx.bolt.Bucket([]byte(t.Name))
	if b == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoTable, t.Name)
	}
	if t.Ascending {
		b.FillPercent = appending
	}
	return b, nil
}

func (t *Table[V]) entries(tx *Tx, i int) (*bolt.Bucket, error) {
	b := tx.bolt.Bucket([]byte(t.indexBucket(i)))
	if b == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoIndex, t.indexBucket(i))
	}
	return b, nil
}

func (t *Table[V]) decode(raw []byte, v *V) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return errors.Join(fmt.Errorf("table %s: %w", t.Name, ErrCorrupt), err)
	}
	return nil
}
