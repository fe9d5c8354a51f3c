package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yardmaster/store"
)

// Apply commits an outcome: the records that it changes and the operation's next state, in one transaction. An outcome of an
// older attempt, or of an operation that has ended, changes nothing.
func (r *Runner) Apply(ctx context.Context, out Outcome) error {
	op, fresh, err := r.settle(ctx, out)
	var broken *recordsError
	if errors.As(err, &broken) {
		r.log.Error("outcome could not be recorded", "op", out.Op, "kind", out.Kind, "err", err)
		out.Failure = &Failure{Text: "internal error", Code: "internal", Detail: err.Error()}
		op, fresh, err = r.settle(ctx, out)
	}
	if err != nil {
		return fmt.Errorf("apply outcome of %s: %w", out.Op, err)
	}
	r.land(out.Op, out.Attempt)
	if !fresh {
		r.log.Info("stale outcome refused", "op", out.Op, "attempt", out.Attempt)
		return nil
	}
	r.report(op, out)
	r.dispatch(op)
	r.hub.publish(op)
	return nil
}

func (r *Runner) report(op store.Operation, out Outcome) {
	if r.onOutcome != nil {
		r.onOutcome(out)
	}
	attrs := []any{"op", op.ID, "kind", op.Kind, "state", op.State, "attempt", out.Attempt, "worker", out.Worker}
	if out.Failure != nil && out.Failure.Code != codeCheckpoint {
		r.log.Warn("operation step failed", append(attrs, "err", out.Failure.Detail)...)
		return
	}
	r.log.Info("operation moved", attrs...)
}

// recordsError says that Finish or Abandon refused; the operation must not end as if they had not.
type recordsError struct{ err error }

func (e *recordsError) Error() string { return e.err.Error() }
func (e *recordsError) Unwrap() error { return e.err }

func (r *Runner) settle(ctx context.Context, out Outcome) (op store.Operation, fresh bool, err error) {
	err = r.db.Update(ctx, func(tx *store.Tx) error {
		fresh = false
		op, err = store.Operations.Get(tx, out.Op)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if op.Attempt != out.Attempt || out.Undo != (op.State == store.Undoing) || !op.State.Live() {
			return nil
		}
		fresh = true
		op.Journal, op.Worker = out.Steps, out.Worker
		kind := r.kinds[op.Kind]
		if out.Undo {
			err = r.undone(tx, kind, &op, out.Failure)
		} else {
			err = ran(tx, kind, &op, out.Failure)
		}
		if err != nil {
			return err
		}
		return store.Operations.Put(tx, &op)
	})
	return op, fresh, err
}

// ran moves an operation whose Run has ended.
func ran(tx *store.Tx, kind Kind, op *store.Operation, f *Failure) error {
	if op.State == store.Pending {
		if err := op.Move(store.Running); err != nil {
			return err
		}
	}
	if f == nil {
		op.Error = nil
		if err := kind.Finish(tx, op); err != nil {
			return &recordsError{fmt.Errorf("finish %s: %w", op.Kind, err)}
		}
		return end(tx, op, store.Succeeded)
	}
	policy := kind.Policy()
	op.Attempt++
	op.Claim = store.Claim{}
	if f.Interrupted && op.Undo != store.UndoCancel {
		op.NotBefore = time.Time{}
		return op.Move(store.Pending)
	}
	op.Tries++
	op.Error = &store.OpError{Code: f.Code, Text: f.Text}
	onward := policy.Forward && f.Code != "refused" // nothing but a machine's refusal turns it round
	again := (f.Retry || onward) && op.Undo != store.UndoCancel && (policy.Attempts == Endless || op.Tries < policy.Attempts)
	switch {
	case again && !policy.UndoFirst:
		op.NotBefore = tx.Now().Add(policy.wait(op.Tries))
		return op.Move(store.Pending)
	case again:
		op.Undo = store.UndoRetry
	case op.Undo == "":
		op.Undo = store.UndoFail
	}
	op.NotBefore = time.Time{}
	return op.Move(store.Undoing)
}

// undone moves an operation whose Undo has ended.
func (r *Runner) undone(tx *store.Tx, kind Kind, op *store.Operation, f *Failure) error {
	op.Attempt++
	op.Claim = store.Claim{}
	if f != nil {
		if f.Interrupted {
			return nil
		}
		op.UndoTries++
		op.NotBefore = r.stuck.next(tx.Now(), max(kind.Policy().wait(op.UndoTries), stuckLeast))
		note(op, "undo: "+f.Text)
		return op.Move(store.Stuck)
	}
	if err := kind.Abandon(tx, op); err != nil {
		return &recordsError{fmt.Errorf("abandon %s: %w", op.Kind, err)}
	}
	switch op.Undo {
	case store.UndoCancel:
		return end(tx, op, store.Canceled)
	case store.UndoRetry:
		if err := kind.(Replanner).Replan(tx, op); err != nil {
			note(op, "no further try: "+err.Error())
			return end(tx, op, store.Failed)
		}
		op.Undo, op.UndoTries, op.Journal = "", 0, nil
		op.NotBefore = tx.Now().Add(kind.Policy().wait(op.Tries))
		return op.Move(store.Pending)
	default:
		return end(tx, op, store.Failed)
	}
}

// stuckLeast is the least time between two tries to undo an operation: what failed a moment ago fails now.
const stuckLeast = 250 * time.Millisecond

// next is when a stuck operation is tried again, if that is not left to its operator.
func (s Stuck) next(now time.Time, wait time.Duration) time.Time {
	if s.Off {
		return now.AddDate(100, 0, 0)
	}
	if s.Most > 0 {
		wait = min(wait, s.Most)
	}
	return now.Add(wait)
}

func end(tx *store.Tx, op *store.Operation, state store.OpState) error {
	op.Finished, op.NotBefore, op.Claim = tx.Now(), time.Time{}, store.Claim{}
	return op.Move(state)
}

// maxNotes bounds what a record gathers over a long life of retries.
const maxNotes = 20

func note(op *store.Operation, text string) {
	if n := len(op.Notes); n > 0 && op.Notes[n-1] == text {
		return
	}
	if len(op.Notes) < maxNotes {
		op.Notes = append(op.Notes, text)
	}
}

// wait is the back-off before try n+1.
func (p Policy) wait(n int) time.Duration {
	d := p.Backoff
	for i := 1; i < n && d < p.MaxWait; i++ {
		d *= 2
	}
	return min(d, max(p.MaxWait, p.Backoff))
}

// Drop ends an operation that has become pointless, whatever it was at, without a look at machines or records: the caller has
// dealt with those. A run that is under way is fenced off.
func Drop(tx *store.Tx, op *store.Operation) error {
	op.Attempt++
	for _, to := range wayOut[op.State] {
		if err := op.Move(to); err != nil {
			return err
		}
	}
	op.Finished, op.NotBefore, op.Claim = tx.Now(), time.Time{}, store.Claim{}
	return store.Operations.Put(tx, op)
}

var wayOut = map[store.OpState][]store.OpState{
	store.Pending: {store.Canceled},
	store.Running: {store.Pending, store.Canceled},
	store.Undoing: {store.Canceled},
	store.Stuck:   {store.Undoing, store.Canceled},
}
