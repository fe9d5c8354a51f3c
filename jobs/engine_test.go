package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/jobs"
	"yardmaster/store"
)

func TestASuccessIsFinishedOnceAndKept(t *testing.T) {
	both(t, func(t *testing.T, remote bool) {
		var finished atomic.Int32
		e := start(t, &engine{remote: remote, kind: &script{
			run:    func(_ context.Context, _ store.Operation, j *jobs.Journal) error { return j.Put("step", "learnt") },
			finish: func(*store.Tx, *store.Operation) error { finished.Add(1); return nil },
		}})
		id := e.mustSubmit("a")
		op := e.ended(id, store.Succeeded)
		if op.Result.String() != "thing/made" || !op.Done("step") || op.Finished.IsZero() || finished.Load() != 1 {
			t.Errorf("result %s, journal %v, finished %d times at %v", op.Result, op.Journal, finished.Load(), op.Finished)
		}
		e.kill()
		e.open()
		if op := e.ended(id, store.Succeeded); op.Result.String() != "thing/made" {
			t.Errorf("after a restart the result is %q", op.Result)
		}
	})
}

func TestARetryableFailureIsTriedAgainAsOftenAsThePolicySays(t *testing.T) {
	both(t, func(t *testing.T, remote bool) {
		var runs, undos, abandoned atomic.Int32
		e := start(t, &engine{remote: remote, kind: &script{
			policy: jobs.Policy{Attempts: 3, Backoff: time.Millisecond, MaxWait: 5 * time.Millisecond},
			run: func(context.Context, store.Operation, *jobs.Journal) error {
				runs.Add(1)
				return jobs.Retry(errors.New("not now"), "n1")
			},
			undo:    func(context.Context, store.Operation, *jobs.Journal) error { undos.Add(1); return nil },
			abandon: func(*store.Tx, *store.Operation) error { abandoned.Add(1); return nil },
		}})
		op := e.ended(e.mustSubmit("a"), store.Failed)
		if runs.Load() != 3 || undos.Load() != 1 || abandoned.Load() != 1 || op.Error == nil || op.Error.Text != "not now" {
			t.Errorf("%d runs, %d undos, %d abandoned, error %+v; want 3, 1, 1 and the reason", runs.Load(), undos.Load(), abandoned.Load(), op.Error)
		}
	})
}

func TestWhatTheUserMayReadIsNotWhatTheLogMay(t *testing.T) {
	for name, c := range map[string]struct {
		err        error
		code, text string
	}{
		"refusal":  {jobs.Refuse("No space"), "refused", "No space"},
		"internal": {errors.New("nil map at 0x0"), "internal", "internal error"},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, &engine{kind: &script{run: func(context.Context, store.Operation, *jobs.Journal) error { return c.err }}})
			op := e.ended(e.mustSubmit(), store.Failed)
			if op.Error == nil || op.Error.Code != c.code || op.Error.Text != c.text {
				t.Errorf("error %+v, want %s %q", op.Error, c.code, c.text)
			}
		})
	}
}

func TestAPanicIsAFailureAndNoMore(t *testing.T) {
	e := start(t, &engine{kind: &script{run: func(context.Context, store.Operation, *jobs.Journal) error { panic("secret detail") }}})
	op := e.ended(e.mustSubmit(), store.Failed)
	if op.Error.Text != "internal error" {
		t.Errorf("the user reads %q", op.Error.Text)
	}
	e.ended(e.mustSubmit(), store.Failed)
}

func TestARunThatTakesTooLongIsCut(t *testing.T) {
	e := start(t, &engine{kind: &script{
		policy: jobs.Policy{Timeout: 20 * time.Millisecond},
		run: func(ctx context.Context, _ store.Operation, _ *jobs.Journal) error {
			<-ctx.Done()
			return ctx.Err()
		},
		undo: func(context.Context, store.Operation, *jobs.Journal) error { return nil },
	}})
	if op := e.ended(e.mustSubmit(), store.Failed); op.Error.Code != "timeout" {
		t.Errorf("error %+v", op.Error)
	}
}

