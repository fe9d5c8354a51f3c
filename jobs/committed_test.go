package jobs_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"yardmaster/jobs"
	"yardmaster/store"
)

// turning is a script that can only go on once it has passed its point of no return.
type turning struct{ *script }

func (turning) Past(op *store.Operation) bool { return op.Done("point") }

// turn is an engine whose operation comes to its point when it is let, and goes on from there when it is let once more.
type turn struct {
	*engine
	came, let chan struct{}
	done      atomic.Int32 // what cannot be taken back, so often
	undos     atomic.Int32
}

func newTurn(t *testing.T, remote bool) *turn {
	s := &turn{came: make(chan struct{}, 10), let: make(chan struct{})}
	wait := func(ctx context.Context) {
		s.came <- struct{}{}
		select {
		case <-s.let:
		case <-ctx.Done():
		}
	}
	k := &script{policy: jobs.Policy{Forward: true},
		run: func(ctx context.Context, _ store.Operation, j *jobs.Journal) error {
			if !j.Done("point") {
				wait(ctx)
				return errors.Join(j.Put("point", nil), jobs.ErrCheckpoint) // whether it was called off meanwhile or not
			}
			s.done.Add(1)
			wait(ctx)
			return ctx.Err()
		},
		undo: func(context.Context, store.Operation, *jobs.Journal) error { s.undos.Add(1); return nil },
	}
	s.engine = start(t, &engine{remote: remote, kind: k, as: turning{k}})
	return s
}

func TestWhatCanTurnBackIsCanceledUntilItsPointOfNoReturn(t *testing.T) {
	both(t, func(t *testing.T, remote bool) {
		s := newTurn(t, remote)
		id := s.mustSubmit("a")
		<-s.came
		s.until(id, func(op store.Operation) bool { return op.State == store.Running })
		if _, err := s.runner.Cancel(context.Background(), id); err != nil {
			t.Fatal(err)
		}
		s.ended(id, store.Canceled)
		if s.done.Load() != 0 || s.undos.Load() != 1 {
			t.Errorf("it went on %d times and was undone %d times", s.done.Load(), s.undos.Load())
		}
	})
}

func TestWhatHasPassedItsPointOfNoReturnIsNotCanceled(t *testing.T) {
	both(t, func(t *testing.T, remote bool) {
		s := newTurn(t, remote)
		id := s.mustSubmit("a")
		<-s.came
		s.let <- struct{}{}
		<-s.came
		if _, err := s.runner.Cancel(context.Background(), id); !errors.Is(err, jobs.ErrNotCancelable) {
			t.Errorf("got %v", err)
		}
		s.let <- struct{}{}
		if op := s.ended(id, store.Succeeded); op.Tries != 0 || op.Error != nil || s.done.Load() != 1 || s.undos.Load() != 0 {
			t.Errorf("%d tries, error %+v, went on %d times, undone %d times", op.Tries, op.Error, s.done.Load(), s.undos.Load())
		}
	})
}
