package events

import (
	"fmt"

	"yardmaster/jobs/events/lifecycle"
	"yardmaster/store/events"
)

// round is what one transaction of the committer did, to be told once it is on disk.
type round struct {
	s      *Service
	fresh  []events.Event
	where  []string // the deployment of each
	buried bool
	died   uint64 // messages, without those that were dead letters before
	faults []fault
}

// fault is something that does not follow from an event as it should. The event is stored nevertheless.
type fault struct {
	service events.Service
	id      int64
	err     error
}

// store writes one message and what follows from it.
func (r *round) store(tx *events.Tx, it *item, receipt *Receipt) (err error) {
	if it.dead != "" {
		receipt.Dead++
		if it.letter == 0 {
			r.died++
		}
		return r.bury(tx, it)
	}
	e, fresh, err := appendEvent(tx, it)
	if err != nil {
		return &unfitError{it, err}
	}
	if it.letter != 0 {
		if err := events.DeadLetters.Delete(tx, it.letter); err != nil {
			return err
		}
	}
	if !fresh {
		receipt.Duplicates++
		return nil
	}
	receipt.Stored++
	r.fresh, r.where = append(r.fresh, e), append(r.where, it.in.Deployment)
	if it.usage.Fault != nil {
		r.fault(&e, it.usage.Fault)
	}
	for _, part := range []func(*events.Tx, *events.Event, *item) error{timing, applyUsage} {
		if err := safely(part, tx, &e, it); err != nil {
			r.fault(&e, err)
		}
	}
	return nil
}

func (r *round) fault(e *events.Event, err error) {
	r.faults = append(r.faults, fault{e.Service, e.ID, err})
}

// appendEvent writes the event alone.
func appendEvent(tx *events.Tx, it *item) (e events.Event, fresh bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	e = it.event
	e.Received = tx.Now()
	if e.Deployment, err = tx.DeploymentID(it.in.Deployment); err != nil {
		return e, false, err
	}
	fresh, err = tx.Append(&e, it.body)
	return e, fresh, err
}

func safely(part func(*events.Tx, *events.Event, *item) error, tx *events.Tx, e *events.Event, it *item) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return part(tx, e, it)
}

// timing begins or ends the timing that an event of an instance is an end of, and follows the request that it belongs to.
func timing(tx *events.Tx, e *events.Event, it *item) error {
	if !e.Instance.OK || e.Instance.S == "" || (e.Service != events.Nova && e.Service != events.Yard) {
		return nil
	}
	name, edge := step(e.Service, it.role)
	switch edge {
	case lifecycle.Start:
		return tx.StartTiming(e, name)
	case lifecycle.End:
		pair, err := tx.EndTiming(e, name)
		if err != nil || !pair.Complete() || e.Service != events.Nova {
			return err
		}
		return advance(tx, e, it.role, name)
	}
	return track(tx, e, it.role)
}

func happened(e *events.Event, role string) lifecycle.Event {
	return lifecycle.Event{ID: e.ID, When: e.When, Type: role, Source: e.Source, Instance: e.Instance.S, RequestID: e.RequestID, Tenant: e.Tenant.S}
}

// track begins to follow a request.
func track(tx *events.Tx, e *events.Event, role string) error {
	h := happened(e, role)
	if e.Service != events.Nova || !lifecycle.Tracks(h) {
		return nil
	}
	t := lifecycle.NewTracker(h)
	return events.Trackers.Insert(tx, &events.Tracker{RequestID: t.RequestID, Deployment: e.Deployment, Start: t.Start})
}

// advance tells the first tracker of a request of a pair that is complete.
func advance(tx *events.Tx, e *events.Event, role, name string) error {
	if e.RequestID == "" {
		return nil
	}
	row, err := tx.FirstTracker(e.RequestID)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	t := lifecycle.Tracker{RequestID: row.RequestID, Start: row.Start, Instance: row.Instance, LastTiming: row.LastTiming, LastEnd: row.LastEnd,
		Tenant: row.Tenant.S, Duration: row.Duration}.Advance(name, happened(e, role))
	row.Instance, row.LastTiming, row.LastEnd, row.Duration = t.Instance, t.LastTiming, t.LastEnd, t.Duration
	row.Tenant = e.Tenant
	return events.Trackers.Put(tx, &row)
}

// tell makes known what is on disk now.
func (r *round) tell(loads []*load) {
	s := r.s
	s.memory.push(r.fresh)
	s.meter.stored(r, loads)
	if n := len(r.faults); n > 0 {
		f := r.faults[0]
		s.log.Warn("events stored without all that follows from them", "count", n, "service", f.service, "event", f.id, "err", f.err)
	}
	if r.died > 0 {
		s.log.Warn("messages not understood, kept as dead letters", "count", r.died)
	}
}
