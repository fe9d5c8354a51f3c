package sim

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// rounds bounds how often the controllers look again because of what they wrote themselves.
const rounds = 50

// settle lets the controllers work on what has changed until they have nothing left to do. They write as the cluster's own
// managers, whose fields nobody keeps book of here.
func (s *server) settle() {
	for range rounds {
		var batch []key
		for k := range s.touched {
			batch = append(batch, k)
		}
		if len(batch) == 0 {
			return
		}
		slices.SortFunc(batch, key.compare)
		clear(s.touched)
		for _, k := range batch {
			if u := s.objects[k]; u != nil {
				s.run(u)
			}
		}
	}
}

// touch has the controllers look at an object, and at what it belongs to.
func (s *server) touch(k key, u *unstructured.Unstructured) {
	s.touched[k] = true
	for _, o := range u.GetOwnerReferences() {
		if owner, err := s.of(o.APIVersion, o.Kind); err == nil {
			s.touched[owner.key(k.namespace, o.Name)] = true
		}
	}
}

// run is the controller of an object's kind.
func (s *server) run(u *unstructured.Unstructured) {
	switch u.GroupVersionKind().Group + "/" + u.GetKind() {
	case "apps/Deployment":
		s.runDeployment(u)
	case "apps/ReplicaSet":
		s.runReplicaSet(u)
	case "apps/StatefulSet":
		s.runStatefulSet(u)
	case "apps/DaemonSet":
		s.runDaemonSet(u)
	case "batch/Job":
		s.runJob(u)
	case "/Pod":
		s.runPod(u)
	case "/PersistentVolumeClaim":
		s.status(u, map[string]any{"phase": "Bound"})
	case "/Namespace":
		s.status(u, map[string]any{"phase": "Active"})
	case "apiextensions.k8s.io/CustomResourceDefinition":
		s.status(u, map[string]any{"conditions": conditions("Established", "True", "", "NamesAccepted", "True", "")})
	case "/Service":
		if textOf(u, "spec", "type") == "LoadBalancer" {
			s.status(u, map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": "192.0.2.1"}}}})
		}
	}
}

// conditions are triples of type, status and reason.
func conditions(triples ...string) []any {
	var out []any
	for i := 0; i+2 < len(triples); i += 3 {
		c := map[string]any{"type": triples[i], "status": triples[i+1]}
		if triples[i+2] != "" {
			c["reason"] = triples[i+2]
		}
		out = append(out, c)
	}
	return out
}

// status writes an object's status if it is another than before.
func (s *server) status(u *unstructured.Unstructured, status map[string]any) {
	s.alter(u, func(obj map[string]any) { obj["status"] = status })
}

// alter changes an object as the cluster itself does, if fn changes anything.
func (s *server) alter(u *unstructured.Unstructured, fn func(obj map[string]any)) {
	k := s.keyOf(u)
	live := s.objects[k]
	if live == nil {
		return
	}
	changed := live.DeepCopy()
	fn(changed.Object)
	if !reflect.DeepEqual(body(live), body(changed)) {
		changed.SetGeneration(live.GetGeneration() + 1)
	}
	if !reflect.DeepEqual(live.Object, changed.Object) {
		s.touch(k, live)
		s.put(k, changed)
	}
}

func (s *server) keyOf(u *unstructured.Unstructured) key {
	k, err := s.of(u.GetAPIVersion(), u.GetKind())
	if err != nil {
		return key{}
	}
	return k.key(u.GetNamespace(), u.GetName())
}

// spawn makes an object that belongs to another.
func (s *server) spawn(owner *unstructured.Unstructured, apiVersion, name string, obj map[string]any, kind string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: obj}
	u.SetAPIVersion(apiVersion)
	u.SetKind(kind)
	u.SetName(name)
	u.SetNamespace(owner.GetNamespace())
	_ = unstructured.SetNestedSlice(u.Object, []any{map[string]any{"apiVersion": owner.GetAPIVersion(), "kind": owner.GetKind(),
		"name": owner.GetName(), "uid": string(owner.GetUID()), "controller": true, "blockOwnerDeletion": true}}, "metadata", "ownerReferences")
	s.christen(u, false)
	s.put(s.keyOf(u), u)
	return u
}

// belonging are the objects of a resource that an owner's reference says are its own. Those that its selector does not pick any
// more are let go.
func (s *server) belonging(owner *unstructured.Unstructured, group, resource string) []*unstructured.Unstructured {
	selector, _, _ := unstructured.NestedStringMap(owner.Object, "spec", "selector", "matchLabels")
	var out []*unstructured.Unstructured
	for _, u := range s.all(group, resource, owner.GetNamespace()) {
		refs := u.GetOwnerReferences()
		if len(refs) == 0 || refs[0].UID != owner.GetUID() {
			continue
		}
		if !labels.SelectorFromSet(selector).Matches(labels.Set(u.GetLabels())) {
			s.alter(u, func(obj map[string]any) { unstructured.RemoveNestedField(obj, "metadata", "ownerReferences") })
			continue
		}
		out = append(out, u)
	}
	return out
}
