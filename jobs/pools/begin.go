package pools

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"yardmaster/executors/vm"
	"yardmaster/jobs"
	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

// begin starts the operations and checks of a plan, those of one pool side by side, so that they share commits.
func (k *Keeper) begin(ctx context.Context, s *seen, actions []plan.Action) {
	var side sync.WaitGroup
	defer side.Wait()
	for _, a := range actions {
		v := s.vms[a.VM]
		switch a.Do {
		case plan.Probing:
			k.ask(ctx, v)
		case plan.Doubt:
			k.doubt(ctx, v)
		case plan.Clone:
			side.Go(func() { k.clone(ctx, s, a.Request) })
		case plan.Destroy:
			k.forget(a.VM)
			side.Go(func() { k.operate(ctx, v, destroyWork) })
		case plan.Task:
			side.Go(func() { k.operate(ctx, v, taskWork) })
		case plan.Settle:
			side.Go(func() { k.operate(ctx, v, k.settleWork) })
		case plan.CallOff:
			side.Go(func() { k.callOff(ctx, v) })
		}
	}
}

// notice remembers the pool if the plan used up all the room that there was, and which of its machines found none: whoever
// leaves some has them looked at again.
func (k *Keeper) notice(s *seen, actions []plan.Action) {
	clones, clonesFor, destroys := s.snapshot.Clones, s.snapshot.OnDemandClones, s.snapshot.Destroys
	waiting := map[string]bool{}
	for i := range s.snapshot.VMs {
		v := &s.snapshot.VMs[i]
		if v.State == plan.Running && !v.Busy && (v.Tasks || (s.snapshot.Pool.Settle || v.Named) && !v.Settled) {
			waiting[v.Name] = true
		}
	}
	doubted := map[string]bool{}
	for _, a := range actions {
		switch {
		case a.Do == plan.Destroy:
			destroys--
		case a.Do == plan.Clone && a.Request == "":
			clones--
		case a.Do == plan.Clone:
			clonesFor--
		case a.Do == plan.Task, a.Do == plan.Settle, a.Do == plan.Complete, a.Do == plan.Lose:
			delete(waiting, a.VM)
		case a.Do == plan.Doubt:
			doubted[a.VM] = true
		}
	}
	k.believe(s, doubted)
	if min(clones, clonesFor, destroys) > 0 && len(waiting) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.hungry[s.provider] == nil {
		k.hungry[s.provider] = map[string]*look{}
	}
	h := k.hungry[s.provider][s.pool.Name]
	if h == nil {
		h = &look{}
		k.hungry[s.provider][s.pool.Name] = h
	}
	h.add(waiting)
}

// feed has the pools looked at again that found no room on a provider.
func (k *Keeper) feed(provider string) {
	k.mu.Lock()
	hungry := k.hungry[provider]
	delete(k.hungry, provider)
	k.mu.Unlock()
	for pool, h := range hungry {
		k.mark(func(l *look) { l.add(h.vms) }, pool)
	}
}

// callOff ends a clone, or a change, of a machine that nobody wants any more.
func (k *Keeper) callOff(ctx context.Context, v *store.VM) {
	_, err := k.runner.Cancel(ctx, v.Op)
	if err != nil && !errors.Is(err, jobs.ErrNotCancelable) && !errors.Is(err, jobs.ErrNoOperation) {
		k.log.Warn("operation not called off", "vm", v.Name, "op", v.Op, "err", err)
	}
}

// clone begins to make one machine, under a new name.
func (k *Keeper) clone(ctx context.Context, s *seen, request string) {
	k.submit(ctx, s.pool.Name, func(tx *store.Tx, op *store.Operation) error {
		p, _, known, err := k.d.effective(tx, s.pool.Name)
		if err != nil || !known {
			return errors.Join(err, errStale)
		}
		name, err := k.d.freeName(tx)
		if err != nil {
			return err
		}
		if request != "" {
			if r, err := store.VMRequests.Get(tx, request); err != nil || r.State != store.RequestPending {
				return errStale
			}
		}
		p.Mark = op.ID
		v := store.VM{Name: name, Pool: p.Name, State: store.VMPending, Template: p.Template, Target: p.CloneTarget, Provider: p.Provider,
			Domain: p.Domain, Place: placeOf(p.Pool), Op: op.ID, Mark: op.ID, Request: request, Created: tx.Now()}
		if err := store.MoveVM(tx, nil, &v); err != nil {
			return err
		}
		op.Kind, op.Plan = kindClone, []string{stepFree, stepClone, stepAddress}
		return k.describe(op, &v, work{Provider: p.Provider, Pool: p.Pool, VM: name, AskDNS: !p.SkipDNS}, "", "")
	})
}

