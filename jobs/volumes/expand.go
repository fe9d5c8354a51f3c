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

// expandPlan is what an expansion needs on the machines.
type expandPlan struct {
	Volume  gluster.Volume    `json:"volume"` // as it was, its sets included
	Added   [][]gluster.Brick `json:"added"`
	Hosts   []string          `json:"hosts"`
	MoreGiB int               `json:"more"`
}

// ExpandVolume adds brick sets worth so many GiB to a volume. Errors: ErrNotFound, *BuildError, ErrThrottled.
func (s *Service) ExpandVolume(ctx context.Context, by Caller, id string, moreGiB int) (store.Operation, error) {
	var notes []string
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "volume.expand", store.Ref{Kind: store.KindVolume, ID: id})
		op.Counted = true
		v, err := claimVolume(tx, id, op.ID)
		if err != nil {
			return err
		}
		p, why, err := s.planExpand(tx, op.ID, &v, moreGiB)
		notes = why
		if err != nil {
			return err
		}
		added := flat(p.Added)
		op.Hosts = hostsOf(added)
		for _, b := range added {
			op.Plan = append(op.Plan, "brick/"+b.ID)
		}
		op.Plan = append(op.Plan, "volume")
		return jobs.SetInput(op, p)
	})
	if err != nil {
		s.log.Warn("expansion not placed", "volume", id, "request", by.RequestID, "size", moreGiB, "err", err, "reasons", notes)
	}
	return op, s.asked(err, "Failed to allocate volume expansion")
}

// VisibleVolume is a volume that is not being created or deleted, or ErrNotFound.
func VisibleVolume(tx *store.Tx, id string) (store.Volume, error) {
	v, err := store.Volumes.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && v.Hidden {
		return v, ErrNotFound
	}
	return v, err
}

// claimVolume marks a volume as held by an operation.
func claimVolume(tx *store.Tx, id, op string) (store.Volume, error) {
	v, err := VisibleVolume(tx, id)
	if err != nil {
		return v, err
	}
	if v.Pending != "" {
		return v, ErrBusy
	}
	v.Pending = op
	return v, store.Volumes.Put(tx, &v)
}

func (d *Domain) planExpand(tx *store.Tx, op string, v *store.Volume, moreGiB int) (expandPlan, []string, error) {
	have, err := store.Bricks.List(tx, store.ByVolume, v.ID)
	if err != nil {
		return expandPlan{}, nil, err
	}
	f, err := d.survey(tx, v.Cluster, nil)
	if err != nil {
		return expandPlan{}, nil, err
	}
	layout, notes, err := d.lay(f, v, moreGiB, len(have), op)
	if err != nil {
		return expandPlan{}, notes, err
	}
	first := 0
	for _, b := range have {
		first = max(first, b.Set+1)
	}
	p := expandPlan{Volume: glusterVolume(v), MoreGiB: moreGiB}
	p.Volume.Sets = inSets(have, f)
	added, err := d.reserve(tx, f, v, layout, first, op)
	if err != nil {
		return expandPlan{}, nil, err
	}
	p.Added = inSets(added, f)
	p.Hosts = f.leads(flat(p.Volume.Sets))
	return p, nil, nil
}

type expandKind struct {
	d *Domain
	m machines
}

func (expandKind) Name() string { return "volume.expand" }

func (expandKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 30 * time.Minute, Attempts: 3, Backoff: 200 * time.Millisecond, MaxWait: 10 * time.Second}
}

func (k expandKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[expandPlan](op)
	if err != nil {
		return err
	}
	if err := k.m.makeBricks(ctx, j, flat(p.Added)); err != nil {
		return err
	}
	return j.Do("volume", func() error {
		host, err := k.m.lead(ctx, p.Hosts)
		if err != nil {
			return err
		}
		return fault(host, k.m.g.VolumeExpand(ctx, host, p.Volume.Name, p.Volume, p.Added))
	})
}

func (k expandKind) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[expandPlan](op)
	if err != nil {
		return err
	}
	host, err := k.m.lead(ctx, p.Hosts)
	if err != nil {
		return err
	}
	if err := fault(host, k.m.g.VolumeShrinkBack(ctx, host, p.Volume.Name, p.Added)); err != nil {
		return err
	}
	return k.m.dropBricks(ctx, j, flat(p.Added))
}

