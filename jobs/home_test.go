package jobs_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/jobs"
	"yardmaster/store"
)

func TestAHomeKindRunsWithTheServerWhateverWorkersThereAre(t *testing.T) {
	for _, c := range []struct {
		name         string
		remote, idle bool
	}{{"no worker", false, true}, {"a worker elsewhere", true, false}, {"a worker here", false, false}} {
		t.Run(c.name, func(t *testing.T) {
			e := start(t, &engine{remote: c.remote, idle: c.idle, kind: &script{policy: jobs.Policy{Home: true},
				run: func(_ context.Context, _ store.Operation, j *jobs.Journal) error { return j.Put("step", "learnt") }}})
			op := e.ended(e.mustSubmit("a"), store.Succeeded)
			if op.Worker != "here" || !op.Done("step") {
				t.Errorf("run by %q with journal %v, want the server's own process", op.Worker, op.Journal)
			}
		})
	}
}

func TestFewRunAtHomeAtATimeAndAllGetTheirTurn(t *testing.T) {
	var now, most atomic.Int32
	e := start(t, &engine{idle: true, kind: &script{policy: jobs.Policy{Home: true},
		run: func(context.Context, store.Operation, *jobs.Journal) error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			time.Sleep(5 * time.Millisecond)
			return nil
		}}})
	var ids []string
	for i := range 12 {
		ids = append(ids, e.mustSubmit(fmt.Sprint(i)))
	}
	for _, id := range ids {
		if op := e.ended(id, store.Succeeded); op.Attempt != 1 {
			t.Errorf("operation took %d attempts", op.Attempt)
		}
	}
	if most.Load() > 2 {
		t.Errorf("%d ran at a time, want 2 at most", most.Load())
	}
}

func TestAHomeRunThatWasCutGoesOnAfterTheRestart(t *testing.T) {
	var runs atomic.Int32
	begun := make(chan struct{}, 8)
	e := start(t, &engine{idle: true, kind: &script{policy: jobs.Policy{Home: true},
		run: func(ctx context.Context, _ store.Operation, _ *jobs.Journal) error {
			begun <- struct{}{}
			if runs.Add(1) == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}})
	id := e.mustSubmit("a")
	<-begun
	e.kill()
	e.open()
	e.ended(id, store.Succeeded)
}

func TestAHomeRunIsCanceledAndUndone(t *testing.T) {
	var undone atomic.Int32
	begun := make(chan struct{})
	e := start(t, &engine{idle: true, kind: &script{policy: jobs.Policy{Home: true},
		run: func(ctx context.Context, _ store.Operation, _ *jobs.Journal) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		},
		undo: func(context.Context, store.Operation, *jobs.Journal) error { undone.Add(1); return nil }}})
	id := e.mustSubmit("a")
	<-begun
	if _, err := e.runner.Cancel(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	if e.ended(id, store.Canceled); undone.Load() != 1 {
		t.Errorf("undone %d times", undone.Load())
	}
}

func TestWhoRanAnOperationIsKnownAfterItsEnd(t *testing.T) {
	both(t, func(t *testing.T, remote bool) {
		e := start(t, &engine{remote: remote, kind: &script{}})
		want := "here"
		if remote {
			want = "elsewhere"
		}
		if op := e.ended(e.mustSubmit("a"), store.Succeeded); op.Worker != want {
			t.Errorf("run by %q, want %q", op.Worker, want)
		}
	})
}
