package kv

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	queueLength = 1024
	batchCalls  = 1024
	// batchWrites is far more than that many calls write as a rule. bbolt splits no page before the commit, so that what new entries
	// in no order cost grows with the square of their number: 0.2 s for this many, 24 s for five times as many.
	batchWrites = 10_000
	// linger is how long what nobody waits for may wait for company.
	linger = 5 * time.Millisecond
)

// call is one caller's closure on its way through the writer.
type call struct {
	fn    func(*Tx) error
	alone bool
	soon  bool   // its caller goes on when it was run, whatever becomes of the commit
	after func() // of a call that is soon enough: called when it is on disk

	taken    atomic.Bool // by the writer to run it, or by the caller to give up
	done     chan struct{}
	err      error
	panicked any
	exited   bool // fn ended its goroutine, as testing's FailNow does
}

func (c *call) claim() bool { return c.taken.CompareAndSwap(false, true) }

func (c *call) failed() bool { return c.err != nil || c.panicked != nil || c.exited }

// writer owns the one goroutine that writes to the file.
type writer struct {
	bolt *bolt.DB
	log  *slog.Logger
	now  func() time.Time

	mu      sync.RWMutex // held for reading while a call is being queued
	stopped bool
	killed  atomic.Bool // what is not on disk by now is lost
	queue   chan *call
	drained chan struct{}
	waiting atomic.Int64          // calls queued or running
	failing atomic.Pointer[error] // of the last commit; nil if it succeeded

	memory memory // only the goroutine's
	batch  *batch // being filled; only the goroutine's
	held   *call  // taken from the queue, waiting for a batch of its own; only the goroutine's
}

func startWriter(file *bolt.DB, opts Options) *writer {
	w := &writer{
		bolt:    file,
		log:     opts.Logger,
		now:     opts.Now,
		queue:   make(chan *call, queueLength),
		drained: make(chan struct{}),
	}
	go w.run()
	return w
}

// submit has c run by the writer and returns when its fate is on disk, or for a call that is soon enough when it was run.
func (w *writer) submit(ctx context.Context, c *call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.waiting.Add(1)
	defer w.waiting.Add(-1)
	c.done = make(chan struct{})
	if err := w.enqueue(ctx, c); err != nil {
		return err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.claim() {
			return ctx.Err()
		}
		<-c.done
	}
	if c.panicked != nil {
		panic(c.panicked)
	}
	if c.exited {
		runtime.Goexit()
	}
	return c.err
}

func (w *writer) enqueue(ctx context.Context, c *call) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.stopped {
		return ErrClosed
	}
	select {
	case w.queue <- c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop lets no new call in and waits until the queued ones are answered.
func (w *writer) stop() {
	w.mu.Lock()
	if !w.stopped {
		w.stopped = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.drained
}

// run commits batch after batch until the queue is closed and empty. A closure may end this goroutine
// (runtime.Goexit); its successor then goes on with the same batch, so the others lose nothing.
func (w *writer) run() {
	over := false
	defer func() {
		if over {
			close(w.drained)
			return
		}
		if r := recover(); r != nil {
			panic(r)
		}
		go w.run()
	}()
	for w.batch != nil || w.open() {
		w.fill()
		if !w.lingers() {
			w.finish()
		}
	}
	over = true
}

// open waits for a call and starts a batch with it; false means that no call will come any more.
func (w *writer) open() bool {
	for {
		c := w.held
		w.held = nil
		if c == nil {
			var ok bool
			if c, ok = <-w.queue; !ok {
				return false
			}
		}
		if !c.claim() {
			continue
		}
		tx, err := w.begin()
		if err != nil {
			c.err = err
			close(c.done)
			continue
		}
		w.batch = &batch{bolt: tx, clock: w.now, alone: c.alone}
		if !c.alone {
			w.batch.memory = &w.memory
		}
		w.batch.serve(c, w.log)
		return true
	}
}

func (w *writer) begin() (*bolt.Tx, error) {
	if w.killed.Load() {
		return nil, ErrClosed
	}
	tx, err := w.bolt.Begin(true)
	if err != nil {
		return nil, beginError(err)
	}
	return tx, nil
}

// fill adds the calls that are waiting, those that came in while it did so included.
func (w *writer) fill() {
	for w.batch.hasRoom() {
		select {
		case c, ok := <-w.queue:
			switch {
			case !ok:
				return
			case c.alone:
				w.held = c
				return
			case c.claim():
				w.batch.serve(c, w.log)
			}
		default:
			return
		}
	}
}

// lingers keeps a batch open for a while if nobody waits for it: the next caller who does pays for both. It returns true
// when it has added a call, and false when the batch is to be finished.
func (w *writer) lingers() bool {
	b := w.batch
	if len(b.calls) > 0 || w.held != nil || b.writes == 0 || !b.hasRoom() {
		return false
	}
	if b.due == nil {
		b.due = time.NewTimer(linger)
	}
	select {
	case c, ok := <-w.queue:
		switch {
		case !ok:
			return false
		case c.alone:
			w.held = c
			return false
		case c.claim():
			b.serve(c, w.log)
		}
		return true
	case <-b.due.C:
		return false
	}
}

func (w *writer) finish() {
	b := w.batch
	w.batch = nil
	if w.killed.Load() {
		b.broken = ErrClosed
	}
	err := b.end()
	if b.writes > 0 {
		w.failing.Store(nil)
	}
	if err != nil {
		w.failing.Store(&err)
		w.log.Error("commit refused", "calls", len(b.calls), "err", err)
		b.refuse(err)
	}
	b.answer()
}
