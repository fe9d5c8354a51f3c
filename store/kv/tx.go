package kv

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Tx is one caller's part of a transaction. It belongs to the goroutine that was given it and is dead
// once the closure returns: what is done with it later fails with ErrTxClosed.
type Tx struct {
	bolt   *bolt.Tx
	now    time.Time
	alone  bool
	memory *memory // the writer's; nil where records are decoded each time
	common *common // the views'
	ended  atomic.Bool
	writes int      // counts up on every change, so that scans notice
	undo   []change // how to take this caller's writes back, oldest first
}

// change is one entry of a bucket as it was before a write; a nil value means that it was not there.
type change struct {
	bucket     *bolt.Bucket
	key, value []byte
}

// Now is the time at which the caller's closure began; it does not move while that runs, and is not before the call.
func (t *Tx) Now() time.Time { return t.now }

func (t *Tx) end() { t.ended.Store(true) }

func (t *Tx) alive() error {
	if t.ended.Load() {
		return ErrTxClosed
	}
	return nil
}

func (t *Tx) writable() error {
	if err := t.alive(); err != nil {
		return err
	}
	if !t.bolt.Writable() {
		return fmt.Errorf("write in a view: %w", ErrReadOnly)
	}
	return nil
}

// put writes one entry; was is the present value, nil if there is none.
func (t *Tx) put(b *bolt.Bucket, key, value, was []byte) error {
	if err := b.Put(key, value); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	t.remember(b, key, was)
	return nil
}

// remove takes out one entry; was is the present value.
func (t *Tx) remove(b *bolt.Bucket, key, was []byte) error {
	if err := b.Delete(key); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	t.remember(b, key, was)
	return nil
}

// remember copies the key, which may be a piece of the caller's record, but not the value: bbolt keeps it
// readable until its transaction ends. A transaction of one caller is rolled back whole and needs no memory.
func (t *Tx) remember(b *bolt.Bucket, key, was []byte) {
	t.writes++
	if !t.alone {
		t.undo = append(t.undo, change{b, slices.Clone(key), was})
	}
}

// takeBack restores every entry that this caller changed, newest first.
func (t *Tx) takeBack() error {
	var errs []error
	for i := len(t.undo) - 1; i >= 0; i-- {
		c := t.undo[i]
		if c.value == nil {
			errs = append(errs, c.bucket.Delete(c.key))
		} else {
			errs = append(errs, c.bucket.Put(c.key, c.value))
		}
	}
	t.undo = nil
	return errors.Join(errs...)
}
