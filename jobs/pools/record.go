package pools

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

// record carries out what changes records, in one transaction. What somebody else changed since the pass read it is left to
// the next pass. It returns what was done.
func (k *Keeper) record(ctx context.Context, s *seen, actions []plan.Action) ([]plan.Action, error) {
	var done []plan.Action
	if !needsWrite(actions) {
		return nil, nil
	}
	err := k.db.Update(ctx, func(tx *store.Tx) error {
		done = done[:0]
		for _, a := range actions {
			ok, err := k.apply(tx, s, a)
			if err != nil {
				return fmt.Errorf("%s %s%s: %w", a.Do, a.VM, a.Request, err)
			}
			if ok {
				done = append(done, a)
			}
		}
		return nil
	})
	return done, err
}

func needsWrite(actions []plan.Action) bool {
	for _, a := range actions {
		switch a.Do {
		case plan.Clone, plan.Destroy, plan.Probing, plan.Doubt, plan.Task, plan.Settle, plan.Stranger, plan.CallOff:
		default:
			return true
		}
	}
	return false
}

func (k *Keeper) apply(tx *store.Tx, s *seen, a plan.Action) (bool, error) {
	switch a.Do {
	case plan.Fail, plan.Fulfil:
		return k.applyRequest(tx, a)
	case plan.Adopt:
		v := store.VM{Name: a.VM, Pool: s.pool.Name, State: store.VMCompleted, Provider: s.provider, Template: s.pool.Template,
			Place: placeOf(s.pool.Pool), Created: tx.Now(), Cloned: tx.Now(), Completed: tx.Now(), Reason: a.Reason, Mark: s.markOf(a.VM)}
		_, err := store.VMs.Get(tx, a.VM)
		if !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		return true, store.PutVM(tx, &v)
	}
	was := s.vms[a.VM]
	if was == nil {
		return false, nil
	}
	v, err := store.VMs.Get(tx, a.VM)
	if errors.Is(err, store.ErrNotFound) || err == nil && (v.State != was.State || v.Op != was.Op || !v.CheckedOut.Equal(was.CheckedOut)) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	old := v
	switch a.Do {
	case plan.MakeReady:
		v.State, v.Ready, v.Fault = store.VMReady, tx.Now(), ""
		if err := store.AddTask(tx, store.TaskBoot, v.Pool, tx.Now().Sub(v.Cloned)); err != nil {
			return false, err
		}
	case plan.HandOver:
		if err := k.handOverTo(tx, &v); err != nil || v.State == store.VMPending {
			return false, err
		}
	case plan.Complete:
		if v.Lifetime != was.Lifetime || !maps.Equal(v.Tags, was.Tags) { // it was given more time just now
			return false, nil
		}
		if a.Reason != "" && old.State != store.VMRunning && v.Fault == "" {
			v.Fault = s.snapshot.Probes[a.VM].Fault
		}
		return true, complete(tx, &v, a.Reason)
	case plan.Lose:
		if err := complete(tx, &v, a.Reason); err != nil {
			return false, err
		}
		old = v
		v.State, v.Destroyed, v.Lost = store.VMDestroyed, tx.Now(), true
	case plan.Restore:
		if err := countOn(tx, &v); err != nil {
			return false, err
		}
		v.State, v.Completed, v.Destroyed, v.Reason, v.Lost = store.VMRunning, time.Time{}, time.Time{}, "", false
		s.found(&v)
	case plan.Locate:
		s.found(&v)
	case plan.Warn:
		v.Warned = true
	case plan.MarkWell:
		v.Checked, v.Fault = true, ""
	case plan.Fault:
		v.Fault = a.Reason
	case plan.Resurrect:
		v.State, v.Completed, v.Destroyed, v.Reason = store.VMCompleted, tx.Now(), time.Time{}, a.Reason
		s.found(&v)
	case plan.MarkGone:
		v.State, v.Destroyed = store.VMDestroyed, tx.Now()
	default:
		return false, nil
	}
	return true, store.MoveVM(tx, &old, &v)
}

// countOn takes back what was counted when a machine seemed to have ended its use.
func countOn(tx *store.Tx, v *store.VM) error {
	held := v.CheckedOut.Sub(v.Completed)
	if v.User != "" {
		if err := store.AddUsage(tx, store.UsageOfUser, v.User, 0, -1, held); err != nil {
			return err
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(v.Tags)) {
		if err := store.AddUsage(tx, store.UsageOfTag, store.TagUsage(tag, v.Tags[tag]), 0, -1, held); err != nil {
			return err
		}
	}
	return nil
}

// markOf is what a machine carries that the inventory shows.
func (s *seen) markOf(name string) string {
	for _, m := range s.snapshot.Inventory.Machines {
		if m.Name == name {
			return m.Mark
		}
	}
	return ""
}

// handOverTo gives a machine to the request that it was made for; if that is not wanted any more, nothing changes.
func (k *Keeper) handOverTo(tx *store.Tx, v *store.VM) error {
	r, err := store.VMRequests.Get(tx, v.Request)
	if errors.Is(err, store.ErrNotFound) || err == nil && r.State != store.RequestPending {
		return nil
	}
	if err != nil {
		return err
	}
	alias, err := openItem(tx, &r, v.Pool)
	if err != nil || alias == "" {
		return err
	}
	by := Who{User: r.User, Token: r.Token}
	v.Ready, v.Fault = tx.Now(), ""
	k.d.handOver(tx, v, by, alias)
	if err := store.AddTask(tx, store.TaskBoot, v.Pool, tx.Now().Sub(v.Cloned)); err != nil {
		return err
	}
	return countTaken(tx, by, []Taken{{Name: alias, VMs: []store.VM{*v}}})
}

// openItem is the name under which a request still wants a machine of the pool, or "".
func openItem(tx *store.Tx, r *store.VMRequest, pool string) (string, error) {
	held, err := heldByRequest(tx, r.ID)
	if err != nil {
		return "", err
	}
	for _, item := range r.Items {
		if item.Pool != pool {
			continue
		}
		n := 0
		for i := range held {
			if held[i].Pool == pool && held[i].Alias == item.Alias {
				n++
			}
		}
		if n < item.Count {
			return item.Alias, nil
		}
	}
	return "", nil
}

func (k *Keeper) applyRequest(tx *store.Tx, a plan.Action) (bool, error) {
	r, err := store.VMRequests.Get(tx, a.Request)
	if errors.Is(err, store.ErrNotFound) || err == nil && r.State != store.RequestPending {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if a.Do == plan.Fail {
		_, err := endRequest(tx, &r, store.RequestFailed, a.Reason)
		return true, err
	}
	held, err := heldByRequest(tx, r.ID)
	if err != nil || len(held) < r.Count() { // another pool's machines are missing
		return false, err
	}
	r.State, r.Ended = store.RequestReady, tx.Now()
	return true, store.VMRequests.Put(tx, &r)
}
