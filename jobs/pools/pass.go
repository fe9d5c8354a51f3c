package pools

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"time"

	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

// seen is what a pass read, for those who carry the plan out.
type seen struct {
	snapshot plan.Snapshot
	vms      map[string]*store.VM
	domain   *Domain
	pool     Pool
	provider string
	changing map[string]bool // operations that change a machine, and may be called off
}

// pass looks at one pool once: read, plan, write what changes records, begin what touches machines.
func (k *Keeper) pass(ctx context.Context, pool string, l *look) error {
	inv := k.takeInventory(pool)
	probes, absent := k.probed(pool), k.absences(pool)
	var s seen
	err := k.db.View(ctx, func(tx *store.Tx) error {
		var err error
		s, err = k.read(tx, pool, l, inv, probes, absent)
		return err
	})
	if err != nil {
		return err
	}
	actions := plan.Plan(s.snapshot)
	k.notice(&s, actions)
	if len(actions) == 0 {
		return nil
	}
	done, err := k.record(ctx, &s, actions)
	if err != nil {
		return err
	}
	k.tell(&s, done)
	k.begin(ctx, &s, actions)
	return nil
}

func (k *Keeper) read(tx *store.Tx, pool string, l *look, inv *plan.Inventory, probes map[string]plan.Probe, absent map[string]int) (seen, error) {
	s := seen{domain: k.d, vms: map[string]*store.VM{}, changing: k.changes()}
	p, o, known, err := k.d.effective(tx, pool)
	if err != nil {
		return s, err
	}
	s.pool, s.provider = p, p.Provider
	s.snapshot = plan.Snapshot{Now: tx.Now(), Pool: k.planned(p, o, pool, known), Inventory: inv,
		Probes: probes, Absent: absent, TTL: k.d.cfg.RequestTTL}
	if err := s.gather(tx, pool, l); err != nil {
		return s, err
	}
	c, err := store.CountsOf(tx, pool)
	if err != nil {
		return s, err
	}
	s.snapshot.Counts = plan.Counts{Pending: c.Pending, OnDemand: c.OnDemand, Ready: c.Ready}
	if !known {
		for _, v := range s.vms {
			s.provider = v.Provider // all that is left to do needs is who has them
		}
	}
	s.snapshot.Purge, s.snapshot.Spare = k.d.cfg.Providers[s.provider].Purge, k.d.cfg.Providers[s.provider].Allow
	s.snapshot.Broken = k.broken(s.provider) != ""
	if s.snapshot.Requests, err = k.requests(tx, pool); err != nil {
		return s, err
	}
	return s, k.room(tx, &s)
}

func (k *Keeper) planned(p Pool, o store.PoolOverride, name string, known bool) plan.Pool {
	return plan.Pool{Size: p.Size, Template: p.Template, Target: p.CloneTarget, Timeout: p.Timeout, NotifyAfter: p.NotifyAfter,
		ReadyTTL: p.ReadyTTL, Lifetime: time.Duration(k.d.lifetime(name)) * time.Hour, Reset: o.Reset, CheckHostname: p.CheckHostname,
		Settle: k.d.cfg.MigrationLimit > 0, Place: spot(p.Provider, placeOf(p.Pool)), Gone: !known}
}

// gather reads the machines to judge: what is pending or done with always, the others if the look is a full one, or if
// something is known about them.
func (s *seen) gather(tx *store.Tx, pool string, l *look) error {
	states := []store.VMState{store.VMPending, store.VMCompleted}
	inv := s.snapshot.Inventory
	if l.full || inv != nil {
		states = append(states, store.VMReady, store.VMRunning)
	}
	for _, state := range states {
		vms, err := store.VMsIn(tx, pool, state)
		if err != nil {
			return err
		}
		for i := range vms {
			s.add(&vms[i])
		}
	}
	one := func(name string) error {
		if s.vms[name] != nil {
			return nil
		}
		v, err := store.VMs.Get(tx, name)
		if err == nil && v.Pool == pool {
			s.add(&v)
		}
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	}
	for _, names := range []iter.Seq[string]{maps.Keys(l.vms), maps.Keys(s.snapshot.Probes), maps.Keys(s.snapshot.Absent)} {
		for name := range names {
			if err := one(name); err != nil {
				return err
			}
		}
	}
	return s.strangers(tx, inv, one)
}

