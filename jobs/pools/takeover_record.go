package pools

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// record reads the fields of one hash. What cannot be read is reported, and counts as empty.
type record struct {
	key    string // as reports name it
	fields map[string]string
	now    time.Time
	report *TakeoverReport
}

func (t *takeover) record(key string, fields map[string]string) record {
	return record{key: maskKey(key), fields: fields, now: t.now, report: t.report}
}

func (r record) complain(field, reason string, args ...any) {
	r.report.complain(r.key, field, fmt.Sprintf(reason, args...))
}

func (r record) text(field string) string {
	s := r.fields[field]
	if why := badText(s, maxText); why != "" {
		r.complain(field, "%s", why)
		return ""
	}
	return s
}

func (r record) time(field string) time.Time {
	s := r.text(field)
	if s == "" {
		return time.Time{}
	}
	t, ok := rubyTime(s)
	switch {
	case !ok:
		r.complain(field, "%q is no time", clip(s))
	case t.Year() < firstYear:
		r.complain(field, "%q is too long ago", clip(s))
	case t.After(r.now.Add(aheadMost)):
		r.complain(field, "%q is yet to come", clip(s))
	default:
		return t
	}
	return time.Time{}
}

// aheadMost is by how much the clock of a vmpooler may be ahead of ours.
const aheadMost = 10 * time.Minute

func (r record) whole(field string, least, most int) (int, bool) {
	s := r.text(field)
	if s == "" {
		return 0, false
	}
	n, ok := number(s, least, most)
	if !ok {
		r.complain(field, "%q is no whole number from %d to %d", clip(s), least, most)
	}
	return n, ok
}

func (r record) duration(field string) (time.Duration, bool) {
	s := r.text(field)
	if s == "" {
		return 0, false
	}
	n, ok := seconds(s)
	if !ok {
		r.complain(field, "%q is no number of seconds", clip(s))
		return 0, false
	}
	return time.Duration(n * float64(time.Second)), true
}

func (r record) address(field string) string {
	s := r.text(field)
	if s != "" && !isAddress(s) {
		r.complain(field, "%q is no IP address", clip(s))
		return ""
	}
	return s
}

// under are the fields whose names begin so, by the rest of their names.
func (r record) under(prefix string) iter.Seq2[string, string] {
	return func(yield func(name, field string) bool) {
		for _, field := range slices.Sorted(maps.Keys(r.fields)) {
			name, ok := strings.CutPrefix(field, prefix)
			if !ok {
				continue
			}
			if why := badText(name, maxKeyText); why != "" || name == "" {
				r.complain(field, "its name cannot be kept")
				continue
			}
			if !yield(name, field) {
				return
			}
		}
	}
}
