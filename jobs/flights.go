package jobs

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"yardmaster/store"
)

// errCanceled is the cause with which a user's cancel ends the context of a running operation.
var errCanceled = errors.New("canceled by a user")

// flight is what this process knows of an operation between its dispatch and its outcome.
type flight struct {
	attempt int
	op      *store.Operation // as it was sent; nil if another process sent it
	sent    time.Time
	seen    time.Time // last sign of life of a worker elsewhere; zero if none was seen
	local   bool      // runs in this process
	cancel  context.CancelCauseFunc
	steps   []store.Step // newer than the store's
	dirty   bool
	left    []string // the machines of work that another operation left for later
	lane    string
}

// mostLeft bounds what is under way on one machine of what other operations left behind there. They left it because the machine
// did not answer, and while it does not, each try holds a worker until it gives up.
const mostLeft = 4

// flights is the memory of what is under way. Losing it costs a sweep, never an operation.
type flights struct {
	mu    *sync.Mutex
	byOp  map[string]*flight
	lanes map[string]*lane
	most  int // flights of one lane; 0 is no bound
	room  Room
}

// lane is how much of one lane is under way, and whether something of it was turned away since.
type lane struct {
	flying int
	turned bool
}

func newFlights(perLane int, room Room) flights {
	if room == nil {
		room = func(string) (int, bool) { return 0, false }
	}
	return flights{mu: new(sync.Mutex), byOp: map[string]*flight{}, lanes: map[string]*lane{}, most: perLane, room: room}
}

// launch enters a dispatch; false if that attempt, or a newer one, is under way already, or there is no room for it now.
func (f flights) launch(op store.Operation, on string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known, ok := f.byOp[op.ID]; ok && (known.attempt >= op.Attempt || known.local) {
		return false
	}
	next := &flight{attempt: op.Attempt, op: &op, sent: now, lane: on}
	if op.Parent != "" {
		next.left = op.Hosts
	}
	if len(f.byOp) >= window || f.crowded(next.left) {
		return false
	}
	if f.full(op.ID, on) {
		if l := f.lanes[on]; l != nil {
			l.turned = true
		}
		return false
	}
	f.enter(op.ID, next)
	return true
}

// full says that a lane has no room for an operation, which may have a place there from an attempt before.
func (f flights) full(op, on string) bool {
	most, bounded := f.bound(on)
	if !bounded {
		return false
	}
	flying := 0
	if l := f.lanes[on]; l != nil {
		flying = l.flying
	}
	if known := f.byOp[op]; known != nil && known.lane == on {
		flying--
	}
	return flying >= most
}

// bound is how many flights of a lane there may be.
func (f flights) bound(on string) (most int, bounded bool) {
	if on == "" {
		return 0, false
	}
	if most, closed := f.room(on); closed {
		return most, true
	}
	return f.most, f.most > 0
}

func (f flights) isFull(on string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.full("", on)
}

func (f flights) enter(op string, next *flight) {
	f.leave(op)
	f.byOp[op] = next
	if next.lane == "" {
		return
	}
	if f.lanes[next.lane] == nil {
		f.lanes[next.lane] = &lane{}
	}
	f.lanes[next.lane].flying++
}

// leave takes a flight out, and says whether another one waits for its place.
func (f flights) leave(op string) (wanted bool) {
	known := f.byOp[op]
	delete(f.byOp, op)
	if known == nil || known.lane == "" {
		return false
	}
	l := f.lanes[known.lane]
	wanted, l.turned = l.turned, false
	if l.flying--; l.flying == 0 {
		delete(f.lanes, known.lane)
	}
	return wanted
}

// crowded says that one of the machines has as much left work under way as it may.
func (f flights) crowded(hosts []string) bool {
	if len(hosts) == 0 {
		return false
	}
	n := map[string]int{}
	for _, known := range f.byOp {
		for _, h := range known.left {
			n[h]++
		}
	}
	return slices.ContainsFunc(hosts, func(h string) bool { return n[h] >= mostLeft })
}

// sent is the operation as this process sent it; false if it did not, or not that attempt.
func (f flights) sent(id string, attempt int) (store.Operation, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.byOp[id]
	if !ok || known.attempt != attempt || known.op == nil {
		return store.Operation{}, false
	}
	return known.op.Copy(), true
}

// adopt enters an operation that a worker elsewhere is believed to run.
func (f flights) adopt(op string, attempt int, on string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.enter(op, &flight{attempt: attempt, sent: now, seen: now, lane: on})
}

// begin marks the operation as running in this process; false if this attempt is not the one under way.
func (f flights) begin(op string, attempt int, cancel context.CancelCauseFunc) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.byOp[op]
	if !ok || known.attempt != attempt || known.local {
		return false
	}
	known.local, known.cancel = true, cancel
	return true
}

// land forgets the operation, unless a newer attempt is under way; wanted says that another one was turned away for lack of its
// place.
func (f flights) land(op string, attempt int) (wanted bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known, ok := f.byOp[op]; ok && known.attempt <= attempt {
		return f.leave(op)
	}
	return false
}

func (f flights) get(op string) (flight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.byOp[op]
	if !ok {
		return flight{}, false
	}
	return *known, true
}

// abort ends the context of a local run with that cause; false if it does not run here.
func (f flights) abort(op string, cause error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.byOp[op]
	if !ok || !known.local {
		return false
	}
	known.cancel(cause)
	return true
}

// progress keeps newer steps until they are flushed.
func (f flights) progress(op string, attempt int, steps []store.Step) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known, ok := f.byOp[op]; ok && known.attempt == attempt {
		known.steps, known.dirty = steps, true
	}
}

// dirty takes what has progressed since the last call.
func (f flights) dirty() map[string]flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]flight{}
	for op, known := range f.byOp {
		if known.dirty {
			known.dirty = false
			out[op] = *known
		}
	}
	return out
}

// remote lists what is under way and not known to run in this process.
func (f flights) remote() map[string]flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]flight{}
	for op, known := range f.byOp {
		if !known.local {
			out[op] = *known
		}
	}
	return out
}

func (f flights) saw(op string, attempt int, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known, ok := f.byOp[op]; ok && known.attempt == attempt {
		known.seen = now
	}
}

// local counts what runs in this process.
func (f flights) local() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, known := range f.byOp {
		if known.local {
			n++
		}
	}
	return n
}

// overlay shows an operation as it is this moment, with the steps that are not yet in the store.
func (f flights) overlay(op *store.Operation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known, ok := f.byOp[op.ID]; ok && known.attempt == op.Attempt && len(known.steps) > len(op.Journal) {
		op.Journal = known.steps
	}
}
