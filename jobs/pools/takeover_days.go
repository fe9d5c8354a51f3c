package pools

import (
	"context"
	"fmt"
	"strings"

	"yardmaster/store"
)

// unnamed is where a vmpooler counts what does not say of which pool or machine it is.
const unnamed = "unknown"

// daySums is what one day comes to.
type daySums struct {
	date  string
	tasks map[string]map[string]*store.PoolDay // by task and pool
	tags  map[[2]string]*store.TagDay          // by tag and value
	set   []store.VMTag                        // the tags of the day one by one
}

// bringDays sums up the counts and brings them over, day by day: there may be years of them.
func (t *takeover) bringDays(ctx context.Context) error {
	var keys []string
	at := map[string]dayKey{}
	for _, k := range t.keys.days {
		if k.date < t.o.Since {
			t.report.Older++
			continue
		}
		keys = append(keys, k.String())
		at[k.String()] = k
	}
	var day *daySums
	err := t.src.Hashes(ctx, keys, func(key string, fields map[string]string, err error) error {
		k := at[key]
		if day == nil || day.date != k.date {
			if err := t.bringDay(ctx, day); err != nil {
				return err
			}
			day = &daySums{date: k.date, tasks: map[string]map[string]*store.PoolDay{}, tags: map[[2]string]*store.TagDay{}}
		}
		r := t.record(key, fields)
		switch {
		case err != nil:
			r.complain("", "%v", err)
		case k.task == tagTask:
			day.sumTags(r)
		default:
			day.sumTasks(k.task, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.bringDay(ctx, day)
}

// sumTasks adds up the fields "pool:machine", each of them seconds.
func (d *daySums) sumTasks(task string, r record) {
	sums := map[string]*store.PoolDay{}
	for field, pool := range r.under("") {
		n, ok := seconds(r.fields[field])
		if !ok {
			r.complain(field, "%q is no number of seconds", clip(r.fields[field]))
			continue
		}
		if i := strings.LastIndexByte(pool, ':'); i >= 0 {
			pool = pool[:i]
		} else {
			pool = unnamed
		}
		s := sums[pool]
		if s == nil {
			s = &store.PoolDay{Date: d.date, Task: task, Pool: pool, Min: n}
			sums[pool] = s
		}
		s.Count++
		s.Total += n
		s.Min, s.Max = min(s.Min, n), max(s.Max, n)
	}
	d.tasks[task] = sums
}

// sumTags adds up the fields "machine:tag".
func (d *daySums) sumTags(r record) {
	for field := range r.under("") {
		value := r.text(field)
		if value == "" {
			continue
		}
		machine, tag, ok := strings.Cut(field, ":")
		if !ok {
			machine, tag = unnamed, unnamed
		}
		d.set = append(d.set, store.VMTag{Date: d.date, VM: machine, Tag: tag, Value: value})
		s := d.tags[[2]string{tag, value}]
		if s == nil {
			s = &store.TagDay{Date: d.date, Tag: tag, Value: value}
			d.tags[[2]string{tag, value}] = s
		}
		s.Count++
	}
}

// bringDay writes the sums of a day. A part of it that control.db has counted already is left as it is there.
func (t *takeover) bringDay(ctx context.Context, d *daySums) error {
	if d == nil {
		return nil
	}
	var there map[string]bool
	err := t.within(ctx, func(tx *store.Tx) error {
		var err error
		if there, err = counted(tx, d.date); err != nil || !t.o.Apply {
			return err
		}
		for task, sums := range d.tasks {
			for _, s := range sums {
				if there[task] {
					break
				}
				if err := store.PutPoolDay(tx, s); err != nil {
					return fmt.Errorf("%s of %s: %w", task, d.date, err)
				}
			}
		}
		if there[tagTask] {
			return nil
		}
		return d.putTags(tx)
	})
	if err != nil {
		return err
	}
	for task, n := range map[string]int{store.TaskClone: len(d.tasks[store.TaskClone]), store.TaskBoot: len(d.tasks[store.TaskBoot]),
		tagTask: len(d.tags)} {
		t.report.day(task, n, there[task])
	}
	return nil
}

// putTags writes the tags of a day. Today's may be set again: one by one they count once.
func (d *daySums) putTags(tx *store.Tx) error {
	if d.date == store.Date(tx.Now()) {
		for _, s := range d.set {
			if err := store.AddTag(tx, s.VM, s.Tag, s.Value); err != nil {
				return fmt.Errorf("tag of %s: %w", d.date, err)
			}
		}
		return nil
	}
	for _, s := range d.tags {
		if err := store.PutTagDay(tx, s); err != nil {
			return fmt.Errorf("tag of %s: %w", d.date, err)
		}
	}
	return nil
}

// counted says of which tasks control.db has counts of that day.
func counted(tx *store.Tx, date string) (map[string]bool, error) {
	there := map[string]bool{}
	for p, err := range store.PoolDays(tx, date, date) {
		if err != nil {
			return nil, err
		}
		there[p.Task] = true
	}
	for _, err := range store.TagDays(tx, date, date) {
		if err != nil {
			return nil, err
		}
		there[tagTask] = true
		break
	}
	return there, nil
}
