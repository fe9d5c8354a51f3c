package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const autoscaling, autoscalerKind = "autoscaling/v2", "HorizontalPodAutoscaler"

// bounds are what an autoscaler stays between.
type bounds struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}

func boundsOf(u *unstructured.Unstructured) bounds {
	b := bounds{Min: 1, Max: intAt(u.Object, "spec", "maxReplicas")}
	if at(u.Object, "spec", "minReplicas") != nil {
		b.Min = intAt(u.Object, "spec", "minReplicas")
	}
	return b
}

func (b bounds) text() string { return fmt.Sprintf(`{"min":%d,"max":%d}`, b.Min, b.Max) }

// kept are the bounds that a paused autoscaler will have again; false if it is not paused.
func kept(u *unstructured.Unstructured) (bounds, bool) {
	var b bounds
	text, paused := u.GetAnnotations()[AnnotationPaused]
	if !paused || json.Unmarshal([]byte(text), &b) != nil {
		return boundsOf(u), paused
	}
	return b, true
}

// Autoscalers are the HorizontalPodAutoscalers of the namespace.
func (c *Client) Autoscalers(ctx context.Context) ([]Autoscaler, error) {
	all, err := c.here(ctx, autoscaling, autoscalerKind)
	if err != nil {
		return nil, err
	}
	out := make([]Autoscaler, 0, len(all))
	for i := range all {
		b, paused := kept(&all[i])
		out = append(out, Autoscaler{Name: all[i].GetName(), Target: targetOf(&all[i]), Min: int32(b.Min), Max: int32(b.Max), Paused: paused})
	}
	slices.SortFunc(out, func(a, b Autoscaler) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func targetOf(u *unstructured.Unstructured) Ref {
	return Ref{APIVersion: textAt(u.Object, "spec", "scaleTargetRef", "apiVersion"), Kind: textAt(u.Object, "spec", "scaleTargetRef", "kind"),
		Namespace: u.GetNamespace(), Name: textAt(u.Object, "spec", "scaleTargetRef", "name")}
}

// PauseAutoscaler holds its target at the replicas that it has now, or at its lower bound if it has no target.
func (c *Client) PauseAutoscaler(ctx context.Context, name string) error {
	return c.rebound(ctx, name, func(u *unstructured.Unstructured) (map[string]any, error) {
		if _, paused := kept(u); paused {
			return nil, nil
		}
		b := boundsOf(u)
		n, err := c.Replicas(ctx, targetOf(u))
		switch {
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrNoKind):
			n = b.Min
		case err != nil:
			return nil, err
		}
		n = max(n, 1) // at 0 an autoscaler rests by itself, and no bound may be 0
		return map[string]any{
			"metadata": map[string]any{"annotations": map[string]any{AnnotationPaused: b.text()}},
			"spec":     map[string]any{"minReplicas": n, "maxReplicas": n},
		}, nil
	})
}

// ResumeAutoscaler gives it back the bounds that it had.
func (c *Client) ResumeAutoscaler(ctx context.Context, name string) error {
	return c.rebound(ctx, name, func(u *unstructured.Unstructured) (map[string]any, error) {
		b, paused := kept(u)
		if !paused {
			return nil, nil
		}
		return map[string]any{
			"metadata": map[string]any{"annotations": map[string]any{AnnotationPaused: nil}},
			"spec":     map[string]any{"minReplicas": b.Min, "maxReplicas": b.Max},
		}, nil
	})
}

// rebound changes an autoscaler as it is read, or not at all.
func (c *Client) rebound(ctx context.Context, name string, change func(*unstructured.Unstructured) (map[string]any, error)) error {
	o, err := c.place(ctx, Ref{APIVersion: autoscaling, Kind: autoscalerKind, Name: name})
	if err != nil {
		return err
	}
	return contested(ctx, func() (bool, error) {
		u, err := c.get(ctx, o)
		if err != nil {
			return false, err
		}
		changed, err := change(u)
		if err != nil || changed == nil {
			return false, err
		}
		err = c.merge(ctx, o, locked(changed, u))
		return errors.Is(err, ErrConflict), err
	})
}

// locked makes a change hold only for the version that was read.
func locked(change map[string]any, u *unstructured.Unstructured) map[string]any {
	change["metadata"].(map[string]any)["resourceVersion"] = u.GetResourceVersion()
	return change
}

// held is what is wanted of an object, except that a paused autoscaler stays paused: the manifest's bounds are kept for its
// resumption.
func held(want, live *unstructured.Unstructured) *unstructured.Unstructured {
	if _, paused := kept(live); !paused || want.GetKind() != autoscalerKind {
		return want
	}
	now, out := boundsOf(live), want.DeepCopy()
	spec, ok := out.Object["spec"].(map[string]any)
	if !ok {
		return want // the cluster says what is wrong with it
	}
	spec["minReplicas"], spec["maxReplicas"] = now.Min, now.Max
	annotations := out.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[AnnotationPaused] = boundsOf(want).text()
	out.SetAnnotations(annotations)
	return out
}
