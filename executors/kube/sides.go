package kube

import (
	"context"
	"encoding/json"
	"errors"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// Sides compares an object with its manifest as a whole, for those who want to read the difference.
func (c *Client) Sides(ctx context.Context, m Manifest, opt SidesOptions) (Sides, error) {
	o, want, err := c.prepare(ctx, m)
	if err != nil {
		return Sides{}, err
	}
	live, err := c.find(ctx, o)
	if err != nil {
		return Sides{}, err
	}
	top := root(o.Kind)
	top.closed, top.sealed = opt.Closed, opt.Sealed
	if live == nil {
		return c.newSide(ctx, o, want, top)
	}
	would, now, err := c.against(ctx, o, want, live, true)
	if errors.Is(err, ErrInvalid) {
		would, now, err = want, live, nil // as it stands: the cluster would refuse it
	}
	if err != nil {
		return Sides{}, err
	}
	will, _ := c.wholly(ctx, o, want, would)
	was, is := veils(top, top, content(now.Object), content(will))
	var s Sides
	if s.Live, err = json.Marshal(was); err == nil {
		s.Want, err = json.Marshal(is)
	}
	return s, err
}

// newSide is the one side of an object that is not there.
func (c *Client) newSide(ctx context.Context, o object, want *unstructured.Unstructured, top spot) (Sides, error) {
	would, err := c.apply(ctx, o, want, true)
	if errors.Is(err, ErrNoNamespace) || errors.Is(err, ErrInvalid) {
		would, err = want, nil // the cluster cannot say yet what it would add
	}
	if err != nil {
		return Sides{}, err
	}
	side, err := json.Marshal(top.veil(content(would.Object), masked))
	return Sides{Want: side}, err
}

// Serving counts the ready pods behind a Service of the namespace.
func (c *Client) Serving(ctx context.Context, service string) (int, error) {
	o, err := c.place(ctx, Ref{APIVersion: "v1", Kind: "Service", Name: service})
	if err != nil {
		return 0, err
	}
	u, err := c.get(ctx, o)
	if err != nil {
		return 0, err
	}
	var s corev1.Service
	if err := into(u, &s); err != nil || len(s.Spec.Selector) == 0 {
		return 0, err
	}
	pods, err := c.selectPods(ctx, o.Namespace, labels.Set(s.Spec.Selector).String())
	if err != nil {
		return 0, err
	}
	ready := 0
	for i := range pods {
		if podReady(&pods[i]) && pods[i].DeletionTimestamp == nil {
			ready++
		}
	}
	return ready, nil
}
