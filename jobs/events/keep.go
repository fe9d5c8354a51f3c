package events

import (
	"context"
	"errors"
	"sync"
	"time"

	"yardmaster/jobs"
	"yardmaster/store/events"
)

// Retention says how much is kept. Zero is no bound.
type Retention struct {
	Age   time.Duration // events and what follows from them, by their own time
	Bytes int64         // of the file, of what it uses
	Every time.Duration // between two looks; 1 min
}

const defaultTrimEvery = time.Minute

// Keep does what a Service does by itself until ctx ends: it writes down the yard's operations, verifies and republishes audits,
// takes away what is too old, and begins reports that are due. runner may be nil: then there are no operations.
func (s *Service) Keep(ctx context.Context, runner *jobs.Runner) {
	var parts sync.WaitGroup
	defer parts.Wait()
	parts.Go(func() { s.keepVerifying(ctx) })
	parts.Go(func() { s.keepRepublishing(ctx) })
	parts.Go(func() { s.keepTrim(ctx) })
	if runner != nil && !s.noYard {
		parts.Go(func() { s.yard.keep(ctx, runner) })
	}
	if runner != nil && s.control != nil {
		parts.Go(func() { s.keepSchedules(ctx, runner) })
	}
}

// keepTrim takes away what is too old or too much.
func (s *Service) keepTrim(ctx context.Context) {
	r := s.retention
	if r.Age <= 0 && r.Bytes <= 0 {
		return
	}
	tick := time.NewTicker(orElse(r.Every, defaultTrimEvery))
	defer tick.Stop()
	for {
		var before time.Time
		if r.Age > 0 {
			before = s.db.Now().Add(-r.Age)
		}
		gone, err := s.db.Trim(ctx, before, r.Bytes)
		switch {
		case err == nil, ctx.Err() != nil:
		case errors.Is(err, events.ErrTables):
			s.log.Error("more is kept than events.keep_size_gb allows, and no event would make room", "err", err)
		default:
			s.log.Error("old events not taken away, will be tried again", "err", err)
		}
		if gone.Events > 0 || gone.Rows > 0 {
			s.log.Info("old events taken away", "events", gone.Events, "parts", gone.Parts, "rows", gone.Rows)
			s.meter.count(func(m *Stats) { m.Trimmed += uint64(gone.Events) })
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
