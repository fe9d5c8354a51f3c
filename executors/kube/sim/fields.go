package sim

import (
	"fmt"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
)

// fields merges applied objects and keeps book of who holds which field.
func (k *kind) fields(sub string) (*managedfields.FieldManager, error) {
	m, err := managedfields.NewDefaultCRDFieldManager(k.types, asIs{}, asIs{}, asIs{}, k.GroupVersionKind, k.GroupVersion(), sub, nil)
	if err != nil {
		return nil, fmt.Errorf("fields of %s: %w", k.Kind, err)
	}
	return m, nil
}

func (k *kind) empty(namespace, name string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(k.GroupVersionKind)
	u.SetName(name)
	u.SetNamespace(namespace)
	return u
}

// date has what this write claims claimed at the cluster's time.
func (s *server) date(c change) {
	var old []metav1.ManagedFieldsEntry
	if c.live != nil {
		old = c.live.GetManagedFields()
	}
	now := metav1.NewTime(s.now().UTC().Truncate(1e9))
	entries := c.want.GetManagedFields()
	for i, e := range entries {
		if e.Manager == c.manager && !has(old, e) {
			entries[i].Time = &now
		}
	}
	if len(entries) > 0 {
		c.want.SetManagedFields(entries)
	}
}

func has(entries []metav1.ManagedFieldsEntry, e metav1.ManagedFieldsEntry) bool {
	for _, o := range entries {
		if reflect.DeepEqual(o, e) {
			return true
		}
	}
	return false
}

// asIs converts nothing: the simulated cluster has one version of each kind.
type asIs struct{}

func (asIs) Convert(_, _, _ any) error {
	return fmt.Errorf("one version of each kind: nothing to convert")
}
func (asIs) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return in, nil
}
func (asIs) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}
func (asIs) Default(runtime.Object) {}
func (asIs) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(gvk)
	return u, nil
}
