package events

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"yardmaster/jobs"
	"yardmaster/jobs/events/report"
	"yardmaster/store"
	"yardmaster/store/events"
)

// ReportParams are the checked options of one report.
type ReportParams = report.Params

// ReportError says which option of a report is wrong, and why.
type ReportError = report.ParamError

// ErrReport is what every *ReportError is.
var ErrReport = report.ErrParams

// ParseReport checks a report's name and options. Errors: *ReportError.
func ParseReport(name string, options map[string]string) (ReportParams, error) {
	return report.Parse(name, options)
}

// ParseReportJSON is ParseReport for one object with the key name beside the options. Errors: *ReportError.
func ParseReportJSON(body []byte) (ReportParams, error) { return report.ParseJSON(body) }

// KindReport is the noun of reports, as results of operations name them.
const KindReport = "report"

// reportPrefix begins the names of the kinds. They are stored.
const reportPrefix = "report."

// By is who asked for a report, and how.
type By struct{ Dialect, Owner, RequestID string }

// reportInput is what an operation carries. The period is fixed when it is asked for: a second run is about the same time.
type reportInput struct {
	Params report.Params `json:"params"`
	Period report.Period `json:"period"`
}

// Kinds are the operations of this domain. They read events.db, so they run at home.
func (s *Service) Kinds() []jobs.Kind {
	kinds := make([]jobs.Kind, len(report.Kinds))
	for i, k := range report.Kinds {
		kinds[i] = reportKind{s, k}
	}
	return kinds
}

// RunReport begins to build a report. The operation's result is the report's id.
func (s *Service) RunReport(ctx context.Context, runner *jobs.Runner, by By, p ReportParams) (store.Operation, error) {
	return runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error { return planReport(op, by, p, tx.Now()) })
}

func planReport(op *store.Operation, by By, p report.Params, at time.Time) error {
	op.Kind, op.Dialect, op.Owner, op.RequestID = reportPrefix+string(p.Kind), by.Dialect, by.Owner, by.RequestID
	op.Plan = []string{stepStored}
	return jobs.SetInput(op, reportInput{p, p.Period(at)})
}

// stepStored is the step that has written the report; it learns the id.
const stepStored = "stored"

type reportKind struct {
	s    *Service
	kind report.Kind
}

func (k reportKind) Name() string { return reportPrefix + string(k.kind) }

func (reportKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 10 * time.Minute, Attempts: 3, Backoff: time.Second, MaxWait: 30 * time.Second, Home: true}
}

// Run builds the report and keeps it, once however often it is run.
func (k reportKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	if j.Done(stepStored) {
		return nil
	}
	in, err := jobs.Input[reportInput](op)
	if err != nil {
		return err
	}
	built, err := k.s.build(ctx, in)
	var wrong *ReportError
	if errors.As(err, &wrong) {
		return jobs.Refuse(err.Error())
	}
	if err != nil {
		return jobs.Retry(err)
	}
	text, err := built.JSON()
	if err != nil {
		return err
	}
	id, err := k.s.keepReport(ctx, &op, &events.Report{Name: built.Name, Version: built.Version, Start: built.Start, End: built.End,
		Created: created(&op), JSON: text})
	if err != nil {
		return jobs.Retry(err)
	}
	return j.Put(stepStored, id)
}

// Finish tells where the report is.
func (reportKind) Finish(_ *store.Tx, op *store.Operation) error {
	var id int64
	if !jobs.Learnt(op, stepStored, &id) {
		return fmt.Errorf("report of operation %s: its id is not in the journal", op.ID)
	}
	op.Result = store.Ref{Kind: KindReport, ID: strconv.FormatInt(id, 10)}
	return nil
}

// Undo takes away what a run that was called off has kept.
func (k reportKind) Undo(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	err := k.s.db.Update(ctx, func(tx *events.Tx) error {
		r, ok, err := reportOf(tx, &op)
		if err != nil || !ok {
			return err
		}
		return events.Reports.Delete(tx, r.ID)
	})
	if err != nil {
		return jobs.Retry(err)
	}
	return nil
}

// Abandon has no records to free.
func (reportKind) Abandon(*store.Tx, *store.Operation) error { return nil }

// created is the time of a report: when it was asked for.
func created(op *store.Operation) time.Time { return op.Created.UTC().Truncate(time.Microsecond) }

// keepReport stores a report unless an earlier run of its operation did.
func (s *Service) keepReport(ctx context.Context, op *store.Operation, r *events.Report) (int64, error) {
	r.Operation = op.ID
	err := s.db.Update(ctx, func(tx *events.Tx) error {
		was, ok, err := reportOf(tx, op)
		if err != nil {
			return err
		}
		if ok {
			r.ID = was.ID
			return nil
		}
		return events.Reports.Insert(tx, r)
	})
	return r.ID, err
}

// reportOf is the report that an operation has kept.
func reportOf(tx *events.Tx, op *store.Operation) (events.Report, bool, error) {
	for r, err := range events.Reports.By(tx, events.ByCreated, events.Between(nil, created(op), created(op))) {
		if err != nil || r.Operation == op.ID {
			return r, err == nil, err
		}
	}
	return events.Report{}, false, nil
}
