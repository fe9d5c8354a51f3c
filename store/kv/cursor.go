package kv

import (
	"bytes"

	bolt "go.etcd.io/bbolt"
)

// Within a write transaction deletes leave empty pages behind. bbolt's cursor passes over them on its way
// forward, but backwards it stops at one as if it were the beginning, and goes round for ever
// when there is nothing else. The functions here go backwards safely.

// seekAbove finds the first entry after at.
func seekAbove(c *bolt.Cursor, at Key) (key, value []byte) {
	key, value = c.Seek(at)
	if bytes.Equal(key, at) {
		return c.Next()
	}
	return key, value
}

// seekBelow finds the last entry before at; nil means the last of all.
func seekBelow(c *bolt.Cursor, at Key) (key, value []byte) {
	if at != nil {
		if key, _ = c.Seek(at); key != nil {
			return back(c, at)
		}
	}
	if key, _ = c.First(); key == nil {
		return nil, nil
	}
	return c.Last()
}

// back moves from the first entry that is not before at to the one before it.
func back(c *bolt.Cursor, at Key) (key, value []byte) {
	if key, value = c.Prev(); key != nil {
		return key, value
	}
	lowest, _ := c.Bucket().Cursor().First()
	if lowest == nil || bytes.Compare(lowest, at) >= 0 {
		return nil, nil
	}
	for key == nil {
		key, value = c.Prev()
	}
	return key, value
}

func maxKey(a, b Key) Key {
	if bytes.Compare(a, b) < 0 {
		return b
	}
	return a
}