// errStale means that somebody changed what the plan was made for.
var errStale = errors.New("things changed since")

// operate begins an operation on a machine that stands as it did when the plan was made.
func (k *Keeper) operate(ctx context.Context, was *store.VM, fill func(op *store.Operation, v *store.VM, w *work) error) {
	k.submit(ctx, was.Pool, func(tx *store.Tx, op *store.Operation) error {
		v, err := store.VMs.Get(tx, was.Name)
		if err != nil || v.State != was.State || v.Op != "" {
			return errors.Join(err, errStale)
		}
		old := v
		w := work{Provider: v.Provider, Pool: k.d.spec(&v), VM: v.Name, Mark: v.Mark}
		owner, request := v.User, ""
		if len(v.Tasks) > 0 {
			owner, request = v.Tasks[0].Owner, v.Tasks[0].RequestID
		}
		if err := fill(op, &v, &w); err != nil {
			return err
		}
		v.Op = op.ID
		if err := store.MoveVM(tx, &old, &v); err != nil {
			return err
		}
		return k.describe(op, &v, w, owner, request)
	})
}

func (k *Keeper) describe(op *store.Operation, v *store.VM, w work, owner, request string) error {
	op.Dialect = "vmpooler"
	op.Targets = []store.Ref{{Kind: store.KindVM, ID: v.Name}}
	op.Parent, op.Owner, op.RequestID = v.Request, owner, request
	return jobs.SetInput(op, w)
}

func destroyWork(op *store.Operation, v *store.VM, _ *work) error {
	if v.State != store.VMCompleted {
		return errStale
	}
	op.Kind = kindDestroy
	return nil
}

// taskWork takes the first of the changes that wait on the machine.
func taskWork(op *store.Operation, v *store.VM, w *work) error {
	if len(v.Tasks) == 0 || v.State != store.VMRunning {
		return errStale
	}
	t := v.Tasks[0]
	v.Tasks = v.Tasks[1:]
	op.Kind = t.Kind
	w.Arg, w.Name, w.GB = t.Arg, t.Name, t.GB
	return nil
}

func (k *Keeper) settleWork(op *store.Operation, v *store.VM, w *work) error {
	if v.State != store.VMRunning {
		return errStale
	}
	op.Kind, w.User, w.Migrate, w.Host = kindSettle, v.User, k.d.cfg.MigrationLimit > 0, v.Host
	return nil
}

func (k *Keeper) submit(ctx context.Context, pool string, build jobs.Build) {
	op, err := k.runner.Submit(ctx, build)
	switch {
	case err == nil:
		f, ok := flightOf(op)
		if !ok {
			return
		}
		k.mu.Lock()
		k.flights[op.ID] = f
		k.mu.Unlock()
		// A quick operation may have ended, or failed for the first time, before it was entered.
		switch now, err := k.runner.Get(ctx, op.ID); {
		case err != nil:
		case !now.State.Live():
			k.landed(now)
		case now.Tries > 0:
			k.stumbled(op.ID)
		}
	case errors.Is(err, errStale), errors.Is(err, jobs.ErrClosed), ctx.Err() != nil:
	case errors.Is(err, jobs.ErrBusy), errors.Is(err, jobs.ErrThrottled):
		k.later(pauseFirst, pool)
	default:
		k.log.Error("operation not begun", "pool", pool, "err", err)
		k.later(pauseMost, pool)
	}
}

// Providers checks that every provider that a pool names is there.
func (d *Domain) Providers(have map[string]vm.Provider) error {
	for i := range d.cfg.Pools {
		p := &d.cfg.Pools[i]
		if _, ok := have[p.Provider]; !ok {
			return fmt.Errorf("pool %s: provider %s was not made", p.Name, p.Provider)
		}
	}
	return nil
}
