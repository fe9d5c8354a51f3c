package kube

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Diff compares the object with its manifest.
func (c *Client) Diff(ctx context.Context, m Manifest) (Drift, error) {
	o, want, err := c.prepare(ctx, m)
	if err != nil {
		return Drift{}, err
	}
	live, err := c.find(ctx, o)
	if err != nil {
		return Drift{}, err
	}
	return c.drift(ctx, m, o, want, live)
}

// drift asks the cluster what applying would make of the live object, and compares.
func (c *Client) drift(ctx context.Context, m Manifest, o object, want, live *unstructured.Unstructured) (Drift, error) {
	if live == nil {
		return Drift{Missing: true}, nil
	}
	would, now, err := c.against(ctx, o, want, live, true)
	switch {
	case errors.Is(err, ErrNotFound):
		return Drift{Missing: true}, nil
	case errors.Is(err, ErrInvalid):
		part := comparison{part: true}
		part.values(root(o.Kind), content(held(want, live).Object), content(live.Object), everyones(live))
		return Drift{Rows: part.rows, Refused: err.Error(), From: FromManifest}, nil
	case err != nil:
		return Drift{}, err
	}
	d := Drift{Rows: c.differences(would, now), Foreign: c.additions(ctx, o, want, would), From: FromDryRun}
	if d.Clean() {
		d.Seen = c.seen(m, now)
	}
	return d, nil
}
