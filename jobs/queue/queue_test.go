package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestAJobReachesAWorkerWhole(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		sent := Job{Op: "0f3c", Attempt: 3, Payload: []byte("\x00\xff\nany bytes"), Timeout: 90 * time.Second}
		got := make(chan Job, 1)
		left := make(chan time.Duration, 1)
		work(t, q, "w1", 2, func(ctx context.Context, r Run) error {
			deadline, _ := ctx.Deadline()
			left <- time.Until(deadline)
			got <- r.Job
			return nil
		})
		must(t, q.Enqueue(t.Context(), sent))
		if left := await(t, "the handler starts", left); left > sent.Timeout || left < sent.Timeout/2 {
			t.Errorf("handler has %s, want up to %s", left, sent.Timeout)
		}
		job := await(t, "the handler starts", got)
		if fmt.Sprint(job) != fmt.Sprint(sent) {
			t.Errorf("handler got %v, want %v", job, sent)
		}
		wantState(t, q, sent.Op, sent.Attempt, Lost)
		n, err := q.rdb.Exists(t.Context(), q.keys.fence(sent.Op), q.keys.life(sent.Op), q.keys.task(sent.id())).Result()
		must(t, err)
		if n != 0 {
			t.Errorf("%d keys of the job are left", n)
		}
	})
}

func TestTheSameJobTwiceIsNoErrorAndRunsOnce(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		for range 2 {
			must(t, q.Enqueue(t.Context(), job("a", 1)))
		}
		wantState(t, q, "a", 1, Waiting)
		depth, err := q.Depth(t.Context())
		must(t, err)
		if depth != 1 {
			t.Errorf("depth %d, want 1", depth)
		}
		var runs atomic.Int32
		release := make(chan struct{})
		work(t, q, "w1", 2, func(context.Context, Run) error { runs.Add(1); <-release; return nil })
		until(t, "the job runs", func() bool { return runs.Load() == 1 })
		must(t, q.Enqueue(t.Context(), job("a", 1)))
		wantState(t, q, "a", 1, Active)
		close(release)
		wantState(t, q, "a", 1, Lost)
		if n := runs.Load(); n != 1 {
			t.Errorf("ran %d times", n)
		}
	})
}

func TestAnOvertakenAttemptNeverStarts(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		must(t, q.Enqueue(t.Context(), job("a", 1)))
		must(t, q.Enqueue(t.Context(), job("a", 2)))
		ran := make(chan int, 2)
		work(t, q, "w1", 1, func(_ context.Context, r Run) error { ran <- r.Job.Attempt; return nil })
		if got := await(t, "a run", ran); got != 2 {
			t.Errorf("attempt %d ran, want 2", got)
		}
		wantState(t, q, "a", 1, Lost)
		wantState(t, q, "a", 2, Lost)
		if len(ran) != 0 {
			t.Errorf("attempt %d ran as well", <-ran)
		}
	})
}

func TestARunningAttemptIsStopped(t *testing.T) {
	stops := map[string]func(*Queue) error{
		"by the next attempt": func(q *Queue) error { return q.Enqueue(context.Background(), job("a", 2)) },
		"by withdrawal":       func(q *Queue) error { return q.Withdraw(context.Background(), "a") },
	}
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, q *Queue) {
				owner := q
				if !q.Embedded() { // from another process, as far as the queue can tell
					owner = open(t, Options{URL: shared.url(t, kindOf(t)), Namespace: q.keys.ns})
				}
				started := make(chan struct{}, 1)
				cause := make(chan error, 1)
				work(t, q, "w1", 1, func(ctx context.Context, r Run) error {
					if r.Job.Attempt == 1 {
						started <- struct{}{}
						<-ctx.Done()
						cause <- context.Cause(ctx)
					}
					return nil
				})
				must(t, owner.Enqueue(t.Context(), job("a", 1)))
				await(t, "the first attempt starts", started)
				must(t, stop(owner))
				if err := await(t, "the first attempt is cancelled", cause); !errors.Is(err, ErrFenced) {
					t.Errorf("cause %v, want ErrFenced", err)
				}
				until(t, "no life is left", func() bool {
					lives, err := owner.Lives(t.Context(), []string{"a"})
					must(t, err)
					return len(lives) == 0
				})
			})
		})
	}
}

