package volumes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/store"
)

// clonePlan is what a clone needs on the machines.
type clonePlan struct {
	Spec  gluster.CloneSpec `json:"spec"`
	Hosts []string          `json:"hosts"`
}

// CloneVolume makes a writable copy of a volume. Errors: ErrNotFound, *BuildError, ErrThrottled.
func (s *Service) CloneVolume(ctx context.Context, by Caller, id, name string) (store.Operation, error) {
	clone := s.newID()
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "volume.clone", store.Ref{Kind: store.KindVolume, ID: clone}, store.Ref{Kind: store.KindVolume, ID: id})
		op.Counted = true
		return s.planClone(tx, op, id, clone, name)
	})
	return op, s.asked(err, "Failed clone volume "+id)
}

func (d *Domain) planClone(tx *store.Tx, op *store.Operation, id, clone, name string) error {
	v, err := claimVolume(tx, id, op.ID)
	if err != nil {
		return err
	}
	if v.Block {
		return refusef(errPlan, "Cloning of block hosting volumes is not supported")
	}
	c := v
	c.ID, c.Name, c.Pending, c.Hidden, c.Owner, c.Created = clone, name, op.ID, true, op.Owner, tx.Now()
	if c.Name == "" {
		c.Name = "vol_" + clone
	}
	if why, err := d.refusal(tx, store.Cluster{ID: c.Cluster, File: true}, &c); err != nil || why != nil {
		return firstOf(err, why)
	}
	if err := store.Volumes.Put(tx, &c); err != nil {
		return err
	}
	f, err := members(tx, v.Cluster)
	if err != nil {
		return err
	}
	bricks, err := store.Bricks.List(tx, store.ByVolume, id)
	if err != nil {
		return err
	}
	p := clonePlan{Spec: gluster.CloneSpec{Source: glusterVolume(&v), Name: c.Name, ID: clone, Op: op.ID}}
	p.Spec.Source.Sets = inSets(bricks, f)
	all := flat(p.Spec.Source.Sets)
	p.Hosts = f.leads(all)
	op.Hosts = hostsOf(all)
	op.Plan = []string{"clone"}
	return jobs.SetInput(op, p)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

type cloneKind struct {
	d *Domain
	m machines
}

func (cloneKind) Name() string { return "volume.clone" }

func (cloneKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 30 * time.Minute, Attempts: 8, Backoff: time.Second, MaxWait: 10 * time.Second} // a rebalance keeps a clone waiting
}

func (k cloneKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[clonePlan](op)
	if err != nil || j.Done("clone") {
		return err
	}
	host, err := k.m.lead(ctx, p.Hosts)
	if err != nil {
		return err
	}
	res, err := k.m.g.Clone(ctx, host, p.Spec)
	if err != nil {
		return fault(host, err)
	}
	return j.Put("clone", res)
}

func (k cloneKind) Undo(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	p, err := jobs.Input[clonePlan](op)
	if err != nil {
		return err
	}
	err = k.m.g.CloneUndo(ctx, p.Hosts, p.Spec)
	if errors.Is(err, gluster.ErrName) {
		return nil // nothing was made under such a name
	}
	return fault("", err)
}

func (k cloneKind) Finish(tx *store.Tx, op *store.Operation) error {
	var res gluster.CloneResult
	if !jobs.Learnt(op, "clone", &res) {
		return fmt.Errorf("clone %s: its bricks are not in the journal", op.ID)
	}
	if err := freeVolume(tx, op.Targets[1].ID); err != nil {
		return err
	}
	c, err := showVolume(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	origins, err := store.Bricks.List(tx, store.ByVolume, op.Targets[1].ID)
	if err != nil {
		return err
	}
	slices.SortFunc(origins, inGlusterOrder)
	for i, cloned := range res.Bricks {
		origin, err := originOf(tx, origins, cloned)
		if err != nil {
			return err
		}
		b := origin
		b.ID, b.Volume, b.Pending, b.Cloned = k.d.newID(), c.ID, "", true
		b.Path, b.LV, b.Pool = cloned.Path, cloned.LV, cloned.Pool
		if i < len(origins) { // a clone has its bricks in the order of its origin's
			b.Set, b.Slot, b.Arbiter = origins[i].Set, origins[i].Slot, origins[i].Arbiter
		}
		if err := store.Bricks.Put(tx, &b); err != nil {
			return err
		}
	}
	op.Result = store.Ref{Kind: store.KindVolume, ID: c.ID}
	return nil
}

// originOf is the brick in whose thin pool a cloned brick lies.
func originOf(tx *store.Tx, origins []store.Brick, cloned gluster.ClonedBrick) (store.Brick, error) {
	for _, o := range origins {
		if o.Pool == cloned.Pool && o.VG() == cloned.VG {
			return o, nil
		}
	}
	return store.Brick{}, fmt.Errorf("cloned brick %s:%s: no brick of the origin has pool %s", cloned.Storage, cloned.Path, cloned.Pool)
}

// freeVolume takes an operation's hold off a volume.
func freeVolume(tx *store.Tx, id string) error {
	v, err := store.Volumes.Get(tx, id)
	if err != nil {
		return err
	}
	v.Pending = ""
	return store.Volumes.Put(tx, &v)
}

func (k cloneKind) Abandon(tx *store.Tx, op *store.Operation) error {
	if err := freeVolume(tx, op.Targets[1].ID); err != nil {
		return err
	}
	return store.Volumes.Delete(tx, op.Targets[0].ID)
}
