package volumes

import (
	"context"
	"errors"
	"slices"
	"time"

	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/jobs/volumes/placement"
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
	if moreGiB > mostGiB {
		return expandPlan{}, nil, placement.ErrNoSpace
	}
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
	return j.Do("volume", func() error { return k.m.grow(ctx, p) })
}

func (m machines) grow(ctx context.Context, p expandPlan) error {
	host, err := m.lead(ctx, p.Hosts)
	if err != nil {
		return err
	}
	return fault(host, m.g.VolumeExpand(ctx, host, p.Volume.Name, p.Volume, p.Added))
}

// Undo drops the new bricks while the volume has none of them. Once it has, files may lie on them: then the expansion is carried
// to its end, and stays.
func (k expandKind) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[expandPlan](op)
	if err != nil {
		return err
	}
	info, host, err := k.m.find(ctx, p.Hosts, p.Volume.Name)
	if err != nil {
		return fault(host, err)
	}
	if slices.ContainsFunc(flat(p.Added), func(b gluster.Brick) bool { return hasBrick(info, b) }) {
		if err := k.m.grow(ctx, p); err != nil {
			return err
		}
		return j.Put(kept, nil)
	}
	return k.m.dropBricks(ctx, j, flat(p.Added))
}

// kept marks an undo that found its work taken into use, and went on with it instead.
const kept = "kept"

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
	if op.Done(kept) {
		op.Notes = append(op.Notes, "the volume had the new bricks already and keeps them")
		return k.Finish(tx, op)
	}
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
