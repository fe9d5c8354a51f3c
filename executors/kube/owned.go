package kube

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Owned are all objects that this yard has applied. Kinds that it may not list are looked for in its own namespace, and left out
// if it may not do that either.
func (c *Client) Owned(ctx context.Context) ([]Ref, error) {
	have, err := c.kinds.fresh(ctx)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	found := map[string]Ref{} // by UID: one object may be served by two groups
	work, within := errgroup.WithContext(ctx)
	work.SetLimit(c.opt.Concurrency)
	for _, k := range have.sweepable() {
		work.Go(func() error {
			all, err := c.sweep(within, k)
			mu.Lock()
			defer mu.Unlock()
			for i := range all {
				if c.owns(&all[i]) {
					found[string(all[i].GetUID())] = refOf(all[i].Object)
				}
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	out := make([]Ref, 0, len(found))
	for _, r := range found {
		out = append(out, r)
	}
	slices.SortFunc(out, Ref.Compare)
	return out, nil
}

func (c *Client) sweep(ctx context.Context, k kind) ([]unstructured.Unstructured, error) {
	selector := LabelManagedBy + "=" + ManagedBy + "," + LabelYard + "=" + c.opt.Yard
	all, err := c.list(ctx, k, "", selector)
	if errors.Is(err, ErrForbidden) && k.namespaced {
		all, err = c.list(ctx, k, c.opt.Namespace, selector)
	}
	if errors.Is(err, ErrForbidden) || errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return all, err
}

// Owns says whether this yard has applied an object.
func (c *Client) Owns(ctx context.Context, r Ref) (bool, error) {
	o, err := c.place(ctx, r)
	if err != nil {
		return false, err
	}
	live, err := c.get(ctx, o)
	return err == nil && c.owns(live), err
}

// owns tells whether this yard has applied an object. The label alone does not say so: the cluster copies a Service's labels to
// what it makes for it.
func (c *Client) owns(u *unstructured.Unstructured) bool {
	return u.GetLabels()[LabelYard] == c.opt.Yard && slices.ContainsFunc(writersOf(u), c.applies)
}
