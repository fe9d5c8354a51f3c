package volumes

import (
	"context"
	"yardmaster/jobs"
	"yardmaster/store"
)

// blockGrowth is an expansion of a block volume.
type blockGrowth struct {
	blockPlan
	ToGiB   int `json:"to"`
	MoreGiB int `json:"more"`
}

// ExpandBlock grows a block volume to a size. Errors: ErrNotFound, *BuildError, ErrThrottled.
func (s *Service) ExpandBlock(ctx context.Context, by Caller, id string, toGiB int) (store.Operation, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		b, host, err := s.claimBlock(tx, op, by, "block.expand", id)
		if err != nil {
			return err
		}
		more := toGiB - b.SizeGiB
		switch {
		case more < 0:
			return refusef(errPlan, "Requested new-size %d is less than current block volume size %d, shrinking is not allowed.", toGiB, b.SizeGiB)
		case more == 0:
			return refusef(errPlan, "Requested new-size %d is same as current block volume size %d, nothing to be done.", toGiB, b.SizeGiB)
		case host.FreeGiB < more:
			return refusef(errPlan, "No space")
		}
		host.FreeGiB -= more
		if err := store.Volumes.Put(tx, &host); err != nil {
			return err
		}
		if err := store.BlockVolumes.Put(tx, &b); err != nil {
			return err
		}
		if err := s.planBlock(tx, op, &b, &host, nil); err != nil {
			return err
		}
		p, err := jobs.Input[blockPlan](*op)
		if err != nil {
			return err
		}
		return jobs.SetInput(op, blockGrowth{blockPlan: p, ToGiB: toGiB, MoreGiB: more})
	})
	return op, s.asked(err, "Failed to allocate block volume expansion")
}

type blockExpandKind struct{ m machines }

func (blockExpandKind) Name() string        { return "block.expand" }
func (blockExpandKind) Policy() jobs.Policy { return blockCreateKind{}.Policy() }

func (k blockExpandKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[blockGrowth](op)
	if err != nil {
		return err
	}
	var manage []string
	for _, h := range p.Block.Hosts {
		manage = append(manage, p.Manage[h])
	}
	return j.Do("block", func() error {
		host, err := k.m.lead(ctx, manage)
		if err != nil {
			return err
		}
		return fault(host, k.m.g.BlockExpand(ctx, host, p.Block.Volume, p.Block.Name, p.ToGiB))
	})
}

// Undo looks whether the target grew all the same: it cannot shrink, so it keeps what it has.
func (k blockExpandKind) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[blockGrowth](op)
	if err != nil {
		return err
	}
	var errs []error
	for _, h := range p.Block.Hosts {
		info, err := k.m.g.BlockInfo(ctx, p.Manage[h], p.Block.Volume, p.Block.Name)
		if err == nil {
			if info.SizeBytes >= uint64(p.ToGiB)<<30 {
				return j.Put(kept, nil)
			}
			return nil
		}
		errs = append(errs, fault(p.Manage[h], err))
	}
	return together(errs)
}

func (blockExpandKind) Finish(tx *store.Tx, op *store.Operation) error {
	p, err := jobs.Input[blockGrowth](*op)
	if err != nil {
		return err
	}
	b, err := store.BlockVolumes.Get(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	b.Pending, b.SizeGiB, b.UsableGiB = "", p.ToGiB, p.ToGiB
	op.Result = op.Targets[0]
	return store.BlockVolumes.Put(tx, &b)
}

func (k blockExpandKind) Abandon(tx *store.Tx, op *store.Operation) error {
	if op.Done(kept) {
		op.Notes = append(op.Notes, "the target had grown already and keeps its size")
		return k.Finish(tx, op)
	}
	p, err := jobs.Input[blockGrowth](*op)
	if err != nil {
		return err
	}
	if err := giveHosting(tx, p.Volume, p.MoreGiB); err != nil {
		return err
	}
	return freeBlock(tx, op.Targets[0].ID)
}
