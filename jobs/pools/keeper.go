package pools

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/jobs"
	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

// Keeper keeps the pools as they should be. It is woken by what happens: a checkout, a deletion, the end of an operation, an
// answer of a machine; behind that, it looks at every provider's inventory in turn. It holds nothing that it could not learn
// again: losing it costs a look.
type Keeper struct {
	d         *Domain
	db        *store.DB
	runner    *jobs.Runner
	providers map[string]vm.Provider
	meter     Meter
	log       *slog.Logger
	waits     *waits

	mu        sync.Mutex
	dirty     map[string]*look
	rested    map[string]time.Time // by pool: not looked at before
	alarm     bool                 // the loop will be woken for them
	wake      chan struct{}
	hungry    map[string]bool      // pools whose last plan found no room
	inventory map[string]inventory // by pool: answers that no pass has seen
	asking    map[string]bool
	nextAsk   map[string]time.Time
	probes    map[string]*probe                // by machine
	answers   map[string]map[string]plan.Probe // by pool and machine: those that no pass has seen
	slots     map[string]chan struct{}         // by provider
	breakers  map[string]*breaker              // by provider
	flights   map[string]flight                // by operation
	pauses    map[string]*pause                // by pool: after clones that failed
	told      map[string]bool                  // strangers that the log knows of
	parts     sync.WaitGroup
}

// look is what a pass must look at beyond what it always does.
type look struct {
	full bool            // every machine
	vms  map[string]bool // these
}

// flight is an operation that the keeper began.
type flight struct{ kind, provider, pool, vm string }

// Meter is told what the keeper sees, for metrics. All methods are quick.
type Meter interface {
	Cloned(pool string, took time.Duration)
	Booted(pool string, took time.Duration) // from the beginning of the clone until ready
	Destroyed(pool string, took time.Duration)
	Failed(pool, reason string) // given up before it was ready
	Migrated(pool, from, to string, took time.Duration)
	DuplicateHostname(pool string) // a clone found its name taken
	StaleDNS(pool string)          // or DNS knew it
}

// Quiet is a Meter that nobody reads.
type Quiet struct{}

// Cloned does nothing.
func (Quiet) Cloned(string, time.Duration) {}

// Booted does nothing.
func (Quiet) Booted(string, time.Duration) {}

// Destroyed does nothing.
func (Quiet) Destroyed(string, time.Duration) {}

// Failed does nothing.
func (Quiet) Failed(string, string) {}

// Migrated does nothing.
func (Quiet) Migrated(string, string, string, time.Duration) {}

// DuplicateHostname does nothing.
func (Quiet) DuplicateHostname(string) {}

// StaleDNS does nothing.
func (Quiet) StaleDNS(string) {}

// NewKeeper makes a Keeper that does nothing until Keep. Its Heard must be told of every outcome.
func NewKeeper(d *Domain, db *store.DB, providers map[string]vm.Provider, meter Meter) *Keeper {
	return &Keeper{d: d, db: db, providers: providers, meter: meter, log: d.log, waits: newWaits(),
		dirty: map[string]*look{}, rested: map[string]time.Time{}, wake: make(chan struct{}, 1), hungry: map[string]bool{}, inventory: map[string]inventory{},
		asking: map[string]bool{}, nextAsk: map[string]time.Time{}, probes: map[string]*probe{},
		answers: map[string]map[string]plan.Probe{}, slots: map[string]chan struct{}{}, breakers: map[string]*breaker{},
		flights: map[string]flight{}, pauses: map[string]*pause{}, told: map[string]bool{}}
}

// beat is how often the keeper looks whether an inventory is due.
const beat = 250 * time.Millisecond

// Keep works until ctx ends and all that it asked has answered.
func (k *Keeper) Keep(ctx context.Context, runner *jobs.Runner) {
	k.runner = runner
	ctx, cancel := context.WithCancel(ctx)
	defer k.parts.Wait()
	defer cancel()
	k.parts.Go(func() { k.follow(ctx) })
	k.adopt(ctx)
	k.kickAll()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			k.survey(ctx)
		case <-k.wake:
		}
		for pool, l := range k.takeDirty() {
			if ctx.Err() != nil {
				break
			}
			begin := time.Now()
			if err := k.pass(ctx, pool, l); err != nil && ctx.Err() == nil {
				k.log.Error("pool not looked after", "pool", pool, "err", err)
			}
			k.rest(pool, time.Since(begin))
		}
	}
}

