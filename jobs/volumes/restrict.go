package volumes

import (
	"context"
	"errors"
	"slices"
	"time"
	"yardmaster/jobs"
	"yardmaster/store"
)

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
