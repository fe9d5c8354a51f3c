package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"yardmaster/jobs"
	"yardmaster/jobs/events/report"
	"yardmaster/store"
)

// Reports say which reports are built regularly.
type Reports struct{ Schedules []Schedule }

// Schedule is one report that is built at set times.
type Schedule struct {
	Name    string // unique; what ran when is remembered by it
	Cron    string // five fields, in UTC unless it begins with CRON_TZ=; or @daily, @hourly, @every 1h
	Report  string
	Options map[string]string
}

// ErrSchedule marks a schedule that cannot be kept to.
var ErrSchedule = errors.New("not a usable schedule")

type schedule struct {
	name   string
	times  cron.Schedule
	params report.Params
}

func parseSchedules(list []Schedule) ([]schedule, error) {
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	seen := map[string]bool{}
	var out []schedule
	for _, c := range list {
		if c.Name == "" || seen[c.Name] {
			return nil, fmt.Errorf("%w: name %q is empty or there twice", ErrSchedule, c.Name)
		}
		seen[c.Name] = true
		times, err := parser.Parse(c.Cron)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: cron %q: %w", ErrSchedule, c.Name, c.Cron, err)
		}
		if spec, ok := times.(*cron.SpecSchedule); ok && spec.Location == time.Local {
			spec.Location = time.UTC
		}
		if times.Next(time.Unix(0, 0)).IsZero() {
			return nil, fmt.Errorf("%w: %s: cron %q is never due", ErrSchedule, c.Name, c.Cron)
		}
		params, err := report.Parse(c.Report, c.Options)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrSchedule, c.Name, err)
		}
		out = append(out, schedule{c.Name, times, params})
	}
	return out, nil
}

// looksEvery bounds how long the loop waits, so that a clock that was set is noticed.
const looksEvery = time.Minute

// keepSchedules begins reports when they are due, until ctx ends.
func (s *Service) keepSchedules(ctx context.Context, runner *jobs.Runner) {
	if len(s.schedules) == 0 || s.control == nil {
		return
	}
	for {
		wait := looksEvery
		for i := range s.schedules {
			next, err := s.due(ctx, runner, &s.schedules[i])
			if err != nil {
				if ctx.Err() != nil || errors.Is(err, jobs.ErrClosed) {
					return
				}
				s.log.Error("scheduled report not begun, will be tried again", "schedule", s.schedules[i].name, "err", err)
				continue
			}
			wait = min(wait, max(next.Sub(s.control.Now()), time.Millisecond))
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// errNotDue ends a look at a schedule for which it is too early.
var errNotDue = errors.New("not due")

// due begins the report of a schedule if its time has come, and says when it will come next. What was due while nobody was there
// is made up for once, for the last of the times that were missed. That it began is written down in the transaction of its
// operation, so that it begins once.
func (s *Service) due(ctx context.Context, runner *jobs.Runner, c *schedule) (next time.Time, err error) {
	last, err := s.lastRun(ctx, c)
	if err != nil {
		return next, err
	}
	tick, next := c.latest(last, s.control.Now())
	if tick.IsZero() {
		return next, nil
	}
	op, err := runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		if again, err := readRun(tx, c); err != nil || !again.Equal(last) {
			return errors.Join(err, errNotDue)
		}
		if err := writeRun(tx, c, tick); err != nil {
			return err
		}
		return planReport(op, By{Owner: "schedule " + c.name}, c.params, tick)
	})
	if err != nil && !errors.Is(err, errNotDue) {
		return next, err
	}
	if err == nil {
		s.log.Info("scheduled report begun", "schedule", c.name, "op", op.ID, "due", tick)
	}
	return next, nil
}

// mostMissed is how many missed times are counted through before the rest is left out.
const mostMissed = 10_000

// latest is the last time that was due after last and not after now, zero if there is none, and the first one after now.
func (c *schedule) latest(last, now time.Time) (tick, next time.Time) {
	next = c.times.Next(last.UTC())
	for n := 0; !next.IsZero() && !next.After(now); n++ {
		if n == mostMissed { // far behind: the last day will do
			next = c.times.Next(now.UTC().AddDate(0, 0, -1))
			if next.After(now) {
				break
			}
		}
		tick, next = next, c.times.Next(next)
	}
	return tick, next
}

func (c *schedule) setting() string { return "report schedule " + c.name }

// lastRun is the time for which a schedule was last kept; a new one is kept from now on.
func (s *Service) lastRun(ctx context.Context, c *schedule) (last time.Time, err error) {
	err = s.control.View(ctx, func(tx *store.Tx) error {
		last, err = readRun(tx, c)
		return err
	})
	if err != nil || !last.IsZero() {
		return last, err
	}
	err = s.control.Update(ctx, func(tx *store.Tx) error {
		last = tx.Now().UTC().Truncate(time.Microsecond)
		return writeRun(tx, c, last)
	})
	return last, err
}

func readRun(tx *store.Tx, c *schedule) (time.Time, error) {
	was, err := store.Settings.Get(tx, c.setting())
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339Nano, was.Value)
	if err != nil {
		return time.Time{}, nil // not ours: as if it had never run
	}
	return t, nil
}

func writeRun(tx *store.Tx, c *schedule, at time.Time) error {
	return store.Settings.Put(tx, &store.Setting{Name: c.setting(), Value: at.UTC().Format(time.RFC3339Nano)})
}
