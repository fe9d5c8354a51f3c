package pools

import (
	"context"
	"errors"

	"yardmaster/executors/vm"
	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

// miss is a machine that inventories do not show.
type miss struct {
	inventories int // in a row
	asking      bool
}

// doubt counts the inventories that miss a machine, and asks its provider for it by name: an inventory may have looked at the wrong
// place, or come back empty. Of a machine that somebody holds, one is not worth a question; but where no inventory looks, each
// question is what an inventory is elsewhere.
func (k *Keeper) doubt(ctx context.Context, v *store.VM) {
	p, ok := k.providers[v.Provider]
	if !ok || k.broken(v.Provider) != "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	m := k.misses[v.Name]
	if m == nil {
		m = &miss{}
		k.misses[v.Name] = m
	}
	if m.asking {
		return
	}
	m.inventories++
	alone := k.d.elsewhere(v)
	if v.State == store.VMRunning && m.inventories < plan.Sure && !alone {
		return
	}
	m.asking = true
	n, name, pool, mark, provider, spec := m.inventories, v.Name, v.Pool, v.Mark, v.Provider, k.d.spec(v)
	k.parts.Go(func() {
		found, heard := k.find(ctx, p, provider, spec, name, mark)
		k.found(pool, name, found || alone && !heard, heard, n)
	})
}

// find says whether a provider has the very machine; heard is false if it did not say.
func (k *Keeper) find(ctx context.Context, p vm.Provider, provider string, spec vm.Pool, name, mark string) (found, heard bool) {
	release, ok := k.slot(ctx, provider)
	if !ok {
		return false, false
	}
	defer release()
	short, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	m, err := p.Get(short, spec, name)
	return err == nil && !foreign(m.Mark, mark), err == nil || errors.Is(err, vm.ErrNotFound)
}

func (k *Keeper) found(pool, name string, found, heard bool, inventories int) {
	k.mu.Lock()
	m := k.misses[name]
	if m == nil { // given up meanwhile, or shown again
		k.mu.Unlock()
		return
	}
	m.asking = false
	gone := heard && !found
	switch {
	case gone && k.absent[pool] == nil:
		k.absent[pool] = map[string]int{name: inventories}
	case gone:
		k.absent[pool][name] = inventories
	case found:
		delete(k.misses, name)
	}
	k.mu.Unlock()
	if gone {
		k.kickVM(pool, name)
	}
}

// believe forgets the misses of machines that an inventory does not miss any more.
func (k *Keeper) believe(s *seen, doubted map[string]bool) {
	if s.snapshot.Inventory == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for name := range s.vms {
		if !doubted[name] {
			delete(k.misses, name)
		}
	}
}

// absences takes the machines of a pool that their provider says it does not have, with the inventories that missed each before.
func (k *Keeper) absences(pool string) map[string]int {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := k.absent[pool]
	delete(k.absent, pool)
	return out
}
