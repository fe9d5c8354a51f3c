package stackmodel

import (
	"slices"
	"time"
)

// Record is one row of a table of /db. Its values are texts, whole numbers (int64), times, or nil.
type Record map[string]any

// Table is one table of /db.
type Table struct {
	Many, One string // the keys of answers
	order     string // the column by which it is listed if nobody says otherwise
	columns   []string
	rows      []Record
}

func (t *Table) add(r Record) Record {
	r["id"] = int64(len(t.rows) + 1)
	t.rows = append(t.rows, r)
	return r
}

func (t *Table) first(want func(Record) bool) Record {
	if i := slices.IndexFunc(t.rows, want); i >= 0 {
		return t.rows[i]
	}
	return nil
}

// Rows are all records by their ids.
func (t *Table) Rows() []Record { return t.rows }

// show is a record as answers have it.
func (t *Table) show(r Record) object {
	o := object{}
	for _, c := range t.columns {
		o[c] = r[c]
		if at, isTime := r[c].(time.Time); isTime {
			o[c] = whenOrNull(at)
		}
	}
	return o
}

// Get is the answer with one record.
func (t *Table) Get(id int64) object { return object{t.One: t.show(t.rows[id-1])} }

// Query is what a list is asked for. Zero values are what it is if nobody asks.
type Query struct {
	Instance string
	On       string // a column of times
	Window   Window // of that column
	OrderBy  string
	Up       bool
	Page     Page
}

func (t *Table) find(q Query) []Record {
	var found []Record
	for _, r := range t.rows {
		at, _ := r[q.On].(time.Time)
		if (q.Instance == "" || r["instance"] == q.Instance) && (q.On == "" || !at.IsZero() && q.Window.holds(at)) {
			found = append(found, r)
		}
	}
	return found
}

// List is the answer with a list.
func (t *Table) List(q Query) object {
	if q.OrderBy == "" {
		q.OrderBy = t.order
	}
	found := t.find(q)
	slices.SortStableFunc(found, func(a, b Record) int { return compare(a[q.OrderBy], b[q.OrderBy]) })
	if !q.Up {
		slices.Reverse(found)
	}
	shown := []any{}
	for _, r := range cut(q.Page, found) {
		shown = append(shown, t.show(r))
	}
	return object{t.Many: shown}
}

// Stats counts records by what became of them: [status, send status] -> how many.
func (t *Table) Stats(q Query) map[[2]any]int {
	counts := map[[2]any]int{}
	for _, r := range t.find(q) {
		counts[[2]any{r["status"], r["send_status"]}]++
	}
	return counts
}

// Types counts the messages of a service by their type.
func (m *Model) Types(service string, w Window) map[string]int {
	counts := map[string]int{}
	for _, r := range m.raws[service] {
		if w.holds(r.When) {
			counts[r.Event]++
		}
	}
	return counts
}

// Confirm sets the send status of every record with a message id, and its event id if that is not "".
func (t *Table) Confirm(messageID string, status int64, eventID string) {
	for _, r := range t.rows {
		if r["message_id"] != messageID {
			continue
		}
		if r["send_status"] = status; eventID != "" {
			r["event_id"] = eventID
		}
	}
}

// Repair takes a pending record for sent, and tells whether there is one and whether it was pending.
func (t *Table) Repair(messageID string) (there, pending bool) {
	for _, r := range t.rows {
		if r["message_id"] != messageID {
			continue
		}
		if there = true; r["status"] == "pending" {
			pending = true
			r["status"], r["send_status"] = "sent_unverified", int64(201)
		}
	}
	return there, pending
}
