package pools

import (
	"context"
	"log/slog"
	"maps"
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
	hungry    map[string]map[string]*look // by provider and pool: whose last plan found no room there
	inventory map[string]inventory        // by pool: answers that no pass has seen
	asking    map[string]bool
	nextAsk   map[string]time.Time
	probes    map[string]*probe                // by machine
	answers   map[string]map[string]plan.Probe // by pool and machine: those that no pass has seen
	misses    map[string]*miss                 // by machine: inventories in a row that do not show it
	absent    map[string]map[string]int        // by pool and machine: those that their providers do not know, and no pass has seen
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

func (l *look) add(names map[string]bool) {
	if l.vms == nil && len(names) > 0 {
		l.vms = map[string]bool{}
	}
	maps.Copy(l.vms, names)
}

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
		dirty: map[string]*look{}, rested: map[string]time.Time{}, wake: make(chan struct{}, 1),
		hungry: map[string]map[string]*look{}, misses: map[string]*miss{}, absent: map[string]map[string]int{}, inventory: map[string]inventory{},
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
	k.mark(func(l *look) { l.add(map[string]bool{name: true}) }, pool)
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
	for _, t := range taken {
		for i := range t.VMs {
			if k.d.cfg.MigrationLimit > 0 || t.VMs[i].User != "" {
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

// strays are the pools that have machines, or of which a request wants some, and that are not configured any more.
func (k *Keeper) strays() []string {
	var out []string
	err := k.db.View(context.Background(), func(tx *store.Tx) error {
		out = nil
		all, err := store.AllCounts(tx)
		if err != nil {
			return err
		}
		for _, c := range all {
			if !k.d.Has(c.Pool) && c.Pending+c.Ready+c.Running+c.Completed > 0 {
				out = append(out, c.Pool)
			}
		}
		open, err := store.PendingRequests(tx)
		for i := range open {
			for _, item := range open[i].Items {
				if !k.d.Has(item.Pool) {
					out = append(out, item.Pool)
				}
			}
		}
		return err
	})
	if err != nil {
		k.log.Error("pools not counted", "err", err)
	}
	return out
}