func (k expandKind) Finish(tx *store.Tx, op *store.Operation) error {
	p, err := jobs.Input[expandPlan](*op)
	if err != nil {
		return err
	}
	v, err := showVolume(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	v.SizeGiB += p.MoreGiB
	if v.Block {
		free := p.MoreGiB * 98 / 100
		v.FreeGiB += free
		v.ReservedGiB += p.MoreGiB - free
	}
	op.Result = store.Ref{Kind: store.KindVolume, ID: v.ID}
	return store.Volumes.Put(tx, &v)
}

func (k expandKind) Abandon(tx *store.Tx, op *store.Operation) error {
	v, err := store.Volumes.Get(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	v.Pending = ""
	if err := store.Volumes.Put(tx, &v); err != nil {
		return err
	}
	return eachBrick(tx, v.ID, func(b store.Brick) error {
		if b.Pending != op.ID {
			return nil
		}
		return k.d.settleDropped(tx, op, b, true)
	})
}

// heketiStorage is the volume in which Heketi kept its own database; it is never deleted through the API.
const heketiStorage = "heketidbstorage"

// DeleteVolume takes a volume and its bricks away. Errors: ErrNotFound, ErrConflict, *BuildError, ErrThrottled.
func (s *Service) DeleteVolume(ctx context.Context, by Caller, id string) (store.Operation, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "volume.delete", store.Ref{Kind: store.KindVolume, ID: id})
		op.Counted = true
		v, err := VisibleVolume(tx, id)
		switch {
		case err != nil:
			return err
		case v.Name == heketiStorage:
			return refusef(ErrConflict, "Cannot delete volume containing the Heketi database")
		case v.Block && store.BlockVolumes.CountBy(tx, store.ByHosting, id) > 0:
			return refusef(ErrConflict, "Cannot delete a block hosting volume containing block volumes")
		case v.Pending != "":
			return ErrBusy
		}
		return s.planDelete(tx, op, &v)
	})
	return op, s.asked(err, "Failed to set up volume delete")
}

func (d *Domain) planDelete(tx *store.Tx, op *store.Operation, v *store.Volume) error {
	v.Pending, v.Hidden = op.ID, true
	if err := store.Volumes.Put(tx, v); err != nil {
		return err
	}
	f, err := d.survey(tx, v.Cluster, nil)
	if err != nil {
		return err
	}
	bricks, err := store.Bricks.List(tx, store.ByVolume, v.ID)
	if err != nil {
		return err
	}
	for i := range bricks {
		bricks[i].Pending = op.ID
		if err := store.Bricks.Put(tx, &bricks[i]); err != nil {
			return err
		}
	}
	p := volumePlan{Volume: glusterVolume(v)}
	p.Volume.Sets = inSets(bricks, f)
	all := flat(p.Volume.Sets)
	p.Hosts = f.leads(all)
	op.Hosts = hostsOf(all)
	op.Plan = []string{"volume"}
	for _, b := range all {
		op.Plan = append(op.Plan, "dropped/"+b.ID)
	}
	return jobs.SetInput(op, p)
}

type deleteKind struct {
	d *Domain
	m machines
}

func (deleteKind) Name() string { return "volume.delete" }

// A delete that gluster cannot finish now, because a peer is down, is finished when the peer is back.
func (deleteKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 30 * time.Minute, Attempts: jobs.Endless, Backoff: 200 * time.Millisecond, MaxWait: 5 * time.Second, Forward: true}
}

func (k deleteKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[volumePlan](op)
	if err != nil {
		return err
	}
	err = j.Do("volume", func() error { return k.m.dropVolume(ctx, p.Hosts, p.Volume) })
	if err != nil {
		return err
	}
	return onward(k.m.dropBricks(ctx, j, flat(p.Volume.Sets)))
}

// onward makes a refusal worth another try, for what can only go on.
func onward(err error) error {
	var refused *jobs.RefusedError
	if errors.As(err, &refused) {
		return jobs.Retry(err)
	}
	return err
}

// Undo follows a delete that gluster refused as a whole: the volume was stopped by then, and is started again.
func (k deleteKind) Undo(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	p, err := jobs.Input[volumePlan](op)
	if err != nil {
		return err
	}
	if op.Done("volume") {
		return fmt.Errorf("volume %s is gone, its delete can only go on", p.Volume.Name)
	}
	_, host, err := k.m.find(ctx, p.Hosts, p.Volume.Name)
	if err != nil {
		return err
	}
	return fault(host, k.m.g.VolumeCreate(ctx, host, p.Volume))
}

func (k deleteKind) Finish(tx *store.Tx, op *store.Operation) error {
	id := op.Targets[0].ID
	err := eachBrick(tx, id, func(b store.Brick) error { return k.d.settleDropped(tx, op, b, false) })
	if err != nil {
		return err
	}
	return store.Volumes.Delete(tx, id)
}

func (k deleteKind) Abandon(tx *store.Tx, op *store.Operation) error {
	_, err := showVolume(tx, op.Targets[0].ID)
	return err
}

// cleanKind removes a brick that a silent machine still held when its operation ended.
type cleanKind struct {
	d *Domain
	m machines
}

