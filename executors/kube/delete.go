package kube

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Delete removes an object, whoever made it; what belongs to it follows in the background.
func (c *Client) Delete(ctx context.Context, r Ref) error {
	o, err := c.place(ctx, r)
	if err != nil {
		return err
	}
	return c.delete(ctx, o, nil)
}

// DeleteOwned removes an object that this yard has applied. What is found is what is deleted: an object that was made anew or given
// away in between is looked at again.
func (c *Client) DeleteOwned(ctx context.Context, r Ref) error {
	o, err := c.place(ctx, r)
	if err != nil {
		return err
	}
	return contested(ctx, func() (again bool, err error) {
		live, err := c.get(ctx, o)
		if err != nil {
			return false, err
		}
		if err := c.disowned(live); err != nil {
			return false, fmt.Errorf("%s: %w", o, err)
		}
		uid, version := live.GetUID(), live.GetResourceVersion()
		err = c.delete(ctx, o, &metav1.Preconditions{UID: &uid, ResourceVersion: &version})
		return errors.Is(err, ErrConflict), err
	})
}

// disowned says whose an object is, if not this yard's.
func (c *Client) disowned(live *unstructured.Unstructured) error {
	if c.owns(live) {
		return nil
	}
	if yard := live.GetLabels()[LabelYard]; yard != "" && yard != c.opt.Yard {
		return fmt.Errorf("%w: it is another yard's, %s", ErrNotOwned, yard)
	}
	return fmt.Errorf("%w: it is nobody's that is known", ErrNotOwned)
}

func (c *Client) delete(ctx context.Context, o object, only *metav1.Preconditions) error {
	own, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	background := metav1.DeletePropagationBackground // a Job's pods are left behind by what its API does otherwise
	err := c.resource(o.kind, o.Namespace).Delete(own, o.Name, metav1.DeleteOptions{PropagationPolicy: &background, Preconditions: only})
	return c.fault(ctx, o.String(), err)
}
