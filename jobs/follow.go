package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"yardmaster/store"
)

// Get is the operation as it stands this moment, running steps included. ErrNoOperation if no record has that id.
func (r *Runner) Get(ctx context.Context, id string) (store.Operation, error) {
	var op store.Operation
	err := r.db.View(ctx, func(tx *store.Tx) error {
		var err error
		op, err = store.Operations.Get(tx, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return op, fmt.Errorf("%w: %s", ErrNoOperation, id)
	}
	if err == nil {
		r.flights.overlay(&op)
	}
	return op, err
}

// List is one page of operations, newest first, and the cursor of the next page ("" if there is none).
func (r *Runner) List(ctx context.Context, f store.OperationFilter) (page []store.Operation, next string, err error) {
	err = r.db.View(ctx, func(tx *store.Tx) error {
		page, next, err = store.ListOperations(tx, f)
		return err
	})
	for i := range page {
		r.flights.overlay(&page[i])
	}
	return page, next, err
}

// Wait returns the operation once it has ended, or as it is when ctx does.
func (r *Runner) Wait(ctx context.Context, id string) (store.Operation, error) {
	return r.WaitFor(ctx, id, func(op store.Operation) bool { return !op.State.Live() })
}

// WaitFor returns the operation once it is as asked, or as it is when ctx ends.
func (r *Runner) WaitFor(ctx context.Context, id string, enough func(store.Operation) bool) (store.Operation, error) {
	events, cancel := r.hub.follow(id)
	defer func() { cancel() }()
	look := context.WithoutCancel(ctx) // the end of ctx ends the wait, not the answer
	op, err := r.Get(look, id)
	for err == nil && !enough(op) {
		select {
		case <-ctx.Done():
			return op, nil
		case e, open := <-events:
			switch {
			case !open: // too slow, or closing: look for ourselves
				cancel()
				events, cancel = r.hub.follow(id)
				op, err = r.Get(look, id)
				if r.closing() {
					return op, err
				}
			default:
				op = e
			}
		}
	}
	return op, err
}

// Watch sends every change of every operation until cancel is called. A receiver that falls behind finds its channel closed
// and must read the list again.
func (r *Runner) Watch() (events <-chan store.Operation, cancel func()) { return r.hub.followAll() }

// Cancel calls an operation off: what has not begun ends at once, what runs is stopped and undone.
func (r *Runner) Cancel(ctx context.Context, id string) (store.Operation, error) {
	var remote bool
	flight, flying := r.flights.get(id)
	// Where another process may have taken it, it may be at work on machines for as long as its cut takes to reach it.
	remote = flying && !flight.local && (!flight.seen.IsZero() || !r.queue.Embedded())
	op, err := r.update(ctx, id, func(tx *store.Tx, op *store.Operation) error {
		kind, known := r.kinds[op.Kind]
		switch {
		case !known:
			return fmt.Errorf("%w: its kind %s is unknown", ErrNotCancelable, op.Kind)
		case op.State == store.Pending && op.Tries == 0 && len(op.Journal) == 0 && op.Started.IsZero() && !remote:
			if err := kind.Abandon(tx, op); err != nil {
				return fmt.Errorf("abandon %s: %w", op.Kind, err)
			}
			op.Undo = store.UndoCancel
			op.Attempt++
			return end(tx, op, store.Canceled)
		case forward(kind, op) || (op.State != store.Pending && op.State != store.Running):
			return fmt.Errorf("%w: it is %s", ErrNotCancelable, op.State)
		}
		op.Undo = store.UndoCancel
		if op.State == store.Running && !remote {
			return nil // its own outcome takes it to undoing
		}
		op.Attempt++
		op.Claim = store.Claim{}
		if remote {
			op.NotBefore = tx.Now().Add(r.takeover) // the copy elsewhere must have noticed the fence by then
		}
		return op.Move(store.Undoing)
	})
	if errors.Is(err, store.ErrNotFound) {
		return op, fmt.Errorf("%w: %s", ErrNoOperation, id)
	}
	if err != nil {
		return op, err
	}
	if !r.flights.abort(id, errCanceled) {
		r.land(id, op.Attempt)
		if err := r.queue.Withdraw(ctx, id); err != nil {
			r.log.Warn("canceled task not withdrawn", "op", id, "err", err)
		}
		r.dispatch(op)
	}
	r.hub.publish(op)
	return op, nil
}

// Idle says that an operation waits for another try, and for nothing that could still be under way.
func Idle(op *store.Operation) bool {
	return op.State == store.Stuck || op.State == store.Pending && op.Tries > 0
}

// RetryStuck makes stuck operations due now: all of them, or those that work on one host.
func (r *Runner) RetryStuck(ctx context.Context, host string) (int, error) {
	n := 0
	err := r.db.Update(ctx, func(tx *store.Tx) error {
		n = 0
		var waiting []store.Operation
		for op, err := range store.LiveOperations(tx) {
			if err != nil {
				return err
			}
			if Idle(&op) && op.NotBefore.After(tx.Now()) && (host == "" || slices.Contains(op.Hosts, host)) {
				waiting = append(waiting, op)
			}
		}
		for _, op := range waiting {
			op.NotBefore = time.Time{}
			if err := store.Operations.Put(tx, &op); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	r.kick()
	return n, err
}

// hub tells followers what was committed. It never waits for one.
type hub struct {
	mu     *sync.Mutex
	subs   map[chan store.Operation]string // the operation that each follows, or everyOne
	closed *bool
}

func newHub() hub {
	return hub{mu: new(sync.Mutex), subs: map[chan store.Operation]string{}, closed: new(bool)}
}

const everyOne = ""

// How many changes a follower may fall behind: of all operations, or of the one that it follows, which moves a few times in all.
const (
	lagOfAll = 256
	lagOfOne = 4
)

func (h hub) followAll() (<-chan store.Operation, func()) { return h.subscribe(everyOne, lagOfAll) }

func (h hub) follow(id string) (<-chan store.Operation, func()) { return h.subscribe(id, lagOfOne) }

func (h hub) subscribe(id string, lag int) (<-chan store.Operation, func()) {
	ch := make(chan store.Operation, lag)
	h.mu.Lock()
	defer h.mu.Unlock()
	if *h.closed {
		close(ch)
		return ch, func() {}
	}
	h.subs[ch] = id
	return ch, func() { h.drop(ch) }
}

func (h hub) drop(ch chan store.Operation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.subs[ch]; ok {
		delete(h.subs, ch)
		close(ch)
	}
}

func (h hub) publish(op store.Operation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch, id := range h.subs {
		if id != everyOne && id != op.ID {
			continue
		}
		select {
		case ch <- op:
		default:
			delete(h.subs, ch)
			close(ch)
		}
	}
}

func (h hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	*h.closed = true
	for ch := range h.subs {
		delete(h.subs, ch)
		close(ch)
	}
}
