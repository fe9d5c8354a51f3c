package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"yardmaster/jobs/queue"
	"yardmaster/store"
)

// Worker runs operations that come over the queue. Beside the server it claims and reports to the Runner directly; in a
// process of its own it reports over the queue.
type Worker struct {
	queue *queue.Queue
	kinds map[string]Kind
	name  string
	keyID string
	now   func() time.Time
	log   *slog.Logger
	open  func(queue.Job) (Task, error)
	side  func(queue.Run) side
}

// side is whom a worker answers to.
type side interface {
	claim(ctx context.Context, t Task, cancel context.CancelCauseFunc) (bool, error)
	progress(op string, attempt int, steps []store.Step)
	done(ctx context.Context, out Outcome) error
	fenced(t Task) // the run is another's now, nothing is to be told of it
}

// reportTime bounds how long a worker tries to deliver one outcome; after that the sweep finds the operation without life.
const reportTime = 2 * time.Minute

// LocalWorker runs operations in the Runner's own process.
func (r *Runner) LocalWorker() *Worker {
	return &Worker{queue: r.queue, kinds: r.kinds, name: r.worker, keyID: r.keyID, now: r.db.Now, log: r.log,
		open: r.open, side: func(queue.Run) side { return local{r} }}
}

// open is the task of a job: this process mostly sent it itself, and need not read what it wrote.
func (r *Runner) open(job queue.Job) (Task, error) {
	if op, here := r.flights.sent(job.Op, job.Attempt); here {
		return r.task(op), nil
	}
	return openTask(job)
}

// ErrOtherKey ends a worker whose key is not the server's: what operations carry sealed it could not open.
var ErrOtherKey = errors.New("secret_key_file: it is not the key of the server whose operations come over this Redis")

// RemoteWorker runs operations of a server elsewhere, over a Redis that both reach. keyID names the key that opens what they
// carry.
func RemoteWorker(q *queue.Queue, kinds []Kind, name, keyID string, now func() time.Time, log *slog.Logger) *Worker {
	w := &Worker{queue: q, kinds: map[string]Kind{}, name: name, keyID: keyID, now: now, log: log, open: openTask}
	for _, k := range kinds {
		w.kinds[k.Name()] = k
	}
	w.side = func(run queue.Run) side { return remote{q, run} }
	return w
}

// Work takes operations until ctx ends and every one that it took has been reported, or until one comes that was made with
// another key: ErrOtherKey. That one the server sends again, to others.
func (w *Worker) Work(ctx context.Context, concurrency int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := w.queue.Work(ctx, w.name, concurrency, func(ctx context.Context, run queue.Run) error {
		t, err := w.open(run.Job)
		if err != nil {
			return err
		}
		if t.Key != w.keyID {
			stop(ErrOtherKey)
			return ErrOtherKey
		}
		return w.execute(ctx, run, t)
	})
	if errors.Is(context.Cause(ctx), ErrOtherKey) {
		return ErrOtherKey
	}
	return err
}

func (w *Worker) execute(ctx context.Context, run queue.Run, t Task) error {
	side := w.side(run)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	mine, err := side.claim(ctx, t, cancel)
	if err != nil || !mine {
		return err
	}
	out := Outcome{Op: t.Op.ID, Kind: t.Op.Kind, Attempt: t.Op.Attempt, Undo: t.Undo, Worker: w.name}
	journal := NewJournal(t.Op, w.now, func(steps []store.Step) { side.progress(t.Op.ID, t.Op.Attempt, steps) })
	out.Failure = w.perform(ctx, t, journal)
	out.Steps = journal.Steps()
	if errors.Is(context.Cause(ctx), queue.ErrFenced) {
		w.log.Info("run fenced off", "op", t.Op.ID, "attempt", t.Op.Attempt)
		side.fenced(t)
		return nil
	}
	report, stop := context.WithTimeout(context.WithoutCancel(ctx), reportTime)
	defer stop()
	if err := side.done(report, out); err != nil {
		w.log.Error("outcome not delivered", "op", t.Op.ID, "attempt", t.Op.Attempt, "err", err)
	}
	return nil
}

// perform calls the kind, within its time and with its panics caught.
func (w *Worker) perform(ctx context.Context, t Task, j *Journal) (f *Failure) {
	kind, known := w.kinds[t.Op.Kind]
	if !known {
		return &Failure{Text: "internal error", Code: "internal", Detail: "kind unknown to this worker: " + t.Op.Kind, Retry: true}
	}
	ctx, cancel := context.WithTimeout(ctx, kind.Policy().Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			f = &Failure{Text: "internal error", Code: "internal", Detail: fmt.Sprintf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	if t.Undo {
		return failure(ctx, kind.Undo(ctx, t.Op, j))
	}
	return failure(ctx, kind.Run(ctx, t.Op, j))
}

// local is the side of a worker in the server's process: no queue between it and the store.
type local struct{ r *Runner }

func (l local) claim(ctx context.Context, t Task, cancel context.CancelCauseFunc) (bool, error) {
	r := l.r
	if !r.flights.begin(t.Op.ID, t.Op.Attempt, cancel) {
		return false, nil
	}
	mine, claimed := false, store.Operation{}
	// A claim that is lost with this process is not missed: what was pending then counts as begun (see reconcile).
	soon := func(ctx context.Context, fn func(*store.Tx) error) error {
		return r.db.Soon(ctx, fn, func() {
			if mine {
				r.hub.publish(claimed)
			}
		})
	}
	_, err := rewrite(ctx, soon, t.Op.ID, func(tx *store.Tx, op *store.Operation) error {
		mine = op.Attempt == t.Op.Attempt && op.State.Live() && t.Undo == (op.State == store.Undoing)
		if !mine {
			return nil
		}
		err := claim(tx, op, store.Claim{Worker: r.worker, Epoch: r.epoch})
		claimed = *op
		return err
	})
	if err != nil || !mine {
		r.land(t.Op.ID, t.Op.Attempt)
		return false, err
	}
	return true, nil
}

func (l local) progress(op string, attempt int, steps []store.Step) {
	l.r.flights.progress(op, attempt, steps)
}

// done tries until the outcome is on disk; what a full disk refused for longer is found by the sweep.
func (l local) done(ctx context.Context, out Outcome) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := l.r.Apply(ctx, out)
		if err == nil {
			return nil
		}
		if errors.Is(err, store.ErrClosed) {
			return err
		}
		pause := time.NewTimer(wait)
		select {
		case <-pause.C:
		case <-ctx.Done():
			l.r.land(out.Op, out.Attempt)
			return err
		}
	}
}

func (l local) fenced(t Task) { l.r.land(t.Op.ID, t.Op.Attempt) }

// remote is the side of a worker in a process of its own: the fence and the sign of life of its queue are its claim.
type remote struct {
	q   *queue.Queue
	run queue.Run
}

func (m remote) claim(_ context.Context, t Task, _ context.CancelCauseFunc) (bool, error) {
	return t.Op.Attempt == m.run.Job.Attempt, nil
}

func (m remote) progress(_ string, _ int, steps []store.Step) {
	if data, err := json.Marshal(steps); err == nil {
		m.run.Beat(data)
	}
}

func (remote) fenced(Task) {}

func (m remote) done(ctx context.Context, out Outcome) error {
	rep, err := out.report()
	if err != nil {
		return err
	}
	return m.q.Send(ctx, rep)
}
