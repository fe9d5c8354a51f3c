package events

import (
	"context"
	"fmt"
	"strings"

	"yardmaster/store/kv"
)

// pending is what a transaction has appended to a service.
type pending struct {
	rows    []*row
	bodies  [][]byte
	blocks  blockList
	touched bool // the ledger is not as the last book says
}

// scratchBytes is how much memory for the index entries of a tag is kept between transactions: more than a tail of the default length needs.
const scratchBytes = 2 << 20

// Ingest writes in a transaction of its own: all of it is on disk when nil is returned, else nothing of it is there. Only here
// do Append, StartTiming and EndTiming work. fn runs on the writer's goroutine: no I/O, no call of this DB. As with Update, an error that is
// not fn's own leaves open whether it was written; what View shows is what is so.
func (d *DB) Ingest(ctx context.Context, fn func(*Tx) error) error {
	return d.change(ctx, func(tx *Tx) (*book, error) {
		if err := fn(tx); err != nil {
			return nil, err
		}
		return tx.seal()
	})
}

// change runs fn alone and shows the book that it returns, if any, from its commit on.
func (d *DB) change(ctx context.Context, fn func(*Tx) (*book, error)) error {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-d.turn }()
	d.scratch.forget()
	var next *book
	var dropped []int64
	var appended *[4]pending // nil until fn runs
	committed := false
	defer func() {
		if !committed && appended != nil {
			d.recover(next, appended)
		}
	}()
	err := d.kv.Alone(ctx, func(k *kv.Tx) (err error) {
		copied := *d.library.now()
		tx := d.tx(k, &copied)
		appended = new([4]pending)
		tx.pending, tx.packing = appended, newPacking(d.press)
		defer func() {
			tx.pending = nil
			tx.packing.busy.Wait()
		}()
		if next, err = fn(tx); err == nil && next != nil {
			d.library.begin(next)
		}
		dropped = tx.dropped
		return err
	})
	if committed = err == nil; committed {
		d.library.settle(true)
		for _, number := range dropped {
			delete(d.filters, number)
		}
	}
	return err
}

// recover finds out what became of a transaction that failed, and brings memory in line with the file. A commit that fails may have
// been written all the same.
func (d *DB) recover(next *book, appended *[4]pending) {
	written := false
	if next != nil {
		// The file is asked even if the caller's context has ended. If it cannot be read there is nothing more to keep in line.
		_ = d.kv.View(context.Background(), func(k *kv.Tx) error {
			version, err := readVersion(k)
			written = err == nil && version == next.version
			return err
		})
	}
	d.library.settle(written)
	now := d.library.now()
	for i := range now.shelves {
		if appended[i].touched {
			d.ledgers[i] = newLedger(now.shelves[i].tail, now.shelves[i].indexed)
		}
	}
}

// Append adds an event and gives it its id. body is kept as it is and must not change before the transaction ends. An event whose
// message id is known in its service is not written: fresh is false and e.ID that of the first. Times are cut to the microsecond and what is
// not UTF-8 in a type, a publisher or a host is replaced.
func (t *Tx) Append(e *Event, body []byte) (fresh bool, err error) {
	if t.pending == nil {
		return false, fmt.Errorf("append an event: %w", ErrReadOnly)
	}
	n, err := e.Service.number()
	if err != nil {
		return false, err
	}
	s, l := &t.book.shelves[n], t.db.ledgers[n]
	if e.MessageID != "" {
		id, known, err := t.known(s, l, e.MessageID)
		if err != nil || known {
			e.ID = id
			return false, err
		}
	}
	e.ID = s.last + 1
	e.When, e.Received = micros(e.When.UnixMicro()), micros(e.Received.UnixMicro())
	for _, text := range []*string{&e.Type, &e.Publisher, &e.Source, &e.Host.S} {
		*text = strings.ToValidUTF8(*text, "\ufffd")
	}
	r := &row{Event: *e}
	l.note(r)
	s.last, s.tail = e.ID, append(s.tail, r)
	p := &t.pending[n]
	if len(p.rows) == 0 {
		p.blocks.step, p.blocks.limit = t.db.partSize, e.ID+int64(t.db.partSize)
		if open := s.catalog.open(); open != nil {
			p.blocks.limit = open.limit()
		}
	}
	p.blocks.add(e.ID, body, t.packing)
	p.rows, p.bodies, p.touched = append(p.rows, r), append(p.bodies, body), true
	return true, nil
}

// known finds the event of a service that has a message id.
func (t *Tx) known(s *shelf, l *ledger, message string) (int64, bool, error) {
	if id, known := l.known[message]; known {
		return id, true, nil
	}
	sum := digest(message)
	for i := len(s.catalog.parts) - 1; i >= 0; i-- {
		p := s.catalog.parts[i]
		if filter := t.db.filters[p.Number]; filter == nil || !filter.has(sum) {
			continue
		}
		id, known, err := t.lookUp(p, message)
		if known || err != nil {
			return id, known, err
		}
	}
	return 0, false, nil
}

// lookUp finds a message id in the index of a part.
func (t *Tx) lookUp(p *part, message string) (id int64, known bool, err error) {
	index, err := t.handle(indexSeries, p)
	if err != nil {
		return 0, false, err
	}
	prefix := appendKey([]byte{tagMessage}, message)
	err = index.Walk(kv.Range{Prefix: prefix}, func(key kv.Key, _ []byte) (bool, error) {
		id, known = p.First+int64(cutOffset(key)), true
		return false, nil
	})
	return id, known, err
}

// StartTiming begins a timing with an event of this transaction.
func (t *Tx) StartTiming(e *Event, name string) error {
	n, r, err := t.untimed(e, name)
	if err != nil {
		return err
	}
	r.step = stepStart
	t.db.ledgers[n].time(r, t.book.shelves[n].indexed)
	return nil
}

// EndTiming ends the oldest open timing of the event's instance and name with an event of this transaction; if there is none, the
// timing has only this end. An event begins or ends one timing at most.
func (t *Tx) EndTiming(e *Event, name string) (Timing, error) {
	n, r, err := t.untimed(e, name)
	if err != nil {
		return Timing{}, err
	}
	start, open, err := t.oldestOpen(n, openKey{r.Instance.S, r.name})
	if err != nil {
		return Timing{}, err
	}
	r.step = stepEnd
	if open {
		r.pair, r.began = start.ID, start.Start
	}
	t.db.ledgers[n].time(r, t.book.shelves[n].indexed)
	return r.timing(), nil
}

// untimed finds the row of an event of this transaction that is in no timing, and names it.
func (t *Tx) untimed(e *Event, name string) (n int, r *row, err error) {
	if t.pending == nil {
		return 0, nil, fmt.Errorf("time an event: %w", ErrReadOnly)
	}
	if n, err = e.Service.number(); err != nil {
		return 0, nil, err
	}
	fresh := t.pending[n].rows
	if len(fresh) > 0 && e.ID >= fresh[0].ID && e.ID <= fresh[len(fresh)-1].ID {
		r = fresh[e.ID-fresh[0].ID]
	}
	switch {
	case r == nil:
		return 0, nil, fmt.Errorf("time event %d of %s: %w in this transaction", e.ID, e.Service, ErrNotFound)
	case r.step != stepNone:
		return 0, nil, fmt.Errorf("time event %d of %s: a timing of it %w", e.ID, e.Service, ErrExists)
	case !r.Instance.OK:
		return 0, nil, fmt.Errorf("time event %d of %s: its instance is %w", e.ID, e.Service, ErrNotFound)
	}
	r.name = strings.ToValidUTF8(name, "\ufffd")
	return n, r, nil
}
