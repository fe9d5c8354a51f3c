package volumes

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/store"
)

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
	f, err := members(tx, v.Cluster)
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
	bricks := flat(p.Volume.Sets)
	if j.Done("volume") {
		return onward(k.m.dropBricks(ctx, j, bricks))
	}
	if _, err := k.m.dropVolume(ctx, p.Hosts, p.Volume); err != nil {
		return err
	}
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() {
		errs[0] = j.Do("volume", func() error { return fault("", k.m.g.Forget(ctx, p.Hosts, p.Volume.Name)) })
	})
	wg.Go(func() { errs[1] = k.m.dropBricks(ctx, j, bricks) })
	wg.Wait()
	return onward(together(errs[:]))
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
	_, host, err := k.m.find(ctx, p.Hosts, p.Volume.Name)
	if errors.Is(err, gluster.ErrNoVolume) {
		return fmt.Errorf("volume %s is gone, its delete can only go on", p.Volume.Name)
	}
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
