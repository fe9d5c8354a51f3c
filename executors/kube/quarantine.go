package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// picker is something that picks pods by their labels.
type picker struct {
	name    string
	labels  []string // by which it picks
	matches labels.Selector
}

// QuarantinePod takes a pod out of its Services and from its controller, and leaves it running.
func (c *Client) QuarantinePod(ctx context.Context, name string) error {
	o, err := c.place(ctx, Ref{APIVersion: "v1", Kind: "Pod", Name: name})
	if err != nil {
		return err
	}
	return contested(ctx, func() (bool, error) {
		change, err := c.aside(ctx, o)
		if err != nil || change == nil {
			return false, err
		}
		err = c.merge(ctx, o, change)
		return errors.Is(err, ErrConflict), err
	})
}

// aside is the change that takes a pod aside; nil if it is there already.
func (c *Client) aside(ctx context.Context, o object) (map[string]any, error) {
	u, err := c.get(ctx, o)
	if err != nil {
		return nil, err
	}
	pod := &corev1.Pod{}
	if err := into(u, pod); err != nil {
		return nil, err
	}
	if _, done := pod.Annotations[AnnotationQuarantine]; done {
		return nil, nil
	}
	services, err := c.servicesOf(ctx, pod)
	if err != nil {
		return nil, err
	}
	owner, err := c.ownerOf(ctx, pod)
	if err != nil {
		return nil, err
	}
	after, err := detach(pod, services, owner)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", o, ErrConflict, err)
	}
	return locked(relabel(pod, after), u), nil
}

// relabel is the change to a pod that leaves it with some of its labels, and the old ones in its annotation.
func relabel(pod *corev1.Pod, after map[string]string) map[string]any {
	before, _ := json.Marshal(pod.Labels) // a map of texts can always be written
	change := map[string]any{}
	for k := range pod.Labels {
		if _, stays := after[k]; !stays {
			change[k] = nil
		}
	}
	change[LabelQuarantined] = "true"
	return map[string]any{"metadata": map[string]any{"labels": change, "annotations": map[string]any{AnnotationQuarantine: string(before)}}}
}

// controller is what keeps a pod alive.
type controller struct {
	picker
	keeps bool // it must not lose the pod: it could not make another of that name
}

// detach is the pod's labels without those that it is picked by.
func detach(pod *corev1.Pod, services []picker, owner *controller) (map[string]string, error) {
	after := maps.Clone(pod.Labels)
	if after == nil {
		after = map[string]string{}
	}
	var fixed []string
	if owner != nil && owner.keeps {
		fixed = owner.labels
	}
	pickers := services
	if owner != nil && !owner.keeps {
		pickers = append(slices.Clone(services), owner.picker)
	}
	for _, p := range pickers {
		for _, l := range p.labels {
			if !slices.Contains(fixed, l) {
				delete(after, l)
			}
		}
	}
	after[LabelQuarantined] = "true"
	for _, p := range pickers {
		if p.matches.Matches(labels.Set(after)) {
			return nil, fmt.Errorf("%s picks it by labels that it must keep", p.name)
		}
	}
	if owner != nil && owner.keeps && len(services) == 0 {
		return nil, fmt.Errorf("%s could not replace it, and no Service picks it", owner.name)
	}
	return after, nil
}

// servicesOf are the Services that pick a pod.
func (c *Client) servicesOf(ctx context.Context, pod *corev1.Pod) ([]picker, error) {
	all, err := c.here(ctx, "v1", "Service")
	if err != nil {
		return nil, err
	}
	var out []picker
	for i := range all {
		var s corev1.Service
		if err := into(&all[i], &s); err != nil {
			return nil, err
		}
		p := picker{name: "Service " + s.Name, labels: slices.Collect(maps.Keys(s.Spec.Selector)), matches: labels.SelectorFromSet(s.Spec.Selector)}
		if len(s.Spec.Selector) > 0 && p.matches.Matches(labels.Set(pod.Labels)) {
			out = append(out, p)
		}
	}
	return out, nil
}

// ownerOf is the pod's controller; nil if it has none, or one that does not pick by labels.
func (c *Client) ownerOf(ctx context.Context, pod *corev1.Pod) (*controller, error) {
	ref := metav1.GetControllerOf(pod)
	if ref == nil {
		return nil, nil
	}
	o, err := c.place(ctx, Ref{APIVersion: ref.APIVersion, Kind: ref.Kind, Namespace: pod.Namespace, Name: ref.Name})
	if err != nil {
		return nil, err
	}
	u, err := c.find(ctx, o)
	if err != nil || u == nil {
		return nil, err
	}
	text, err := selectorOf(u)
	if err != nil || text == "" {
		return nil, err
	}
	matches, err := labels.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: selector: %w", o, err)
	}
	return &controller{picker{o.Kind + " " + o.Name, keysOf(matches), matches}, o.Kind == "StatefulSet"}, nil
}

// keysOf are the labels that a selector asks for.
func keysOf(s labels.Selector) []string {
	wants, _ := s.Requirements()
	var out []string
	for _, r := range wants {
		out = append(out, r.Key())
	}
	return out
}
