package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"yardmaster/store/kv"
)

// ErrTables means that the tables take more than all may, even without the rows that may go.
var ErrTables = errors.New("the tables alone take more than may be kept")

// trimSize drops closed parts, oldest first, each with the rows that are no younger, until the rest is small enough. As long as the tables
// alone are too large, rows go and no part does.
func (d *DB) trimSize(ctx context.Context, maxBytes int64, done *Trimmed) error {
	u, err := d.used(ctx)
	if err != nil {
		return err
	}
	if u.tables > maxBytes {
		if err := d.shrinkTables(ctx, maxBytes, &u, done); err != nil {
			return err
		}
	}
	for u.all() > maxBytes {
		p, err := d.dropPart(ctx, (*book).oldestClosed)
		if err != nil || p == nil {
			return err
		}
		done.Parts++
		done.Events += p.Count
		if err := d.free(ctx, p.Number); err != nil {
			return err
		}
		delete(u.parts, p.Number)
		if err := d.trimUpTo(ctx, p, &u, done); err != nil {
			return err
		}
	}
	return nil
}

// shrinkTables takes the rows of one closed part's time after the other until the tables are small enough.
func (d *DB) shrinkTables(ctx context.Context, maxBytes int64, u *used, done *Trimmed) error {
	var closed []*part
	if err := d.View(ctx, func(tx *Tx) error { closed = tx.book.closed(); return nil }); err != nil {
		return err
	}
	slices.SortFunc(closed, func(a, b *part) int { return cmp.Compare(a.Newest, b.Newest) })
	for _, p := range closed {
		if u.tables <= maxBytes {
			break
		}
		if err := d.trimUpTo(ctx, p, u, done); err != nil {
			return err
		}
	}
	if u.tables > maxBytes {
		return fmt.Errorf("%w: %d bytes of %d", ErrTables, u.tables, maxBytes)
	}
	return nil
}

// trimUpTo takes the rows that are no younger than a part, and measures what is left.
func (d *DB) trimUpTo(ctx context.Context, p *part, u *used, done *Trimmed) error {
	had := done.Rows
	if err := d.trimTables(ctx, time.UnixMicro(p.Newest+1), done); err != nil || done.Rows == had {
		return err
	}
	return d.kv.View(ctx, u.measureTables)
}

func (b *book) closed() []*part {
	var all []*part
	for i := range b.shelves {
		for _, p := range b.shelves[i].catalog.parts {
			if p.Closed && p.Count > 0 {
				all = append(all, p)
			}
		}
	}
	return all
}

func (b *book) oldestClosed() *part {
	all := b.closed()
	if len(all) == 0 {
		return nil
	}
	return slices.MinFunc(all, func(a, b *part) int { return cmp.Compare(a.Newest, b.Newest) })
}

// used is how many bytes of the file each part takes, and all that is not in parts together.
type used struct {
	parts  map[int64]int64
	tables int64
}

func (u *used) all() int64 {
	sum := u.tables
	for _, size := range u.parts {
		sum += size
	}
	return sum
}

func (d *DB) used(ctx context.Context) (u used, err error) {
	err = d.kv.View(ctx, func(tx *kv.Tx) error {
		u.parts = map[int64]int64{}
		for _, series := range []*kv.Series{rowsSeries, indexSeries, bodiesSeries} {
			if err := measure(tx, series, func(n, size int64) { u.parts[n] += size }); err != nil {
				return err
			}
		}
		return u.measureTables(tx)
	})
	return u, err
}

func (u *used) measureTables(tx *kv.Tx) error {
	u.tables = 0
	for _, series := range []*kv.Series{openSeries, bloomsSeries, headsSeries} {
		if err := measure(tx, series, func(_, size int64) { u.tables += size }); err != nil {
			return err
		}
	}
	for _, t := range schema.Tables {
		size, err := t.Bytes(tx)
		if err != nil {
			return err
		}
		u.tables += size
	}
	return nil
}

func measure(tx *kv.Tx, series *kv.Series, count func(number, size int64)) error {
	numbers, err := series.Parts(tx)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		size, err := series.Bytes(tx, n)
		if err != nil {
			return err
		}
		count(n, size)
	}
	return nil
}
