package events

import (
	"cmp"
	"math"
	"slices"

	"yardmaster/store/kv"
)

// search is a query on its way.
type search struct {
	*Query
	tx      *Tx
	span    span
	matches []match
	budget  int
	spent   int
	skipped int
	found   []Event
}

// Find gives the events that a query asks for, or a BudgetError.
func (t *Tx) Find(q Query) ([]Event, error) {
	s, err := t.book.shelf(q.Service)
	if err != nil {
		return nil, err
	}
	f := &search{Query: &q, tx: t, span: q.span(), matches: q.matches(), budget: q.Budget}
	if f.budget == 0 {
		f.budget = defaultBudget
	}
	if f.impossible() {
		return nil, nil
	}
	if q.Order == ByID {
		err = f.byID(s)
	} else {
		err = f.byWhen(s)
	}
	if err != nil {
		return nil, err
	}
	return f.found, nil
}

func (f *search) byWhen(s *shelf) error {
	all, err := f.lanes(s)
	if err != nil {
		return err
	}
	return merge(all, f.visit)
}

// impossible queries match nothing: what an event lacks is "" in its row, and not in the index.
func (f *search) impossible() bool {
	return f.Limit == 0 || f.span.empty() || f.RequestID != nil && *f.RequestID == "" || f.MessageID != nil && *f.MessageID == ""
}

// plan chooses the condition that leaves the fewest events of a part; nil: there is none to go by. possible is false if the part surely has
// no event that is wanted.
func (f *search) plan(p *part) (by *match, possible bool) {
	if p.Count == 0 || !f.span.overlaps(p.MinWhen, p.MaxWhen) {
		return nil, false
	}
	least := int64(math.MaxInt64)
	for i := range f.matches {
		n := f.matches[i].estimate(p)
		if n == 0 {
			return nil, false
		}
		if n < least {
			by, least = &f.matches[i], n
		}
	}
	return by, true
}

// keys is the range of the index entries of a condition, or of all events, in the span.
func (f *search) keys(by *match) kv.Range {
	prefix := []byte{tagWhen}
	if by != nil {
		prefix = by.prefix()
	}
	return spanRange(prefix, f.span)
}

// spanRange is the range of the entries of events with a prefix in a span.
func spanRange(prefix []byte, s span) kv.Range {
	r := kv.Range{Prefix: prefix}
	if s.min != math.MinInt64 {
		r.From = appendWhen(slices.Clone(prefix), s.min)
	}
	if s.max != math.MaxInt64 {
		r.Before = appendWhen(slices.Clone(prefix), s.max+1)
	}
	return r
}

// lanes are a lane for each part that may have wanted events, and one for the tail.
func (f *search) lanes(s *shelf) (lanes, error) {
	desc := f.Order == ByWhenDesc
	all := lanes{listed(f.tailed(s, desc))}
	for _, p := range s.catalog.parts {
		if by, possible := f.plan(p); possible {
			r := f.keys(by)
			r.Reverse = desc
			all = append(all, f.tx.eventLane(p, r))
		}
	}
	return all, nil
}

// eventLane goes through index entries of events, which must be ordered by When.
func (t *Tx) eventLane(p *part, r kv.Range) *lane {
	sign, bound := int64(1), rank{p.MinWhen, p.First}
	if r.Reverse {
		sign, bound = -1, rank{-p.MaxWhen, math.MinInt64}
	}
	return &lane{bound: bound, open: func() (func() (item, bool, error), error) {
		index, err := t.handle(indexSeries, p)
		if err != nil {
			return nil, err
		}
		c := index.Cursor(r)
		return func() (item, bool, error) {
			key, _, err := c.Next()
			if key == nil || err != nil {
				return item{}, false, err
			}
			if len(key) < whenSize+offsetSize {
				return item{}, false, badEntry(p, key)
			}
			offset := cutOffset(key)
			when := cutWhen(key[len(key)-whenSize-offsetSize:])
			return item{rank: rank{sign * when, sign * (p.First + int64(offset))}, part: p, offset: offset}, true, nil
		}, nil
	}}
}

