package queue

import (
	"context"
	"fmt"
	"time"
)

const (
	receivePage = 64
	// A report that could not be handled rests before it is tried again, and the others go on.
	restFirst = 100 * time.Millisecond
	restMost  = 10 * time.Second
)

// receiver is one call of Receive.
type receiver struct {
	q       *Queue
	handle  func(context.Context, Report) error
	resting map[string]rest // by the report's text
}

type rest struct {
	until time.Time
	next  time.Duration
}

// Receive hands over every report, one at a time, until ctx ends. One whose handling failed is handed over again later; only
// what was handled is removed, so reports outlive a restart of the receiver. There must be one receiver in a namespace.
func (q *Queue) Receive(ctx context.Context, handle func(context.Context, Report) error) error {
	ring, deaf := q.reports.listen()
	defer deaf()
	r := &receiver{q: q, handle: handle, resting: map[string]rest{}}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ring:
		case <-timer.C:
		}
		err := r.drain(ctx)
		if err != nil && ctx.Err() == nil {
			q.log.Debug("reports not read", "err", err)
		}
		timer.Reset(r.pause(err))
	}
}

func (r *receiver) pause(err error) time.Duration {
	if err != nil {
		return pollBroken
	}
	d := pollIdle
	for _, rest := range r.resting {
		d = min(d, time.Until(rest.until))
	}
	return max(0, d)
}

// drain goes once over all reports that are there. Those that stay in place are passed over.
func (r *receiver) drain(ctx context.Context) error {
	stay := int64(0)
	for {
		page, err := r.q.rdb.LRange(ctx, r.q.keys.reports(), stay, stay+receivePage-1).Result()
		if err != nil {
			return fmt.Errorf("read reports: %w", err)
		}
		for _, text := range page {
			done, err := r.one(ctx, text)
			if err != nil || ctx.Err() != nil {
				return err
			}
			if !done {
				stay++
			}
		}
		if len(page) < receivePage {
			break
		}
	}
	if stay == 0 {
		clear(r.resting)
	}
	return nil
}

// one handles a report and removes it, and says whether it is gone.
func (r *receiver) one(ctx context.Context, text string) (bool, error) {
	before := r.resting[text]
	if time.Now().Before(before.until) {
		return false, nil
	}
	if !r.handled(ctx, text, before) {
		return false, nil
	}
	if err := r.q.rdb.LRem(context.WithoutCancel(ctx), r.q.keys.reports(), 1, text).Err(); err != nil {
		return false, fmt.Errorf("remove report: %w", err)
	}
	delete(r.resting, text)
	return true, nil
}

func (r *receiver) handled(ctx context.Context, text string, before rest) bool {
	report, err := openReport(text)
	if err != nil {
		r.q.log.Error("report dropped", "err", err)
		return true
	}
	if err = r.handle(ctx, report); err == nil {
		return true
	}
	wait := max(restFirst, before.next)
	r.resting[text] = rest{until: time.Now().Add(wait), next: min(2*wait, restMost)}
	if ctx.Err() == nil {
		r.q.log.Warn("report not handled, will be tried again", "op", report.Op, "attempt", report.Attempt, "err", err)
	}
	return false
}
