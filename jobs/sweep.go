package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"yardmaster/jobs/queue"
	"yardmaster/store"
)

const (
	dueEvery     = 250 * time.Millisecond
	livesEvery   = time.Second
	orphansEvery = 15 * time.Second
	flushEvery   = 200 * time.Millisecond
	pruneEvery   = time.Hour
	pruneBatch   = 500
	// grace is how long a task that no worker was seen to take may be missing from the queue before it is sent again.
	grace = 2 * time.Second
)

// reconcile settles what an earlier process of this server left: its own runs were cut off and go on under a new attempt;
// those of workers elsewhere are theirs as long as they show life.
func (r *Runner) reconcile(ctx context.Context) error {
	adopted := map[string]store.Operation{}
	err := r.db.Update(ctx, func(tx *store.Tx) error {
		clear(adopted)
		var cut, stuck, begun []store.Operation
		for op, err := range store.LiveOperations(tx) {
			if err != nil {
				return err
			}
			if op.State == store.Stuck {
				stuck = append(stuck, op)
			}
			if op.State == store.Pending && op.Started.IsZero() {
				begun = append(begun, op)
			}
			if op.State != store.Running && op.State != store.Undoing {
				continue
			}
			if op.Claim.Epoch == "" && op.Claim.Worker != "" {
				adopted[op.ID] = op
				continue
			}
			cut = append(cut, op)
		}
		for _, op := range cut {
			if err := restart(tx, &op); err != nil {
				return err
			}
		}
		for _, op := range begun {
			op.Started = tx.Now() // a claim goes with the process that made it, but not what the run did until then
			if err := store.Operations.Put(tx, &op); err != nil {
				return err
			}
		}
		for _, op := range stuck {
			op.NotBefore = r.stuck.next(tx.Now(), r.stuck.Start)
			if err := store.Operations.Put(tx, &op); err != nil {
				return err
			}
		}
		return nil
	})
	for id, op := range adopted {
		r.flights.adopt(id, op.Attempt, r.lane(op), r.db.Now())
	}
	return err
}

// restart gives a run that was cut off to the next worker, fencing whoever may still be at it.
func restart(tx *store.Tx, op *store.Operation) error {
	op.Attempt++
	op.Claim = store.Claim{}
	op.NotBefore = time.Time{}
	if op.State == store.Running {
		to := store.Pending
		if op.Undo == store.UndoCancel {
			to = store.Undoing
		}
		if err := op.Move(to); err != nil {
			return err
		}
	}
	return store.Operations.Put(tx, op)
}

func (r *Runner) sweepLoop(ctx context.Context) {
	due, lives, orphans := time.NewTicker(dueEvery), time.NewTicker(livesEvery), time.NewTicker(orphansEvery)
	defer due.Stop()
	defer lives.Stop()
	defer orphans.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
			r.sweepDue(ctx)
		case <-due.C:
			r.sweepDue(ctx)
		case <-lives.C:
			r.sweepLives(ctx)
		case <-orphans.C:
			r.sweepOrphans(ctx)
		case <-r.queue.Changed():
			r.log.Info("queue came back or lost its memory, sweeping")
			r.sweepLives(ctx)
			r.sweepDue(ctx)
		}
	}
}

// sweepDue sends what is due and not under way: what was never sent, what waited for its back-off, what is stuck.
func (r *Runner) sweepDue(ctx context.Context) {
	var due []store.Operation
	err := r.db.View(ctx, func(tx *store.Tx) error {
		for op, err := range store.DueOperations(tx) {
			if err != nil {
				return err
			}
			if _, flying := r.flights.get(op.ID); flying {
				continue
			}
			if due = append(due, op); len(due) == window {
				return nil
			}
		}
		return nil
	})
	if err != nil {
		r.logSweep(ctx, err)
		return
	}
	for _, op := range due {
		if op.State == store.Stuck {
			if op, err = r.update(ctx, op.ID, func(tx *store.Tx, op *store.Operation) error {
				if op.State != store.Stuck {
					return nil
				}
				op.Attempt++
				return op.Move(store.Undoing)
			}); err != nil {
				r.logSweep(ctx, err)
				continue
			}
		}
		if op.State == store.Pending || op.State == store.Undoing {
			r.enqueue(ctx, op)
		}
	}
}

// sweepLives asks the queue about every operation that does not run here, and takes over what shows no life.
func (r *Runner) sweepLives(ctx context.Context) {
	remote := r.flights.remote()
	if len(remote) == 0 {
		return
	}
	ids := make([]string, 0, len(remote))
	for id := range remote {
		ids = append(ids, id)
	}
	lives, err := r.queue.Lives(ctx, ids)
	if err != nil {
		return // an unreachable queue says nothing about its workers
	}
	for id, f := range remote {
		life, alive := lives[id]
		if alive && life.Attempt == f.attempt {
			r.sawLife(ctx, id, f, life)
			continue
		}
		if lost, why := r.lost(ctx, id, f); lost {
			r.takeOver(ctx, id, f.attempt, why)
		}
	}
}

