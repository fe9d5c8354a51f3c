package volumes

import (
	"context"
	"time"
	"yardmaster/jobs"
	"yardmaster/store"
)

// DeleteBlock takes a block volume away. Errors: ErrNotFound, *BuildError, ErrThrottled.
func (s *Service) DeleteBlock(ctx context.Context, by Caller, id string) (store.Operation, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		b, host, err := s.claimBlock(tx, op, by, "block.delete", id)
		if err != nil {
			return err
		}
		b.Hidden = true
		if err := store.BlockVolumes.Put(tx, &b); err != nil {
			return err
		}
		return s.planBlock(tx, op, &b, &host, nil)
	})
	return op, s.asked(err, "Failed to set up block volume delete")
}

func (d *Domain) claimBlock(tx *store.Tx, op *store.Operation, by Caller, kind, id string) (store.BlockVolume, store.Volume, error) {
	by.begin(op, kind, store.Ref{Kind: store.KindBlockVolume, ID: id})
	op.Counted = true
	b, err := VisibleBlock(tx, id)
	if err != nil {
		return b, store.Volume{}, err
	}
	if b.Pending != "" {
		return b, store.Volume{}, ErrBusy
	}
	b.Pending = op.ID
	host, err := store.Volumes.Get(tx, b.Hosting)
	return b, host, err
}

type blockDeleteKind struct {
	d *Domain
	m machines
}

func (blockDeleteKind) Name() string { return "block.delete" }

func (blockDeleteKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 30 * time.Minute, Attempts: 4, Backoff: 500 * time.Millisecond, MaxWait: 10 * time.Second, Forward: true}
}

func (k blockDeleteKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[blockPlan](op)
	if err != nil {
		return err
	}
	return j.Do("block", func() error { return onward(k.m.dropBlock(ctx, p)) })
}

// Undo has nothing to take back: what gluster-block refused to delete is still there.
func (blockDeleteKind) Undo(context.Context, store.Operation, *jobs.Journal) error { return nil }

func (blockDeleteKind) Finish(tx *store.Tx, op *store.Operation) error {
	return removeBlock(tx, op.Targets[0].ID)
}

func (blockDeleteKind) Abandon(tx *store.Tx, op *store.Operation) error {
	return freeBlock(tx, op.Targets[0].ID)
}

func freeBlock(tx *store.Tx, id string) error {
	b, err := store.BlockVolumes.Get(tx, id)
	if err != nil {
		return err
	}
	b.Pending, b.Hidden = "", false
	return store.BlockVolumes.Put(tx, &b)
}
