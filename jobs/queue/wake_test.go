package queue

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestAnEmptyAnswerIsHeldBackUntilThereMayBeMore(t *testing.T) {
	const pending = "asynq:{yard}:pending"
	take := []any{"evalsha", "sum", 4, pending, "paused", "active", "lease", "args"}
	for name, c := range map[string]struct {
		args   []any
		answer error
		signal string
		want   time.Duration
	}{
		"nothing comes":       {take, redis.Nil, "", pollIdle},
		"a ring":              {take, redis.Nil, "ring", 0},
		"the end of the work": {take, redis.Nil, "halt", 0},
		"a job is there":      {take, nil, "", 0},
		"script to be sent":   {take, redisError("NOSCRIPT no such script"), "", 0},
		"redis is away":       {take, context.DeadlineExceeded, "", pollBroken},
		"another script":      {[]any{"evalsha", "sum", 2, "asynq:{yard}:t:x", pending, "a", "b", "c"}, redis.Nil, "", 0},
		"another command":     {[]any{"get", "x"}, redis.Nil, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ring, halt := make(chan struct{}, 1), make(chan struct{})
				p := &poll{pending: pending, ring: ring, halt: halt}
				began := time.Now()
				process := p.ProcessHook(func(context.Context, redis.Cmder) error {
					switch c.signal {
					case "ring":
						ring <- struct{}{}
					case "halt":
						close(halt)
					}
					return c.answer
				})
				if err := process(t.Context(), redis.NewCmd(t.Context(), c.args...)); err != c.answer {
					t.Errorf("answer %v, want %v", err, c.answer)
				}
				if took := time.Since(began); took != c.want {
					t.Errorf("held back for %s, want %s", took, c.want)
				}
			})
		})
	}
}

type redisError string

func (e redisError) Error() string { return string(e) }
func (redisError) RedisError()     {}

func TestNothingIsTakenAfterTheEndOfTheWork(t *testing.T) {
	halt := make(chan struct{})
	close(halt)
	p := &poll{pending: "p", halt: halt}
	process := p.ProcessHook(func(context.Context, redis.Cmder) error {
		t.Error("asked redis for a job")
		return nil
	})
	cmd := redis.NewCmd(t.Context(), "evalsha", "sum", 4, "p", "q", "r", "s")
	if err := process(t.Context(), cmd); err != redis.Nil || cmd.Err() != redis.Nil {
		t.Errorf("answer %v, %v", err, cmd.Err())
	}
}

func TestJobsAndReportsRingHereAndElsewhere(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		other := q
		if !q.Embedded() {
			other = open(t, Options{URL: shared.url(t, kindOf(t)), Namespace: q.keys.ns})
			until(t, "the other process listens", func() bool {
				n, err := q.rdb.PubSubNumSub(t.Context(), q.keys.wake()).Result()
				return err == nil && n[q.keys.wake()] == 2
			})
		}
		jobs, deaf := other.jobs.listen()
		defer deaf()
		reports, deaf := other.reports.listen()
		defer deaf()
		must(t, q.Enqueue(t.Context(), job("a", 1)))
		await(t, "a ring for the job", jobs)
		must(t, q.Send(t.Context(), Report{Op: "a"}))
		await(t, "a ring for the report", reports)
	})
}

func TestASecondCopyOfARunningJobIsDropped(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		var runs atomic.Int32
		release := make(chan struct{})
		work(t, q, "w1", 2, func(context.Context, Run) error { runs.Add(1); <-release; return nil })
		must(t, q.Enqueue(t.Context(), job("a", 1)))
		until(t, "the job runs", func() bool { return runs.Load() == 1 })
		must(t, q.rdb.LPush(t.Context(), q.keys.pending(), job("a", 1).id()).Err())
		q.ringJobs()
		until(t, "the copy is taken and gone", func() bool {
			n, err := q.Depth(t.Context())
			must(t, err)
			state, err := q.Lookup(t.Context(), "a", 1)
			must(t, err)
			return n == 0 && state == Lost
		})
		close(release)
		if n := runs.Load(); n != 1 {
			t.Errorf("ran %d times", n)
		}
	})
}