// leave keeps a brick's record and space, and an operation that removes it when its machine is back.
func (d *Domain) leave(tx *store.Tx, op *store.Operation, b store.Brick) error {
	node, err := store.Nodes.Get(tx, b.Node)
	if err != nil {
		return err
	}
	dev, err := store.Devices.Get(tx, b.Device)
	if err != nil {
		return err
	}
	g := asGluster(b, node, dev)
	child := store.Operation{Kind: cleanKind{}.Name(), Dialect: op.Dialect, Parent: op.ID, Owner: op.Owner, RequestID: op.RequestID,
		Targets: []store.Ref{{Kind: store.KindLeftover, ID: b.ID}}, Hosts: []string{g.Host}, Plan: []string{"dropped/" + b.ID},
		NotBefore: tx.Now().Add(time.Second)}
	if err := jobs.SetInput(&child, g); err != nil {
		return err
	}
	id := d.newID()
	b.Volume, b.Pending = "", id
	if err := store.Bricks.Put(tx, &b); err != nil {
		return err
	}
	op.Notes = append(op.Notes, fmt.Sprintf("brick %s is left on %s, which did not answer; operation %s removes it", b.ID, g.Host, id))
	return jobs.Spawn(tx, id, child)
}

func (cleanKind) Name() string { return "brick.clean" }

func (cleanKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 10 * time.Minute, Attempts: jobs.Endless, Backoff: time.Second, MaxWait: 15 * time.Second, Forward: true}
}

func (k cleanKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	b, err := jobs.Input[gluster.Brick](op)
	if err != nil {
		return err
	}
	reclaimed, err := k.m.g.BrickDestroy(ctx, b)
	if err != nil {
		return onward(fault(b.Host, err))
	}
	return j.Put("dropped/"+b.ID, reclaimed)
}

func (k cleanKind) Finish(tx *store.Tx, op *store.Operation) error {
	b, err := store.Bricks.Get(tx, op.Targets[0].ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return k.d.settleDropped(tx, op, b, false)
}

// Undo has nothing to take back: what Run did not remove is still to be removed.
func (cleanKind) Undo(context.Context, store.Operation, *jobs.Journal) error {
	return errors.New("a leftover brick can only be removed")
}

func (cleanKind) Abandon(*store.Tx, *store.Operation) error {
	return errors.New("a leftover brick can only be removed")
}

// SetRestriction locks or unlocks a block hosting volume. Errors: ErrNotFound, *BuildError.
func (s *Service) SetRestriction(ctx context.Context, by Caller, id, restriction string) (store.Operation, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "volume.restrict", store.Ref{Kind: store.KindVolume, ID: id})
		op.Counted = true
		v, err := VisibleVolume(tx, id)
		if err != nil {
			return err
		}
		if err := mayRestrict(&v, restriction); err != nil {
			return err
		}
		return jobs.SetInput(op, restriction)
	})
	return op, s.asked(err, "Failed to set block restriction")
}

func mayRestrict(v *store.Volume, restriction string) error {
	if !v.Block {
		return refusef(errPlan, "Block restrictions can only be set on block hosting volumes")
	}
	need := v.SizeGiB - v.SizeGiB*98/100
	if restriction == "" && v.ReservedGiB < need {
		return refusef(errPlan, "Can not unlock volume. %dGiB free space is required, but found %dGiB", need, v.ReservedGiB+v.FreeGiB)
	}
	return nil
}

// errPlan is the sort of a refusal that has no sentinel of its own.
var errPlan = errors.New("cannot be planned")

// restrictKind changes a record and no machine.
type restrictKind struct{ recordsOnly }

func (restrictKind) Name() string { return "volume.restrict" }

func (restrictKind) Finish(tx *store.Tx, op *store.Operation) error {
	restriction, err := jobs.Input[string](*op)
	if err != nil {
		return err
	}
	v, err := store.Volumes.Get(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	v.Restriction = restriction
	op.Result = store.Ref{Kind: store.KindVolume, ID: v.ID}
	return store.Volumes.Put(tx, &v)
}

// recordsOnly is the part of a kind that has nothing to do on machines and reserves nothing.
type recordsOnly struct{}

func (recordsOnly) Policy() jobs.Policy {
	return jobs.Policy{Timeout: time.Minute, Attempts: 3, Backoff: 100 * time.Millisecond, MaxWait: time.Second}
}

func (recordsOnly) Run(context.Context, store.Operation, *jobs.Journal) error  { return nil }
func (recordsOnly) Undo(context.Context, store.Operation, *jobs.Journal) error { return nil }
func (recordsOnly) Abandon(*store.Tx, *store.Operation) error                  { return nil }

func sortedRefs(kind string, ids []string) []store.Ref {
	slices.Sort(ids)
	var out []store.Ref
	for _, id := range slices.Compact(ids) {
		out = append(out, store.Ref{Kind: kind, ID: id})
	}
	return out
}
