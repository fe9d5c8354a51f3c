package kv

import (
	"fmt"
	"iter"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// Scan visits the records whose key starts with prefix, in key order; an empty prefix means all.
// Writing to the table meanwhile is allowed: what is changed behind the scan is not visited
// again, what is changed ahead of it is visited as changed.
func (t *Table[V]) Scan(tx *Tx, prefix Key) iter.Seq2[V, error] {
	return t.ScanRange(tx, Range{Prefix: prefix})
}

// ScanRange is Scan over any range of keys.
func (t *Table[V]) ScanRange(tx *Tx, r Range) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		b, err := t.records(tx)
		if err != nil {
			fail(yield, err)
			return
		}
		err = tx.walk(b, r, func(key, raw []byte) (bool, error) {
			v, err := t.load(tx, key, raw)
			if err != nil {
				return false, err
			}
			return yield(v, nil), nil
		})
		if err != nil {
			fail(yield, err)
		}
	}
}

// ScanIndex visits the records that have an index key starting with prefix, in the order of the index
// keys and then of the record keys. A record comes once for each such index key.
func (t *Table[V]) ScanIndex(tx *Tx, index string, prefix Key) iter.Seq2[V, error] {
	return t.ScanIndexRange(tx, index, Range{Prefix: prefix})
}

// ScanIndexRange is ScanIndex over any range of index keys.
func (t *Table[V]) ScanIndexRange(tx *Tx, index string, r Range) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		err := t.walkIndex(tx, index, r, func(v V) bool { return yield(v, nil) })
		if err != nil {
			fail(yield, err)
		}
	}
}

// Owners lists the keys of the records that have an index key starting with prefix, in the order of the index; it reads no record.
func (t *Table[V]) Owners(tx *Tx, index string, prefix Key) ([]Key, error) {
	var keys []Key
	err := t.WalkKeys(tx, index, Range{Prefix: prefix}, func(_, key Key) (bool, error) {
		keys = append(keys, slices.Clone(key))
		return true, nil
	})
	return keys, err
}

// WalkKeys visits the keys of an index in a range, each with the key of its record, until visit returns false or an error. It reads no
// record. Both keys are the file's own bytes: they must not be changed, nor kept.
func (t *Table[V]) WalkKeys(tx *Tx, index string, r Range, visit func(k, record Key) (bool, error)) error {
	i, err := t.find(index)
	if err != nil {
		return err
	}
	if err := tx.alive(); err != nil {
		return err
	}
	b, err := t.entries(tx, i)
	if err != nil {
		return err
	}
	unique := t.Indexes[i].Unique
	return tx.walk(b, r, func(at, value []byte) (bool, error) {
		key, err := owner(unique, at, value)
		if err != nil {
			return false, err
		}
		if unique {
			return visit(at, key)
		}
		return visit(at[:len(at)-len(key)], key)
	})
}

func (t *Table[V]) walkIndex(tx *Tx, index string, r Range, visit func(V) bool) error {
	records, err := t.records(tx)
	if err != nil {
		return err
	}
	i, err := t.find(index)
	if err != nil {
		return err
	}
	b, err := t.entries(tx, i)
	if err != nil {
		return err
	}
	unique := t.Indexes[i].Unique
	return tx.walk(b, r, func(at, value []byte) (bool, error) {
		key, err := owner(unique, at, value)
		if err != nil {
			return false, err
		}
		v, err := t.follow(tx, records, index, key)
		if err != nil {
			return false, err
		}
		return visit(v), nil
	})
}

// follow reads the record that an index entry points to.
func (t *Table[V]) follow(tx *Tx, records *bolt.Bucket, index string, key Key) (V, error) {
	raw := records.Get(key)
	if raw == nil {
		var none V
		return none, fmt.Errorf("table %s: index %s: %w: no record %s", t.Name, index, ErrCorrupt, key)
	}
	return t.load(tx, key, raw)
}

func fail[V any](yield func(V, error) bool, err error) {
	var none V
	yield(none, err)
}

// first returns what a sequence yields first, or ErrNotFound if it yields nothing.
func first[V any](seq iter.Seq2[V, error], none error) (V, error) {
	for v, err := range seq {
		return v, err
	}
	var v V
	return v, none
}