// tailed are the events of the tail that meet the exact conditions, in order.
func (f *search) tailed(s *shelf, desc bool) []item {
	sign := int64(1)
	if desc {
		sign = -1
	}
	var items []item
	for _, r := range s.tail {
		if when := r.When.UnixMicro(); f.span.holds(when) && f.meets(&r.Event, nil) {
			items = append(items, item{rank: rank{sign * when, sign * r.ID}, row: r})
		}
	}
	slices.SortFunc(items, func(a, b item) int { return a.compare(b.rank) })
	return items
}

// meets says whether an event meets the exact conditions but one that is known to hold.
func (f *search) meets(e *Event, known *match) bool {
	for i := range f.matches {
		if m := &f.matches[i]; m != known && !m.holds(e) {
			return false
		}
	}
	return true
}

// byID visits the parts one after another, and the events of each in order.
func (f *search) byID(s *shelf) error {
	for _, p := range s.catalog.parts {
		by, possible := f.plan(p)
		if !possible {
			continue
		}
		more, err := f.partByID(p, by)
		if err != nil || !more {
			return err
		}
	}
	items := f.tailed(s, false)
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.row.ID, b.row.ID) })
	for _, one := range items {
		if more, err := f.visit(one); err != nil || !more {
			return err
		}
	}
	return nil
}

func (f *search) partByID(p *part, by *match) (more bool, err error) {
	index, err := f.tx.handle(indexSeries, p)
	if err != nil {
		return false, err
	}
	if by == nil && f.span.covers(p.MinWhen, p.MaxWhen) {
		for offset := range uint32(p.Count) {
			if more, err := f.visit(item{part: p, offset: offset}); err != nil || !more {
				return false, err
			}
		}
		return true, nil
	}
	var offsets []uint32
	err = index.Walk(f.keys(by), func(key kv.Key, _ []byte) (bool, error) {
		offsets = append(offsets, cutOffset(key))
		return true, nil
	})
	if err != nil {
		return false, err
	}
	slices.Sort(offsets)
	for _, offset := range offsets {
		if more, err := f.visit(item{part: p, offset: offset}); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// visit takes an event into the answer if it belongs there. It returns false when the answer is complete.
func (f *search) visit(one item) (bool, error) {
	if f.Stop != nil && (f.WhereBody != nil || f.spent%64 == 0) {
		if err := f.Stop(); err != nil {
			return false, err
		}
	}
	if one.row == nil && f.skipped < f.Offset && len(f.matches) < 2 && f.Where == nil && f.WhereBody == nil {
		f.skipped++ // the index alone says that it is wanted
		return true, nil
	}
	r := one.row
	if r == nil {
		var err error
		if r, err = f.tx.row(one.part, one.part.First+int64(one.offset)); err != nil {
			return false, err
		}
	}
	wanted, cost, err := f.wants(r, one.row == nil)
	switch {
	case err != nil:
		return false, err
	case !wanted:
		if f.spent += cost; f.spent >= f.budget {
			return false, &BudgetError{Looked: f.spent}
		}
		return true, nil
	case f.skipped < f.Offset:
		f.skipped++
		return true, nil
	}
	f.found = append(f.found, r.Event)
	return f.Limit < 0 || len(f.found) < f.Limit, nil
}

// wants says whether an event meets all conditions, and what it has cost to see that it does not.
func (f *search) wants(r *row, indexed bool) (wanted bool, cost int, err error) {
	if indexed && len(f.matches) > 1 && !f.meets(&r.Event, nil) {
		return false, 1, nil
	}
	if f.Where != nil && !f.Where(&r.Event) {
		return false, 1, nil
	}
	if f.WhereBody == nil {
		return true, 0, nil
	}
	body, err := f.tx.Body(r.Service, r.ID)
	if err != nil {
		return false, 0, err
	}
	return f.WhereBody(body), bodyCost, nil
}