// Kick makes the keeper look at these pools now.
func (k *Keeper) Kick(pools ...string) {
	k.mark(func(l *look) {}, pools...)
}

func (k *Keeper) kickVM(pool, name string) {
	k.mark(func(l *look) {
		if l.vms == nil {
			l.vms = map[string]bool{}
		}
		l.vms[name] = true
	}, pool)
}

// kickFull is Kick for what concerns every machine of the pools.
func (k *Keeper) kickFull(pools ...string) {
	k.mark(func(l *look) { l.full = true }, pools...)
}

func (k *Keeper) mark(note func(*look), pools ...string) {
	if len(pools) == 0 {
		return
	}
	k.mu.Lock()
	for _, p := range pools {
		l := k.dirty[p]
		if l == nil {
			l = &look{}
			k.dirty[p] = l
		}
		note(l)
	}
	k.mu.Unlock()
	k.rouse()
}

// takeDirty takes the pools to look at now. Those that rest stay, unless something happened to a machine of theirs, and the loop
// is woken when the first of them has rested.
func (k *Keeper) takeDirty() map[string]*look {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	due := map[string]*look{}
	wait := time.Duration(0)
	for pool, l := range k.dirty {
		if left := k.rested[pool].Sub(now); left > 0 && !l.full && l.vms == nil {
			if wait == 0 || left < wait {
				wait = left
			}
			continue
		}
		due[pool] = l
		delete(k.dirty, pool)
	}
	if wait > 0 && !k.alarm {
		k.alarm = true
		time.AfterFunc(wait, func() {
			k.mu.Lock()
			k.alarm = false
			k.mu.Unlock()
			k.rouse()
		})
	}
	return due
}

const (
	restShare = 10 // a pool rests for so many times as long as a pass of it takes
	restMost  = 250 * time.Millisecond
)

// rest keeps passes over one pool from taking more than a part of a processor, however often it is kicked: a burst of checkouts
// needs one pass, not one each.
func (k *Keeper) rest(pool string, took time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rested[pool] = time.Now().Add(min(restShare*took, restMost))
}

// rouse has the loop look whether there is something to do.
func (k *Keeper) rouse() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// took is told of machines that were checked out.
func (k *Keeper) took(taken []Taken) {
	settle := k.d.cfg.MigrationLimit > 0
	for _, t := range taken {
		for i := range t.VMs {
			if settle {
				k.kickVM(t.VMs[i].Pool, t.VMs[i].Name)
			} else {
				k.Kick(t.VMs[i].Pool)
			}
		}
	}
}

func (k *Keeper) kickAll() {
	k.kickFull(k.d.Names()...)
	k.kickFull(k.strays()...)
}

// strays are the pools that have machines, or had, and are not configured any more.
func (k *Keeper) strays() []string {
	var out []string
	err := k.db.View(context.Background(), func(tx *store.Tx) error {
		out = nil
		all, err := store.AllCounts(tx)
		for _, c := range all {
			if !k.d.Has(c.Pool) && c.Pending+c.Ready+c.Running+c.Completed > 0 {
				out = append(out, c.Pool)
			}
		}
		return err
	})
	if err != nil {
		k.log.Error("pools not counted", "err", err)
	}
	return out
}

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
	return flight{op.Kind, w.Provider, w.Pool.Name, w.VM}, err == nil
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
				k.kickAll()
				continue
			}
			if !op.State.Live() {
				k.landed(op)
			}
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
	hungry := k.hungry
	k.hungry = map[string]bool{}
	k.mu.Unlock()
	if begun { // else submit has not entered it yet, and will see that it ended
		k.count(op, f)
	}
	k.kickVM(f.pool, f.vm)
	k.Kick(slices.Collect(maps.Keys(hungry))...)
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
	k.mu.Lock()
	f, ok := k.flights[o.Op]
	k.mu.Unlock()
	if !ok {
		return
	}
	switch {
	case o.Failure == nil:
		k.answered(f.provider)
	case len(o.Failure.Hosts) > 0:
		k.failed(f.provider, o.Failure.Text)
	}
}
