package events

import (
	"iter"
	"slices"
	"time"

	"yardmaster/store/kv"
)

// Key is one or more values of an index, in its order; a leading part of them is a prefix.
type Key = kv.Key

// Range says which keys of an index to visit and in which order; the zero Range is all of them.
type Range = kv.Range

// TextKey, IDKey and TimeKey are one value each. Null times come first.
func TextKey(s string) Key { return kv.Text(s) }

// IDKey is a number as a key.
func IDKey(n int64) Key { return kv.Int(n) }

// TimeKey is a time as a key, cut to the microsecond.
func TimeKey(t time.Time) Key { return kv.Time(t) }

// Keys puts values behind one another.
func Keys(parts ...Key) Key { return kv.Join(parts...) }

// Between is the range of an index whose next value after prefix is a time, both ends inclusive; zero leaves an end open.
func Between(prefix Key, first, last time.Time) Range {
	r := Range{Prefix: prefix}
	if !first.IsZero() {
		r.From = Keys(prefix, TimeKey(first))
	}
	if !last.IsZero() {
		r.Before = Keys(prefix, IDKey(last.UnixMicro()+1))
	}
	return r
}

// Table is a kv table whose records are found by an id, which is a number or a text.
type Table[V any, K int64 | string] struct{ kv *kv.Table[V] }

func idKey[K int64 | string](id K) Key {
	switch id := any(id).(type) {
	case int64:
		return kv.Int(id)
	case string:
		return kv.Text(id)
	}
	return nil
}

// Get is one record, or ErrNotFound.
func (t Table[V, K]) Get(tx *Tx, id K) (V, error) { return t.kv.Get(tx.Tx, idKey(id)) }

// Has tells whether there is such a record.
func (t Table[V, K]) Has(tx *Tx, id K) (bool, error) { return t.kv.Has(tx.Tx, idKey(id)) }

// Put writes a record and all its index entries; ErrExists if another has one of its unique keys.
func (t Table[V, K]) Put(tx *Tx, v *V) error { return t.kv.Put(tx.Tx, v) }

// Delete removes a record; one that is not there is gone already.
func (t Table[V, K]) Delete(tx *Tx, id K) error {
	if err := t.kv.Delete(tx.Tx, idKey(id)); err != nil && !isNotFound(err) {
		return err
	}
	return nil
}

// All is every record, by id. Writing to the table meanwhile is allowed.
func (t Table[V, K]) All(tx *Tx) iter.Seq2[V, error] { return t.kv.Scan(tx.Tx, nil) }

// Scan is the records in a range of ids (IDKey), in either direction.
func (t Table[V, K]) Scan(tx *Tx, r Range) iter.Seq2[V, error] { return t.kv.ScanRange(tx.Tx, r) }

// By is the records in a range of an index, in either direction; those with the same values come by id.
func (t Table[V, K]) By(tx *Tx, index string, r Range) iter.Seq2[V, error] {
	return t.kv.ScanIndexRange(tx.Tx, index, r)
}

// List is the records with these leading values of an index, gathered.
func (t Table[V, K]) List(tx *Tx, index string, prefix ...Key) ([]V, error) {
	return gather(t.By(tx, index, Range{Prefix: Keys(prefix...)}))
}

// First is the first record with these leading values of an index, or ErrNotFound.
func (t Table[V, K]) First(tx *Tx, index string, prefix ...Key) (V, error) {
	return t.kv.FirstIndex(tx.Tx, index, Keys(prefix...))
}

// Last is the last one, or ErrNotFound.
func (t Table[V, K]) Last(tx *Tx, index string, prefix ...Key) (V, error) {
	return t.kv.LastIndex(tx.Tx, index, Keys(prefix...))
}

// One is the record that owns these values of a unique index, or ErrNotFound.
func (t Table[V, K]) One(tx *Tx, index string, values ...Key) (V, error) {
	return t.kv.GetIndex(tx.Tx, index, Keys(values...))
}

// Count is the number of records.
func (t Table[V, K]) Count(tx *Tx) (int, error) { return t.kv.Count(tx.Tx) }

// CountBy is the number of records with these leading values of an index; it reads no record.
func (t Table[V, K]) CountBy(tx *Tx, index string, prefix ...Key) (int, error) {
	return t.kv.CountIndex(tx.Tx, index, Keys(prefix...))
}

func gather[V any](seq iter.Seq2[V, error]) ([]V, error) {
	var list []V
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return slices.Clip(list), nil
}

// Numbered is a Table whose records get their ids from a counter: from 1, and none twice.
type Numbered[V any] struct {
	Table[V, int64]
	id func(*V) *int64
}

// Insert writes a new record and sets its id; ErrExists if another has one of its unique keys.
func (t Numbered[V]) Insert(tx *Tx, v *V) error {
	n, err := nextNumber(tx.Tx, t.kv.Name)
	if err != nil {
		return err
	}
	*t.id(v) = n
	return t.kv.Insert(tx.Tx, v)
}