// kindOf is the backend that a subtest of each runs on.
func kindOf(t *testing.T) string {
	for _, kind := range backends {
		if name := t.Name(); len(name) > len(kind) && name[len(name)-len(kind):] == kind {
			return kind
		}
	}
	return ""
}

func TestAWithdrawnJobLeavesTheQueue(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		must(t, q.Withdraw(t.Context(), "never-seen"))
		must(t, q.Enqueue(t.Context(), job("a", 4)))
		must(t, q.Enqueue(t.Context(), job("b", 1)))
		must(t, q.Withdraw(t.Context(), "a"))
		wantState(t, q, "a", 4, Lost)
		wantState(t, q, "b", 1, Waiting)
		depth, err := q.Depth(t.Context())
		must(t, err)
		if depth != 1 {
			t.Errorf("depth %d, want 1", depth)
		}
		must(t, q.Enqueue(t.Context(), job("a", 5)))
		ran := make(chan string, 3)
		work(t, q, "w1", 1, func(_ context.Context, r Run) error { ran <- r.Job.id(); return nil })
		for _, want := range []string{"op-b-1", "op-a-5"} {
			if got := await(t, "a run", ran); got != want {
				t.Errorf("ran %s, want %s", got, want)
			}
		}
	})
}

func TestASignOfLifeCarriesTheLastBeat(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		release := make(chan struct{})
		work(t, q, "w1", 1, func(_ context.Context, r Run) error {
			for i := range 100 {
				r.Beat([]byte(fmt.Sprintf("step %d\nof 100", i+1)))
			}
			<-release
			return nil
		})
		must(t, q.Enqueue(t.Context(), job("a", 7)))
		until(t, "the last beat is there", func() bool {
			lives, err := q.Lives(t.Context(), []string{"x", "a", "y"})
			must(t, err)
			life := lives["a"]
			return len(lives) == 1 && life.Attempt == 7 && life.Worker == "w1" && string(life.Data) == "step 100\nof 100"
		})
		close(release)
		until(t, "the life ends with the run", func() bool {
			lives, err := q.Lives(t.Context(), []string{"a"})
			must(t, err)
			return len(lives) == 0
		})
	})
}

func TestStoppingAWorkerWaitsAndQueuesNothingAgain(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		started := make(chan struct{})
		var ended atomic.Bool
		stop := work(t, q, "w1", 1, func(ctx context.Context, r Run) error {
			close(started)
			<-ctx.Done()
			r.Beat([]byte("winding up"))
			until(t, "life goes on while a handler winds up", func() bool {
				lives, err := q.Lives(context.Background(), []string{"a"})
				return err == nil && string(lives["a"].Data) == "winding up"
			})
			ended.Store(true)
			return context.Cause(ctx)
		})
		must(t, q.Enqueue(t.Context(), job("a", 1)))
		must(t, q.Enqueue(t.Context(), job("b", 1)))
		<-started
		must(t, stop())
		if !ended.Load() {
			t.Error("the handler was not waited for")
		}
		wantState(t, q, "a", 1, Lost)
		wantState(t, q, "b", 1, Waiting)
		ran := make(chan string, 2)
		work(t, q, "w2", 1, func(_ context.Context, r Run) error { ran <- r.Job.Op; return nil })
		if got := await(t, "the next run", ran); got != "b" {
			t.Errorf("%s ran, want only b", got)
		}
	})
}

