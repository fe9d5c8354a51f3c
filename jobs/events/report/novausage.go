package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Place is where an instance runs, as far as it is known.
type Place struct {
	Cell    string // a deployment
	Compute string // a host
}

// NovaUsageInput is what NovaUsage reads.
type NovaUsageInput struct {
	// Received are the exists records that came in the period; others do no harm.
	Received Stream[Exists]
	// Audited are those whose audit period lies in the period; others do no harm.
	Audited Stream[Exists]
	// Launches are all with a launch before the end of the period.
	Launches Stream[Launch]
	// Deletes are all of instances deleted before the start of the period.
	Deletes Stream[Deletion]
	// Place is that of the newest event of a launch's request. It is asked about failures only.
	Place func(launch int64) (Place, error)
	// Reconciled says that the missing record of a launch was made up for. nil: nobody does so.
	Reconciled func(launch int64) (bool, error)
}

var novaHeader = []any{"Object", "ID", "Error Description", "Reconciled?", "Cell", "Compute"}

// NovaUsage audits the usage of instances: how far the verification of the period's exists records is, and which launches lack one.
// StackTach stores an object here, which its own client cannot print. This is a table: row 0 has the object's summary,
// exist_fail_headers and launch_fail_headers; its exist_fails are the rows whose Object is Exist, its launch_fails those whose
// Object is Launch.
//
// Audited launches are all those of the period, and of each instance that was still there at its start the newest one before it.
// A launch needs an exists record with the same second of launch.
func NovaUsage(_ Params, w Period, in NovaUsageInput) (Report, error) {
	periodic, instantaneous := newTally(true), newTally(true)
	var failed []Exists
	err := each(in.Received, func(e Exists) error {
		if !w.holds(e.Received) {
			return nil
		}
		switch length := e.End.Sub(e.Begin); {
		case length == 24*time.Hour:
			periodic.add(&e)
		case length < 24*time.Hour:
			instantaneous.add(&e)
		}
		if e.Status == Failed {
			failed = append(failed, e)
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	a := launchAudit{period: w, in: in, launches: map[string][]Launch{}, older: map[string]Launch{}, exists: map[string]map[int64]bool{}}
	if err := a.read(); err != nil {
		return Report{}, err
	}
	rows, err := existRows(failed, in)
	if err != nil {
		return Report{}, err
	}
	missing, err := a.rows()
	if err != nil {
		return Report{}, err
	}
	head := metadata{
		"summary": map[string]any{
			"verifier":       map[string]any{"periodic": periodic, "instantaneous": instantaneous},
			"launch_summary": map[string]any{"new_launches": a.fresh, "old_launches": len(a.older), "failures": len(missing)},
		},
		"exist_fail_headers":  []string{"Exists Row ID", "Error Description", "Cell", "Compute"},
		"launch_fail_headers": []string{"Launch Row ID", "Error Description", "Reconciled?", "Cell", "Compute"},
	}
	all := slices.Concat([]any{head, novaHeader}, rows, missing)
	return newReport(KindNovaUsage, kinds[KindNovaUsage].name, w, all), nil
}

func existRows(failed []Exists, in NovaUsageInput) ([]any, error) {
	slices.SortFunc(failed, func(a, b Exists) int { return cmp.Compare(a.ID, b.ID) })
	rows := make([]any, 0, len(failed))
	for _, e := range failed {
		place, err := in.place(e.Launch)
		if err != nil {
			return nil, fmt.Errorf("exists %d: %w", e.ID, err)
		}
		rows = append(rows, []any{"Exist", e.ID, e.FailReason, nothing, place.Cell, place.Compute})
	}
	return rows, nil
}

// nothing stands in a cell where nothing is known.
const nothing = "-"

func (in *NovaUsageInput) place(launch int64) (Place, error) {
	var at Place
	if launch != 0 && in.Place != nil {
		var err error
		if at, err = in.Place(launch); err != nil {
			return Place{}, err
		}
	}
	return Place{cmp.Or(at.Cell, nothing), cmp.Or(at.Compute, nothing)}, nil
}

// launchAudit compares launches to exists records.
type launchAudit struct {
	period   Period
	in       NovaUsageInput
	fresh    int
	launches map[string][]Launch // of the period, by instance
	older    map[string]Launch   // the newest before it, of instances that were still there
	exists   map[string]map[int64]bool
}

func (a *launchAudit) read() error {
	err := each(a.in.Launches, func(l Launch) error {
		switch {
		case l.Launched.IsZero():
		case a.period.holds(l.Launched):
			a.fresh++
			a.launches[l.Instance] = append(a.launches[l.Instance], l)
		case l.Launched.Before(a.period.Start):
			if had, ok := a.older[l.Instance]; !ok || compareLaunches(had, l) < 0 {
				a.older[l.Instance] = l
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = each(a.in.Deletes, func(d Deletion) error {
		if !d.Deleted.IsZero() && !d.Deleted.After(a.period.Start) {
			delete(a.older, d.Subject)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return each(a.in.Audited, func(e Exists) error {
		if e.audited(a.period) {
			if a.exists[e.Subject] == nil {
				a.exists[e.Subject] = map[int64]bool{}
			}
			a.exists[e.Subject][e.Launched.Unix()] = true
		}
		return nil
	})
}

func compareLaunches(a, b Launch) int {
	return cmp.Or(a.Launched.Compare(b.Launched), cmp.Compare(a.ID, b.ID))
}

// rows are the launches without a record, by instance; one row for an instance that has none at all.
func (a *launchAudit) rows() ([]any, error) {
	for instance, l := range a.older {
		a.launches[instance] = append(a.launches[instance], l)
	}
	var rows []any
	for _, instance := range slices.Sorted(maps.Keys(a.launches)) {
		launches, records := a.launches[instance], a.exists[instance]
		slices.SortFunc(launches, compareLaunches)
		if len(records) == 0 {
			row, err := a.row(launches[0], nothing, fmt.Sprintf("No exists for instance (%s)", instance))
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
			continue
		}
		for _, l := range launches {
			if records[l.Launched.Unix()] {
				continue
			}
			row, err := a.row(l, l.ID, fmt.Sprintf("Couldn't find exists for launch (%s, %s)", instance, when(l.Launched)))
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (a *launchAudit) row(l Launch, id any, reason string) ([]any, error) {
	place, err := a.in.place(l.ID)
	reconciled := false
	if err == nil && a.in.Reconciled != nil {
		reconciled, err = a.in.Reconciled(l.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("launch %d: %w", l.ID, err)
	}
	answer := "N"
	if reconciled {
		answer = "Y"
	}
	return []any{"Launch", id, reason, answer, place.Cell, place.Compute}, nil
}
