package sim

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"yardmaster/executors/kube"
)

// edit is a write by somebody else, with the object in hand.
func (s *server) edit(manager string, r kube.Ref, fn func(map[string]any)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.of(r.APIVersion, r.Kind)
	if err != nil {
		return err
	}
	at := k.key(r.Namespace, r.Name)
	live := s.objects[at]
	if live == nil {
		return fmt.Errorf("%s: %w", r, kube.ErrNotFound)
	}
	want := live.DeepCopy()
	fn(want.Object)
	_, err = s.update(change{key: at, kind: k, manager: manager, live: live, want: want}, "")
	return err
}

func (s *server) createAs(manager, namespace string, text []byte) error {
	u, err := read(text)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.of(u.GetAPIVersion(), u.GetKind())
	if err != nil {
		return err
	}
	if ns := u.GetNamespace(); ns != "" {
		namespace = ns
	}
	at := k.key(namespace, u.GetName())
	if s.objects[at] != nil {
		return apierrors.NewAlreadyExists(at.gr(), at.name)
	}
	if err := s.home(k, namespace); err != nil {
		return err
	}
	u.SetNamespace(at.namespace)
	_, err = s.update(change{key: at, kind: k, manager: manager, want: u}, "")
	return err
}

func (s *server) seedNamespace(name string) error {
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, name)
	if err := s.createAs("kube-apiserver", "", []byte(text)); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}
