package jobs

import (
	"context"
	"encoding/json"
	"time"

	"yardmaster/jobs/queue"
	"yardmaster/store"
)

// slack is what the queue's own deadline allows beyond the kind's: the kind's timeout must be the one that ends a run.
const slack = 30 * time.Second

// dispatch hands an operation that was just committed to the dispatcher, which alone talks to the queue; when it is busy the
// sweep will find the operation.
func (r *Runner) dispatch(op store.Operation) {
	if r.closing() || (op.State != store.Pending && op.State != store.Undoing) {
		return
	}
	select {
	case r.send <- op:
	default:
		r.kick()
	}
}

func (r *Runner) dispatchLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case op := <-r.send:
			r.enqueue(ctx, op)
		}
	}
}

func (r *Runner) task(op store.Operation) Task {
	return Task{Op: op, Undo: op.State == store.Undoing, Key: r.keyID}
}

// lane is where an operation stands; "" is in none.
func (r *Runner) lane(op store.Operation) string {
	if l, ok := r.kinds[op.Kind].(Laned); ok {
		return l.Lane(op)
	}
	return ""
}

// land forgets a dispatch, and has what waits for its place sent at once.
func (r *Runner) land(op string, attempt int) {
	if r.flights.land(op, attempt) {
		r.kick()
	}
}

// enqueue sends one operation to the workers, unless it is there already or not yet due.
func (r *Runner) enqueue(ctx context.Context, op store.Operation) {
	kind, known := r.kinds[op.Kind]
	if !known {
		r.log.Error("operation of a kind that this program does not know", "op", op.ID, "kind", op.Kind)
		return
	}
	now := r.db.Now()
	if r.closing() || op.NotBefore.After(now) {
		return
	}
	if kind.Policy().Home {
		r.runHome(ctx, op)
		return
	}
	if !r.flights.launch(op, r.lane(op), now) {
		return
	}
	payload, err := json.Marshal(r.task(op))
	if err == nil {
		job := queue.Job{Op: op.ID, Attempt: op.Attempt, Payload: payload, Timeout: kind.Policy().Timeout + slack}
		err = r.queue.Enqueue(ctx, job)
	}
	if err != nil {
		r.land(op.ID, op.Attempt)
		r.log.Warn("operation not dispatched, will be tried again", "op", op.ID, "kind", op.Kind, "err", err)
	}
}