func TestAFinishThatFailsIsUndone(t *testing.T) {
	var undos atomic.Int32
	e := start(t, &engine{kind: &script{
		finish: func(*store.Tx, *store.Operation) error { return errors.New("record is gone") },
		undo:   func(context.Context, store.Operation, *jobs.Journal) error { undos.Add(1); return nil },
	}})
	if e.ended(e.mustSubmit(), store.Failed); undos.Load() != 1 {
		t.Errorf("%d undos, want 1", undos.Load())
	}
}

func TestAnUndoThatFailsIsStuckUntilItSucceeds(t *testing.T) {
	both(t, func(t *testing.T, remote bool) {
		var undos atomic.Int32
		e := start(t, &engine{remote: remote, kind: &script{
			policy: jobs.Policy{Backoff: time.Hour, MaxWait: time.Hour},
			run:    func(context.Context, store.Operation, *jobs.Journal) error { return jobs.Refuse("no") },
			undo: func(context.Context, store.Operation, *jobs.Journal) error {
				if undos.Add(1) == 1 {
					return jobs.Retry(errors.New("machine is away"))
				}
				return nil
			},
		}})
		id := e.mustSubmit("a")
		e.until(id, func(op store.Operation) bool { return op.State == store.Stuck })
		if _, err := e.submit("a"); !errors.Is(err, jobs.ErrBusy) {
			t.Errorf("the target of a stuck operation was given away: %v", err)
		}
		if n, err := e.runner.RetryStuck(context.Background(), ""); n != 1 || err != nil {
			t.Errorf("RetryStuck = %d, %v", n, err)
		}
		if op := e.ended(id, store.Failed); op.Error.Text != "no" {
			t.Errorf("the first reason is lost: %+v", op.Error)
		}
	})
}

// TestAStuckUndoPauses: also that of a kind whose policy names no pause.
func TestAStuckUndoPauses(t *testing.T) {
	undone := make(chan time.Time, 2)
	e := start(t, &engine{kind: &script{
		run: func(context.Context, store.Operation, *jobs.Journal) error { return jobs.Refuse("no") },
		undo: func(context.Context, store.Operation, *jobs.Journal) error {
			if undone <- time.Now(); len(undone) == 1 {
				return jobs.Retry(errors.New("machine is away"))
			}
			return nil
		},
	}})
	e.ended(e.mustSubmit("a"), store.Failed)
	first, second := <-undone, <-undone
	if pause := second.Sub(first); pause < 200*time.Millisecond {
		t.Errorf("tried again after %v", pause)
	}
}

func TestTwoOperationsOnOneTargetAreNotLiveAtOnce(t *testing.T) {
	gate := make(chan struct{})
	e := start(t, &engine{kind: &script{run: func(ctx context.Context, _ store.Operation, _ *jobs.Journal) error {
		select {
		case <-gate:
		case <-ctx.Done():
		}
		return nil
	}}})
	first := e.mustSubmit("a")
	if _, err := e.submit("a"); !errors.Is(err, jobs.ErrBusy) {
		t.Errorf("second: %v, want ErrBusy", err)
	}
	other := e.mustSubmit("b")
	close(gate)
	e.ended(first, store.Succeeded)
	e.ended(other, store.Succeeded)
	e.ended(e.mustSubmit("a"), store.Succeeded)
}

func TestLimitsHoldInAllAndOnOneMachine(t *testing.T) {
	gate := make(chan struct{})
	e := start(t, &engine{limits: jobs.Limits{InFlight: 3, InFlightPerHost: 1}, kind: &script{run: func(ctx context.Context, _ store.Operation, _ *jobs.Journal) error {
		select {
		case <-gate:
		case <-ctx.Done():
		}
		return nil
	}}})
	ids := []string{e.mustSubmit("a")}
	_, err := e.runner.Submit(context.Background(), func(_ *store.Tx, op *store.Operation) error {
		op.Kind, op.Counted, op.Hosts = "test.script", true, []string{"a"}
		return nil
	})
	if !errors.Is(err, jobs.ErrThrottled) {
		t.Errorf("second on one machine: %v, want ErrThrottled", err)
	}
	ids = append(ids, e.mustSubmit("b"), e.mustSubmit("c"))
	if _, err := e.submit("d"); !errors.Is(err, jobs.ErrThrottled) {
		t.Errorf("fourth in all: %v, want ErrThrottled", err)
	}
	close(gate)
	for _, id := range ids {
		e.ended(id, store.Succeeded)
	}
	e.ended(e.mustSubmit("d"), store.Succeeded)
}

