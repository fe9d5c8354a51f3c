package kube

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// prepare makes of a manifest what is sent: in its namespace, marked as this yard's, without what only the cluster writes.
func (c *Client) prepare(ctx context.Context, m Manifest) (object, *unstructured.Unstructured, error) {
	obj, err := decode(m.Text)
	if err != nil {
		return object{}, nil, fmt.Errorf("manifest of %s: %w: %w", m.Ref, ErrInvalid, err)
	}
	o, err := c.place(ctx, refOf(obj))
	if err != nil {
		return object{}, nil, err
	}
	want := &unstructured.Unstructured{Object: content(obj)}
	want.SetNamespace(o.Namespace)
	labels := map[string]any{}
	if old, ok := at(obj, "metadata", "labels").(map[string]any); ok {
		for k, v := range old {
			labels[k] = v
		}
	}
	labels[LabelManagedBy], labels[LabelYard] = ManagedBy, c.opt.Yard
	want.Object["metadata"].(map[string]any)["labels"] = labels
	if o.Kind == "Secret" && o.APIVersion == "v1" {
		intoData(want.Object)
	}
	return o, want, nil
}

// intoData does to a Secret's stringData what the cluster does: left to it, a key that goes from stringData would stay in data.
func intoData(secret map[string]any) {
	plain, ok := secret["stringData"].(map[string]any)
	if !ok {
		return
	}
	data := map[string]any{}
	if old, ok := secret["data"].(map[string]any); ok {
		for k, v := range old {
			data[k] = v
		}
	}
	for k, v := range plain {
		text, ok := v.(string)
		if !ok {
			return // the cluster says what is wrong with it
		}
		data[k] = base64.StdEncoding.EncodeToString([]byte(text))
	}
	secret["data"] = data
	delete(secret, "stringData")
}

// Apply makes the object what its manifest says.
func (c *Client) Apply(ctx context.Context, m Manifest, opt ApplyOptions) (Applied, error) {
	o, want, err := c.prepare(ctx, m)
	if err != nil {
		return Applied{}, err
	}
	live, err := c.find(ctx, o)
	if err != nil {
		return Applied{}, err
	}
	if live == nil {
		return c.create(ctx, m, o, want, opt)
	}
	if live, err = c.ready(ctx, o, live, opt); err != nil {
		return Applied{}, err
	}
	var got *unstructured.Unstructured
	if opt.Rows || opt.Dry || o.Kind == autoscalerKind { // which may be paused meanwhile
		got, live, err = c.against(ctx, o, want, live, opt.Dry)
	} else {
		got, err = c.apply(ctx, o, held(want, live), false)
	}
	if err != nil {
		return Applied{}, err
	}
	done := c.applied(m, got, live, opt)
	if opt.Dry {
		done.Rows = append(done.Rows, c.going(ctx, o, want, got, opt)...)
		done.Changed = len(done.Rows) > 0
	}
	return done, nil
}

// going is what of others an apply would take away: a dry run cannot take over and apply at once.
func (c *Client) going(ctx context.Context, o object, want, would *unstructured.Unstructured, opt ApplyOptions) (rows []Row) {
	switch {
	case opt.Whole:
		_, rows = c.wholly(ctx, o, want, would)
	case opt.Takeover:
		rows = leftovers(c.additions(ctx, o, want, would))
	}
	return rows
}

// applied says what an apply has made of a live object, or would.
func (c *Client) applied(m Manifest, got, live *unstructured.Unstructured, opt ApplyOptions) Applied {
	done := Applied{ResourceVersion: got.GetResourceVersion(), UID: string(got.GetUID())}
	done.Changed = got.GetResourceVersion() != live.GetResourceVersion() && // controllers write statuses meanwhile
		!reflect.DeepEqual(content(got.Object), content(live.Object))
	if opt.Rows || opt.Dry {
		done.Rows = c.differences(got, live)
	}
	if opt.Dry {
		done.Changed = len(done.Rows) > 0
	} else {
		done.Seen = c.seen(m, got)
	}
	return done
}

// pinTries bounds how often an apply is made again because the object has changed since it was read.
const pinTries = 5

// against applies to the very version of the object that the outcome is then compared with: what controllers write in between would
// look like drift. An object that never rests is compared as it comes.
func (c *Client) against(ctx context.Context, o object, want, live *unstructured.Unstructured, dry bool) (got, was *unstructured.Unstructured, err error) {
	for range pinTries {
		pinned := held(want, live).DeepCopy()
		pinned.SetResourceVersion(live.GetResourceVersion())
		if got, err = c.apply(ctx, o, pinned, dry); !errors.Is(err, ErrConflict) {
			return got, live, err
		}
		if live, err = c.get(ctx, o); err != nil {
			return nil, nil, err
		}
	}
	got, err = c.apply(ctx, o, held(want, live), dry)
	return got, live, err
}

func (c *Client) create(ctx context.Context, m Manifest, o object, want *unstructured.Unstructured, opt ApplyOptions) (Applied, error) {
	got, err := c.apply(ctx, o, want, opt.Dry)
	if err != nil {
		return Applied{}, err
	}
	if o.Kind == "CustomResourceDefinition" && !opt.Dry {
		c.kinds.forget()
	}
	done := Applied{Created: true, Changed: true}
	if !opt.Dry {
		done.ResourceVersion, done.UID, done.Seen = got.GetResourceVersion(), string(got.GetUID()), c.seen(m, got)
	}
	return done, nil
}

// ready is the live object once it may be applied to.
func (c *Client) ready(ctx context.Context, o object, live *unstructured.Unstructured, opt ApplyOptions) (*unstructured.Unstructured, error) {
	if live.GetDeletionTimestamp() != nil {
		return nil, fmt.Errorf("%s: %w: it is being deleted", o, ErrConflict)
	}
	if yard := live.GetLabels()[LabelYard]; yard != "" && yard != c.opt.Yard && !opt.Seize {
		return nil, fmt.Errorf("%s: %w: it belongs to yard %s; take its label %s away to hand it over", o, ErrConflict, yard, LabelYard)
	}
	var err error
	if (opt.Takeover || opt.Whole) && !opt.Dry {
		live, err = c.takeOver(ctx, o, live)
	}
	if opt.Whole && !opt.Dry && err == nil {
		live, err = c.rebook(ctx, o, live, c.seizure)
	}
	return live, err
}

// differences are what applying changes, or has changed.
func (c *Client) differences(want, live *unstructured.Unstructured) []Row {
	var d comparison
	d.values(root(live.GetKind()), content(want.Object), content(live.Object), everyones(live))
	return d.rows
}
