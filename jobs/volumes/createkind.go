package volumes

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/store"
)

type createKind struct {
	d *Domain
	m machines
}

func (createKind) Name() string { return "volume.create" }

func (k createKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 30 * time.Minute, Attempts: 1 + k.d.cfg.CreateRetries, Backoff: 100 * time.Millisecond, MaxWait: 10 * time.Second, UndoFirst: true}
}

func (k createKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[volumePlan](op)
	if err != nil {
		return err
	}
	return anew(k.m.createVolume(ctx, p, j))
}

// anew makes a refusal worth another try: elsewhere it may go well. A name taken by a stranger's volume is taken everywhere.
func anew(err error) error {
	var refused *jobs.RefusedError
	if errors.As(err, &refused) && !errors.Is(err, gluster.ErrVolumeExists) {
		return jobs.Retry(err)
	}
	return err
}

func (m machines) createVolume(ctx context.Context, p volumePlan, j *jobs.Journal) error {
	if err := m.makeBricks(ctx, j, flat(p.Volume.Sets)); err != nil {
		return err
	}
	return j.Do("volume", func() error {
		err := m.g.VolumeCreate(ctx, p.Hosts[0], p.Volume)
		if errors.Is(err, gluster.ErrVolumeExists) {
			return errors.Join(jobs.Refuse(err.Error()), err)
		}
		return fault(p.Hosts[0], err)
	})
}

func (k createKind) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[volumePlan](op)
	if err != nil {
		return err
	}
	return k.m.undoVolume(ctx, p, j)
}

func (m machines) undoVolume(ctx context.Context, p volumePlan, j *jobs.Journal) error {
	if err := m.endVolume(ctx, p, j); err != nil {
		return err
	}
	if err := m.dropBricks(ctx, j, flat(p.Volume.Sets)); err != nil {
		return err
	}
	// A script whose connection was lost may have made the volume after the first look. Without its bricks none can any more.
	return m.endVolume(ctx, p, j)
}

// endVolume deletes what was made of the volume, for good.
func (m machines) endVolume(ctx context.Context, p volumePlan, j *jobs.Journal) error {
	deleted, err := m.dropVolume(ctx, p.Hosts, p.Volume)
	if err != nil || !deleted && !j.Done("deleted") {
		return err
	}
	if err := j.Put("deleted", nil); err != nil { // a second undo finds nothing, and still has this to do
		return err
	}
	return fault("", m.g.Forget(ctx, p.Hosts, p.Volume.Name))
}

func (k createKind) Finish(tx *store.Tx, op *store.Operation) error {
	v, err := showVolume(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	op.Result = store.Ref{Kind: store.KindVolume, ID: v.ID}
	return nil
}

// showVolume ends a volume's making: it and its bricks are there.
func showVolume(tx *store.Tx, id string) (store.Volume, error) {
	v, err := store.Volumes.Get(tx, id)
	if err != nil {
		return v, err
	}
	v.Pending, v.Hidden = "", false
	if err := store.Volumes.Put(tx, &v); err != nil {
		return v, err
	}
	return v, eachBrick(tx, id, func(b store.Brick) error {
		b.Pending = ""
		return store.Bricks.Put(tx, &b)
	})
}

// eachBrick calls do with every brick of a volume; do may write bricks.
func eachBrick(tx *store.Tx, volume string, do func(store.Brick) error) error {
	bricks, err := store.Bricks.List(tx, store.ByVolume, volume)
	if err != nil {
		return err
	}
	for _, b := range bricks {
		if err := do(b); err != nil {
			return err
		}
	}
	return nil
}

func (k createKind) Abandon(tx *store.Tx, op *store.Operation) error {
	return k.d.forgetVolume(tx, op, op.Targets[0].ID)
}

// forgetVolume removes a volume's records; a brick that a silent machine still holds keeps its space until it is cleaned.
func (d *Domain) forgetVolume(tx *store.Tx, op *store.Operation, id string) error {
	err := eachBrick(tx, id, func(b store.Brick) error { return d.settleDropped(tx, op, b, true) })
	if err != nil {
		return err
	}
	return store.Volumes.Delete(tx, id)
}

// settleDropped ends a brick that dropBricks dealt with. unsaid is what to take for reclaimed when the journal does not say.
func (d *Domain) settleDropped(tx *store.Tx, op *store.Operation, b store.Brick, unsaid bool) error {
	if op.Done("left/"+b.ID) && !op.Done("dropped/"+b.ID) {
		return d.leave(tx, op, b)
	}
	reclaimed := unsaid
	jobs.Learnt(op, "dropped/"+b.ID, &reclaimed)
	return release(tx, &b, reclaimed)
}

// Replan places the volume anew, off the devices that refused.
func (k createKind) Replan(tx *store.Tx, op *store.Operation) error {
	p, err := jobs.Input[volumePlan](*op)
	if err != nil {
		return err
	}
	avoid := append(p.Avoid, refusedGroups(op)...)
	next, notes, err := k.d.planCreate(tx, op.ID, p.Volume.ID, op.Owner, p.Spec, avoid, nil)
	op.Notes = append(op.Notes, notes...)
	if err != nil {
		return err
	}
	return next.into(op)
}

// refusedGroups are the volume groups whose machine refused a brick.
func refusedGroups(op *store.Operation) []string {
	var out []string
	for _, s := range op.Journal {
		var vg string
		if strings.HasPrefix(s.Name, "refused/") && jobs.StepData(s, &vg) && !slices.Contains(out, vg) {
			out = append(out, vg)
		}
	}
	return out
}
