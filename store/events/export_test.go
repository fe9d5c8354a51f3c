package events

import (
	"context"

	"yardmaster/store/kv"
)

// Pair is one key and value as the file gets it.
type Pair struct{ Key, Value []byte }

// Raw gives the bytes that the file gets for events of one part which follow one another from the number offset on: rows, index, and blocks.
func (d *DB) Raw(list []Event, bodies [][]byte, offset uint32) (rows, index, blocked []Pair) {
	var x entries
	begun := map[openKey]*row{}
	for i := range list {
		r := &row{Event: list[i]}
		if name, ok := impliedName(r.Type, stepStart); ok && r.Instance.OK {
			r.step, r.name = stepStart, name
			begun[openKey{r.Instance.S, name}] = r
		} else if name, ok := impliedName(r.Type, stepEnd); ok && r.Instance.OK {
			r.step, r.name = stepEnd, name
			if start := begun[openKey{r.Instance.S, name}]; start != nil {
				r.pair, r.began = start.ID, start.When
			}
		}
		at := offset + uint32(i)
		rows = append(rows, Pair{offsetKey(at), r.encode(nil)})
		x.add(r, at)
	}
	p := newPacking(d.press)
	l := blockList{}
	for i := range bodies {
		l.add(int64(offset)+int64(i), bodies[i], p)
	}
	l.finish(p)
	for _, b := range l.done {
		blocked = append(blocked, Pair{offsetKey(uint32(b.first)), b.packed})
	}
	_ = x.visit(func(e entry) error { index = append(index, Pair{e.key, e.value}); return nil })
	return rows, index, blocked
}

// KV is the file below.
func (d *DB) KV() *kv.DB { return d.kv }

// Used is how many bytes of the file are in use, and those of them that are in no part.
func (d *DB) Used(ctx context.Context) (all, tables int64, err error) {
	u, err := d.used(ctx)
	return u.all(), u.tables, err
}