// sweepOrphans restarts what the store says this process runs and the process knows nothing of: its outcome could not be written.
func (r *Runner) sweepOrphans(ctx context.Context) {
	orphans := map[string]int{}
	err := r.db.View(ctx, func(tx *store.Tx) error {
		for op, err := range store.LiveOperations(tx) {
			if err != nil {
				return err
			}
			_, flying := r.flights.get(op.ID)
			if !flying && op.Claim.Epoch == r.epoch && (op.State == store.Running || op.State == store.Undoing) {
				orphans[op.ID] = op.Attempt
			}
		}
		return nil
	})
	if err != nil {
		r.logSweep(ctx, err)
	}
	for id, attempt := range orphans {
		r.takeOver(ctx, id, attempt, "outcome was not recorded")
	}
}

func (r *Runner) lost(ctx context.Context, id string, f flight) (bool, string) {
	now := r.db.Now()
	if f.seen.After(f.sent) {
		// The sign of life has outlived its worker already, by longer than a worker that is cut off goes on; what is waited
		// for here is an outcome that is on its way.
		return now.Sub(f.seen) > grace, "worker shows no life"
	}
	quiet := now.Sub(f.sent)
	if quiet < grace {
		return false, ""
	}
	state, err := r.queue.Lookup(ctx, id, f.attempt)
	switch {
	case err != nil || state == queue.Waiting:
		return false, ""
	case state == queue.Lost:
		return true, "task lost"
	default:
		return quiet > r.takeover, "worker never showed life"
	}
}

func (r *Runner) sawLife(ctx context.Context, id string, f flight, life queue.Life) {
	r.flights.saw(id, f.attempt, r.db.Now())
	var steps []store.Step
	if json.Unmarshal(life.Data, &steps) == nil && len(steps) > len(f.steps) {
		r.flights.progress(id, f.attempt, steps)
	}
	if !f.seen.IsZero() {
		return
	}
	op, err := r.update(ctx, id, func(tx *store.Tx, op *store.Operation) error {
		if op.Attempt != f.attempt || !op.State.Live() {
			return nil
		}
		return claim(tx, op, store.Claim{Worker: life.Worker})
	})
	if err != nil {
		r.logSweep(ctx, err)
		return
	}
	r.hub.publish(op)
}

// claim records who runs the operation.
func claim(tx *store.Tx, op *store.Operation, by store.Claim) error {
	by.Seen = tx.Now()
	op.Claim, op.Worker = by, by.Worker
	if op.Started.IsZero() {
		op.Started = tx.Now()
	}
	if op.State == store.Pending {
		return op.Move(store.Running)
	}
	return nil
}

func (r *Runner) takeOver(ctx context.Context, id string, attempt int, why string) {
	taken := false
	op, err := r.update(ctx, id, func(tx *store.Tx, op *store.Operation) error {
		if taken = op.Attempt == attempt && op.State.Live(); !taken {
			return nil
		}
		return restart(tx, op)
	})
	r.land(id, attempt)
	if err != nil {
		r.logSweep(ctx, err)
		return
	}
	if !taken {
		return // its outcome was faster
	}
	r.log.Warn("operation taken over", "op", id, "kind", op.Kind, "attempt", op.Attempt, "cause", why)
	r.dispatch(op)
}

// update changes one operation in a transaction of its own.
func (r *Runner) update(ctx context.Context, id string, change func(*store.Tx, *store.Operation) error) (store.Operation, error) {
	return rewrite(ctx, r.db.Update, id, change)
}

// rewrite changes one operation by one way of writing to the store.
func rewrite(ctx context.Context, write func(context.Context, func(*store.Tx) error) error, id string, change func(*store.Tx, *store.Operation) error) (store.Operation, error) {
	var op store.Operation
	err := write(ctx, func(tx *store.Tx) error {
		var err error
		if op, err = store.Operations.Get(tx, id); err != nil {
			return err
		}
		if err = change(tx, &op); err != nil {
			return err
		}
		return store.Operations.Put(tx, &op)
	})
	return op, err
}

// progressLoop writes the journals of running operations, many in one transaction: it bounds what a second run does again.
func (r *Runner) progressLoop(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.flushProgress(ctx)
		}
	}
}

func (r *Runner) flushProgress(ctx context.Context) {
	dirty := r.flights.dirty()
	if len(dirty) == 0 {
		return
	}
	var moved []store.Operation
	err := r.db.Update(ctx, func(tx *store.Tx) error {
		moved = moved[:0]
		for id, f := range dirty {
			op, err := store.Operations.Get(tx, id)
			if err != nil || op.Attempt != f.attempt || !op.State.Live() {
				continue
			}
			op.Journal = f.steps
			if err := store.Operations.Put(tx, &op); err != nil {
				return err
			}
			moved = append(moved, op)
		}
		return nil
	})
	if err != nil {
		r.logSweep(ctx, err)
		return
	}
	for _, op := range moved {
		r.hub.publish(op)
	}
}

// retentionLoop forgets operations that ended longer ago than they are kept.
func (r *Runner) retentionLoop(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		for n := pruneBatch; n == pruneBatch; {
			n = 0
			err := r.db.Update(ctx, func(tx *store.Tx) error {
				var err error
				n, err = store.PruneOperations(tx, tx.Now().Add(-r.retention), pruneBatch)
				return err
			})
			if err != nil {
				r.logSweep(ctx, err)
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Runner) logSweep(ctx context.Context, err error) {
	if ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		r.log.Error("sweep", "err", err)
	}
}
