package kv

import (
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// First returns the record with the smallest key that starts with prefix, or ErrNotFound.
func (t *Table[V]) First(tx *Tx, prefix Key) (V, error) {
	return first(t.ScanRange(tx, Range{Prefix: prefix}), t.notFound())
}

// Last returns the record with the largest key that starts with prefix, or ErrNotFound.
func (t *Table[V]) Last(tx *Tx, prefix Key) (V, error) {
	return first(t.ScanRange(tx, Range{Prefix: prefix, Reverse: true}), t.notFound())
}

// FirstIndex returns the first record in the order of an index, or ErrNotFound.
func (t *Table[V]) FirstIndex(tx *Tx, index string, prefix Key) (V, error) {
	return first(t.ScanIndexRange(tx, index, Range{Prefix: prefix}), t.notFound())
}

// LastIndex returns the last record in the order of an index, or ErrNotFound.
func (t *Table[V]) LastIndex(tx *Tx, index string, prefix Key) (V, error) {
	return first(t.ScanIndexRange(tx, index, Range{Prefix: prefix, Reverse: true}), t.notFound())
}

// GetIndex returns the record that owns a key of a unique index, or ErrNotFound.
func (t *Table[V]) GetIndex(tx *Tx, index string, key Key) (V, error) {
	var v V
	records, err := t.records(tx)
	if err != nil {
		return v, err
	}
	i, err := t.find(index)
	if err != nil {
		return v, err
	}
	if !t.Indexes[i].Unique {
		return v, fmt.Errorf("table %s: index %s: %w: not unique", t.Name, index, ErrNoIndex)
	}
	b, err := t.entries(tx, i)
	if err != nil {
		return v, err
	}
	owner := b.Get(key)
	if owner == nil {
		return v, t.notFound()
	}
	return t.follow(tx, records, index, owner)
}

// Count counts the records; it walks over them without decoding.
func (t *Table[V]) Count(tx *Tx) (int, error) { return t.CountPrefix(tx, nil) }

// CountPrefix counts the records whose key starts with prefix.
func (t *Table[V]) CountPrefix(tx *Tx, prefix Key) (int, error) {
	b, err := t.records(tx)
	if err != nil {
		return 0, err
	}
	return tx.tally(b, prefix)
}

// CountIndex counts the entries of an index that start with prefix, without reading records.
func (t *Table[V]) CountIndex(tx *Tx, index string, prefix Key) (int, error) {
	if err := tx.alive(); err != nil {
		return 0, err
	}
	i, err := t.find(index)
	if err != nil {
		return 0, err
	}
	b, err := t.entries(tx, i)
	if err != nil {
		return 0, err
	}
	return tx.tally(b, prefix)
}

func (t *Tx) tally(b *bolt.Bucket, prefix Key) (int, error) {
	n := 0
	err := t.walk(b, Range{Prefix: prefix}, func([]byte, []byte) (bool, error) {
		n++
		return true, nil
	})
	return n, err
}
