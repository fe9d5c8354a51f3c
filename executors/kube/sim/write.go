package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// change is one write: of which object, by whom, and what it shall be.
type change struct {
	key
	kind    *kind
	manager string
	dry     bool
	live    *unstructured.Unstructured // nil if it is new
	want    *unstructured.Unstructured // with its managed fields
}

func (s *server) apply(r request) (any, error) {
	want, err := read(r.body)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if want.GetName() != r.name || want.GroupVersionKind() != r.kind.GroupVersionKind {
		return nil, apierrors.NewBadRequest("the object in the body is not that of the URL")
	}
	if err := s.home(r.kind, r.namespace); err != nil {
		return nil, err
	}
	live := s.objects[r.key]
	if err := unchanged(r, live, want); err != nil {
		return nil, err
	}
	unstructured.RemoveNestedField(want.Object, "status")
	base := live.DeepCopy()
	if live == nil {
		base = r.kind.empty(r.namespace, r.name)
	}
	fields, err := r.kind.fields("")
	if err != nil {
		return nil, err
	}
	want.SetNamespace(r.namespace)
	out, err := fields.Apply(base, want, r.query.Get("fieldManager"), r.query.Get("force") == "true")
	if err != nil {
		return nil, refused(err)
	}
	c := change{key: r.key, kind: r.kind, manager: r.query.Get("fieldManager"), dry: r.dry(), live: live, want: out.(*unstructured.Unstructured)}
	return s.write(c)
}

// refused gives an error of the merge the form that a server gives it.
func refused(err error) error {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return err
	}
	return apierrors.NewBadRequest(err.Error())
}

// unchanged refuses a write that was meant for another version of the object.
func unchanged(r request, live, want *unstructured.Unstructured) error {
	given := want.GetResourceVersion()
	if given == "" || live != nil && given == live.GetResourceVersion() {
		return nil
	}
	return apierrors.NewConflict(r.gr(), r.name, errors.New("the object has been modified; read it again"))
}

// home refuses objects whose namespace is not there.
func (s *server) home(k *kind, namespace string) error {
	if k.namespaced && s.objects[key{resource: "namespaces", name: namespace}] == nil {
		return apierrors.NewNotFound(namespaces, namespace)
	}
	return nil
}

func (s *server) patch(r request) (any, error) {
	live := s.objects[r.key]
	if live == nil {
		return nil, apierrors.NewNotFound(r.gr(), r.name)
	}
	want := live.DeepCopy()
	switch r.form {
	case types.MergePatchType:
		var p map[string]any
		if err := utiljson.Unmarshal(r.body, &p); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		want.Object, _ = merged(want.Object, p).(map[string]any)
	case types.JSONPatchType:
		if err := replace(want.Object, r.body); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
	default:
		return nil, apierrors.NewGenericServerResponse(415, "patch", r.gr(), r.name, "unsupported patch", 0, true)
	}
	if err := unchanged(r, live, want); err != nil {
		return nil, err
	}
	return s.update(change{key: r.key, kind: r.kind, manager: r.query.Get("fieldManager"), dry: r.dry(), live: live, want: want}, "")
}

// update writes an object whose whole new form is known.
func (s *server) update(c change, sub string) (*unstructured.Unstructured, error) {
	fields, err := c.kind.fields(sub)
	if err != nil {
		return nil, err
	}
	base := c.live.DeepCopy()
	if c.live == nil {
		base = c.kind.empty(c.namespace, c.name)
	}
	out, err := fields.Update(base, c.want, c.manager)
	if err != nil {
		return nil, refused(err)
	}
	c.want = out.(*unstructured.Unstructured)
	return s.write(c)
}

// write puts an object into the store, unless it is the same as before or only asked about, and lets the controllers work.
func (s *server) write(c change) (*unstructured.Unstructured, error) {
	s.date(c)
	if c.live != nil {
		c.want.SetUID(c.live.GetUID())
		c.want.SetCreationTimestamp(c.live.GetCreationTimestamp())
		c.want.SetGeneration(c.live.GetGeneration())
		c.want.SetResourceVersion(c.live.GetResourceVersion())
	}
	complete(c.kind, c.want)
	if err := validate(c.kind, c.live, c.want); err != nil {
		return nil, err
	}
	if c.live != nil && reflect.DeepEqual(c.live.Object, c.want.Object) {
		return c.want.DeepCopy(), nil
	}
	if c.live == nil {
		s.christen(c.want, c.dry)
	} else if !reflect.DeepEqual(body(c.live), body(c.want)) {
		c.want.SetGeneration(c.live.GetGeneration() + 1)
	}
	if c.dry {
		return c.want.DeepCopy(), nil
	}
	s.put(c.key, c.want)
	if c.kind.Kind == "CustomResourceDefinition" {
		s.define(c.want)
	}
	s.settle()
	if now := s.objects[c.key]; now != nil {
		return now.DeepCopy(), nil
	}
	return c.want.DeepCopy(), nil
}

func (s *server) put(k key, u *unstructured.Unstructured) {
	s.version++
	u.SetResourceVersion(strconv.FormatInt(s.version, 10))
	s.objects[k] = u
	s.touch(k, u)
}

// christen gives a new object what only new ones get.
func (s *server) christen(u *unstructured.Unstructured, dry bool) {
	n := s.made + 1
	if !dry {
		s.made = n
	}
	u.SetUID(types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n)))
	u.SetCreationTimestamp(metav1.NewTime(s.now().UTC().Truncate(1e9)))
	u.SetGeneration(1)
}

// body is what an object's generation counts.
func body(u *unstructured.Unstructured) map[string]any {
	out := map[string]any{}
	for k, v := range u.Object {
		if k != "metadata" && k != "status" {
			out[k] = v
		}
	}
	return out
}

// merged is a JSON merge patch.
func merged(old, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	o, ok := old.(map[string]any)
	if !ok {
		o = map[string]any{}
	}
	for k, v := range p {
		if v == nil {
			delete(o, k)
			continue
		}
		o[k] = merged(o[k], v)
	}
	return o
}

// replace does a JSON patch that replaces fields of metadata, which is all that clients of this server send.
func replace(obj map[string]any, patch []byte) error {
	var ops []struct {
		Op, Path string
		Value    json.RawMessage
	}
	if err := json.Unmarshal(patch, &ops); err != nil {
		return err
	}
	for _, op := range ops {
		const metadata = "/metadata/"
		if op.Op != "replace" || len(op.Path) <= len(metadata) || op.Path[:len(metadata)] != metadata {
			return fmt.Errorf("JSON patch: %s %s is not simulated", op.Op, op.Path)
		}
		var v any
		if err := utiljson.Unmarshal(op.Value, &v); err != nil {
			return err
		}
		obj["metadata"].(map[string]any)[op.Path[len(metadata):]] = v
	}
	return nil
}

func read(text []byte) (*unstructured.Unstructured, error) {
	raw, err := yaml.ToJSON(text)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(raw, &u.Object); err != nil {
		return nil, err
	}
	if _, ok := u.Object["metadata"].(map[string]any); !ok {
		return nil, errors.New("metadata: missing")
	}
	return u, nil
}
