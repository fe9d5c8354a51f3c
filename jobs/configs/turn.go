package configs

import (
	"context"
	"errors"
	"fmt"

	"yardmaster/jobs"
	"yardmaster/store"
)

// platform is what every change of this domain holds, so that they go one after the other.
var platform = store.Ref{Kind: "platform", ID: "configs"}

// alone runs fn when no other change is being made or on its way to the cluster. Errors: ErrConflict if that takes too long.
func (s *Service) alone(ctx context.Context, fn func(ctx context.Context) error) error {
	wait, cancel := context.WithTimeout(ctx, s.cfg.BusyWait)
	defer cancel()
	if !acquire(wait, s.turn) {
		return ownEnd(ctx, fmt.Errorf("%w: another change is being made", ErrConflict))
	}
	defer func() { <-s.turn }()
	if err := s.idle(wait); err != nil {
		return ownEnd(ctx, err)
	}
	return fn(ctx)
}

// acquire waits for a turn, and takes one that is free even if there is no time to wait.
func acquire(ctx context.Context, turn chan struct{}) bool {
	select {
	case turn <- struct{}{}:
		return true
	default:
	}
	select {
	case turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// ownEnd prefers the caller's own end to what came of it.
func ownEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// idle waits until no operation holds the platform.
func (s *Service) idle(ctx context.Context) error {
	for {
		op, held, err := s.holder(context.WithoutCancel(ctx))
		switch {
		case err != nil || !held:
			return err
		case ctx.Err() != nil || jobs.Idle(&op):
			return fmt.Errorf("%w: operation %s (%s) is under way", ErrConflict, op.ID, op.Kind)
		}
		op, err = s.runner.WaitFor(ctx, op.ID, over)
		switch {
		case errors.Is(err, jobs.ErrNoOperation):
		case err != nil:
			return err
		case !over(op) && ctx.Err() == nil:
			return jobs.ErrClosed // nobody runs it any more
		}
	}
}

// over says that an operation has ended, or waits for something that may take long.
func over(op store.Operation) bool { return !op.State.Live() || jobs.Idle(&op) }

// holder is the operation that holds the platform, if one does.
func (s *Service) holder(ctx context.Context) (op store.Operation, held bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		op, held, err = holderOf(tx)
		return err
	})
	return op, held, err
}

func holderOf(tx *store.Tx) (op store.Operation, held bool, err error) {
	op, err = store.LiveOn(tx, platform)
	if errors.Is(err, store.ErrNotFound) {
		return op, false, nil
	}
	return op, err == nil, err
}
