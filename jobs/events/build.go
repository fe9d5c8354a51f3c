package events

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"yardmaster/jobs/events/report"
	"yardmaster/store/events"
)

// build reads one moment of events.db into a report.
func (s *Service) build(ctx context.Context, in reportInput) (built report.Report, err error) {
	err = s.db.View(ctx, func(tx *events.Tx) error {
		built, err = (&reading{ctx, tx, in.Period}).build(in.Params)
		return err
	})
	return built, err
}

// reading is where one report gets its rows from.
type reading struct {
	ctx context.Context
	tx  *events.Tx
	w   report.Period
}

func (r *reading) build(p report.Params) (report.Report, error) {
	switch p.Kind {
	case report.KindSummary, report.KindErrorDetails:
		in, err := r.requests()
		if err != nil {
			return report.Report{}, err
		}
		if p.Kind == report.KindSummary {
			return report.Summary(p, r.w, in)
		}
		return report.ErrorDetails(p, r.w, in)
	case report.KindNovaUsage:
		return report.NovaUsage(p, r.w, report.NovaUsageInput{Received: r.received(), Audited: r.audited(), Launches: r.launches(),
			Deletes: r.deletes(), Place: r.place})
	case report.KindGlanceUsage:
		return report.GlanceUsage(p, r.w, report.GlanceUsageInput{Received: r.imagesReceived(), Audited: r.imagesAudited(), Images: r.images(),
			Deletes: r.imageDeletes()})
	case report.KindImageEvents:
		return report.ImageEvents(p, r.w, report.ImageEventsInput{Events: r.events(events.Glance), Exists: r.imagesReceived()})
	case report.KindBandwidth:
		return report.Bandwidth(p, r.w, report.BandwidthInput{Audited: r.audited()})
	case report.KindInstanceHours:
		return report.InstanceHours(p, r.w, report.InstanceHoursInput{Audited: r.audited(events.ExistsVerified), Tenants: r.tenants(), Body: r.body})
	case report.KindYard:
		return report.YardOperations(p, r.w, report.YardInput{Window: r.events(events.Yard), History: r.history})
	}
	return report.Report{}, fmt.Errorf("report of kind %q: unknown", p.Kind)
}

func (r *reading) requests() (report.Requests, error) {
	all, err := r.tx.Deployments()
	if err != nil {
		return report.Requests{}, err
	}
	in := report.Requests{Window: r.events(events.Nova), Request: r.request, Body: r.body}
	for _, d := range all {
		in.Deployments = append(in.Deployments, report.Deployment(d))
	}
	return in, nil
}

// errEnough ends a visit whose reader wants no more.
var errEnough = errors.New("enough")

