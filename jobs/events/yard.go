package events

import (
	"context"
	"sync"
	"time"

	"yardmaster/jobs"
	"yardmaster/store"
)

const (
	sweepEvery = 30 * time.Second
	// lateness bounds how long after its time a change of an operation can be seen in the store.
	lateness = time.Minute
	// overlap is how far before the newest event of its own the yard looks when it starts.
	overlap = 10 * time.Minute
	// yardWaiting is how many events may wait to be written; beyond that they are forgotten and read from the store again.
	yardWaiting = 16_384
	yardPage    = 1000
)

// yard writes the operations of control.db down as events. What it hears of while they change it writes at once; what it missed
// it finds in the store: after a start, when it fell behind, and regularly, since not every end of an operation is announced.
// The store is what is true; losing all that is here costs a look at it.
type yard struct {
	s    *Service
	page int // operations that are read, and events that are written, in one transaction

	mu      sync.Mutex
	waiting []item
	heard   map[string]heard  // by operation: whose events are on disk or wait
	open    map[string]string // by what was begun on what: the operation that has not ended
	behind  bool              // the store must be looked at before anything is written
	wake    chan struct{}

	looked time.Time // when the last sweep began
	swept  time.Time // all that had ended by then is written
}

// heard is an operation that was seen to begin, and to end unless ended is zero.
type heard struct {
	ended time.Time
	of    string // key of yard.open
	done  bool   // its events up to here are on disk
}

func newYard(s *Service) *yard {
	return &yard{s: s, page: yardPage, heard: map[string]heard{}, open: map[string]string{}, behind: true, wake: make(chan struct{}, 1)}
}

// keep runs until ctx ends.
func (y *yard) keep(ctx context.Context, runner *jobs.Runner) {
	var listening sync.WaitGroup
	defer y.finish(ctx, &listening)
	changes, cancel := runner.Watch() // before the first look at the store, so that nothing falls between
	listening.Go(func() { y.listen(ctx, runner, changes, cancel) })
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for pause := pauseFirst; ; {
		err := y.write(ctx)
		if err == nil {
			pause = pauseFirst
			select {
			case <-ctx.Done():
				return
			case <-y.wake:
			case <-tick.C:
				y.fallBehind(false)
			}
			continue
		}
		if ctx.Err() != nil {
			return
		}
		y.s.log.Error("operations not written down as events, will be tried again", "err", err)
		y.fallBehind(true)
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, pauseMost)
	}
}

// finish writes what was heard last.
func (y *yard) finish(ctx context.Context, listening *sync.WaitGroup) {
	listening.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pauseMost)
	defer cancel()
	if err := y.write(ctx); err != nil {
		y.s.log.Info("last operations not written down as events, they will be at the next start", "err", err)
	}
}

// listen takes every change as it is announced, and never keeps the announcer waiting.
func (y *yard) listen(ctx context.Context, runner *jobs.Runner, changes <-chan store.Operation, cancel func()) {
	defer func() { cancel() }()
	for {
		select {
		case <-ctx.Done():
			return
		case op, open := <-changes:
			if open {
				y.hear(&op)
				continue
			}
			cancel()
			if ctx.Err() != nil || runner.Closing() {
				return
			}
			changes, cancel = runner.Watch()
			y.fallBehind(true)
		}
	}
}

// hear notes what an operation has become.
func (y *yard) hear(op *store.Operation) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.waiting) >= yardWaiting {
		y.forget()
	}
	was, known := y.heard[op.ID]
	if known && (!was.ended.IsZero() || op.State.Live()) {
		return
	}
	list := appendEvents(nil, op, known)
	if len(list) == 0 {
		return
	}
	y.rouse()
	if id, live := y.open[of(op)]; live && id != op.ID {
		y.forget() // that one has ended without a word, and its end comes first
		return
	}
	y.waiting = append(y.waiting, list...)
	y.note(op)
}

// of is what was begun on what: of one such thing only one operation lives at a time.
func of(op *store.Operation) string { return op.Kind + " " + subject(op) }

// note enters that the events of an operation were seen to.
func (y *yard) note(op *store.Operation) {
	y.heard[op.ID] = heard{ended: op.Finished, of: of(op)}
	if op.State.Live() {
		y.open[of(op)] = op.ID
	} else if y.open[of(op)] == op.ID {
		delete(y.open, of(op))
	}
}

// appendEvents adds what there is to write of an operation; known says that its start was seen to.
func appendEvents(list []item, op *store.Operation, known bool) []item {
	if start, ok := begun(op); ok && !known {
		list = append(list, start)
	}
	if end, ok := ended(op); ok {
		list = append(list, end)
	}
	return list
}

// fallBehind has the store looked at. lost says that changes may have been missed since the last look.
func (y *yard) fallBehind(lost bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.behind = true
	if lost {
		y.forget()
	}
	y.rouse()
}

// forget drops what was heard: the store knows it too, and in what order.
func (y *yard) forget() {
	y.waiting, y.behind = nil, true
	clear(y.heard)
	clear(y.open)
}

func (y *yard) rouse() {
	select {
	case y.wake <- struct{}{}:
	default:
	}
}

func (y *yard) backlog() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return len(y.waiting)
}