func TestWhatAHungMachineStillHoldsLeavesWorkersToOthers(t *testing.T) {
	gate := make(chan struct{})
	e := start(t, &engine{kind: &script{run: func(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
		if slices.Contains(op.Hosts, "hung") {
			select {
			case <-gate:
			case <-ctx.Done():
			}
		}
		return nil
	}}})
	var left []string
	err := e.db.Update(t.Context(), func(tx *store.Tx) error {
		for range 20 { // the worker takes 8 at a time
			id := e.newID()
			left = append(left, id)
			if err := jobs.Spawn(tx, id, store.Operation{Kind: "test.script", Parent: "x", Hosts: []string{"hung"}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	e.until(left[0], func(op store.Operation) bool { return op.State == store.Running })
	for _, other := range []string{"a", "b", "c"} {
		e.ended(e.mustSubmit(other), store.Succeeded)
	}
	close(gate)
	for _, id := range left {
		e.ended(id, store.Succeeded)
	}
}

func TestCancelStopsARunAndUndoesIt(t *testing.T) {
	both(t, func(t *testing.T, remote bool) {
		running := make(chan struct{}, 10)
		var undos atomic.Int32
		e := start(t, &engine{remote: remote, kind: &script{
			run: func(ctx context.Context, _ store.Operation, _ *jobs.Journal) error {
				running <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			},
			undo: func(context.Context, store.Operation, *jobs.Journal) error { undos.Add(1); return nil },
		}})
		id := e.mustSubmit("a")
		<-running
		e.until(id, func(op store.Operation) bool { return op.State == store.Running })
		if _, err := e.runner.Cancel(context.Background(), id); err != nil {
			t.Fatal(err)
		}
		e.ended(id, store.Canceled)
		if undos.Load() != 1 {
			t.Errorf("%d undos, want 1", undos.Load())
		}
		if _, err := e.runner.Cancel(context.Background(), id); !errors.Is(err, jobs.ErrNotCancelable) {
			t.Errorf("cancel of an ended operation: %v", err)
		}
	})
}

func TestWhatCanOnlyGoOnIsNotCanceled(t *testing.T) {
	gate := make(chan struct{})
	e := start(t, &engine{kind: &script{policy: jobs.Policy{Forward: true}, run: func(ctx context.Context, _ store.Operation, _ *jobs.Journal) error {
		select {
		case <-gate:
		case <-ctx.Done():
		}
		return nil
	}}})
	id := e.mustSubmit("a")
	e.until(id, func(op store.Operation) bool { return op.State == store.Running })
	if _, err := e.runner.Cancel(context.Background(), id); !errors.Is(err, jobs.ErrNotCancelable) {
		t.Errorf("cancel: %v, want ErrNotCancelable", err)
	}
	close(gate)
	e.ended(id, store.Succeeded)
}

func TestWhatWasCutOffGoesOnWithItsJournal(t *testing.T) {
	var runs atomic.Int32
	seen := make(chan []string, 10)
	e := start(t, &engine{kind: &script{run: func(ctx context.Context, _ store.Operation, j *jobs.Journal) error {
		var names []string
		for _, s := range j.Steps() {
			names = append(names, s.Name)
		}
		seen <- names
		if runs.Add(1) > 1 {
			return nil
		}
		if err := j.Put("first", nil); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}}})
	id := e.mustSubmit("a")
	e.until(id, func(op store.Operation) bool { return op.State == store.Running && op.Done("first") })
	stored := func() (done bool) {
		_ = e.db.View(context.Background(), func(tx *store.Tx) error {
			op, err := store.Operations.Get(tx, id)
			done = op.Done("first")
			return err
		})
		return done
	}
	for deadline := time.Now().Add(10 * time.Second); !stored(); {
		if time.Now().After(deadline) {
			t.Fatal("the journal of a running operation is not written")
		}
		time.Sleep(5 * time.Millisecond)
	}
	e.kill()
	e.open()
	op := e.ended(id, store.Succeeded)
	<-seen
	if again := <-seen; !slices.Equal(again, []string{"first"}) {
		t.Errorf("the second run began with journal %v", again)
	}
	if op.Attempt < 2 {
		t.Errorf("attempt %d: the first run is not fenced off", op.Attempt)
	}
}

func TestAWorkerWithAnotherKeyEndsAndItsTaskGoesToOthers(t *testing.T) {
	e := start(t, &engine{idle: true, kind: &script{}})
	log := slog.New(slog.DiscardHandler)
	kinds := []jobs.Kind{e.kind}
	id := e.mustSubmit("a")
	stranger := jobs.RemoteWorker(e.queue, kinds, "stranger", "another key", time.Now, log)
	if err := stranger.Work(t.Context(), 1); !errors.Is(err, jobs.ErrOtherKey) {
		t.Fatalf("the worker ended with %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	e.done.Go(func() { _ = jobs.RemoteWorker(e.queue, kinds, "friend", "", time.Now, log).Work(ctx, 1) })
	defer cancel()
	if op := e.ended(id, store.Succeeded); op.Attempt < 2 {
		t.Errorf("attempt %d: the stranger's was not taken from it", op.Attempt)
	}
}

// TestARunWhoseClaimWasLostIsUndoneWhenCanceled: a power cut takes the claim of a run along, and not what the run did.
func TestARunWhoseClaimWasLostIsUndoneWhenCanceled(t *testing.T) {
	e := start(t, &engine{idle: true, kind: &script{}})
	id := e.mustSubmit("a") // as it is on disk the moment after a worker took it
	e.kill()
	e.open()
	op, err := e.runner.Cancel(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	if op.State != store.Undoing {
		t.Errorf("the operation is %s: what it may have begun stays", op.State)
	}
}

func TestAnOutcomeOfAnOlderAttemptChangesNothing(t *testing.T) {
	gate := make(chan struct{})
	e := start(t, &engine{kind: &script{run: func(ctx context.Context, _ store.Operation, _ *jobs.Journal) error {
		select {
		case <-gate:
		case <-ctx.Done():
		}
		return nil
	}}})
	id := e.mustSubmit("a")
	e.until(id, func(op store.Operation) bool { return op.State == store.Running })
	for _, out := range []jobs.Outcome{{Op: id, Attempt: 0}, {Op: id, Attempt: 1, Undo: true}, {Op: id, Attempt: 7}, {Op: "unknown", Attempt: 1}} {
		if err := e.runner.Apply(context.Background(), out); err != nil {
			t.Errorf("outcome %+v: %v", out, err)
		}
		if op, err := e.runner.Get(context.Background(), id); err != nil || op.State != store.Running {
			t.Errorf("outcome %+v moved the operation to %s, %v", out, op.State, err)
		}
	}
	close(gate)
	e.ended(id, store.Succeeded)
}

func TestARefusedBuildLeavesNothing(t *testing.T) {
	e := start(t, &engine{kind: &script{}})
	refusal := errors.New("no")
	_, err := e.runner.Submit(context.Background(), func(tx *store.Tx, op *store.Operation) error {
		op.Kind = "test.script"
		if err := store.Clusters.Put(tx, &store.Cluster{ID: "c"}); err != nil {
			return err
		}
		return refusal
	})
	if !errors.Is(err, refusal) {
		t.Fatalf("Submit = %v", err)
	}
	if err := e.db.View(context.Background(), func(tx *store.Tx) error {
		if n := store.Clusters.Count(tx) + store.Operations.Count(tx); n != 0 {
			t.Errorf("%d records are left", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAFollowerSeesEveryMove(t *testing.T) {
	e := start(t, &engine{kind: &script{run: func(context.Context, store.Operation, *jobs.Journal) error { return nil }}})
	events, cancel := e.runner.Watch()
	defer cancel()
	id := e.mustSubmit("a")
	var states []store.OpState
	for op := range events {
		if op.ID == id {
			states = append(states, op.State)
		}
		if !op.State.Live() {
			break
		}
	}
	if want := []store.OpState{store.Pending, store.Running, store.Succeeded}; !slices.Equal(slices.Compact(states), want) {
		t.Errorf("saw %v, want %v", states, want)
	}
}
