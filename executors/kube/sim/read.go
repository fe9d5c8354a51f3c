package sim

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

const metricsGroup = "metrics.k8s.io"

var namespaces = schema.GroupResource{Resource: "namespaces"}

func (s *server) get(r request) (any, error) {
	u := s.objects[r.key]
	switch {
	case u == nil:
		return nil, apierrors.NewNotFound(r.gr(), r.name)
	case r.sub == "scale" && r.kind.scales:
		return scaleOf(u), nil
	case r.sub != "":
		return nil, notServed(r)
	}
	return u, nil
}

func scaleOf(u *unstructured.Unstructured) map[string]any {
	return map[string]any{"apiVersion": "autoscaling/v1", "kind": "Scale",
		"metadata": map[string]any{"name": u.GetName(), "namespace": u.GetNamespace(), "resourceVersion": u.GetResourceVersion()},
		"spec":     map[string]any{"replicas": number(u, "spec", "replicas")},
		"status":   map[string]any{"replicas": number(u, "status", "replicas")}}
}

func (s *server) scale(r request) (any, error) {
	live := s.objects[r.key]
	if live == nil {
		return nil, apierrors.NewNotFound(r.gr(), r.name)
	}
	if !r.kind.scales {
		return nil, notServed(r)
	}
	asked := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(r.body, &asked.Object); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	want := live.DeepCopy()
	if err := unstructured.SetNestedField(want.Object, number(asked, "spec", "replicas"), "spec", "replicas"); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	u, err := s.update(change{key: r.key, kind: r.kind, manager: r.query.Get("fieldManager"), dry: r.dry(), live: live, want: want}, "scale")
	if err != nil {
		return nil, err
	}
	return scaleOf(u), nil
}

func (s *server) list(r request) (any, error) {
	selector, err := labels.Parse(r.query.Get("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	items := []any{}
	for _, u := range s.all(r.group, r.resource, r.namespace) {
		if selector.Matches(labels.Set(u.GetLabels())) {
			items = append(items, u.Object)
		}
	}
	return map[string]any{"apiVersion": r.kind.GroupVersion().String(), "kind": r.kind.Kind + "List", "items": items,
		"metadata": map[string]any{"resourceVersion": strconv.FormatInt(s.version, 10)}}, nil
}

// all are the objects of a resource in the order of their names; namespace "" is everywhere.
func (s *server) all(group, resource, namespace string) []*unstructured.Unstructured {
	var keys []key
	for k := range s.objects {
		if k.group == group && k.resource == resource && (namespace == "" || k.namespace == namespace) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, key.compare)
	out := make([]*unstructured.Unstructured, len(keys))
	for i, k := range keys {
		out[i] = s.objects[k]
	}
	return out
}

// logs are two lines of each container.
func (s *server) logs(r request) (any, error) {
	pod := s.objects[r.key]
	if pod == nil {
		return nil, apierrors.NewNotFound(r.gr(), r.name)
	}
	names := containersOf(pod)
	container := r.query.Get("container")
	switch {
	case container == "" && len(names) > 1:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s, choose one of: %v", r.name, names))
	case container == "":
		container = names[0]
	case !slices.Contains(names, container):
		return nil, apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", container, r.name))
	}
	born := pod.GetCreationTimestamp().UTC()
	if since, err := time.Parse(time.RFC3339, r.query.Get("sinceTime")); err == nil && born.Before(since) {
		return "", nil
	}
	text := fmt.Sprintf("%s %s: starting\n%s %s: serving\n", born.Format(time.RFC3339), container, born.Format(time.RFC3339), container)
	if limit, err := strconv.Atoi(r.query.Get("limitBytes")); err == nil && limit < len(text) {
		text = text[:limit]
	}
	return text, nil
}

func (s *server) metrics(r request) (any, error) {
	items := []any{}
	for _, pod := range s.all("", "pods", r.namespace) {
		if phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase"); phase != "Running" {
			continue
		}
		containers := []any{}
		for _, name := range containersOf(pod) {
			containers = append(containers, map[string]any{"name": name, "usage": map[string]any{"cpu": "5m", "memory": "32Mi"}})
		}
		items = append(items, map[string]any{"metadata": map[string]any{"name": pod.GetName(), "namespace": pod.GetNamespace()},
			"timestamp": s.now().UTC().Format(time.RFC3339), "window": "15s", "containers": containers})
	}
	return map[string]any{"apiVersion": metricsGroup + "/v1beta1", "kind": "PodMetricsList", "metadata": map[string]any{}, "items": items}, nil
}

func containersOf(pod *unstructured.Unstructured) []string {
	var out []string
	all, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
	for _, c := range all {
		m, _ := c.(map[string]any)
		name, _ := m["name"].(string)
		out = append(out, name)
	}
	return out
}

func number(u *unstructured.Unstructured, keys ...string) int64 {
	v, _, _ := unstructured.NestedFieldNoCopy(u.Object, keys...)
	switch n := v.(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}
