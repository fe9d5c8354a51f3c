package events

import (
	"bytes"
	"encoding/binary"
	"slices"

	"yardmaster/store/kv"
)

// seal writes what was appended and returns the book that is right once it is committed; nil if nothing was.
func (t *Tx) seal() (*book, error) {
	var changed []int
	for i := range t.pending {
		if len(t.pending[i].rows) == 0 {
			continue
		}
		changed = append(changed, i)
		if err := t.shelve(i, t.pending[i]); err != nil {
			return nil, err
		}
	}
	if changed == nil {
		return nil, nil
	}
	t.book.version++
	return t.book, writeHeads(t.Tx, t.book, changed)
}

// shelve writes the fresh events of a service, part by part, and brings the index up to them when enough have gathered. The bodies come
// last, for they are being packed meanwhile.
func (t *Tx) shelve(n int, fresh pending) error {
	s := &t.book.shelves[n]
	var parts []*part
	for len(fresh.rows) > 0 {
		p := s.catalog.open()
		if p == nil {
			var err error
			if p, err = t.newPart(s, fresh.rows[0].ID); err != nil {
				return err
			}
		}
		parts = append(parts, p)
		k := min(len(fresh.rows), int(p.limit()-fresh.rows[0].ID))
		if err := t.writeRows(p, fresh.rows[:k]); err != nil {
			return err
		}
		last := fresh.rows[k-1].ID
		fresh.rows = fresh.rows[k:]
		if last+1 == p.limit() {
			if err := t.flush(n, p, true); err != nil {
				return err
			}
		}
	}
	if len(s.tail) >= t.db.tail {
		if err := t.flush(n, s.catalog.open(), false); err != nil {
			return err
		}
	}
	fresh.blocks.finish(t.packing)
	for _, p := range parts {
		if err := t.writeBodies(p, fresh.blocks.cutBefore(p.limit())); err != nil {
			return err
		}
	}
	return nil
}

// newPart begins a part with an id.
func (t *Tx) newPart(s *shelf, first int64) (*part, error) {
	number, err := nextNumber(t.Tx, partsTable.Name)
	if err != nil {
		return nil, err
	}
	for _, series := range []*kv.Series{rowsSeries, indexSeries, bodiesSeries} {
		if _, err := series.Create(t.Tx, number); err != nil {
			return nil, err
		}
	}
	p := &part{Number: number, Service: s.service, First: first, Size: t.db.partSize, tally: newTally()}
	s.catalog = s.catalog.with(p)
	t.db.filters[number] = newBloom(p.Size)
	return p, partsTable.Put(t.Tx, p)
}

func (t *Tx) writeRows(p *part, rows []*row) error {
	target, err := t.handle(rowsSeries, p)
	if err != nil {
		return err
	}
	arena := make([]byte, 0, 192*len(rows))
	key := make(kv.Key, 0, offsetSize)
	for _, r := range rows {
		from := len(arena)
		arena = r.encode(arena)
		if err := target.Put(binary.BigEndian.AppendUint32(key, p.offset(r.ID)), arena[from:len(arena):len(arena)]); err != nil {
			return err
		}
	}
	return nil
}

// writeBodies writes blocks. The key of one is that of its first event.
func (t *Tx) writeBodies(p *part, list []*block) error {
	target, err := t.handle(bodiesSeries, p)
	if err != nil {
		return err
	}
	for _, b := range list {
		if err := target.Put(p.key(b.first), b.packed); err != nil {
			return err
		}
	}
	return nil
}

// flush brings the index up to all events of the tail that lie in a part, which is the one of the first of them.
func (t *Tx) flush(n int, p *part, closing bool) error {
	s := &t.book.shelves[n]
	k := min(len(s.tail), int(p.limit()-s.indexed-1))
	rows := s.tail[:k]
	if err := t.writeIndex(p, rows); err != nil {
		return err
	}
	if err := t.writeOpen(n, rows); err != nil {
		return err
	}
	filled := *p
	filled.tally = p.tally.clone()
	filled.Closed = p.Closed || closing
	for _, r := range rows {
		filled.tally.add(r)
		if r.MessageID != "" {
			t.db.filters[p.Number].add(digest(r.MessageID))
		}
	}
	if err := t.writePart(&filled); err != nil {
		return err
	}
	s.catalog = s.catalog.with(&filled)
	s.indexed += int64(k)
	s.tail = slices.Clone(s.tail[k:])
	t.pending[n].touched = true
	t.db.ledgers[n] = newLedger(s.tail, s.indexed)
	return nil
}

// writePart writes the record of a part, and its filter once no more will come to it.
func (t *Tx) writePart(p *part) error {
	if p.Closed {
		blooms, err := bloomsSeries.Part(t.Tx, 0)
		if err != nil {
			return err
		}
		if err := blooms.Put(bloomKey(p.Number), bytes.Clone(t.db.filters[p.Number])); err != nil {
			return err
		}
	}
	return partsTable.Put(t.Tx, p)
}

func (t *Tx) writeIndex(p *part, rows []*row) error {
	target, err := t.handle(indexSeries, p)
	if err != nil || len(rows) == 0 {
		return err
	}
	return t.db.scratch.run(rows, p.offset(rows[0].ID), func(e entry) error { return target.Put(e.key, e.value) })
}

func putSorted(target kv.Part, list []entry) error {
	slices.SortFunc(list, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	for _, e := range list {
		if err := target.Put(e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}

// writeOpen brings the open timings up to rows, which follow what the index has.
func (t *Tx) writeOpen(n int, rows []*row) error {
	target, err := openSeries.Part(t.Tx, int64(n))
	if err != nil {
		return err
	}
	add, out := openChanges(rows)
	if err := putSorted(target, add); err != nil {
		return err
	}
	slices.SortFunc(out, func(a, b kv.Key) int { return bytes.Compare(a, b) })
	for _, key := range out {
		if err := target.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// openChanges says which timings rows leave open, and which of before they end.
func openChanges(rows []*row) (add []entry, out []kv.Key) {
	begun := map[int64]*row{}
	for _, r := range rows {
		switch {
		case r.step == stepStart:
			begun[r.ID] = r
		case r.step != stepEnd || r.pair == 0:
		case begun[r.pair] != nil:
			delete(begun, r.pair)
		default:
			start := row{Event: Event{ID: r.pair, Instance: r.Instance, When: r.began}, name: r.name}
			out = append(out, openEntry(&start).key)
		}
	}
	for _, r := range begun {
		add = append(add, openEntry(r))
	}
	return add, out
}
