package events

import (
	"encoding/binary"
	"fmt"

	"yardmaster/store/kv"
)

// ledger is what the one who ingests must find at once about the events of a service that are not in the index. It follows from the tail,
// and is made anew from it when a transaction fails.
type ledger struct {
	known map[string]int64   // ids by message id
	begun map[openKey][]*row // what began a timing that has no end, oldest first
	ended map[int64]bool     // ids in the index whose timing has an end in the tail
}

// openKey is what the ends of a timing have in common.
type openKey struct{ instance, name string }

func newLedger(tail []*row, indexed int64) *ledger {
	l := &ledger{known: map[string]int64{}, begun: map[openKey][]*row{}, ended: map[int64]bool{}}
	for _, r := range tail {
		l.note(r)
		l.time(r, indexed)
	}
	return l
}

func (l *ledger) note(r *row) {
	if r.MessageID != "" {
		l.known[r.MessageID] = r.ID
	}
}

// time notes what a row does to a timing.
func (l *ledger) time(r *row, indexed int64) {
	key := openKey{r.Instance.S, r.name}
	switch {
	case r.step == stepStart:
		l.begun[key] = append(l.begun[key], r)
	case r.step != stepEnd || r.pair == 0:
	case r.pair <= indexed:
		l.ended[r.pair] = true
	case len(l.begun[key]) <= 1: // none is the damage that Check tells of
		delete(l.begun, key)
	default:
		l.begun[key] = l.begun[key][1:]
	}
}

// The timings that have no end as far as the index goes lie in the series open, in the part of their service: instance + name + id -> When of
// the start.
func openPrefix(instance, name string) kv.Key { return appendKey(appendKey(nil, instance), name) }

func openEntry(r *row) entry {
	value := binary.AppendVarint(nil, r.When.UnixMicro())
	key := binary.BigEndian.AppendUint64(openPrefix(r.Instance.S, r.name), uint64(r.ID))
	return entry{key: key, value: appendText(value, r.name)}
}

// cutOpen reads such an entry.
func cutOpen(s Service, instance string, key, value []byte) (Timing, error) {
	t := Timing{Service: s, Instance: instance}
	if len(key) < 8 {
		return t, fmt.Errorf("%w: open timing of %s", kv.ErrCorrupt, instance)
	}
	t.ID = int64(binary.BigEndian.Uint64(key[len(key)-8:]))
	t.StartID = t.ID
	d := rowReader{raw: value}
	t.Start = micros(d.varint())
	d.string(&t.Name)
	d.settle()
	return t, d.err
}

// oldestOpen is the open timing that an end closes; false if there is none.
func (t *Tx) oldestOpen(n int, key openKey) (Timing, bool, error) {
	s, l := &t.book.shelves[n], t.db.ledgers[n]
	var oldest Timing
	open, err := openSeries.Part(t.Tx, int64(n))
	if err != nil {
		return oldest, false, err
	}
	found := false
	err = open.Walk(kv.Range{Prefix: openPrefix(key.instance, key.name)}, func(k kv.Key, value []byte) (bool, error) {
		one, err := cutOpen(s.service, key.instance, k, value)
		if err != nil {
			return false, err
		}
		if found = !l.ended[one.ID] && s.holds(one.ID); found {
			oldest = one
		}
		return !found, nil
	})
	if found || err != nil {
		return oldest, found, err
	}
	if list := l.begun[key]; len(list) > 0 {
		return list[0].timing(), true, nil
	}
	return oldest, false, nil
}
