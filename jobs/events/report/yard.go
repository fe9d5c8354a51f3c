package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// YardInput is what YardOperations reads.
type YardInput struct {
	// Window is every event of the service yard in the period; others do no harm.
	Window Stream[Event]
	// History is every event of the service yard about one subject (an event's Instance), of any time. It is asked, in order, about
	// subjects of which an operation ended in the period and did not begin in it.
	History func(subject string) ([]Event, error)
}

// YardOperations tells what this program itself did: by kind of operation how many ended in the period and failed, and how long they
// took. It is a table: row 0 has percentile, start, end, total, failures, failure_rate (of 100) and, if there are any, unknown_start:
// operations whose beginning is not kept any more, which are counted but not timed. The column headed % is a fraction, 0 to 1.
//
// An end belongs to the oldest beginning of the same kind about the same subject that has none yet. Events about nothing count
// nowhere.
func YardOperations(p Params, w Period, in YardInput) (Report, error) {
	subjects := map[string][]Event{}
	err := each(in.Window, func(e Event) error {
		if _, step := operation(e.Type); step != "" && e.Instance.S != "" && w.holds(e.When) {
			subjects[e.Instance.S] = append(subjects[e.Instance.S], e)
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	y := yard{params: p, rows: map[string]*yardRow{}}
	for _, subject := range slices.Sorted(maps.Keys(subjects)) {
		events := subjects[subject]
		if in.History != nil && slices.ContainsFunc(pair(events), func(r run) bool { return r.start.IsZero() }) {
			if events, err = in.History(subject); err != nil {
				return Report{}, fmt.Errorf("subject %s: %w", subject, err)
			}
		}
		for _, r := range pair(events) {
			if w.holds(r.end) {
				y.add(r)
			}
		}
	}
	return newReport(KindYard, kinds[KindYard].name, w, y.table(w)), nil
}

const (
	stepStart = "start"
	stepEnd   = "end"
	stepError = "error"
)

// operation splits yardmaster.volume.create.end into volume.create and end; no step: the event is of something else.
func operation(event string) (kind, step string) {
	event, ours := strings.CutPrefix(event, "yardmaster.")
	i := strings.LastIndexByte(event, '.')
	if !ours || i <= 0 {
		return "", ""
	}
	if step := event[i+1:]; step == stepStart || step == stepEnd || step == stepError {
		return event[:i], step
	}
	return "", ""
}

// run is one operation that ended. A zero start is not known.
type run struct {
	kind       string
	start, end time.Time
	failed     bool
}

// pair finds the operations that ended among the events of one subject.
func pair(events []Event) []run {
	open := map[string][]time.Time{}
	var runs []run
	for _, e := range ordered(events) {
		switch kind, step := operation(e.Type); step {
		case stepStart:
			open[kind] = append(open[kind], e.When)
		case stepEnd, stepError:
			r := run{kind: kind, end: e.When, failed: step == stepError}
			if starts := open[kind]; len(starts) > 0 {
				r.start, open[kind] = starts[0], starts[1:]
			}
			runs = append(runs, r)
		}
	}
	return runs
}

type yard struct {
	params  Params
	rows    map[string]*yardRow
	unknown int
}

type yardRow struct {
	count, failures int
	took            []time.Duration
}

func (y *yard) add(r run) {
	row := y.rows[r.kind]
	if row == nil {
		row = &yardRow{}
		y.rows[r.kind] = row
	}
	row.count++
	if r.failed {
		row.failures++
	}
	if r.start.IsZero() {
		y.unknown++
		return
	}
	row.took = append(row.took, r.end.Sub(r.start))
}

func (y *yard) table(w Period) []any {
	head := metadata{"percentile": y.params.Percentile, "start": unix(w.Start), "end": unix(w.End)}
	rows := []any{head, []any{"Operation", "Count", "Failures", "% Failures", "Min", "Max", "Med", percentName(y.params.Percentile)}}
	total, failures := 0, 0
	for _, kind := range slices.SortedFunc(maps.Keys(y.rows), cmp.Compare[string]) {
		row := y.rows[kind]
		total, failures = total+row.count, failures+row.failures
		cells := []any{kind, row.count, row.failures, share(float64(row.failures), float64(row.count))}
		slices.Sort(row.took)
		rows = append(rows, append(cells, row.times(y.params.Percentile)...))
	}
	head["total"], head["failures"], head["failure_rate"] = total, failures, percent(float64(failures), float64(total))
	if y.unknown > 0 {
		head["unknown_start"] = y.unknown
	}
	return rows
}

// times are the cells about durations.
func (r *yardRow) times(p float64) []any {
	n := len(r.took)
	if n == 0 {
		return []any{nothing, nothing, nothing, nothing}
	}
	return []any{millis(r.took[0]), millis(r.took[n-1]), millis(median(r.took)), millis(percentile(r.took, p))}
}

// millis is a duration in a cell as clock shows it, but below a minute with its thousandths: many operations take less than a second.
func millis(d time.Duration) string {
	if d >= 0 && d < time.Minute {
		return fmt.Sprintf("%d.%03ds", d/time.Second, d/time.Millisecond%1000)
	}
	return clock(d)
}
