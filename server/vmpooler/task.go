package vmpooler

import (
	"maps"
	"slices"

	"yardmaster/store"
)

// task is the clones or the boots of one day, by pool.
type task map[string]store.PoolDay

// The halves of a task's report.
const (
	halfDuration = "duration"
	halfCount    = "count"
)

// sum adds up the pools; nothing at all is all zeros.
func (t task) sum() store.PoolDay {
	var all store.PoolDay
	for _, d := range t {
		all = joined(all, d)
	}
	return all
}

// joined adds up two sums.
func joined(x, y store.PoolDay) store.PoolDay {
	switch {
	case x.Count == 0:
		return y
	case y.Count == 0:
		return x
	}
	return store.PoolDay{Count: x.Count + y.Count, Total: x.Total + y.Total, Min: min(x.Min, y.Min), Max: max(x.Max, y.Max)}
}

// day reports one day: both halves, or the one that only names. Pools are told apart where there were any.
func (t task) day(byPool bool, only string) object {
	all := t.sum()
	times := spans(all)
	counts := object{{"total", all.Count}}
	if byPool && all.Count > 0 {
		times.set("pool", t.eachPool(poolSpans))
		counts.set("pool", t.eachPool(func(d store.PoolDay) object { return object{{"total", d.Count}} }))
	}
	return halves(times, counts, only)
}

func (t task) eachPool(report func(store.PoolDay) object) object {
	o := object{}
	for _, pool := range slices.Sorted(maps.Keys(t)) {
		o = append(o, member{pool, report(t[pool])})
	}
	return o
}

// halves are what a report is made of; one that only names nothing of it is empty.
func halves(times, counts object, only string) object {
	o := object{}
	if only == "" || only == halfDuration {
		o.set(halfDuration, times)
	}
	if only == "" || only == halfCount {
		o.set(halfCount, counts)
	}
	return o
}

// spans are seconds; where nothing was measured, whole zeros.
func spans(d store.PoolDay) object {
	if d.Count == 0 {
		return object{{"average", 0}, {"min", 0}, {"max", 0}, {"total", 0}}
	}
	return object{{"average", average(d)}, {"min", round(d.Min, 2)}, {"max", round(d.Max, 2)}, {"total", round(d.Total, 2)}}
}

// poolSpans has the order that a pool has.
func poolSpans(d store.PoolDay) object {
	return object{{"total", round(d.Total, 2)}, {"average", average(d)}, {"min", round(d.Min, 2)}, {"max", round(d.Max, 2)}}
}

func average(d store.PoolDay) float64 { return round(d.Total/float64(d.Count), 1) }

// overall reports several days as one; the counts are compared by day.
func overall(days []task, only string) object {
	all := task{}
	perDay := make([]int, len(days))
	for i, t := range days {
		for pool, d := range t {
			all[pool] = joined(all[pool], d)
			perDay[i] += d.Count
		}
	}
	total := all.sum()
	times := spans(total)
	times.set("pool", all.eachPool(poolSpans))
	counts := object{{"average", wholeOr(float64(total.Count) / float64(len(days)))}, {"min", slices.Min(perDay)}, {"max", slices.Max(perDay)},
		{"total", total.Count}, {"pool", all.eachPool(func(d store.PoolDay) object { return object{{"total", d.Count}} })}}
	return halves(times, counts, only)
}

// wholeOr prints a whole number as one, and others to one place.
func wholeOr(f float64) any {
	if f == float64(int(f)) {
		return int(f)
	}
	return round(f, 1)
}
