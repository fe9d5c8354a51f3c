package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
)

// clientSide are the managers as which objects are known that were applied by their client, which left no record of who set what.
var clientSide = []string{"kubectl-client-side-apply", "before-first-apply"}

// takeOver makes this yard the owner of what kubectl apply has set. What the manifest does not have goes with the next apply.
func (c *Client) takeOver(ctx context.Context, o object, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return c.rebook(ctx, o, live, func(live *unstructured.Unstructured) ([]byte, error) {
		return csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(clientSide...), c.opt.FieldManager)
	})
}

// rebook changes who holds what of an object by a JSON patch that is meant for one version of it; nil changes nothing.
func (c *Client) rebook(ctx context.Context, o object, live *unstructured.Unstructured, patch func(*unstructured.Unstructured) ([]byte, error)) (*unstructured.Unstructured, error) {
	err := contested(ctx, func() (bool, error) {
		body, err := patch(live)
		if err != nil {
			return false, fmt.Errorf("%s: managed fields: %w", o, err)
		}
		if body == nil {
			return false, nil
		}
		failed := c.patch(ctx, o, types.JSONPatchType, body)
		if live, err = c.get(ctx, o); err != nil {
			return false, err
		}
		return errors.Is(failed, ErrConflict), failed
	})
	return live, err
}

// leftovers are what taking over removes, among what others have added.
func leftovers(foreign []Row) []Row {
	return slices.DeleteFunc(foreign, func(r Row) bool { return !slices.Contains(clientSide, r.Manager) })
}