// events are those of a service in the period.
func (r *reading) events(s events.Service) report.Stream[report.Event] {
	return func(yield func(report.Event, error) bool) {
		err := r.tx.Each(s, r.w.Start, r.w.End, func(e *events.Event) error {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			if !yield(reportEvent(e), nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(report.Event{}, err)
		}
	}
}

func reportEvent(e *events.Event) report.Event {
	text := func(t events.Text) report.Text { return report.Text(t) }
	return report.Event{ID: e.ID, When: e.When, Deployment: e.Deployment, RoutingKey: e.RoutingKey, Type: e.Type, Source: e.Source, Host: text(e.Host),
		Instance: text(e.Subject()), Tenant: text(e.Tenant), RequestID: e.RequestID, State: text(e.State), OldState: text(e.OldState),
		OldTask: text(e.OldTask), Task: text(e.Task), ImageType: e.ImageType}
}

// request is every nova event of one request.
func (r *reading) request(id string) ([]report.Event, error) {
	return r.find(events.Query{Service: events.Nova, RequestID: &id, Limit: -1})
}

// history is every event of the yard about one subject.
func (r *reading) history(subject string) ([]report.Event, error) {
	return r.find(events.Query{Service: events.Yard, Instance: &subject, Order: events.ByID, Limit: -1})
}

func (r *reading) find(q events.Query) ([]report.Event, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	found, err := r.tx.Find(q)
	out := make([]report.Event, len(found))
	for i := range found {
		out[i] = reportEvent(&found[i])
	}
	return out, err
}

// body is the text of a nova event, nil if it is gone.
func (r *reading) body(id int64) ([]byte, error) {
	text, err := r.tx.Body(events.Nova, id)
	if isNotFound(err) {
		return nil, nil
	}
	return text, err
}

// place is where the request of a launch was last heard of.
func (r *reading) place(launch int64) (report.Place, error) {
	l, err := events.Launches.Get(r.tx, launch)
	if isNotFound(err) || err == nil && l.RequestID == "" {
		return report.Place{}, nil
	}
	if err != nil {
		return report.Place{}, err
	}
	found, err := r.tx.Find(events.Query{Service: events.Nova, RequestID: &l.RequestID, Order: events.ByWhenDesc, Limit: 1})
	if err != nil || len(found) == 0 {
		return report.Place{}, err
	}
	cell, err := events.DeploymentsTable.Get(r.tx, found[0].Deployment)
	return report.Place{Cell: cell.Name, Compute: found[0].Host.S}, err
}

// existsStates are all in which an audit record may be.
var existsStates = []events.ExistsStatus{events.ExistsPending, events.ExistsVerifying, events.ExistsVerified, events.ExistsReconciled,
	events.ExistsFailed, events.ExistsSentUnverified, events.ExistsSentVerifying, events.ExistsSentFailed}

func (r *reading) received() report.Stream[report.Exists] {
	return stream(r.ctx, events.ExistsTable.By(r.tx, events.ByReceived, events.Between(nil, r.w.Start, r.w.End)), reportExists)
}

// audited are the records whose audit period ends in the report's, in these states (none: in all).
func (r *reading) audited(states ...events.ExistsStatus) report.Stream[report.Exists] {
	return r.inStates(states, func(tx *events.Tx, w events.Range) report.Stream[report.Exists] {
		return stream(r.ctx, events.ExistsTable.By(tx, events.ByStatus, w), reportExists)
	})
}

func (r *reading) imagesReceived() report.Stream[report.Exists] {
	return stream(r.ctx, events.ImageExistsTable.By(r.tx, events.ByReceived, events.Between(nil, r.w.Start, r.w.End)), reportImageExists)
}

func (r *reading) imagesAudited() report.Stream[report.Exists] {
	return r.inStates(nil, func(tx *events.Tx, w events.Range) report.Stream[report.Exists] {
		return stream(r.ctx, events.ImageExistsTable.By(tx, events.ByStatus, w), reportImageExists)
	})
}

func (r *reading) inStates(states []events.ExistsStatus, of func(*events.Tx, events.Range) report.Stream[report.Exists]) report.Stream[report.Exists] {
	if len(states) == 0 {
		states = existsStates
	}
	return func(yield func(report.Exists, error) bool) {
		for _, state := range states {
			for x, err := range of(r.tx, events.Between(events.TextKey(string(state)), r.w.Start, r.w.End)) {
				if !yield(x, err) {
					return
				}
			}
		}
	}
}

func (r *reading) launches() report.Stream[report.Launch] {
	rows := events.Launches.By(r.tx, events.ByLaunched, events.Between(nil, known, r.w.End))
	return stream(r.ctx, rows, func(l *events.Launch) report.Launch {
		return report.Launch{ID: l.ID, Instance: l.Instance, Launched: l.Launched}
	})
}

func (r *reading) deletes() report.Stream[report.Deletion] {
	rows := events.Deletes.By(r.tx, events.ByDeleted, events.Between(nil, known, r.w.Start))
	return stream(r.ctx, rows, func(d *events.Delete) report.Deletion {
		return report.Deletion{Subject: d.Instance, Deleted: d.Deleted}
	})
}

func (r *reading) images() report.Stream[report.Image] {
	rows := events.ImageUsages.By(r.tx, events.ByCreated, events.Between(nil, known, r.w.End))
	return stream(r.ctx, rows, func(u *events.ImageUsage) report.Image {
		return report.Image{ID: u.ID, UUID: u.UUID, Created: u.Created}
	})
}

func (r *reading) imageDeletes() report.Stream[report.Deletion] {
	rows := events.ImageDeletes.By(r.tx, events.ByDeleted, events.Between(nil, known, r.w.Start))
	return stream(r.ctx, rows, func(d *events.ImageDelete) report.Deletion {
		return report.Deletion{Subject: d.UUID, Deleted: d.Deleted}
	})
}

func (r *reading) tenants() report.Stream[report.Tenant] {
	return stream(r.ctx, events.Tenants.All(r.tx), func(t *events.Tenant) report.Tenant {
		return report.Tenant{ID: t.ID, Name: t.Name, Types: t.Types}
	})
}

// known is before every time that a record has, and after none.
var known = time.Time{}.Add(time.Microsecond)

// stream converts rows, and ends with ctx.
func stream[V, T any](ctx context.Context, rows iter.Seq2[V, error], convert func(*V) T) report.Stream[T] {
	return func(yield func(T, error) bool) {
		for v, err := range rows {
			if err == nil {
				err = ctx.Err()
			}
			if !yield(convert(&v), err) || err != nil {
				return
			}
		}
	}
}

func reportExists(x *events.Exists) report.Exists {
	return report.Exists{ID: x.ID, Subject: x.Instance, Launched: x.Launched, Deleted: x.Deleted, Begin: x.Begin, End: x.End, Received: x.Received,
		Status: report.Status(x.Status), FailReason: x.FailReason, SendStatus: x.SendStatus, Launch: x.Usage, Event: x.Raw, FlavorID: x.FlavorID,
		TypeID: x.TypeID, Tenant: x.Tenant, BandwidthOut: x.BandwidthOut}
}

func reportImageExists(x *events.ImageExists) report.Exists {
	return report.Exists{ID: x.ID, Subject: x.UUID, Launched: x.Created, Deleted: x.Deleted, Begin: x.Begin, End: x.End, Received: x.Received,
		Status: report.Status(x.Status), FailReason: x.FailReason, SendStatus: x.SendStatus, Launch: x.Usage, Event: x.Raw, Tenant: x.Owner}
}
