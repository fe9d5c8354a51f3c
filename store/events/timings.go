package events

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"yardmaster/store/kv"
)

func badEntry(p *part, key []byte) error {
	return fmt.Errorf("%w: index entry %s of part %d", kv.ErrCorrupt, kv.Key(key), p.Number)
}

// Timings are the timings of an instance, complete or not, by id.
func (t *Tx) Timings(s Service, instance string) ([]Timing, error) {
	shelf, err := t.book.shelf(s)
	if err != nil {
		return nil, err
	}
	ended, list := shelf.timed(instance)
	open, err := t.openTimings(shelf, instance, ended)
	if err != nil {
		return nil, err
	}
	list = append(list, open...)
	prefix := appendKey([]byte{tagOfInstance}, instance)
	for _, p := range shelf.catalog.parts {
		index, err := t.handle(indexSeries, p)
		if err != nil {
			return nil, err
		}
		err = index.Walk(kv.Range{Prefix: prefix}, func(_ kv.Key, value []byte) (bool, error) {
			one := Timing{Service: s, Instance: instance}
			err := cutEnds(value, &one.Name, &one)
			list = append(list, one)
			return true, err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b Timing) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// timed goes through the tail for an instance: the ids that its ends have ended, and all timings that began or ended there.
func (s *shelf) timed(instance string) (ended map[int64]bool, list []Timing) {
	ended = map[int64]bool{}
	var begun []*row
	for _, r := range s.tail {
		switch {
		case r.step == stepNone || r.Instance != Some(instance):
		case r.step == stepStart:
			begun = append(begun, r)
		default:
			ended[r.pair] = true
			list = append(list, r.timing())
		}
	}
	for _, r := range begun {
		if !ended[r.ID] {
			list = append(list, r.timing())
		}
	}
	return ended, list
}

// openTimings are those of an instance that have no end in the index nor in the tail.
func (t *Tx) openTimings(s *shelf, instance string, ended map[int64]bool) ([]Timing, error) {
	n, err := s.service.number()
	if err != nil {
		return nil, err
	}
	open, err := openSeries.Part(t.Tx, int64(n))
	if err != nil {
		return nil, err
	}
	var list []Timing
	err = open.Walk(kv.Range{Prefix: appendKey(nil, instance)}, func(key kv.Key, value []byte) (bool, error) {
		one, err := cutOpen(s.service, instance, key, value)
		if err == nil && !ended[one.ID] && s.holds(one.ID) {
			list = append(list, one)
		}
		return true, err
	})
	return list, err
}

// pairLane goes through the entries of complete timings with a prefix; cut reads one.
func (t *Tx) pairLane(p *part, bound rank, prefix []byte, cut func(key, value []byte) rank) *lane {
	return &lane{bound: bound, open: func() (func() (item, bool, error), error) {
		index, err := t.handle(indexSeries, p)
		if err != nil {
			return nil, err
		}
		c := index.Cursor(kv.Range{Prefix: prefix})
		return func() (item, bool, error) {
			key, value, err := c.Next()
			if key == nil || err != nil {
				return item{}, false, err
			}
			return item{rank: cut(key, value), part: p, value: value}, true, nil
		}, nil
	}}
}

// TimingsByName are the complete timings of a name that ended between two times (inclusive; zero: open), by Took and then id. A limit of
// -1 is none.
func (t *Tx) TimingsByName(s Service, name string, endMin, endMax time.Time, offset, limit int) ([]Timing, error) {
	shelf, err := t.book.shelf(s)
	ends := newSpan(endMin, endMax)
	if err != nil || limit == 0 || ends.empty() {
		return nil, err
	}
	all := lanes{listed(pairItems(shelf.paired()[name], ends, func(one *Timing) rank { return rank{one.Took().Microseconds(), one.ID} }))}
	prefix := appendKey([]byte{tagByTook}, name)
	for _, p := range shelf.catalog.parts {
		if p.Names[name].Count > 0 && ends.overlaps(p.MinWhen, p.MaxWhen) {
			all = append(all, t.pairLane(p, rank{math.MinInt64, 0}, prefix, func(key, _ []byte) rank {
				return rank{cutWhen(key[len(key)-16:]), int64(binary.BigEndian.Uint64(key[len(key)-8:]))}
			}))
		}
	}
	var list []Timing
	err = merge(all, func(one item) (bool, error) {
		found, err := one.pair(s, name)
		switch {
		case err != nil:
			return false, err
		case !ends.holds(found.End.UnixMicro()):
			return true, nil
		case offset > 0:
			offset--
			return true, nil
		}
		list = append(list, found)
		return limit < 0 || len(list) < limit, nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// pair is the timing of an item of tagByTook or of the tail.
func (i *item) pair(s Service, name string) (Timing, error) {
	if i.row != nil {
		return i.row.timing(), nil
	}
	found := Timing{Service: s, Name: name}
	err := cutEnds(i.value, &found.Instance, &found)
	return found, err
}

// paired are the events of the tail that ended a complete timing, by its name.
func (s *shelf) paired() map[string][]*row {
	byName := map[string][]*row{}
	for _, r := range s.tail {
		if r.step == stepEnd && r.pair != 0 {
			byName[r.name] = append(byName[r.name], r)
		}
	}
	return byName
}

// pairItems are the timings that rows ended in a span, in order of their ranks.
func pairItems(rows []*row, ends span, by func(*Timing) rank) []item {
	var items []item
	for _, r := range rows {
		if !ends.holds(r.When.UnixMicro()) {
			continue
		}
		one := r.timing()
		items = append(items, item{rank: by(&one), row: r})
	}
	slices.SortFunc(items, func(a, b item) int { return a.compare(b.rank) })
	return items
}

// NameSummary tells how long the timings of a name took. Avg is cut to the microsecond.
type NameSummary struct {
	Name          string
	N             int
	Min, Max, Avg time.Duration
}

// Summary tells, by name, of limit complete timings (by id, without the first offset) that did not go back in time; a name without any is
// left out. A limit of -1 is none.
func (t *Tx) Summary(s Service, offset, limit int) ([]NameSummary, error) {
	shelf, err := t.book.shelf(s)
	if err != nil || limit == 0 {
		return nil, err
	}
	var list []NameSummary
	tail := shelf.paired()
	for _, name := range shelf.names(tail) {
		one, err := t.summarize(shelf, name, tail[name], offset, limit)
		if err != nil {
			return nil, err
		}
		if one.N > 0 {
			list = append(list, one)
		}
	}
	return list, nil
}

// names are those of complete timings, sorted; tail has those of the tail.
func (s *shelf) names(tail map[string][]*row) []string {
	names := map[string]bool{}
	for name := range s.catalog.sum().Names {
		names[name] = true
	}
	for name := range tail {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func (t *Tx) summarize(s *shelf, name string, tail []*row, offset, limit int) (NameSummary, error) {
	all := lanes{listed(pairItems(tail, newSpan(time.Time{}, time.Time{}), func(one *Timing) rank { return rank{one.ID, 0} }))}
	prefix := appendKey([]byte{tagByName}, name)
	for _, p := range s.catalog.parts {
		if known := p.Names[name]; known.Count > 0 {
			all = append(all, t.pairLane(p, rank{known.MinID, 0}, prefix, func(key, _ []byte) rank {
				return rank{int64(binary.BigEndian.Uint64(key[len(key)-8:])), 0}
			}))
		}
	}
	sum := NameSummary{Name: name, Min: math.MaxInt64, Max: math.MinInt64}
	var total time.Duration
	err := merge(all, func(one item) (bool, error) {
		took, err := one.took()
		if err != nil || took < 0 {
			return err == nil, err
		}
		if offset--; offset >= 0 {
			return true, nil
		}
		sum.N++
		sum.Min, sum.Max = min(sum.Min, took), max(sum.Max, took)
		total += took
		return limit < 0 || sum.N < limit, nil
	})
	if sum.N > 0 {
		sum.Avg = (total / time.Duration(sum.N)).Truncate(time.Microsecond)
	}
	return sum, err
}

// took is how long the timing of an item of tagByName or of the tail took.
func (i *item) took() (time.Duration, error) {
	if i.row != nil {
		one := i.row.timing()
		return one.Took(), nil
	}
	micros, used := binary.Varint(i.value)
	if used != len(i.value) || used <= 0 {
		return 0, badEntry(i.part, i.value)
	}
	return time.Duration(micros) * time.Microsecond, nil
}

// FirstTracker is the first tracker of a request, or ErrNotFound.
func (t *Tx) FirstTracker(requestID string) (Tracker, error) {
	return Trackers.First(t, ByRequest, TextKey(requestID))
}

// TrackersSince are the trackers that started then or later, by start.
func (t *Tx) TrackersSince(since time.Time) ([]Tracker, error) {
	return gather(Trackers.By(t, ByStart, Range{From: IDKey(newSpan(since, time.Time{}).min)}))
}
