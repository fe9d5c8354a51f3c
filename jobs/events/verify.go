package events

import (
	"context"
	"time"

	"yardmaster/jobs/events/lifecycle"
	"yardmaster/store/events"
)

// Verifier says how audit records are verified. Zeros are the defaults.
type Verifier struct {
	Off    bool
	Every  time.Duration // between two looks for records; 30 s
	Settle time.Duration // how long after its period a record is left alone, so that all it is about has come; 5 min
	Batch  int           // records of one look; 1,000
	Rules  lifecycle.Rules

	// Reconcile asks elsewhere about a record that does not agree with what is known here. nil: nobody does. An error leaves the
	// record for the next look.
	Reconcile func(ctx context.Context, x events.Exists) (bool, error)

	Republish *Republish // nil: nobody is told of verified records
}

const (
	defaultEvery       = 30 * time.Second
	defaultSettle      = 5 * time.Minute
	defaultVerifyBatch = 1000
)

func (v Verifier) complete() Verifier {
	v.Every, v.Settle = orElse(v.Every, defaultEvery), orElse(v.Settle, defaultSettle)
	v.Batch = orElse(v.Batch, defaultVerifyBatch)
	return v
}

// audit is how the records of one table are verified:
//
//	pending ---------> verifying ------> verified | reconciled | failed
//	sent_unverified -> sent_verifying -> verified | reconciled | sent_failed
//
// A record that a process left in the middle is taken again by the next.
type audit[V any] struct {
	of        events.Service
	table     events.Numbered[V]
	row       func(*V) record
	judge     func(tx *events.Tx, v *V) (ok bool, reason string, err error)
	reconcile func(ctx context.Context, v *V) (bool, error)
}

// record is where the columns of a verification are in a row.
type record struct {
	id          int64
	raw         int64
	message     string
	status      *events.ExistsStatus
	reason      *string
	sendStatus  *int
	eventID     *string
	republished *time.Time
}

func existsRecord(x *events.Exists) record {
	return record{x.ID, x.Raw, x.MessageID, &x.Status, &x.FailReason, &x.SendStatus, &x.EventID, &x.Republished}
}

func imageRecord(x *events.ImageExists) record {
	return record{x.ID, x.Raw, x.MessageID, &x.Status, &x.FailReason, &x.SendStatus, &x.EventID, &x.Republished}
}

func (s *Service) novaAudit() *audit[events.Exists] {
	a := &audit[events.Exists]{of: events.Nova, table: events.ExistsTable, row: existsRecord, judge: s.verifier.judge}
	if s.verifier.Reconcile != nil {
		a.reconcile = func(ctx context.Context, x *events.Exists) (bool, error) { return s.verifier.Reconcile(ctx, *x) }
	}
	return a
}

func (s *Service) glanceAudit() *audit[events.ImageExists] {
	return &audit[events.ImageExists]{of: events.Glance, table: events.ImageExistsTable, row: imageRecord, judge: s.verifier.judgeImage}
}

// looks are the states that are looked for, and those into which a record is taken.
var looks = []struct{ from, to events.ExistsStatus }{
	{events.ExistsVerifying, events.ExistsVerifying}, {events.ExistsSentVerifying, events.ExistsSentVerifying}, // left by an earlier process
	{events.ExistsPending, events.ExistsVerifying}, {events.ExistsSentUnverified, events.ExistsSentVerifying},
}

