package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yardmaster/store/kv"
)

// trimRows is how many records of tables, or open timings, one transaction of Trim looks at.
const trimRows = 500

// Trimmed is what a Trim took away.
type Trimmed struct {
	Parts  int
	Events int64
	Rows   int64 // records of the tables
}

// Trim takes away the parts whose events are all older than a time, unless it is zero, and then the oldest ones until what is in the file
// takes at most maxBytes, unless that is zero; a part that still gets events goes by age only. An event is as old as it says, or as old as
// its arrival if it claims to be of later. With the events go the table rows that are older than the time: reports, dead letters, trackers,
// exists records, and the usage of what was deleted before; the usage of what is still there stays, however old.
//
// The file does not shrink: its free pages are used again, and Compact gives them back. Each part and each few rows are a transaction of
// their own. What was trimmed until an error stays trimmed.
func (d *DB) Trim(ctx context.Context, olderThan time.Time, maxBytes int64) (Trimmed, error) {
	var done Trimmed
	var errs []error
	if !olderThan.IsZero() {
		errs = append(errs, d.trimAge(ctx, olderThan, &done))
	}
	if maxBytes > 0 {
		errs = append(errs, d.trimSize(ctx, maxBytes, &done))
	}
	if done.Parts > 0 {
		errs = append(errs, d.trimOpen(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return done, fmt.Errorf("trim: %w", err)
	}
	return done, nil
}

func (d *DB) trimAge(ctx context.Context, olderThan time.Time, done *Trimmed) error {
	limit := olderThan.UnixMicro()
	for {
		p, err := d.dropPart(ctx, func(b *book) *part { return b.oldest(limit) })
		if err != nil {
			return err
		}
		if p == nil {
			break
		}
		done.Parts++
		done.Events += p.Count
		if err := d.free(ctx, p.Number); err != nil {
			return err
		}
	}
	return d.trimTables(ctx, olderThan, done)
}

// trimTables takes the rows of all tables that are older than a time.
func (d *DB) trimTables(ctx context.Context, olderThan time.Time, done *Trimmed) error {
	for _, t := range trims {
		if err := t.run(ctx, d, olderThan, &done.Rows); err != nil {
			return err
		}
	}
	return nil
}

// oldest is a part of which all events are older than a time; nil if there is none.
func (b *book) oldest(limit int64) *part {
	for i := range b.shelves {
		s := &b.shelves[i]
		for _, p := range s.catalog.parts {
			if p.Newest < limit && (p.Closed || s.tailOlder(limit)) {
				return p
			}
		}
	}
	return nil
}

func (s *shelf) tailOlder(limit int64) bool {
	for _, r := range s.tail {
		if min(r.When.UnixMicro(), r.Received.UnixMicro()) >= limit {
			return false
		}
	}
	return true
}

// dropPart drops the part that choose names and returns it; nil if none was named. A part that still gets events is closed first, in a
// transaction of its own.
func (d *DB) dropPart(ctx context.Context, choose func(*book) *part) (*part, error) {
	for {
		var dropped *part
		closed := false
		err := d.change(ctx, func(tx *Tx) (*book, error) {
			p := choose(tx.book)
			if p == nil {
				return nil, nil
			}
			n, err := p.Service.number()
			if err != nil {
				return nil, err
			}
			tx.book.version++
			if closed = !p.Closed; closed {
				err = tx.flush(n, p, true)
			} else {
				dropped, err = p, tx.drop(n, p)
			}
			if err != nil {
				return nil, err
			}
			return tx.book, writeHeads(tx.Tx, tx.book, []int{n})
		})
		if err != nil || !closed {
			return dropped, err
		}
	}
}

// drop makes a closed part one that is gone. Its trees are left for free, which takes time.
func (t *Tx) drop(n int, p *part) error {
	blooms, err := bloomsSeries.Part(t.Tx, 0)
	if err != nil {
		return err
	}
	if err := blooms.Delete(bloomKey(p.Number)); err != nil {
		return err
	}
	s := &t.book.shelves[n]
	s.catalog = s.catalog.without(p.Number)
	t.dropped = append(t.dropped, p.Number)
	gone := *p
	gone.Gone = true
	return partsTable.Put(t.Tx, &gone)
}

// sweep frees what an earlier process left of parts that are gone.
func (d *DB) sweep(ctx context.Context) error {
	var left []int64
	err := d.kv.View(ctx, func(tx *kv.Tx) error {
		for p, err := range partsTable.Scan(tx, nil) {
			if err != nil {
				return err
			}
			if p.Gone {
				left = append(left, p.Number)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, number := range left {
		if err := d.free(ctx, number); err != nil {
			return err
		}
	}
	return nil
}

// free gives back the pages of a part that is gone, a tree a transaction. All of them are read beforehand: old pages are on the disk, and
// who writes would wait for each.
func (d *DB) free(ctx context.Context, number int64) error {
	for _, series := range []*kv.Series{rowsSeries, indexSeries, bodiesSeries} {
		if err := d.kv.View(ctx, func(tx *kv.Tx) error { _, err := series.Bytes(tx, number); return err }); err != nil {
			return err
		}
		if err := d.kv.Alone(ctx, func(tx *kv.Tx) error { return series.Drop(tx, number) }); err != nil {
			return err
		}
	}
	return d.kv.Alone(ctx, func(tx *kv.Tx) error { return partsTable.Delete(tx, kv.Int(number)) })
}

// trimOpen forgets the open timings whose start is gone.
func (d *DB) trimOpen(ctx context.Context) error {
	for n := range Services {
		var after kv.Key
		for more := true; more; {
			err := d.change(ctx, func(tx *Tx) (_ *book, err error) {
				after, more, err = tx.trimOpen(n, after)
				return nil, err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Tx) trimOpen(n int, after kv.Key) (last kv.Key, more bool, err error) {
	open, err := openSeries.Part(t.Tx, int64(n))
	if err != nil {
		return nil, false, err
	}
	s, seen := &t.book.shelves[n], 0
	var gone []kv.Key
	err = open.Walk(kv.Range{After: after}, func(key kv.Key, value []byte) (bool, error) {
		one, err := cutOpen(s.service, "", key, value)
		last = append(kv.Key(nil), key...)
		if seen++; !s.holds(one.ID) {
			gone = append(gone, last)
		}
		return seen < trimRows, err
	})
	if err != nil {
		return nil, false, err
	}
	for _, key := range gone {
		if err := open.Delete(key); err != nil {
			return nil, false, err
		}
	}
	return last, seen == trimRows, nil
}
