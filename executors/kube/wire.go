package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// pageSize of lists.
const pageSize = 500

// object is one object's place on the cluster.
type object struct {
	kind kind
	Ref
}

// place finds where an object is.
func (c *Client) place(ctx context.Context, r Ref) (object, error) {
	k, err := c.kinds.find(ctx, r.APIVersion, r.Kind)
	if err != nil {
		return object{}, fmt.Errorf("%s: %w", r, err)
	}
	if !k.namespaced {
		r.Namespace = ""
	} else if r.Namespace == "" {
		r.Namespace = c.opt.Namespace
	}
	return object{k, r}, nil
}

func (c *Client) resource(k kind, namespace string) dynamic.ResourceInterface {
	if k.namespaced && namespace != "" {
		return c.dynamic.Resource(k.gvr()).Namespace(namespace)
	}
	return c.dynamic.Resource(k.gvr())
}

// get reads an object or one of its subresources.
func (c *Client) get(ctx context.Context, o object, sub ...string) (*unstructured.Unstructured, error) {
	own, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	u, err := c.resource(o.kind, o.Namespace).Get(own, o.Name, metav1.GetOptions{}, sub...)
	return u, c.fault(ctx, o.String(), err)
}

// find is get, with nil for an object that is not there.
func (c *Client) find(ctx context.Context, o object) (*unstructured.Unstructured, error) {
	u, err := c.get(ctx, o)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return u, err
}

// apply sends a whole manifest, and gives the object as it is then or, if dry, would be.
func (c *Client) apply(ctx context.Context, o object, want *unstructured.Unstructured, dry bool) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(want.Object)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", o, ErrInvalid, err)
	}
	force := true
	opts := metav1.PatchOptions{FieldManager: c.opt.FieldManager, Force: &force, FieldValidation: metav1.FieldValidationStrict}
	if dry {
		opts.DryRun = []string{metav1.DryRunAll}
	}
	own, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	u, err := c.resource(o.kind, o.Namespace).Patch(own, o.Name, types.ApplyPatchType, body, opts)
	if err != nil {
		return nil, conceal(want.Object, c.fault(ctx, o.String(), err))
	}
	return u, nil
}

// merge sends a JSON merge patch.
func (c *Client) merge(ctx context.Context, o object, change map[string]any, sub ...string) error {
	body, err := json.Marshal(change)
	if err != nil {
		return err
	}
	return c.patch(ctx, o, types.MergePatchType, body, sub...)
}

func (c *Client) patch(ctx context.Context, o object, form types.PatchType, body []byte, sub ...string) error {
	own, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	_, err := c.resource(o.kind, o.Namespace).Patch(own, o.Name, form, body, metav1.PatchOptions{FieldManager: c.opt.FieldManager}, sub...)
	return c.fault(ctx, o.String(), err)
}

// list is all objects of a kind that a label selector matches; namespace "" is all namespaces.
func (c *Client) list(ctx context.Context, k kind, namespace, selector string) ([]unstructured.Unstructured, error) {
	var all []unstructured.Unstructured
	opts := metav1.ListOptions{LabelSelector: selector, Limit: pageSize}
	for {
		page, err := c.page(ctx, k, namespace, opts)
		if err != nil {
			return nil, c.fault(ctx, k.Kind+" list", err)
		}
		all = append(all, page.Items...)
		if opts.Continue = page.GetContinue(); opts.Continue == "" {
			return all, nil
		}
	}
}

func (c *Client) page(ctx context.Context, k kind, namespace string, o metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	own, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	return c.resource(k, namespace).List(own, o)
}

// Get is the whole object as JSON.
func (c *Client) Get(ctx context.Context, r Ref) ([]byte, error) {
	o, err := c.place(ctx, r)
	if err != nil {
		return nil, err
	}
	u, err := c.get(ctx, o)
	if err != nil {
		return nil, err
	}
	return json.Marshal(u.Object)
}

// A write that was meant for one version of an object is made again for the next one, so many times and with growing pauses.
const (
	contestTries = 12
	contestPause = 5 * time.Millisecond
)

// contested does fn until no other writer was in its way; fn says of its error whether one was.
func contested(ctx context.Context, fn func() (again bool, err error)) error {
	for i := range contestTries {
		again, err := fn()
		if err == nil || !again || i == contestTries-1 {
			return err
		}
		pause := time.NewTimer(contestPause<<min(i, 5) + rand.N(contestPause))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
	}
	return nil
}