func TestTwoWorkersShareJobsExactlyOnce(t *testing.T) {
	const jobs = 400
	each(t, func(t *testing.T, q *Queue) {
		var mu sync.Mutex
		runs, by := map[string]int{}, map[string]int{}
		for _, name := range []string{"w1", "w2"} {
			work(t, q, name, 4, func(_ context.Context, r Run) error {
				mu.Lock()
				defer mu.Unlock()
				runs[r.Job.Op]++
				by[name]++
				return nil
			})
		}
		for i := range jobs {
			must(t, q.Enqueue(t.Context(), job(fmt.Sprint("op", i), 1)))
		}
		until(t, "all jobs ran", func() bool { mu.Lock(); defer mu.Unlock(); return len(runs) == jobs })
		mu.Lock()
		defer mu.Unlock()
		for op, n := range runs {
			if n != 1 {
				t.Errorf("%s ran %d times", op, n)
			}
		}
		if by["w1"]+by["w2"] != jobs || by["w1"] == 0 || by["w2"] == 0 {
			t.Errorf("shares %v", by)
		}
	})
}

func TestAPanicEndsOnlyItsRun(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		ran := make(chan string, 2)
		work(t, q, "w1", 1, func(_ context.Context, r Run) error {
			ran <- r.Job.Op
			if r.Job.Op == "a" {
				panic("ouch")
			}
			return errors.New("no matter")
		})
		for _, op := range []string{"a", "b"} {
			must(t, q.Enqueue(t.Context(), job(op, 1)))
			await(t, "a run", ran)
			wantState(t, q, op, 1, Lost)
		}
	})
}

func TestAJobsTimeoutEndsItsContext(t *testing.T) {
	q := open(t, Options{URL: Embedded})
	cause := make(chan error, 1)
	work(t, q, "w1", 1, func(ctx context.Context, r Run) error {
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return nil
	})
	must(t, q.Enqueue(t.Context(), Job{Op: "a", Timeout: time.Millisecond}))
	if err := await(t, "the timeout", cause); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cause %v", err)
	}
	wantState(t, q, "a", 0, Lost)
}

func TestWorkersAreListedWhileTheyLive(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		idle := func(context.Context, Run) error { return nil }
		stop := work(t, q, "w2", 3, idle)
		work(t, q, "w1", 2, idle)
		names := func() string {
			list, err := q.Workers(t.Context())
			must(t, err)
			var s string
			for _, w := range list {
				s += fmt.Sprintf("%s:%d ", w.Name, w.Concurrency)
				if w.Host == "" || w.PID == 0 || time.Since(w.Seen) > time.Minute {
					t.Errorf("worker %+v", w)
				}
			}
			return s
		}
		until(t, "both are listed", func() bool { return names() == "w1:2 w2:3 " })
		must(t, stop())
		until(t, "one is listed", func() bool { return names() == "w1:2 " })
	})
}

func TestWhatIsRefused(t *testing.T) {
	q := open(t, Options{URL: Embedded})
	ctx := t.Context()
	noop := func(context.Context, Run) error { return nil }
	for name, err := range map[string]error{
		"op without a name":        q.Enqueue(ctx, Job{Timeout: time.Second}),
		"op with a brace":          q.Enqueue(ctx, Job{Op: "a}b", Timeout: time.Second}),
		"negative attempt":         q.Enqueue(ctx, Job{Op: "a", Attempt: -1, Timeout: time.Second}),
		"no timeout":               q.Enqueue(ctx, Job{Op: "a"}),
		"too large":                q.Enqueue(ctx, Job{Op: "a", Timeout: time.Second, Payload: make([]byte, maxPayload+1)}),
		"report without an op":     q.Send(ctx, Report{}),
		"report too large":         q.Send(ctx, Report{Op: "a", Payload: make([]byte, maxPayload+1)}),
		"withdrawal of nothing":    q.Withdraw(ctx, ""),
		"worker name with a space": q.Work(ctx, "a b", 1, noop),
		"no concurrency":           q.Work(ctx, "a", 0, noop),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, o := range map[string]Options{
		"no URL":              {},
		"namespace":           {URL: Embedded, Namespace: "a b"},
		"life shorter than 2": {URL: Embedded, SignOfLife: time.Second, LifeTTL: time.Second},
	} {
		if q, err := Open(ctx, o); err == nil {
			q.Close()
			t.Errorf("%s: accepted", name)
		}
	}
}
