package pools

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"yardmaster/jobs"
	"yardmaster/store"
)

// flight is an operation that the keeper began.
type flight struct {
	kind, provider, pool, vm string
	failed                   bool // once at least, and is tried again
}

// change says that it changes a machine that somebody has.
func (f flight) change() bool { return f.kind != kindClone && f.kind != kindDestroy }

// adopt learns which operations an earlier process began.
func (k *Keeper) adopt(ctx context.Context) {
	err := k.db.View(ctx, func(tx *store.Tx) error {
		for op, err := range store.LiveOperations(tx) {
			if err != nil {
				return err
			}
			if f, ok := flightOf(op); ok {
				k.mu.Lock()
				k.flights[op.ID] = f
				k.mu.Unlock()
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		k.log.Error("operations under way not read", "err", err)
	}
}

func flightOf(op store.Operation) (flight, bool) {
	if !strings.HasPrefix(op.Kind, "vm.") {
		return flight{}, false
	}
	w, err := jobs.Input[work](op)
	return flight{op.Kind, w.Provider, w.Pool.Name, w.VM, op.Tries > 0}, err == nil
}

// follow looks again at the machine of every operation that ends.
func (k *Keeper) follow(ctx context.Context) {
	events, cancel := k.runner.Watch()
	defer func() { cancel() }()
	for {
		select {
		case <-ctx.Done():
			return
		case op, open := <-events:
			if !open { // too slow, or the server stops
				cancel()
				if ctx.Err() != nil || k.runner.Closing() {
					return
				}
				events, cancel = k.runner.Watch()
				k.catchUp(ctx)
				k.kickAll()
				continue
			}
			if !op.State.Live() {
				k.landed(op)
			}
		}
	}
}

// catchUp learns of the operations that ended while nobody listened.
func (k *Keeper) catchUp(ctx context.Context) {
	k.mu.Lock()
	ids := slices.Collect(maps.Keys(k.flights))
	k.mu.Unlock()
	for _, id := range ids {
		if op, err := k.runner.Get(ctx, id); err == nil && !op.State.Live() {
			k.landed(op)
		}
	}
}

// landed looks again at a machine whose operation has ended, and at the pools that wait for the room that it leaves.
func (k *Keeper) landed(op store.Operation) {
	f, ok := flightOf(op)
	if !ok {
		return
	}
	k.mu.Lock()
	_, begun := k.flights[op.ID]
	delete(k.flights, op.ID)
	k.mu.Unlock()
	if begun { // else submit has not entered it yet, and will see that it ended
		k.count(op, f)
	}
	k.kickVM(f.pool, f.vm)
	k.feed(f.provider)
}

// stumbled notes that an operation failed and will be tried again; what is left of its provider's room is the others'.
func (k *Keeper) stumbled(op string) {
	k.mu.Lock()
	f, ok := k.flights[op]
	first := ok && !f.failed
	if first {
		f.failed = true
		k.flights[op] = f
	}
	k.mu.Unlock()
	if first {
		k.feed(f.provider)
	}
}

// changes are the operations under way that change a machine.
func (k *Keeper) changes() map[string]bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := map[string]bool{}
	for id, f := range k.flights {
		if f.change() {
			out[id] = true
		}
	}
	return out
}

func (k *Keeper) count(op store.Operation, f flight) {
	took := op.Finished.Sub(op.Created)
	well := op.State == store.Succeeded
	switch {
	case f.kind == kindClone && well:
		k.meter.Cloned(f.pool, took)
		k.cloned(f.pool)
	case f.kind == kindClone:
		k.countFailed(op, f)
		k.cloneFailed(f.pool, op)
	case f.kind == kindDestroy && well:
		k.meter.Destroyed(f.pool, took)
	case f.kind == kindSettle && well:
		w, err := jobs.Input[work](op)
		var at where
		if err == nil && jobs.Learnt(&op, stepMoved, &at) && at.Host != w.Host {
			k.meter.Migrated(f.pool, w.Host, at.Host, took)
		}
	}
}

func (k *Keeper) countFailed(op store.Operation, f flight) {
	var by string
	switch {
	case jobs.Learnt(&op, stepTaken, &by) && by == takenInDNS:
		k.meter.StaleDNS(f.pool)
	case op.Done(stepTaken):
		k.meter.DuplicateHostname(f.pool)
	default:
		k.meter.Failed(f.pool, "clone")
	}
}

// Heard is told of every outcome: what providers do not answer, or answer again, shows there.
func (k *Keeper) Heard(o jobs.Outcome) {
	if o.Failure != nil {
		for _, host := range o.Failure.Hosts { // the operation itself may not be entered yet
			if provider, ours := strings.CutPrefix(host, silent("")); ours {
				k.failed(provider, o.Failure.Text)
			}
		}
		k.stumbled(o.Op)
		return
	}
	k.mu.Lock()
	f, ok := k.flights[o.Op]
	k.mu.Unlock()
	if ok {
		k.answered(f.provider)
	}
}
