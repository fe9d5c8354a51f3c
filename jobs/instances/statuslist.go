package instances

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"yardmaster/executors/kube"
	"yardmaster/jobs/instances/expand"
	"yardmaster/store"
)

// subject is one instance of a status list: what it should consist of, and what it may have beside that.
type subject struct {
	Status
	manifests []kube.Manifest
	odd       bool // it cannot be deployed any more, or has objects that should not be there
}

// StatusList says of every instance whether the cluster has it as it is configured, by name. One that could not be deployed any more is
// not the same. What has not changed since it was last found right is not looked at again. Errors: ErrUnavailable.
func (s *Service) StatusList(ctx context.Context) ([]Status, error) {
	if err := s.refresh(ctx, Who{}); err != nil {
		return nil, err
	}
	all, err := s.subjects(ctx)
	if err != nil {
		return nil, err
	}
	clean, err := s.clean(ctx, all)
	if err != nil {
		return nil, outward(err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(instancesAtOnce)
	for n := range all {
		one := &all[n]
		if one.Same = !one.odd && !slices.ContainsFunc(one.manifests, func(m kube.Manifest) bool { return !clean[m.ID()] }); one.Same {
			continue
		}
		group.Go(func() error {
			text, err := s.difference(ctx, one.Org, one.Name, kube.SidesOptions{Closed: true})
			var fault *expand.FieldError
			switch {
			case errors.Is(err, ErrNotFound): // deleted meanwhile
				one.Name, err = "", nil
			case errors.As(err, &fault):
				err = nil
			default:
				one.Same = err == nil && text == ""
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := []Status{}
	for _, one := range all {
		if one.Name != "" {
			out = append(out, one.Status)
		}
	}
	slices.SortFunc(out, func(a, b Status) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Org, b.Org)) })
	return out, nil
}

// subjects are all instances with what they should consist of.
func (s *Service) subjects(ctx context.Context) ([]subject, error) {
	var all []subject
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for rec, err := range store.Instances.All(tx) {
			if err != nil {
				return err
			}
			one := subject{Status: Status{Name: rec.Name, Org: rec.Org}}
			var i Instance
			if err := s.unpack(rec.Body, &i); err != nil {
				return err
			}
			i = s.complete(&rec, i)
			objects, err := s.expanded(i, rec.Standby, i.Color)
			one.odd = err != nil || len(minus(rec.Objects, refs(objects))) > 0
			for _, o := range objects {
				m, err := kube.Parse(o.Text)
				if err != nil {
					return err
				}
				one.manifests = append(one.manifests, m)
			}
			all = append(all, one)
		}
		return nil
	})
	return all, err
}

// clean are the objects that the cluster has as they should be, by id. They are remembered for the next time.
func (s *Service) clean(ctx context.Context, all []subject) (map[string]bool, error) {
	var manifests []kube.Manifest
	for _, one := range all {
		manifests = append(manifests, one.manifests...)
	}
	s.listing.Lock()
	defer s.listing.Unlock()
	found, err := s.cluster.Scan(ctx, manifests, s.seen)
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(found))
	s.seen = make(map[string]kube.Seen, len(found))
	for id, d := range found {
		if d.Clean() {
			out[id], s.seen[id] = true, d.Seen
		}
	}
	return out, nil
}