// strangers looks up what the inventory shows and the pool's living machines are not: destroyed ones that are there again, and
// those of which there is no record.
func (s *seen) strangers(tx *store.Tx, inv *plan.Inventory, one func(string) error) error {
	if inv == nil {
		return nil
	}
	s.snapshot.Strangers = map[string]bool{}
	for _, m := range inv.Machines {
		if s.vms[m.Name] != nil {
			continue
		}
		_, err := store.VMs.Get(tx, m.Name)
		switch {
		case errors.Is(err, store.ErrNotFound):
			s.snapshot.Strangers[m.Name] = true
		case err != nil:
			return err
		default:
			if err := one(m.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *seen) add(v *store.VM) {
	s.vms[v.Name] = v
	s.snapshot.VMs = append(s.snapshot.VMs, plan.VM{Name: v.Name, State: plan.State(v.State), Template: v.Template, Target: v.Target,
		Request: v.Request, Created: v.Created, Cloned: v.Cloned, Ready: v.Ready, CheckedOut: v.CheckedOut, Destroyed: v.Destroyed,
		Lifetime: time.Duration(cmp.Or(v.Lifetime, s.domain.lifetimeTagged(v.Tags))) * time.Hour, Mark: v.Mark, Busy: v.Op != "", Changing: s.changing[v.Op],
		Tasks: len(v.Tasks) > 0, Checked: v.Checked, Warned: v.Warned, Settled: v.Settled, Lost: v.Lost,
		Named: v.User != "", Place: spot(v.Provider, v.Place)})
}

// requests are what pending on-demand requests want of a pool.
func (k *Keeper) requests(tx *store.Tx, pool string) ([]plan.Request, error) {
	open, err := store.PendingRequests(tx)
	if err != nil {
		return nil, err
	}
	var out []plan.Request
	for i := range open {
		want := 0
		for _, item := range open[i].Items {
			if item.Pool == pool {
				want += item.Count
			}
		}
		if want == 0 {
			continue
		}
		r := plan.Request{ID: open[i].ID, Want: want, Requested: open[i].Requested}
		vms, err := store.VMsOfRequest(tx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, v := range vms {
			switch {
			case v.Pool != pool:
			case v.State == store.VMRunning:
				r.Have++
			case v.State == store.VMPending:
				r.Making++
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// How much is done on one provider at a time.
const (
	mostDestroys = 16
	mostChanges  = 16 // disks, snapshots and the like
)

// room is what may still begin on the pool's provider. The limits are each provider's own, so that one that hangs takes none
// of the others'.
func (k *Keeper) room(tx *store.Tx, s *seen) error {
	r := &s.snapshot
	r.Clones, r.OnDemandClones = k.d.cfg.TaskLimit, k.d.cfg.OnDemandLimit
	for _, name := range k.of(s.provider) {
		c, err := store.CountsOf(tx, name)
		if err != nil {
			return err
		}
		r.Clones -= c.Cloning - c.CloningFor
		r.OnDemandClones -= c.CloningFor
	}
	if k.paused(s.pool.Name, r.Now) {
		r.Clones, r.OnDemandClones = 0, 0
	}
	r.Destroys, r.Changes, r.Settles = mostDestroys, mostChanges, k.d.cfg.MigrationLimit
	if r.Settles == 0 { // nothing is moved, only noted
		r.Settles = mostChanges
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range k.flights {
		switch {
		case f.provider != s.provider:
		case f.kind == kindSettle:
			r.Settles--
		case f.kind == kindDestroy && !f.failed: // what fails again and again must not keep the rest from going
			r.Destroys--
		case f.change():
			r.Changes--
		}
	}
	return nil
}

// tell passes on what was done: to the log, to the metrics, to those who wait, and to the next pass.
func (k *Keeper) tell(s *seen, done []plan.Action) {
	ready := false
	for _, a := range done {
		v := s.vms[a.VM]
		switch a.Do {
		case plan.MakeReady, plan.HandOver:
			ready = true
			k.meter.Booted(v.Pool, s.snapshot.Now.Sub(v.Created))
			k.log.Info("machine ready", "pool", v.Pool, "vm", v.Name)
		case plan.Complete:
			k.forget(a.VM)
			if v.State == store.VMPending {
				k.meter.Failed(v.Pool, "boot")
			}
			k.log.Info("machine given up", "pool", v.Pool, "vm", v.Name, "was", v.State, "reason", a.Reason)
		case plan.Warn:
			k.log.Warn("machine takes long", "pool", v.Pool, "vm", v.Name, "reason", a.Reason)
		case plan.Lose:
			k.forget(a.VM)
			k.log.Warn("machine in use is gone", "pool", v.Pool, "vm", v.Name, "user", v.User, "provider", v.Provider)
		case plan.Restore:
			k.log.Warn("machine that was gone is back, and in use again", "pool", v.Pool, "vm", v.Name, "user", v.User)
		case plan.Locate:
			if v.Place != nil {
				k.log.Info("machine was moved to where its pool is now", "pool", v.Pool, "vm", v.Name, "provider", s.provider)
			}
		case plan.Adopt:
			k.log.Warn("stranger to be destroyed", "pool", s.pool.Name, "vm", a.VM, "provider", s.provider)
		case plan.Resurrect:
			k.log.Warn("destroyed machine found again", "pool", v.Pool, "vm", v.Name)
		case plan.Fail:
			k.log.Warn("on-demand request failed", "request_id", a.Request, "reason", a.Reason)
		}
		switch a.Do {
		case plan.Complete, plan.Adopt, plan.Resurrect, plan.Fail:
			k.Kick(s.pool.Name) // what is given up now is destroyed, and replaced, next
		}
	}
	if ready {
		k.waits.notify()
	}
	k.tellStrangers(s)
}

// tellStrangers logs each machine that nobody here made, once.
func (k *Keeper) tellStrangers(s *seen) {
	for name := range s.snapshot.Strangers {
		if s.snapshot.Purge {
			continue
		}
		k.mu.Lock()
		before := k.told[name]
		k.told[name] = true
		k.mu.Unlock()
		if !before {
			k.log.Warn("machine that nobody here made; it is left alone", "pool", s.pool.Name, "vm", name, "provider", s.provider)
		}
	}
}
