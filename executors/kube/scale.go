package kube

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Replicas is how many the object is told to run.
func (c *Client) Replicas(ctx context.Context, r Ref) (int64, error) {
	o, err := c.place(ctx, r)
	if err != nil {
		return 0, err
	}
	u, err := c.get(ctx, o, "scale")
	if err != nil {
		return 0, err
	}
	return intAt(u.Object, "spec", "replicas"), nil
}

// Scale tells the object to run so many. It asks for no version of it: controllers write its status all the time.
func (c *Client) Scale(ctx context.Context, r Ref, replicas int64) error {
	if replicas < 0 || replicas > 1<<31-1 {
		return fmt.Errorf("%s: %w: replicas %d", r, ErrInvalid, replicas)
	}
	o, err := c.place(ctx, r)
	if err != nil {
		return err
	}
	return c.merge(ctx, o, map[string]any{"spec": map[string]any{"replicas": replicas}}, "scale")
}

// Workloads are the Deployments and StatefulSets of the namespace.
func (c *Client) Workloads(ctx context.Context) ([]Workload, error) {
	var out []Workload
	for _, name := range []string{"Deployment", "StatefulSet"} {
		all, err := c.here(ctx, "apps/v1", name)
		if err != nil {
			return nil, err
		}
		for i := range all {
			u := &all[i]
			out = append(out, Workload{Ref: refOf(u.Object), Replicas: told(u), Ready: intAt(u.Object, "status", "readyReplicas"), Owned: c.owns(u)})
		}
	}
	slices.SortFunc(out, func(a, b Workload) int { return a.Compare(b.Ref) })
	return out, nil
}

// told is a workload's replicas; one that says nothing has one.
func told(u *unstructured.Unstructured) int64 {
	if at(u.Object, "spec", "replicas") == nil {
		return 1
	}
	return intAt(u.Object, "spec", "replicas")
}

// here lists a kind in the yard's own namespace.
func (c *Client) here(ctx context.Context, apiVersion, name string) ([]unstructured.Unstructured, error) {
	k, err := c.kinds.find(ctx, apiVersion, name)
	if err != nil {
		return nil, err
	}
	return c.list(ctx, k, c.opt.Namespace, "")
}