// keepVerifying verifies until ctx ends.
func (s *Service) keepVerifying(ctx context.Context) {
	if s.verifier.Off {
		return
	}
	nova, glance := s.novaAudit(), s.glanceAudit()
	tick := time.NewTicker(s.verifier.Every)
	defer tick.Stop()
	for {
		err := verifyAll(ctx, s, nova)
		if err == nil {
			err = verifyAll(ctx, s, glance)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("audit records not verified, will be tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// verifyAll verifies what is due, batch by batch.
func verifyAll[V any](ctx context.Context, s *Service, a *audit[V]) error {
	for {
		taken, err := a.take(ctx, s)
		if err != nil || len(taken) == 0 {
			return err
		}
		verdicts, err := a.verify(ctx, s, taken)
		if err == nil {
			err = a.settle(ctx, s, verdicts)
		}
		if err != nil || len(verdicts) < len(taken) || len(taken) < s.verifier.Batch {
			return err
		}
	}
}

// take marks the next records that are due.
func (a *audit[V]) take(ctx context.Context, s *Service) (taken []V, err error) {
	err = s.db.Update(ctx, func(tx *events.Tx) error {
		taken = nil
		due := tx.Now().Add(-s.verifier.Settle)
		for _, look := range looks {
			for v, err := range a.table.By(tx, events.ByStatus, events.Between(events.TextKey(string(look.from)), time.Time{}, due)) {
				if err != nil {
					return err
				}
				if len(taken) == s.verifier.Batch {
					break
				}
				taken = append(taken, v)
			}
		}
		for i := range taken {
			status := a.row(&taken[i]).status
			for _, look := range looks {
				if *status == look.from && look.from != look.to {
					*status = look.to
					if err := a.table.Put(tx, &taken[i]); err != nil {
						return err
					}
					break
				}
			}
		}
		return nil
	})
	return taken, err
}

// verdict is what became of one record.
type verdict struct {
	id     int64
	status events.ExistsStatus
	reason string
	entry  republication // what to tell of, if anything
	tell   bool
}

// verify judges records. One that nobody could be asked about is left out.
func (a *audit[V]) verify(ctx context.Context, s *Service, taken []V) ([]verdict, error) {
	oks, reasons := make([]bool, len(taken)), make([]string, len(taken))
	err := s.db.View(ctx, func(tx *events.Tx) error {
		for i := range taken {
			var err error
			if oks[i], reasons[i], err = a.judge(tx, &taken[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []verdict
	for i := range taken {
		r := a.row(&taken[i])
		sent := *r.status == events.ExistsSentVerifying
		v := verdict{id: r.id, status: events.ExistsVerified, entry: republication{a.of, r.raw, r.message}, tell: !sent}
		if !oks[i] {
			if v.status, err = a.doubt(ctx, &taken[i], sent); err != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				s.log.Warn("audit record not reconciled, will be tried again", "service", a.of, "exists", r.id, "err", err)
				continue
			}
			v.reason = reasons[i]
			v.tell = v.tell && v.status == events.ExistsReconciled
		}
		out = append(out, v)
	}
	return out, nil
}

// doubt is what a record becomes that does not agree with what is known.
func (a *audit[V]) doubt(ctx context.Context, v *V, sent bool) (events.ExistsStatus, error) {
	if a.reconcile != nil {
		if ok, err := a.reconcile(ctx, v); ok || err != nil {
			return events.ExistsReconciled, err
		}
	}
	if sent {
		return events.ExistsSentFailed, nil
	}
	return events.ExistsFailed, nil
}

// settle writes verdicts down, and has the good ones told of.
func (a *audit[V]) settle(ctx context.Context, s *Service, verdicts []verdict) error {
	err := s.db.Update(ctx, func(tx *events.Tx) error {
		for _, d := range verdicts {
			v, err := a.table.Get(tx, d.id)
			if isNotFound(err) {
				continue // too old by now
			}
			if err != nil {
				return err
			}
			r := a.row(&v)
			if *r.status != events.ExistsVerifying && *r.status != events.ExistsSentVerifying {
				continue
			}
			*r.status, *r.reason = d.status, d.reason
			if err := a.table.Put(tx, &v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.meter.count(func(m *Stats) {
		for _, d := range verdicts {
			switch d.status {
			case events.ExistsVerified:
				m.Verifier.Verified++
			case events.ExistsReconciled:
				m.Verifier.Reconciled++
			default:
				m.Verifier.Failed++
			}
		}
	})
	for _, d := range verdicts {
		if d.tell {
			s.republisher.add(d.entry)
		}
	}
	return nil
}
