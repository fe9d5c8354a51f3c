package kube

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// decode reads one object, which must have a kind and a name.
func decode(text []byte) (map[string]any, error) {
	raw, err := yaml.ToJSON(text)
	if err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	var obj map[string]any
	if err := utiljson.Unmarshal(raw, &obj); err != nil || obj == nil {
		return nil, errors.New("not an object")
	}
	u := unstructured.Unstructured{Object: obj}
	if _, ok := obj["metadata"].(map[string]any); !ok {
		return nil, errors.New("metadata: missing")
	}
	for _, f := range []struct{ key, value string }{
		{"apiVersion", u.GetAPIVersion()}, {"kind", u.GetKind()}, {"metadata.name", u.GetName()},
	} {
		if f.value == "" {
			return nil, fmt.Errorf("%s: missing or not a string", f.key)
		}
	}
	return obj, nil
}

func refOf(obj map[string]any) Ref {
	u := unstructured.Unstructured{Object: obj}
	return Ref{APIVersion: u.GetAPIVersion(), Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName()}
}

// at follows keys through maps; nil if there is nothing.
func at(v any, keys ...string) any {
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

func textAt(v any, keys ...string) string {
	s, _ := at(v, keys...).(string)
	return s
}

func intAt(v any, keys ...string) int64 {
	switch n := at(v, keys...).(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// volatile is what the cluster itself writes in metadata.
var volatile = []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink", "deletionTimestamp",
	"deletionGracePeriodSeconds"}

// content is the object without what the cluster keeps book with; the object stays as it is.
func content(obj map[string]any) map[string]any {
	out := make(map[string]any, len(obj))
	for k, v := range obj {
		if k != "status" {
			out[k] = v
		}
	}
	meta := map[string]any{}
	old, _ := obj["metadata"].(map[string]any)
	for k, v := range old {
		meta[k] = v
	}
	for _, k := range volatile {
		delete(meta, k)
	}
	out["metadata"] = meta
	return out
}
