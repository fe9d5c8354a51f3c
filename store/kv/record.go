package kv

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// replaced is how JSON writes what was no UTF-8.
var replaced = []byte(`\ufffd`)

// Get returns the record with that key, or ErrNotFound.
func (t *Table[V]) Get(tx *Tx, key Key) (V, error) {
	var none V
	b, err := t.records(tx)
	if err != nil {
		return none, err
	}
	raw := b.Get(key)
	if raw == nil {
		return none, t.notFound()
	}
	return t.load(tx, key, raw)
}

// Has tells whether there is a record with that key, without decoding it.
func (t *Table[V]) Has(tx *Tx, key Key) (bool, error) {
	b, err := t.records(tx)
	if err != nil {
		return false, err
	}
	return b.Get(key) != nil, nil
}

// Put stores v in place of the record that has its key, if any, and brings all indexes along. It returns a
// ConflictError, before it has written anything, if v claims a unique index key of another record.
// Keys may hold any text that is UTF-8; in other fields JSON replaces what is not.
func (t *Table[V]) Put(tx *Tx, v *V) error { return t.store(tx, v, true) }

// Insert is Put for a record that must be new: one with its key is a ConflictError.
func (t *Table[V]) Insert(tx *Tx, v *V) error { return t.store(tx, v, false) }

func (t *Table[V]) store(tx *Tx, v *V, replace bool) error {
	b, err := t.target(tx)
	if err != nil {
		return err
	}
	key := slices.Clone(t.Key(v))
	if err := checkKey(key); err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("table %s: encode: %w", t.Name, err)
	}
	if err := t.faithful(v, raw); err != nil {
		return err
	}
	was := b.Get(key)
	if was != nil && !replace {
		return &ConflictError{Table: t.Name, Key: key, Owner: key}
	}
	if was != nil && bytes.Equal(was, raw) {
		return nil
	}
	moves, err := t.plan(tx, key, was, v)
	if err != nil {
		return err
	}
	if err := tx.put(b, key, raw, was); err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	t.remember(tx, key, raw, v)
	return t.apply(tx, key, moves)
}

// faithful refuses a record whose keys would not survive storage. JSON swaps bytes that are not UTF-8 for a
// replacement mark, written as an escape; entries made from the original could never be found again.
func (t *Table[V]) faithful(v *V, raw []byte) error {
	if !bytes.Contains(raw, replaced) {
		return nil
	}
	var stored V
	if err := t.decode(raw, &stored); err != nil {
		return err
	}
	same := bytes.Equal(t.Key(v), t.Key(&stored))
	for i := range t.Indexes {
		x := &t.Indexes[i]
		same = same && slices.EqualFunc(x.keysOf(v), x.keysOf(&stored), func(a, b Key) bool { return bytes.Equal(a, b) })
	}
	if !same {
		return fmt.Errorf("table %s: %w: text is not UTF-8", t.Name, ErrBadKey)
	}
	return nil
}

// Delete removes the record with that key and its index entries, or returns ErrNotFound.
func (t *Table[V]) Delete(tx *Tx, key Key) error {
	b, err := t.target(tx)
	if err != nil {
		return err
	}
	was := b.Get(key)
	if was == nil {
		return t.notFound()
	}
	key = slices.Clone(key)
	moves, err := t.plan(tx, key, was, nil)
	if err != nil {
		return err
	}
	if err := tx.remove(b, key, was); err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	return t.apply(tx, key, moves)
}

// target is records for those who will write to it.
func (t *Table[V]) target(tx *Tx) (*bolt.Bucket, error) {
	if err := tx.writable(); err != nil {
		return nil, err
	}
	return t.records(tx)
}

func (t *Table[V]) notFound() error { return fmt.Errorf("table %s: %w", t.Name, ErrNotFound) }
