package events

import (
	"context"
	"strings"
	"time"

	"yardmaster/store"
	"yardmaster/store/events"
)

// write looks at the store if it must, and then writes what is waiting.
func (y *yard) write(ctx context.Context) error {
	y.mu.Lock()
	behind := y.behind
	y.behind = false
	y.mu.Unlock()
	if behind {
		if err := y.sweep(ctx); err != nil {
			return err
		}
	}
	for {
		list, again := y.take()
		switch {
		case again:
			y.rouse()
			return nil
		case len(list) == 0:
			y.swept = y.looked
			return nil
		}
		if err := y.put(ctx, list); err != nil {
			return err
		}
	}
}

// put writes events, and notes that they are on disk.
func (y *yard) put(ctx context.Context, list []item) error {
	for len(list) > 0 {
		n := min(len(list), y.page)
		if _, err := y.s.put(ctx, list[:n]); err != nil {
			return err
		}
		y.wrote(list[:n])
		list = list[n:]
	}
	return nil
}

// wrote notes of which operations all that was seen to is on disk.
func (y *yard) wrote(list []item) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for i := range list {
		id, edge, _ := strings.Cut(list[i].event.MessageID, ".")
		if h, known := y.heard[id]; known && (h.ended.IsZero() || "."+edge == yardEnd) {
			h.done = true
			y.heard[id] = h
		}
	}
}

// CatchUp writes down what operations did before this process began, as Keep does. To call it before a Runner begins to forget
// operations keeps those from being forgotten that ended just before a long pause.
func (s *Service) CatchUp(ctx context.Context) error {
	if s.noYard {
		return nil
	}
	return s.yard.write(ctx)
}

// take is the next of what is waiting. again says that the store must be looked at first.
func (y *yard) take() (list []item, again bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.behind {
		return nil, true
	}
	n := min(len(y.waiting), y.page)
	list, y.waiting = y.waiting[:n:n], y.waiting[n:]
	return list, false
}

// sweep writes what the store knows and is not on disk: of operations that ended since the last sweep, and of those that run. What
// waits to be written is no reason to leave something out: of two operations on one target the former goes first, and what comes
// from the store is in that order, while what waits may begin in the middle. What is written twice is there once.
func (y *yard) sweep(ctx context.Context) error {
	from, err := y.from(ctx)
	if err != nil {
		return err
	}
	y.looked = y.s.control.Now()
	seen := map[string]bool{}
	for more := true; more; {
		var items []item
		if items, from, more, err = y.look(ctx, from, seen); err != nil {
			return err
		}
		if err := y.put(ctx, items); err != nil {
			return err
		}
	}
	y.trim(y.looked.Add(-2*lateness - sweepEvery))
	y.s.meter.count(func(m *Stats) { m.Yard.Sweeps++ })
	return nil
}

// trim forgets operations that ended before a sweep would look at them again.
func (y *yard) trim(before time.Time) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for id, h := range y.heard {
		if !h.ended.IsZero() && h.ended.Before(before) {
			delete(y.heard, id)
		}
	}
}

// from is the moment from which on ends may be missing. At a start that is the time of the newest of the yard's own events, less
// a while: they are written in the order in which operations change, but for those ends that only a sweep finds.
func (y *yard) from(ctx context.Context) (time.Time, error) {
	if !y.swept.IsZero() {
		return y.swept.Add(-lateness), nil
	}
	var from time.Time
	err := y.s.db.View(ctx, func(tx *events.Tx) error {
		last, err := tx.LastID(events.Yard)
		if err != nil || last == 0 {
			return err
		}
		e, err := tx.Event(events.Yard, last)
		if isNotFound(err) {
			return nil
		}
		from = e.When
		if now := y.s.control.Now(); now.Before(from) {
			from = now
		}
		from = from.Add(-overlap)
		return err
	})
	return from, err
}

// look finds what is missing of the next operations that ended at a moment or later, and behind the last of them, in the same
// moment of the store, of those that live. seen are those of the moment at which the page before ended.
func (y *yard) look(ctx context.Context, from time.Time, seen map[string]bool) (items []item, to time.Time, more bool, err error) {
	to = from
	err = y.s.control.View(ctx, func(tx *store.Tx) error {
		n := 0
		for op, err := range store.EndedOperations(tx, from) {
			if err != nil {
				return err
			}
			if seen[op.ID] {
				continue
			}
			if n++; n > y.page {
				more = true
				return nil
			}
			if op.Finished.After(to) {
				to = op.Finished
				clear(seen)
			}
			seen[op.ID] = true
			items = y.missing(items, &op)
		}
		for op, err := range store.LiveOperations(tx) {
			if err != nil {
				return err
			}
			items = y.missing(items, &op)
		}
		return nil
	})
	return items, to, more, err
}

// missing adds what is not on disk of an operation as the store knows it, and notes it, unless something newer was heard.
func (y *yard) missing(list []item, op *store.Operation) []item {
	y.mu.Lock()
	defer y.mu.Unlock()
	was, known := y.heard[op.ID]
	over := known && !was.ended.IsZero()
	if known && was.done && (over || op.State.Live()) {
		return list
	}
	more := appendEvents(list, op, false)
	if len(more) > len(list) && !(over && op.State.Live()) {
		y.note(op)
	}
	return more
}
