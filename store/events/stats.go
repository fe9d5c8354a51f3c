package events

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"yardmaster/store/kv"
)

// TypeCount is how many events there are of a type.
type TypeCount struct {
	Type  string
	Count int64
}

func typeCounts(counts map[string]int64) []TypeCount {
	list := make([]TypeCount, 0, len(counts))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, TypeCount{name, counts[name]})
	}
	return list
}

// EventTypes are the types of a service's events, sorted.
func (t *Tx) EventTypes(s Service) ([]TypeCount, error) {
	shelf, err := t.book.shelf(s)
	if err != nil {
		return nil, err
	}
	return typeCounts(shelf.types()), nil
}

func (s *shelf) types() map[string]int64 {
	counts := maps.Clone(s.catalog.sum().Types)
	for _, r := range s.tail {
		counts[r.Type]++
	}
	return counts
}

// LongestType is the length of the longest type of a service's events; 0 if there are none.
func (t *Tx) LongestType(s Service) int {
	shelf, err := t.book.shelf(s)
	if err != nil {
		return 0
	}
	longest := 0
	for name := range shelf.types() {
		longest = max(longest, len(name))
	}
	return longest
}

// Hosts are the hosts of a service's events, sorted, null first.
func (t *Tx) Hosts(s Service) ([]Text, error) {
	shelf, err := t.book.shelf(s)
	if err != nil {
		return nil, err
	}
	sum := shelf.catalog.sum()
	hosts := make(map[Text]bool, len(sum.Hosts)+1)
	for name := range sum.Hosts {
		hosts[Some(name)] = true
	}
	if sum.NoHost > 0 {
		hosts[Text{}] = true
	}
	for _, r := range shelf.tail {
		hosts[r.Host] = true
	}
	return slices.SortedFunc(maps.Keys(hosts), func(a, b Text) int {
		if a.OK != b.OK {
			return cmp.Compare(order(a.OK), order(b.OK))
		}
		return cmp.Compare(a.S, b.S)
	}), nil
}

func order(there bool) int {
	if there {
		return 1
	}
	return 0
}

// TypeCounts counts the events with from <= When <= to by type, sorted; only, if not empty, is the one type to count.
func (t *Tx) TypeCounts(s Service, from, to time.Time, only string) ([]TypeCount, error) {
	shelf, err := t.book.shelf(s)
	if err != nil {
		return nil, err
	}
	when, counts := newSpan(from, to), map[string]int64{}
	if when.empty() {
		return nil, nil
	}
	for _, p := range shelf.catalog.parts {
		if p.Count == 0 || !when.overlaps(p.MinWhen, p.MaxWhen) {
			continue
		}
		if err := t.countTypes(p, when, only, counts); err != nil {
			return nil, err
		}
	}
	for _, r := range shelf.tail {
		if when.holds(r.When.UnixMicro()) && (only == "" || r.Type == only) {
			counts[r.Type]++
		}
	}
	return typeCounts(counts), nil
}

// countTypes counts the events of a part, in its summary if the span covers it and else in its index.
func (t *Tx) countTypes(p *part, when span, only string, counts map[string]int64) error {
	for name, all := range p.Types {
		if only != "" && name != only {
			continue
		}
		n := all
		if !when.covers(p.MinWhen, p.MaxWhen) {
			var err error
			if n, err = t.countType(p, name, when, all); err != nil {
				return err
			}
		}
		if n > 0 {
			counts[name] += n
		}
	}
	return nil
}

// countType counts the entries of a type in the span, or those outside of it if they are fewer.
func (t *Tx) countType(p *part, name string, when span, all int64) (n int64, err error) {
	index, err := t.handle(indexSeries, p)
	if err != nil {
		return 0, err
	}
	prefix := appendKey([]byte{tagType}, name)
	count := func(s span) {
		if s.empty() || err != nil {
			return
		}
		err = index.Walk(spanRange(prefix, s), func(kv.Key, []byte) (bool, error) { n++; return true, nil })
	}
	if when.share(p) <= 0.5 {
		count(when)
		return n, err
	}
	if when.min != math.MinInt64 {
		count(span{math.MinInt64, when.min - 1})
	}
	if when.max != math.MaxInt64 {
		count(span{when.max + 1, math.MaxInt64})
	}
	return all - n, err
}

// Stats are the counts of the services.
type Stats struct {
	PerService map[Service]ServiceStats
}

// ServiceStats count one service. First and Last are the least and the greatest When; zero if there are no events.
type ServiceStats struct {
	Count        int64
	First, Last  time.Time
	LastReceived time.Time
	Parts        int
}

// Stats counts what there is.
func (t *Tx) Stats() (Stats, error) {
	all := Stats{PerService: make(map[Service]ServiceStats, len(Services))}
	for i := range t.book.shelves {
		s := &t.book.shelves[i]
		sum := tallied(s.tail)
		indexed := s.catalog.sum()
		sum.Count += indexed.Count
		sum.MinWhen, sum.MaxWhen = min(sum.MinWhen, indexed.MinWhen), max(sum.MaxWhen, indexed.MaxWhen)
		sum.LastReceived = max(sum.LastReceived, indexed.LastReceived)
		one := ServiceStats{Count: sum.Count, Parts: len(s.catalog.parts)}
		if sum.Count > 0 {
			one.First, one.Last, one.LastReceived = micros(sum.MinWhen), micros(sum.MaxWhen), micros(sum.LastReceived)
		}
		all.PerService[s.service] = one
	}
	return all, nil
}
