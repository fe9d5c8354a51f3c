package pools

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/jobs"
	"yardmaster/store"
)

// The steps of a clone.
const (
	stepFree    = "name"    // nobody has the name
	stepTaken   = "taken"   // somebody else has: nothing here is ours
	stepClone   = "clone"   // the machine runs
	stepAddress = "address" // and has an address
)

// What a name may be taken by, as the step says it.
const (
	takenByMachine = "machine"
	takenInDNS     = "dns"
)

// where is what the last step learns.
type where struct {
	IP   string `json:"ip,omitempty"`
	Host string `json:"host,omitempty"`
}

const (
	addressTime = 4 * time.Minute
	// addressTry is how long the address of a machine is waited for whose readiness does not need it.
	addressTry = 5 * time.Second
)

type cloneKind struct{ base }

func (cloneKind) Name() string { return kindClone }

// Policy: a clone that fails is not tried again under its name; the keeper makes another one.
// What it may have left is removed as patiently as anything is destroyed.
func (cloneKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 20 * time.Minute, Attempts: 1, Backoff: time.Second, MaxWait: time.Minute}
}

func (k cloneKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	return k.do(op, func(p vm.Provider, w work) error {
		if err := j.Do(stepFree, func() error { return k.free(ctx, p, op, w, j) }); err != nil {
			return err
		}
		if err := j.Do(stepClone, func() error { return k.create(ctx, p, op, w, j) }); err != nil {
			return err
		}
		if j.Done(stepAddress) {
			return nil
		}
		at, err := k.find(ctx, p, w)
		if err != nil {
			return err
		}
		return j.Put(stepAddress, at)
	})
}

// free refuses a name that DNS knows, or a machine has that is not of this operation.
func (k cloneKind) free(ctx context.Context, p vm.Provider, op store.Operation, w work, j *jobs.Journal) error {
	switch m, err := p.Get(ctx, w.Pool, w.VM); {
	case err == nil && m.Mark == op.ID:
		return nil // an earlier run found the name free
	case err == nil:
		return k.taken(j, takenByMachine, nameTaken)
	case !errors.Is(err, vm.ErrNotFound):
		return err
	}
	if !w.AskDNS || w.Pool.Domain == "" || k.m.dns == nil {
		return nil
	}
	host := w.VM + "." + w.Pool.Domain
	known, err := k.m.dns(ctx, host)
	if err != nil {
		k.d.log.Debug("name not looked up", "host", host, "err", err)
		return nil
	}
	if known {
		return k.taken(j, takenInDNS, "DNS knows that name")
	}
	return nil
}

// first says that no earlier run can have begun. A claim may be lost with its process; an operation that was pending then has a
// start all the same.
func first(op store.Operation) bool { return op.Attempt == 1 && op.Tries == 0 && op.Started.IsZero() }

func (cloneKind) taken(j *jobs.Journal, by, why string) error {
	if err := j.Put(stepTaken, by); err != nil {
		return err
	}
	return jobs.Refuse(why)
}

const nameTaken = "a machine of that name exists"

// create makes the machine. One that is there already is an earlier run's, cut off in the middle, if it carries its mark; what
// that run made may be half a machine.
func (k cloneKind) create(ctx context.Context, p vm.Provider, op store.Operation, w work, j *jobs.Journal) error {
	err := p.Create(ctx, w.Pool, w.VM)
	if !errors.Is(err, vm.ErrExists) {
		return err
	}
	switch m, err := p.Get(ctx, w.Pool, w.VM); {
	case err == nil && m.Mark != op.ID, errors.Is(err, vm.ErrNotFound) && first(op):
		return k.taken(j, takenByMachine, nameTaken)
	case err != nil && !errors.Is(err, vm.ErrNotFound):
		return err
	}
	if err := p.Destroy(ctx, w.Pool, w.VM); err != nil {
		return err
	}
	if err = p.Create(ctx, w.Pool, w.VM); errors.Is(err, vm.ErrExists) {
		return k.taken(j, takenByMachine, nameTaken) // in another pool
	}
	return err
}

func (cloneKind) find(ctx context.Context, p vm.Provider, w work) (where, error) {
	limit := addressTime
	optional := w.Pool.Ready.Check == vm.CheckNone
	if optional {
		limit = addressTry
	}
	short, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ip, err := p.Address(short, w.Pool, w.VM)
	if err != nil && (!optional || ctx.Err() != nil) {
		return where{}, fmt.Errorf("address: %w", err)
	}
	m, err := p.Get(ctx, w.Pool, w.VM)
	if err != nil {
		return where{}, err
	}
	return where{ip, m.Host}, nil
}

func (k cloneKind) Finish(tx *store.Tx, op *store.Operation) error {
	var at where
	jobs.Learnt(op, stepAddress, &at)
	op.Result = op.Targets[0]
	var pool string
	var took time.Duration
	err := release(tx, op, func(v *store.VM) {
		pool, took = v.Pool, tx.Now().Sub(v.Created)
		v.Cloned, v.IP, v.Host = tx.Now(), at.IP, at.Host
	})
	if err != nil || pool == "" {
		return err
	}
	return store.AddTask(tx, store.TaskClone, pool, took)
}

// Undo removes the machine that carries this operation's mark, or what is left of less than a machine. What else has the name
// is somebody else's.
func (k cloneKind) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	if j.Done(stepTaken) {
		return nil
	}
	return k.do(op, func(p vm.Provider, w work) error {
		return again(ctx, func() error {
			switch m, err := p.Get(ctx, w.Pool, w.VM); {
			case err == nil && m.Mark != op.ID:
				return j.Put(stepTaken, takenByMachine)
			case err != nil && !errors.Is(err, vm.ErrNotFound):
				return err
			}
			return p.Destroy(ctx, w.Pool, w.VM)
		})
	})
}

// Abandon keeps the record as that of a destroyed machine: a provider that did what it was told after its caller had left is
// found out by the next inventory, and the machine destroyed again. Under a name that is somebody else's nothing is kept. A
// request that it was for gets another machine, until it has cost too many.
func (k cloneKind) Abandon(tx *store.Tx, op *store.Operation) error {
	v, err := store.VMs.Get(tx, op.Targets[0].ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if op.Done(stepTaken) {
		err = store.DropVM(tx, v.Name)
	} else {
		err = release(tx, op, func(v *store.VM) {
			v.State, v.Destroyed, v.Reason = store.VMDestroyed, tx.Now(), "it could not be made"
			if op.Error != nil {
				v.Fault = op.Error.Text
			}
		})
	}
	if err != nil {
		return err
	}
	if v.Request == "" || v.State != store.VMPending {
		return nil
	}
	r, err := store.VMRequests.Get(tx, v.Request)
	if errors.Is(err, store.ErrNotFound) || err == nil && r.State != store.RequestPending {
		return nil
	}
	if err != nil {
		return err
	}
	r.Retries++
	permanent := op.Error != nil && op.Error.Code == "refused" && !op.Done(stepTaken)
	if r.Retries <= k.d.cfg.MaxRetries && !permanent {
		return store.VMRequests.Put(tx, &r)
	}
	why := "a machine could not be made"
	if op.Error != nil {
		why += ": " + strings.TrimSpace(op.Error.Text)
	}
	_, err = endRequest(tx, &r, store.RequestFailed, why)
	return err
}
