package kv

import (
	"bytes"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// Range says which keys to visit and in which order; the zero Range is all of them. In an index that is not
// unique the keys compared are Join(index key, record key).
type Range struct {
	Prefix  Key  // only keys that start so
	From    Key  // this key or a later one
	After   Key  // later than this key: the last one of the page before
	Before  Key  // earlier than this key
	Reverse bool // last first; to page backwards put the last key seen into Before
}

// walk visits the entries of b in range until visit returns false or an error. It ends with ErrTxClosed when
// the transaction ends under it.
func (t *Tx) walk(b *bolt.Bucket, r Range, visit func(key, value []byte) (bool, error)) error {
	c := b.Cursor()
	key, value := r.first(c)
	for key != nil && r.holds(key) {
		at, writes := key, t.writes
		if t.bolt.Writable() {
			at = slices.Clone(key)
		}
		more, err := visit(key, value)
		if err != nil || !more {
			return err
		}
		if err := t.alive(); err != nil {
			return err
		}
		if t.writes == writes {
			key, value = r.step(c, at)
			continue
		}
		// A cursor loses its place when the bucket changes under it.
		c = b.Cursor()
		key, value = r.resume(c, at)
	}
	return nil
}

func (r Range) step(c *bolt.Cursor, at Key) (key, value []byte) {
	if r.Reverse {
		return back(c, at)
	}
	return c.Next()
}

func (r Range) first(c *bolt.Cursor) (key, value []byte) {
	if r.Reverse {
		return seekBelow(c, r.ceiling())
	}
	floor := maxKey(r.Prefix, r.From)
	if r.After != nil && bytes.Compare(r.After, floor) >= 0 {
		return seekAbove(c, r.After)
	}
	if len(floor) == 0 {
		return c.First()
	}
	return c.Seek(floor)
}

// resume finds the entry that follows at in the direction of the range.
func (r Range) resume(c *bolt.Cursor, at Key) (key, value []byte) {
	if r.Reverse {
		return seekBelow(c, at)
	}
	return seekAbove(c, at)
}

func (r Range) holds(key []byte) bool {
	return bytes.HasPrefix(key, r.Prefix) &&
		(r.Before == nil || bytes.Compare(key, r.Before) < 0) &&
		(r.From == nil || bytes.Compare(key, r.From) >= 0) &&
		(r.After == nil || bytes.Compare(key, r.After) > 0)
}

// ceiling is the smallest key known to be above the range; nil: there is none.
func (r Range) ceiling() Key {
	end := r.Prefix.successor()
	if r.Before == nil || (end != nil && bytes.Compare(end, r.Before) < 0) {
		return end
	}
	return r.Before
}
