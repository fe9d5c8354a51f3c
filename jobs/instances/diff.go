package instances

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"yardmaster/executors/kube"
	"yardmaster/jobs/instances/expand"
	"yardmaster/store"
)

// The bounds of looking at the cluster.
const (
	objectsAtOnce   = 8
	instancesAtOnce = 4
)

// Diff is what a deploy would change of an instance on the cluster, with the defaults as they are now; "" if nothing. Errors:
// ErrNotFound, ErrUnavailable.
func (s *Service) Diff(ctx context.Context, org int, name string) (string, error) {
	return s.diffNow(ctx, org, name, kube.SidesOptions{})
}

// ClosedDiff is Diff for those who may not know the values of variables.
func (s *Service) ClosedDiff(ctx context.Context, org int, name string) (string, error) {
	return s.diffNow(ctx, org, name, kube.SidesOptions{Closed: true})
}

func (s *Service) diffNow(ctx context.Context, org int, name string, shown kube.SidesOptions) (string, error) {
	if err := s.refresh(ctx, Who{}); err != nil {
		return "", err
	}
	return s.difference(ctx, org, name, shown)
}

func (s *Service) difference(ctx context.Context, org int, name string, shown kube.SidesOptions) (string, error) {
	var rec store.Instance
	var i Instance
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		rec, i, err = s.read(tx, org, name)
		return err
	})
	if err != nil {
		return "", err
	}
	i = s.complete(&rec, i)
	return s.diff(ctx, &rec, i, shown)
}

// DiffOf is what a deploy of this configuration would change, whether there is such an instance or not. Errors: ErrInvalid,
// ErrUnavailable.
func (s *Service) DiffOf(ctx context.Context, posted Instance) (string, error) {
	return s.diffOf(ctx, posted, kube.SidesOptions{})
}

// ClosedDiffOf is DiffOf for those who may not know the values of variables.
func (s *Service) ClosedDiffOf(ctx context.Context, posted Instance) (string, error) {
	return s.diffOf(ctx, posted, kube.SidesOptions{Closed: true})
}

func (s *Service) diffOf(ctx context.Context, posted Instance, shown kube.SidesOptions) (string, error) {
	if err := s.refresh(ctx, Who{}); err != nil {
		return "", err
	}
	var rec store.Instance
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		rec, err = store.Instances.Get(tx, store.InstanceID(posted.Org, posted.Name))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			var was Instance
			err = s.unpack(rec.Body, &was)
			posted = inherit(&rec, posted, was)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	posted.Color = cmp.Or(posted.Color, rec.Color)
	config := s.config.Load()
	drawn := 0
	i := config.Complete(posted, func() string { // none is drawn before a deploy: the same question has the same answer
		drawn++
		return fmt.Sprintf("drawn-by-the-deploy-%d", drawn)
	})
	if err := config.Validate(i); err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	i.Revision, i.State = rec.Revision, rec.State
	return s.diff(ctx, &rec, i, shown)
}

// diff compares what an instance should consist of with what there is.
func (s *Service) diff(ctx context.Context, rec *store.Instance, i Instance, shown kube.SidesOptions) (string, error) {
	objects, err := s.expanded(i, rec.Standby, i.Color)
	if err != nil {
		return "", err
	}
	pairs := make([]expand.Pair, len(objects))
	group, together := errgroup.WithContext(ctx)
	group.SetLimit(objectsAtOnce)
	for n, o := range objects {
		group.Go(func() error {
			m, err := kube.Parse(o.Text)
			if err != nil {
				return err
			}
			shown := shown
			shown.Sealed = shown.Closed && o.Component == expand.MirrorObjects // an earlier release wrote variables into it
			sides, err := s.cluster.Sides(together, m, shown)
			pairs[n] = expand.Pair{Kind: o.Kind, Name: o.Name, Old: sides.Live, New: sides.Want}
			return outward(err)
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	for _, o := range minus(rec.Objects, refs(objects)) {
		raw, err := s.leftover(ctx, o, shown)
		if err != nil {
			return "", err
		}
		pairs = append(pairs, expand.Pair{Kind: o.Kind, Name: o.Name, Old: raw})
	}
	return expand.Diff(pairs), nil
}

// leftover is an object that a deploy would remove; nil if it is gone, or is not this yard's to remove.
func (s *Service) leftover(ctx context.Context, o store.InstanceObject, shown kube.SidesOptions) ([]byte, error) {
	if owned, err := s.cluster.Owns(ctx, refOf(o)); !owned {
		if errors.Is(err, kube.ErrNotFound) {
			err = nil
		}
		return nil, outward(err)
	}
	m := kube.Manifest{Ref: refOf(o), Text: fmt.Appendf(nil, `{"apiVersion":%q,"kind":%q,"metadata":{"name":%q,"namespace":%q}}`,
		o.APIVersion, o.Kind, o.Name, o.Namespace)}
	sides, err := s.cluster.Sides(ctx, m, shown)
	return sides.Live, outward(err)
}
