package configs

import (
	"context"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/store"
)

// Remove takes an object out of the platform: its base configs of all releases, its history and its labels are forgotten, and it is
// deleted from the cluster. Patches that target it stay, for an object that is called so again. Errors: ErrNotFound, ErrInvalid,
// ErrConflict.
func (s *Service) Remove(ctx context.Context, by Who, ref string, dry bool) (Change, error) {
	var out Change
	err := s.alone(ctx, func(ctx context.Context) error {
		var o *object
		var bindings []store.ConfigBinding
		err := s.view(ctx, func(st *state) error {
			var err error
			if o, err = st.find(ref); err != nil {
				return err
			}
			out.Objects = []string{st.show(o.rec.ID)}
			for b := range st.bindings {
				if b.Object == o.rec.ID || b.Object == o.rec.Name && st.named[o.rec.Name] == 1 {
					bindings = append(bindings, b)
				}
			}
			return nil
		})
		if err != nil || dry {
			return err
		}
		refs, err := s.onClusterAs(o)
		if err != nil {
			return err
		}
		out.Op, err = s.submit(ctx, by, kindPrune, func(tx *store.Tx, op *store.Operation) error {
			for _, b := range bindings {
				if err := store.DropBinding(tx, b); err != nil {
					return err
				}
			}
			if err := store.DropConfigObject(tx, o.rec.ID); err != nil {
				return err
			}
			for _, r := range refs {
				op.Plan = append(op.Plan, pruneStep(r))
			}
			return jobs.SetInput(op, pruneInput{refs})
		})
		return err
	})
	return out, err
}

// onClusterAs is what the cluster may have of an object: as it is materialized, and as it was last given.
func (s *Service) onClusterAs(o *object) ([]kube.Ref, error) {
	var refs []kube.Ref
	for _, m := range []*store.MaterializedConfig{o.current, o.golden} {
		if m == nil {
			continue
		}
		text, err := s.unpack(m.Body)
		if err != nil {
			return nil, err
		}
		parsed, err := kube.Parse([]byte(text))
		if err != nil {
			return nil, err
		}
		if len(refs) == 0 || refs[0] != parsed.Ref {
			refs = append(refs, parsed.Ref)
		}
	}
	return refs, nil
}
