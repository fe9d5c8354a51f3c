package events

import (
	"slices"
	"time"

	"yardmaster/store/kv"
)

// scanShare is the part of a partition's time from which its rows are read one after another and sorted, and not one by one as the
// index has them: 1/8.
const scanShare = 8

// Each visits the events with from <= When <= to, in order of When and then of id. A zero time leaves that side open. The event is fn's
// until it returns; its texts may be kept.
func (t *Tx) Each(s Service, from, to time.Time, fn func(*Event) error) error {
	shelf, err := t.book.shelf(s)
	if err != nil {
		return err
	}
	f := &search{Query: &Query{Service: s}, tx: t, span: newSpan(from, to)}
	all := lanes{listed(f.tailed(shelf, false))}
	for _, p := range shelf.catalog.parts {
		switch _, possible := f.plan(p); {
		case !possible:
		case f.span.share(p) >= 1.0/scanShare:
			all = append(all, t.scanLane(p, f.span))
		default:
			all = append(all, t.eventLane(p, spanRange([]byte{tagWhen}, f.span)))
		}
	}
	var r row
	return merge(all, func(one item) (bool, error) {
		var err error
		switch {
		case one.row != nil:
			r = *one.row
		case one.value != nil:
			err = t.reader.readInto(&r, one.value, s, one.part.First+int64(one.offset))
		default:
			err = t.rowInto(&r, one.part, one.part.First+int64(one.offset))
		}
		if err != nil {
			return false, err
		}
		return true, fn(&r.Event)
	})
}

// share is about how much of a part's events lie in the span.
func (s span) share(p *part) float64 {
	all := float64(p.MaxWhen) - float64(p.MinWhen)
	if all <= 0 {
		return 1
	}
	return (float64(min(s.max, p.MaxWhen)) - float64(max(s.min, p.MinWhen))) / all
}

// scanLane reads the rows of a part once, and sorts them.
func (t *Tx) scanLane(p *part, when span) *lane {
	return &lane{bound: rank{p.MinWhen, p.First}, open: func() (func() (item, bool, error), error) {
		rows, err := t.handle(rowsSeries, p)
		if err != nil {
			return nil, err
		}
		items := make([]item, 0, p.Count)
		err = rows.Walk(kv.Range{Before: p.key(p.end())}, func(key kv.Key, raw []byte) (bool, error) {
			if at := whenOf(raw); when.holds(at) {
				offset := cutOffset(key)
				items = append(items, item{rank: rank{at, p.First + int64(offset)}, part: p, offset: offset, value: raw})
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
		slices.SortFunc(items, func(a, b item) int { return a.compare(b.rank) })
		return listed(items).open()
	}}
}
