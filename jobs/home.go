package jobs

import (
	"context"

	"yardmaster/jobs/queue"
	"yardmaster/store"
)

// homeRuns is how many operations run at home at a time: they take from the server's own processors.
const homeRuns = 2

// runHome runs an operation of a home kind beside the loops, without the queue. One that finds no room stays pending for the
// next sweep.
func (r *Runner) runHome(ctx context.Context, op store.Operation) {
	select {
	case r.homes <- struct{}{}:
	default:
		return
	}
	if !r.flights.launch(op, r.lane(op), r.db.Now()) {
		<-r.homes
		return
	}
	r.done.Go(func() {
		defer r.kick()
		defer func() { <-r.homes }()
		if err := r.LocalWorker().execute(ctx, queue.Run{}, r.task(op)); err != nil && ctx.Err() == nil {
			r.log.Error("operation not begun", "op", op.ID, "kind", op.Kind, "err", err)
		}
	})
}
