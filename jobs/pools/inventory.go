package pools

import (
	"context"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

// inventoryTime bounds one look at a pool's place.
const inventoryTime = 2 * time.Minute

// inventory is an answer of a provider that no pass has seen.
type inventory = plan.Inventory

// survey asks for the inventory of every pool that is due, and looks after pools that are gone from the configuration.
func (k *Keeper) survey(ctx context.Context) {
	now := k.db.Now()
	for i := range k.d.cfg.Pools {
		p := &k.d.cfg.Pools[i]
		if k.due(p.Name, now) {
			k.parts.Go(func() { k.list(ctx, p) })
		}
	}
	if k.due("", now) {
		k.kickFull(k.strays()...)
		k.parts.Go(func() { k.prune(ctx) })
	}
}

// due says that a pool's inventory is to be asked for now, and takes the turn. "" stands for what belongs to no pool.
func (k *Keeper) due(pool string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asking[pool] || now.Before(k.nextAsk[pool]) {
		return false
	}
	k.nextAsk[pool] = now.Add(k.d.cfg.CheckInterval)
	k.asking[pool] = true
	return true
}

func (k *Keeper) asked(pool string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.asking, pool)
}

func (k *Keeper) list(ctx context.Context, p *Pool) {
	defer k.asked(p.Name)
	defer k.kickFull(p.Name)
	provider, ok := k.providers[p.Provider]
	if !ok || k.broken(p.Provider) != "" {
		return
	}
	spec, err := k.specOf(ctx, p.Name)
	if err != nil {
		k.log.Error("pool not read", "pool", p.Name, "err", err)
		return
	}
	release, ok := k.slot(ctx, p.Provider)
	if !ok {
		return
	}
	defer release()
	short, cancel := context.WithTimeout(ctx, inventoryTime)
	defer cancel()
	inv := inventory{Asked: k.db.Now()}
	found, err := provider.List(short, spec)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		k.log.Warn("inventory not had", "pool", p.Name, "provider", p.Provider, "err", err)
		if unfit(err) || short.Err() != nil {
			k.failed(p.Provider, err.Error())
		}
		return
	}
	k.answered(p.Provider)
	for _, m := range found {
		inv.Machines = append(inv.Machines, plan.Machine{Name: m.Name, Hostname: m.Hostname, Mark: m.Mark})
	}
	k.mu.Lock()
	k.inventory[p.Name] = inv
	k.mu.Unlock()
}

// specOf is what a provider must know of a pool, overrides included.
func (k *Keeper) specOf(ctx context.Context, pool string) (vm.Pool, error) {
	var p Pool
	err := k.db.View(ctx, func(tx *store.Tx) error {
		var err error
		p, _, _, err = k.d.effective(tx, pool)
		return err
	})
	return p.Pool, err
}

// takeInventory takes a pool's newest inventory; nil if there is none that no pass has seen.
func (k *Keeper) takeInventory(pool string) *plan.Inventory {
	k.mu.Lock()
	defer k.mu.Unlock()
	inv, ok := k.inventory[pool]
	if !ok {
		return nil
	}
	delete(k.inventory, pool)
	return &inv
}

const pruneBatch = 500

// prune forgets what is kept for a while only: destroyed machines, ended requests, tags of other days.
func (k *Keeper) prune(ctx context.Context) {
	defer k.asked("")
	for more := true; more && ctx.Err() == nil; {
		err := k.db.Update(ctx, func(tx *store.Tx) error {
			before := tx.Now().Add(-k.d.cfg.DataTTL)
			vms, err := store.ForgetVMs(tx, before, pruneBatch)
			if err != nil {
				return err
			}
			requests, err := store.ForgetRequests(tx, before, pruneBatch)
			if err != nil {
				return err
			}
			tags, err := store.ForgetTags(tx, store.Date(tx.Now().AddDate(0, 0, -1)), pruneBatch)
			more = max(vms, requests, tags) == pruneBatch
			return err
		})
		if err != nil {
			if ctx.Err() == nil {
				k.log.Error("old machines not forgotten", "err", err)
			}
			return
		}
	}
}
