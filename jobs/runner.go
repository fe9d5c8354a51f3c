package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"yardmaster/jobs/queue"
	"yardmaster/store"
)

// Limits bound what is under way at a time. Zero is no bound.
type Limits struct {
	InFlight        int // counted operations that have not ended
	InFlightPerHost int // the same, of those that work on one machine
	InFlightPerLane int // with workers, of one lane: the rest waits in the store
}

// Room says how many operations of a lane may be under way now, because of what waits at its end: none while that is left alone,
// one to see whether it is well again. It is asked under a lock, and quick. ok is false if nothing but Limits bounds the lane.
type Room func(lane string) (most int, ok bool)

// Stuck says how operations are treated whose undo has failed.
type Stuck struct {
	Off   bool          // they wait for RetryStuck
	Start time.Duration // after the start of the server
	Most  time.Duration // ceiling of the back-off between tries
}

// Options is what a Runner is made of. Kinds are looked up by name; two of one name are refused.
type Options struct {
	DB        *store.DB
	Queue     *queue.Queue
	Kinds     []Kind
	Logger    *slog.Logger
	NewID     func() string // 32 hex digits
	Epoch     string        // this start's own id
	Worker    string        // the name under which this process runs operations itself
	KeyID     string        // names the key that seals what operations carry: workers must have it
	Limits    Limits
	Stuck     Stuck
	Retention time.Duration // how long ended operations are kept
	Takeover  time.Duration // without a sign of life for this long, an operation is another worker's
	OnOutcome func(Outcome) // told of every outcome, for the health of machines and for metrics
	Room      Room          // nil: every lane is well
}

// Runner owns every operation of one control.db: it takes them in, dispatches them, applies outcomes and sweeps what was lost.
type Runner struct {
	db        *store.DB
	queue     *queue.Queue
	kinds     map[string]Kind
	log       *slog.Logger
	newID     func() string
	epoch     string
	worker    string
	keyID     string
	limits    Limits
	stuck     Stuck
	retention time.Duration
	takeover  time.Duration
	onOutcome func(Outcome)

	flights flights
	hub     hub
	send    chan store.Operation // freshly committed, to be dispatched at once
	wake    chan struct{}        // something may be due
	homes   chan struct{}        // holds one for each operation that runs at home

	mu     sync.Mutex
	closed bool
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// window is how many operations may be in the queue at a time; the rest waits in the store.
const window = 1000

// New checks the kinds and makes a Runner that does nothing yet.
func New(o Options) (*Runner, error) {
	r := &Runner{
		db: o.DB, queue: o.Queue, kinds: make(map[string]Kind, len(o.Kinds)), log: o.Logger, newID: o.NewID, epoch: o.Epoch,
		worker: o.Worker, limits: o.Limits, stuck: o.Stuck, retention: o.Retention, takeover: o.Takeover, onOutcome: o.OnOutcome, keyID: o.KeyID,
		flights: newFlights(o.Limits.InFlightPerLane, o.Room), hub: newHub(), send: make(chan store.Operation, window), wake: make(chan struct{}, 1),
		homes: make(chan struct{}, homeRuns),
	}
	for _, k := range o.Kinds {
		if _, twice := r.kinds[k.Name()]; twice {
			return nil, fmt.Errorf("kind %s: declared twice", k.Name())
		}
		r.kinds[k.Name()] = k
	}
	return r, nil
}

// Start reconciles what an earlier process left and then runs the dispatcher, the sweep and the receiver until Close.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.reconcile(ctx); err != nil {
		return fmt.Errorf("reconcile operations: %w", err)
	}
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, loop := range []func(context.Context){r.dispatchLoop, r.sweepLoop, r.progressLoop, r.retentionLoop, r.receiveLoop} {
		r.done.Go(func() { loop(ctx) })
	}
	r.kick()
	return nil
}

// Close takes nothing new, gives running operations up to grace to end by themselves, and stops the loops. The worker of this
// process must be stopped between Drain and Close; what it could not finish is journaled and goes on at the next start.
func (r *Runner) Close() {
	r.refuseNew()
	if r.stop != nil {
		r.stop()
	}
	r.done.Wait()
	r.hub.close()
}

// Drain takes nothing new, dispatches nothing more, and waits until no operation runs in this process, or ctx ends.
func (r *Runner) Drain(ctx context.Context) {
	r.refuseNew()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for r.flights.local() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Runner) refuseNew() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

func (r *Runner) closing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// Closing says that the runner takes nothing new.
func (r *Runner) Closing() bool { return r.closing() }

func (r *Runner) kick() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Kick makes the runner look now for what is due.
func (r *Runner) Kick() { r.kick() }

func (r *Runner) receiveLoop(ctx context.Context) {
	err := r.queue.Receive(ctx, func(ctx context.Context, rep queue.Report) error {
		out, err := decodeOutcome(rep)
		if err != nil {
			r.log.Error("outcome refused", "op", rep.Op, "err", err)
			return nil
		}
		return r.Apply(ctx, out)
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		r.log.Error("receiver ended", "err", err)
	}
}
