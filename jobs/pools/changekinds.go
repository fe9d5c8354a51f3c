package pools

import (
	"context"
	"errors"
	"slices"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/jobs"
	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

type destroyKind struct{ base }

func (destroyKind) Name() string { return kindDestroy }

// Policy: what is to go goes, however long its provider needs.
func (destroyKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 10 * time.Minute, Attempts: jobs.Endless, Backoff: time.Second, MaxWait: time.Minute, Forward: true}
}

func (k destroyKind) Run(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	err := k.do(op, func(p vm.Provider, w work) error {
		return again(ctx, func() error { return k.destroy(ctx, p, w) })
	})
	var refused *jobs.RefusedError
	if errors.As(err, &refused) { // a permission may come back
		return jobs.Retry(err)
	}
	return err
}

// destroy spares a machine that has the name and somebody else's mark: ours is gone then.
func (k destroyKind) destroy(ctx context.Context, p vm.Provider, w work) error {
	m, err := p.Get(ctx, w.Pool, w.VM)
	switch {
	case err == nil && foreign(m.Mark, w.Mark):
		k.d.log.Warn("machine left alone: it carries another mark", "vm", w.VM, "pool", w.Pool.Name, "provider", w.Provider)
		return nil
	case err != nil && !errors.Is(err, vm.ErrNotFound):
		return err
	}
	return p.Destroy(ctx, w.Pool, w.VM)
}

// foreign says that a machine is not the one that its record means. One without a mark may have lost it, or be older than marks.
func foreign(mark, recorded string) bool { return plan.Machine{Mark: mark}.Foreign(recorded) }

func (destroyKind) Finish(tx *store.Tx, op *store.Operation) error {
	return release(tx, op, func(v *store.VM) {
		v.State, v.Destroyed = store.VMDestroyed, tx.Now()
	})
}

type diskKind struct{ base }

func (diskKind) Name() string { return kindDisk }

func (k diskKind) Run(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	return k.do(op, func(p vm.Provider, w work) error { return p.AddDisk(ctx, w.Pool, w.VM, w.Arg, w.GB) })
}

func (diskKind) Finish(tx *store.Tx, op *store.Operation) error {
	w, err := jobs.Input[work](*op)
	if err != nil {
		return err
	}
	return release(tx, op, func(v *store.VM) { v.Disks = append(slices.Clone(v.Disks), w.GB) })
}

type snapshotKind struct{ base }

func (snapshotKind) Name() string { return kindSnapshot }

func (k snapshotKind) Run(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	return k.do(op, func(p vm.Provider, w work) error { return p.Snapshot(ctx, w.Pool, w.VM, w.Arg) })
}

func (snapshotKind) Finish(tx *store.Tx, op *store.Operation) error {
	w, err := jobs.Input[work](*op)
	if err != nil {
		return err
	}
	return release(tx, op, func(v *store.VM) {
		v.Snaps = append(slices.Clone(v.Snaps), store.VMSnapshot{ID: w.Arg, Name: w.Name, At: tx.Now()})
	})
}

// Undo removes what may have been made of it.
func (k snapshotKind) Undo(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	return k.do(op, func(p vm.Provider, w work) error {
		return again(ctx, func() error { return p.DropSnapshot(ctx, w.Pool, w.VM, w.Arg) })
	})
}

type revertKind struct{ base }

func (revertKind) Name() string { return kindRevert }

func (k revertKind) Run(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	return k.do(op, func(p vm.Provider, w work) error { return p.Revert(ctx, w.Pool, w.VM, w.Arg) })
}

func (revertKind) Finish(tx *store.Tx, op *store.Operation) error {
	return release(tx, op, func(*store.VM) {})
}

type dropKind struct{ base }

func (dropKind) Name() string { return kindDrop }

func (k dropKind) Run(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	return k.do(op, func(p vm.Provider, w work) error { return p.DropSnapshot(ctx, w.Pool, w.VM, w.Arg) })
}

func (dropKind) Finish(tx *store.Tx, op *store.Operation) error {
	w, err := jobs.Input[work](*op)
	if err != nil {
		return err
	}
	return release(tx, op, func(v *store.VM) {
		v.Snaps = slices.DeleteFunc(slices.Clone(v.Snaps), func(s store.VMSnapshot) bool { return s.ID == w.Arg })
	})
}

// settleKind looks, once a machine is checked out, where it runs best, and notes on it who has it.
type settleKind struct{ base }

func (settleKind) Name() string { return kindSettle }

const stepMoved = "migrate"

func (k settleKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	return k.do(op, func(p vm.Provider, w work) error {
		if w.User != "" {
			if err := j.Do("tag", func() error { return p.Tag(ctx, w.Pool, w.VM, w.User) }); err != nil {
				return err
			}
		}
		if !w.Migrate || j.Done(stepMoved) {
			return nil
		}
		host, err := p.Migrate(ctx, w.Pool, w.VM)
		if err != nil {
			return err
		}
		return j.Put(stepMoved, where{Host: host})
	})
}

func (settleKind) Finish(tx *store.Tx, op *store.Operation) error {
	var at where
	jobs.Learnt(op, stepMoved, &at)
	return release(tx, op, func(v *store.VM) {
		v.Settled = true
		if at.Host != "" && at.Host != v.Host {
			v.Migrated = v.Host != ""
			v.Host = at.Host
		}
	})
}

// Abandon leaves the machine where it is.
func (k settleKind) Abandon(tx *store.Tx, op *store.Operation) error {
	return release(tx, op, func(v *store.VM) { v.Settled = true })
}
