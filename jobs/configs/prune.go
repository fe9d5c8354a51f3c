package configs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/store"
)

// pruneInput are the objects that the records do not have any more.
type pruneInput struct {
	Refs []kube.Ref `json:"refs"`
}

type pruneKind struct{ onCluster }

func (pruneKind) Name() string { return kindPrune }

// Policy: what is to go goes.
func (k pruneKind) Policy() jobs.Policy {
	p := k.onCluster.Policy()
	p.Forward = true
	return p
}

func (k pruneKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	in, err := jobs.Input[pruneInput](op)
	if err != nil {
		return err
	}
	for _, ref := range in.Refs {
		if j.Done(pruneStep(ref)) {
			continue
		}
		var passed any
		switch err := k.d.cluster.DeleteOwned(ctx, ref); {
		case errors.Is(err, kube.ErrNotOwned):
			passed = ref.String()
		case errors.Is(err, kube.ErrConflict): // it never rested
			return jobs.Retry(fmt.Errorf("%s: %w", ref, err))
		case err != nil && !errors.Is(err, kube.ErrNotFound) && !errors.Is(err, kube.ErrNoKind):
			return again(err, ref.String()+": ")
		}
		if err := j.Put(pruneStep(ref), passed); err != nil {
			return err
		}
	}
	return nil
}

// Finish says what was passed over.
func (pruneKind) Finish(_ *store.Tx, op *store.Operation) error {
	in, err := jobs.Input[pruneInput](*op)
	if err != nil {
		return err
	}
	var left []string
	for _, ref := range in.Refs {
		var name string
		if jobs.Learnt(op, pruneStep(ref), &name) {
			left = append(left, name)
		}
	}
	if len(left) > 0 {
		op.Notes = append(op.Notes, "left alone, since it is not this yard's: "+strings.Join(left, ", "))
	}
	return nil
}

func pruneStep(r kube.Ref) string { return "prune/" + r.String() }

// Prunable are the objects on the cluster that this yard has applied and has no records of: what a release left behind, or a
// namespace that all have been moved from. Namespaces are never among them.
func (s *Service) Prunable(ctx context.Context) ([]string, error) {
	refs, err := s.prunable(ctx)
	out := []string{}
	for _, r := range refs {
		out = append(out, r.String())
	}
	return out, err
}

func (s *Service) prunable(ctx context.Context) ([]kube.Ref, error) {
	owned, err := s.cluster.Owned(ctx)
	if err != nil {
		return nil, outward(err)
	}
	w := wants{at: map[string]bool{}, leaving: map[string]bool{}}
	err = s.view(ctx, func(st *state) error {
		for _, id := range st.ids() {
			refs, err := s.onClusterAs(st.objects[id])
			if err != nil {
				return err
			}
			w.take(id, refs, s.cluster.Namespace())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(w.at) == 0 {
		return nil, fmt.Errorf("%w: there are no base configs, so everything would go", ErrInvalid)
	}
	return slices.DeleteFunc(owned, func(r kube.Ref) bool { return r.Kind == "Namespace" || w.keeps(r) }), nil
}

// wants is what of the cluster's objects the records still want there.
type wants struct {
	at      map[string]bool // id, and id and namespace
	leaving map[string]bool // namespaces that something still runs in which was to be moved
}

// take takes up an object: refs are where it is to be, and where it was last given to the cluster if that is another place.
func (w wants) take(id string, refs []kube.Ref, home string) {
	for _, r := range refs {
		namespace := orElse(r.Namespace, home)
		w.at[id+"\x00"+namespace] = true
		w.at[id+"\x00"] = true // as a cluster-scoped kind is listed
		if namespace != orElse(refs[0].Namespace, home) {
			w.leaving[namespace] = true
		}
	}
}

// keeps says that an object stays. What a move has left behind does too until all have left: the others may need it.
func (w wants) keeps(r kube.Ref) bool {
	return w.at[r.ID()+"\x00"+r.Namespace] || w.leaving[r.Namespace] && w.at[r.ID()+"\x00"]
}

// Prune removes them. Errors: ErrInvalid if there are no records at all, ErrConflict.
func (s *Service) Prune(ctx context.Context, by Who, dry bool) (Change, error) {
	var out Change
	err := s.alone(ctx, func(ctx context.Context) error {
		refs, err := s.prunable(ctx)
		if err != nil {
			return err
		}
		for _, r := range refs {
			out.Objects = append(out.Objects, r.String())
		}
		if dry || len(refs) == 0 {
			return nil
		}
		out.Op, err = s.submit(ctx, by, kindPrune, func(_ *store.Tx, op *store.Operation) error {
			for _, r := range refs {
				op.Plan = append(op.Plan, pruneStep(r))
			}
			return jobs.SetInput(op, pruneInput{refs})
		})
		return err
	})
	return out, err
}
