package kv

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
)

// batch is what shares one bbolt transaction and one commit.
type batch struct {
	bolt   *bolt.Tx
	clock  func() time.Time
	alone  bool
	memory *memory     // nil if alone: who migrates reads records by other types
	served int         // calls that were run
	calls  []*call     // those of them that wait for the commit
	after  []func()    // what the others want to have called then
	due    *time.Timer // when it is committed even if nobody waits; nil until nobody did
	writes int         // of the calls that succeeded
	broken error       // writes of a failed call could not be taken back
}

func (b *batch) hasRoom() bool {
	return !b.alone && b.broken == nil && b.served < batchCalls && b.writes < batchWrites
}

// serve runs one closure and takes its writes back if it does not return nil.
func (b *batch) serve(c *call, log *slog.Logger) {
	b.served++
	// Each caller has a time of its own: what it waited for before it came, a batch that was open already must not predate.
	tx := &Tx{bolt: b.bolt, now: b.clock(), alone: b.alone, memory: b.memory}
	returned := false
	defer func() {
		tx.end()
		if !returned {
			c.panicked = recover()
			c.exited = c.panicked == nil
		}
		if c.panicked != nil {
			log.Error("update closure panicked", "panic", c.panicked, "stack", string(debug.Stack()))
		}
		if !c.failed() {
			b.writes += tx.writes
		} else if err := tx.takeBack(); err != nil {
			b.broken = fmt.Errorf("take back a failed update: %w", err)
		}
		if c.soon {
			if !c.failed() && c.after != nil {
				b.after = append(b.after, c.after)
			}
			close(c.done)
		} else {
			b.calls = append(b.calls, c)
		}
	}()
	c.err = c.fn(tx)
	returned = true
}

// end commits what the calls wrote. A batch that wrote nothing, and a lone call that failed, cost no disk.
func (b *batch) end() error {
	if b.due != nil {
		b.due.Stop()
	}
	if b.broken == nil && b.writes > 0 {
		if err := b.bolt.Commit(); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		return nil
	}
	if err := b.bolt.Rollback(); err != nil {
		return fmt.Errorf("roll back: %w", err)
	}
	return b.broken
}

// refuse gives every call that waits the error, also those that had failed: they may have judged by writes
// of others that are now gone.
func (b *batch) refuse(err error) {
	b.after = nil
	for _, c := range b.calls {
		c.err = err
	}
}

func (b *batch) answer() {
	for _, after := range b.after {
		after()
	}
	for _, c := range b.calls {
		close(c.done)
	}
}
