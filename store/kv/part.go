package kv

import (
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// Part is one part of a Series in one transaction, and dead when that ends. The keys and values that it gives are the file's own bytes:
// they must not be changed, nor used after the transaction or after a write to the part.
type Part struct {
	tx *Tx
	b  *bolt.Bucket
}

// Get returns the value under a key; nil if there is none.
func (p Part) Get(key Key) ([]byte, error) {
	if err := p.tx.alive(); err != nil {
		return nil, err
	}
	return p.b.Get(key), nil
}

// Put writes one entry. Entries written in the order of their keys cost least. The value is kept, not copied: it must not change
// before the transaction ends.
func (p Part) Put(key Key, value []byte) error {
	if err := p.tx.structural(); err != nil {
		return err
	}
	if err := p.b.Put(key, value); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	p.tx.writes++
	return nil
}

// Delete takes out one entry; one that is not there is no error.
func (p Part) Delete(key Key) error {
	if err := p.tx.structural(); err != nil {
		return err
	}
	if err := p.b.Delete(key); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	p.tx.writes++
	return nil
}

// Below returns the last entry whose key is less than key; nil if there is none.
func (p Part) Below(key Key) (at Key, value []byte, err error) {
	if err := p.tx.alive(); err != nil {
		return nil, nil, err
	}
	at, value = seekBelow(p.b.Cursor(), key)
	return at, value, nil
}

// Walk visits the entries in a range until visit returns false or an error.
func (p Part) Walk(r Range, visit func(key Key, value []byte) (bool, error)) error {
	if err := p.tx.alive(); err != nil {
		return err
	}
	return p.tx.walk(p.b, r, func(key, value []byte) (bool, error) { return visit(key, value) })
}

// Cursor goes through a range of a part one entry at a time, for those who go through several at once.
func (p Part) Cursor(r Range) *Cursor {
	return &Cursor{part: p, r: r, c: p.b.Cursor()}
}

// Cursor is a place in a part.
type Cursor struct {
	part    Part
	r       Range
	c       *bolt.Cursor
	at      Key
	started bool
	writes  int
}

// Next is the next entry; a nil key means that there is none.
func (c *Cursor) Next() (key Key, value []byte, err error) {
	tx := c.part.tx
	if err := tx.alive(); err != nil {
		return nil, nil, err
	}
	switch {
	case !c.started:
		c.started = true
		key, value = c.r.first(c.c)
	case c.at == nil:
		return nil, nil, nil
	case c.writes == tx.writes:
		key, value = c.r.step(c.c, c.at)
	default:
		c.c = c.part.b.Cursor()
		key, value = c.r.resume(c.c, c.at)
	}
	if key == nil || !c.r.holds(key) {
		c.at = nil
		return nil, nil, nil
	}
	c.writes, c.at = tx.writes, key
	if tx.bolt.Writable() {
		c.at = slices.Clone(key)
	}
	return key, value, nil
}
