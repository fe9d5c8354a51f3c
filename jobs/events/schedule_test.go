package events_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"yardmaster/jobs"
	domain "yardmaster/jobs/events"
	"yardmaster/store"
	"yardmaster/store/events"
)

func TestASchedulesMistakesAreNamed(t *testing.T) {
	good := domain.Schedule{Name: "daily", Cron: "15 0 * * *", Report: "summary"}
	for _, c := range []struct {
		name string
		list func(s domain.Schedule) []domain.Schedule
		want string
	}{
		{"no name", func(s domain.Schedule) []domain.Schedule { s.Name = ""; return []domain.Schedule{s} }, "name"},
		{"a name twice", func(s domain.Schedule) []domain.Schedule { return []domain.Schedule{s, s} }, "twice"},
		{"no times", func(s domain.Schedule) []domain.Schedule { s.Cron = "every day"; return []domain.Schedule{s} }, "every day"},
		{"times that never come", func(s domain.Schedule) []domain.Schedule { s.Cron = "0 0 31 2 *"; return []domain.Schedule{s} }, "never"},
		{"no such report", func(s domain.Schedule) []domain.Schedule { s.Report = "gossip"; return []domain.Schedule{s} }, "name"},
		{"no such option", func(s domain.Schedule) []domain.Schedule {
			s.Options = map[string]string{"loud": "1"}
			return []domain.Schedule{s}
		}, "loud"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := events.Open(context.Background(), events.Options{Path: filepath.Join(t.TempDir(), "e.db"), Now: time.Now, Logger: quiet})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			_, err = domain.New(context.Background(), domain.Options{DB: db, Logger: quiet, Reports: domain.Reports{Schedules: c.list(good)}})
			if !errors.Is(err, domain.ErrSchedule) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to name %q", err, c.want)
			}
		})
	}
}

// clerk keeps schedules on a clock that only synctest moves.
type clerk struct {
	t      *testing.T
	dir    string
	crons  []domain.Schedule
	runner *jobs.Runner
	ids    int

	end func(kill bool)
}

func (c *clerk) open() {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	db, err := events.Open(ctx, events.Options{Path: filepath.Join(c.dir, "events.db"), Now: time.Now, Logger: quiet})
	if err != nil {
		c.t.Fatal(err)
	}
	control, err := store.Open(ctx, store.Options{Path: filepath.Join(c.dir, "control.db"), Now: time.Now, Logger: quiet})
	if err != nil {
		c.t.Fatal(err)
	}
	s, err := domain.New(ctx, domain.Options{DB: db, Control: control, NoYard: true, Logger: quiet, Verifier: domain.Verifier{Off: true}, Reports: domain.Reports{Schedules: c.crons}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.runner, err = jobs.New(jobs.Options{DB: control, Kinds: s.Kinds(), Logger: quiet, NewID: func() string { c.ids++; return fmt.Sprintf("%032x", c.ids) }})
	if err != nil {
		c.t.Fatal(err)
	}
	var loops sync.WaitGroup
	runner := c.runner
	loops.Go(func() { s.Keep(ctx, runner) })
	c.end = func(kill bool) {
		if kill {
			_, _ = control.Kill(), db.Kill()
		}
		cancel()
		loops.Wait()
		s.Close()
		_, _ = control.Close(), db.Close()
	}
}

// begun tells what was begun, oldest first: the report, when, and the end of its period.
func (c *clerk) begun() []string {
	c.t.Helper()
	ops, _, err := c.runner.List(context.Background(), store.OperationFilter{Limit: 1000})
	if err != nil {
		c.t.Fatal(err)
	}
	var out []string
	for i := len(ops) - 1; i >= 0; i-- {
		in, err := jobs.Input[struct {
			Period struct{ Start, End time.Time }
		}](ops[i])
		if err != nil {
			c.t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s %s %s", ops[i].Kind, ops[i].Created.Format("02 15:04:05"), in.Period.End.Format("02 15:04:05")))
	}
	return out
}

func TestReportsAreBegunWhenTheyAreDueAndWhatWasMissedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clerk{t: t, dir: t.TempDir(), crons: []domain.Schedule{
			{Name: "hourly", Cron: "0 * * * *", Report: "summary", Options: map[string]string{"hours": "1"}},
			{Name: "nightly", Cron: "CRON_TZ=Europe/Berlin 30 1 * * *", Report: "nova-usage-audit"},
		}}
		check := func(what string, want ...string) {
			t.Helper()
			synctest.Wait()
			if got := c.begun(); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		time.Sleep(10 * time.Minute) // it is 2000-01-01 00:10:00
		c.open()
		check("at first")
		time.Sleep(2 * time.Hour)
		want := []string{"report.nova-usage-audit 01 00:30:00 01 00:00:00", "report.summary 01 01:00:00 01 01:00:00", "report.summary 01 02:00:00 01 02:00:00"}
		check("after two hours", want...)
		c.end(true)
		c.open()
		time.Sleep(time.Minute)
		check("after a restart", want...)
		c.end(true)
		time.Sleep(29 * time.Hour) // it is the 2nd, 07:11
		c.open()
		want = append(want, "report.summary 02 07:11:00 02 07:00:00", "report.nova-usage-audit 02 07:11:00 02 00:00:00")
		time.Sleep(30 * time.Minute)
		check("after a day away", want...)
		time.Sleep(20 * time.Minute)
		check("an hour later", append(want, "report.summary 02 08:00:00 02 08:00:00")...)
		c.end(false)
	})
}

func TestTheLastOfMillionsOfMissedTimesIsFoundSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clerk{t: t, dir: t.TempDir(), crons: []domain.Schedule{{Name: "often", Cron: "* * * * *", Report: "summary", Options: map[string]string{"hours": "1"}}}}
		c.open()
		time.Sleep(time.Second)
		c.end(false)
		time.Sleep(10 * 365 * 24 * time.Hour)
		c.open()
		time.Sleep(time.Second)
		if got := c.begun(); len(got) != 1 {
			t.Errorf("begun: %v", got)
		}
		c.end(false)
	})
}
