package kube

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// into reads an object as its own type.
func into(u *unstructured.Unstructured, typed any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, typed); err != nil {
		return fmt.Errorf("%s %s: %w", u.GetKind(), u.GetName(), err)
	}
	return nil
}

// Pods are those of a workload; of the zero Ref, all of the namespace.
func (c *Client) Pods(ctx context.Context, workload Ref) ([]Pod, error) {
	all, err := c.podsOf(ctx, workload)
	if err != nil {
		return nil, err
	}
	out := make([]Pod, 0, len(all))
	for i := range all {
		out = append(out, podOf(&all[i]))
	}
	slices.SortFunc(out, func(a, b Pod) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (c *Client) podsOf(ctx context.Context, workload Ref) ([]corev1.Pod, error) {
	if workload == (Ref{}) {
		return c.selectPods(ctx, c.opt.Namespace, "")
	}
	o, err := c.place(ctx, workload)
	if err != nil {
		return nil, err
	}
	u, err := c.get(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Kind == "Pod" {
		var p corev1.Pod
		return []corev1.Pod{p}, into(u, &p)
	}
	return c.selected(ctx, u)
}

// selected are the pods that a workload's selector picks.
func (c *Client) selected(ctx context.Context, u *unstructured.Unstructured) ([]corev1.Pod, error) {
	selector, err := selectorOf(u)
	if err != nil || selector == "" {
		return nil, err
	}
	return c.selectPods(ctx, u.GetNamespace(), selector)
}

// selectorOf is a workload's selector as text; "" if it has none.
func selectorOf(u *unstructured.Unstructured) (string, error) {
	spec, ok := at(u.Object, "spec", "selector").(map[string]any)
	if !ok {
		return "", nil
	}
	var typed metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &typed); err != nil {
		return "", fmt.Errorf("%s %s: selector: %w", u.GetKind(), u.GetName(), err)
	}
	s, err := metav1.LabelSelectorAsSelector(&typed)
	if err != nil {
		return "", fmt.Errorf("%s %s: selector: %w", u.GetKind(), u.GetName(), err)
	}
	return s.String(), nil
}

func (c *Client) selectPods(ctx context.Context, namespace, selector string) ([]corev1.Pod, error) {
	k, err := c.kinds.find(ctx, "v1", "Pod")
	if err != nil {
		return nil, err
	}
	all, err := c.list(ctx, k, namespace, selector)
	if err != nil {
		return nil, err
	}
	out := make([]corev1.Pod, len(all))
	for i := range all {
		if err := into(&all[i], &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func podOf(p *corev1.Pod) Pod {
	out := Pod{Name: p.Name, Node: p.Spec.NodeName, Phase: string(p.Status.Phase), Reason: troubleOf(p), Ready: podReady(p)}
	for _, c := range p.Spec.Containers {
		out.Containers = append(out.Containers, c.Name)
	}
	for _, s := range p.Status.ContainerStatuses {
		out.Restarts += s.RestartCount
	}
	return out
}

func podReady(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// harmless is what every container waits for once.
var harmless = []string{"ContainerCreating", "PodInitializing"}

// troubleOf is what keeps a pod from its work, in one word of the cluster's.
func troubleOf(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil {
		return "Terminating"
	}
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if w := s.State.Waiting; w != nil && w.Reason != "" && !slices.Contains(harmless, w.Reason) {
			return w.Reason
		}
		if t := s.State.Terminated; t != nil && t.ExitCode != 0 {
			return cmp.Or(t.Reason, "Error")
		}
	}
	for _, cond := range p.Status.Conditions {
		if cond.Type == corev1.PodScheduled && cond.Status == corev1.ConditionFalse {
			return cmp.Or(cond.Reason, "Unschedulable")
		}
	}
	return p.Status.Reason
}

// DeletePod removes a pod of the namespace.
func (c *Client) DeletePod(ctx context.Context, name string) error {
	return c.Delete(ctx, Ref{APIVersion: "v1", Kind: "Pod", Namespace: c.opt.Namespace, Name: name})
}

// DeleteJob removes a job of the namespace, and its pods in the background.
func (c *Client) DeleteJob(ctx context.Context, name string) error {
	return c.Delete(ctx, Ref{APIVersion: "batch/v1", Kind: "Job", Namespace: c.opt.Namespace, Name: name})
}
