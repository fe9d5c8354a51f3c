package kv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// move is what one write means for one index: entries to take out, entries to add.
type move struct {
	bucket   *bolt.Bucket
	unique   bool
	out, add []Key
}

// plan works out the index changes of replacing the stored form was by v (nil: by nothing) and refuses
// what must not be, all before anything is written.
func (t *Table[V]) plan(tx *Tx, key Key, was []byte, v *V) ([]move, error) {
	if len(t.Indexes) == 0 {
		return nil, nil
	}
	old, err := t.before(tx, key, was)
	if err != nil {
		return nil, err
	}
	moves := make([]move, 0, len(t.Indexes))
	for i := range t.Indexes {
		x := &t.Indexes[i]
		before, after := x.keysOf(old), x.keysOf(v)
		m := move{unique: x.Unique, out: without(before, after), add: without(after, before)}
		if len(m.out)+len(m.add) == 0 {
			continue
		}
		if m.bucket, err = t.entries(tx, i); err != nil {
			return nil, err
		}
		for _, k := range m.add {
			if err := t.admit(m.bucket, x, k, key); err != nil {
				return nil, err
			}
		}
		moves = append(moves, m)
	}
	return moves, nil
}

// before is the record that was stands for, not to be changed; nil if there was none.
func (t *Table[V]) before(tx *Tx, key Key, was []byte) (*V, error) {
	if was == nil {
		return nil, nil
	}
	if known := t.recall(tx, key, was); known != nil {
		return known, nil
	}
	old := new(V)
	return old, t.decode(was, old)
}

// admit checks that an index key may be added for a record.
func (t *Table[V]) admit(b *bolt.Bucket, x *Index[V], k, key Key) error {
	at, _ := entry(x.Unique, k, key)
	if err := checkKey(at); err != nil {
		return fmt.Errorf("table %s: index %s: %w", t.Name, x.Name, err)
	}
	if !x.Unique {
		return nil
	}
	if owner := b.Get(at); owner != nil && !bytes.Equal(owner, key) {
		return &ConflictError{Table: t.Name, Index: x.Name, Key: k, Owner: slices.Clone(owner)}
	}
	return nil
}

func (t *Table[V]) apply(tx *Tx, key Key, moves []move) error {
	for _, m := range moves {
		for _, k := range m.out {
			at, value := entry(m.unique, k, key)
			if err := tx.remove(m.bucket, at, value); err != nil {
				return fmt.Errorf("table %s: index: %w", t.Name, err)
			}
		}
		for _, k := range m.add {
			at, value := entry(m.unique, k, key)
			if err := tx.put(m.bucket, at, value, nil); err != nil {
				return fmt.Errorf("table %s: index: %w", t.Name, err)
			}
		}
	}
	return nil
}

// keysOf returns the index keys of v in order and each once; none for no record.
func (x *Index[V]) keysOf(v *V) []Key {
	if v == nil {
		return nil
	}
	keys := x.Keys(v)
	if len(keys) > 1 {
		keys = slices.Clone(keys)
		slices.SortFunc(keys, func(a, b Key) int { return bytes.Compare(a, b) })
		keys = slices.CompactFunc(keys, func(a, b Key) bool { return bytes.Equal(a, b) })
	}
	return keys
}

// without returns the keys of a that are not in b.
func without(a, b []Key) []Key {
	var rest []Key
	for _, k := range a {
		if !slices.ContainsFunc(b, func(o Key) bool { return bytes.Equal(k, o) }) {
			rest = append(rest, k)
		}
	}
	return rest
}

// entry is how an index key of a record is stored.
func entry(unique bool, k, key Key) (at Key, value []byte) {
	if unique {
		return k, key
	}
	return Join(k, key), binary.AppendUvarint(nil, uint64(len(k)))
}

// owner reads the record key back from an entry.
func owner(unique bool, at, value []byte) (Key, error) {
	if unique {
		return value, nil
	}
	n, used := binary.Uvarint(value)
	if used != len(value) || n >= uint64(len(at)) {
		return nil, fmt.Errorf("%w: index entry %s", ErrCorrupt, Key(at))
	}
	return at[n:], nil
}

// find returns the position of a declared index.
func (t *Table[V]) find(name string) (int, error) {
	for i := range t.Indexes {
		if t.Indexes[i].Name == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("table %s: %w: %s", t.Name, ErrNoIndex, name)
}

// build fills an empty index from the records.
func (t *Table[V]) build(tx *Tx, i int) error {
	b, err := t.entries(tx, i)
	if err != nil {
		return err
	}
	records, err := t.records(tx)
	if err != nil {
		return err
	}
	x := &t.Indexes[i]
	return records.ForEach(func(key, raw []byte) error {
		var v V
		if err := t.decode(raw, &v); err != nil {
			return err
		}
		for _, k := range x.keysOf(&v) {
			if err := t.admit(b, x, k, key); err != nil {
				return err
			}
			at, value := entry(x.Unique, k, slices.Clone(key))
			if err := tx.put(b, at, value, nil); err != nil {
				return fmt.Errorf("table %s: index %s: %w", t.Name, x.Name, err)
			}
		}
		return nil
	})
}

// reindex builds every declared index anew and drops those that are no longer declared.
func (t *Table[V]) reindex(tx *Tx) error {
	for _, bucket := range tx.buckets([]byte(t.Name + indexMark)) {
		if err := tx.dropBucket(bucket); err != nil {
			return err
		}
	}
	_, err := t.create(tx)
	return err
}
