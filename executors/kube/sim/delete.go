package sim

import (
	"encoding/json"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"yardmaster/executors/kube"
)

// unlink is a request to delete, which may be meant for one version of the object only.
func (s *server) unlink(r request) (any, error) {
	var only metav1.DeleteOptions
	if err := json.Unmarshal(r.body, &only); err != nil && len(r.body) > 0 {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	u, p := s.objects[r.key], only.Preconditions
	if u != nil && p != nil && (p.UID != nil && *p.UID != u.GetUID() || p.ResourceVersion != nil && *p.ResourceVersion != u.GetResourceVersion()) {
		return nil, apierrors.NewConflict(r.gr(), r.name, errors.New("the object has been modified; read it again"))
	}
	return s.delete(r.key)
}

// delete removes an object and all that belongs to it at once.
func (s *server) delete(k key) (any, error) {
	u := s.objects[k]
	if u == nil {
		return nil, apierrors.NewNotFound(k.gr(), k.name)
	}
	s.drop(k)
	s.collect()
	s.settle()
	return metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess}, nil
}

func (s *server) remove(r kube.Ref) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.of(r.APIVersion, r.Kind)
	if err != nil {
		return err
	}
	_, err = s.delete(k.key(r.Namespace, r.Name))
	return err
}

func (s *server) drop(k key) {
	u := s.objects[k]
	delete(s.objects, k)
	s.version++
	s.touch(k, u)
	switch {
	case k.resource == "customresourcedefinitions":
		s.undefine(u)
	case k.group == "" && k.resource == "namespaces":
		for other := range s.objects {
			if other.namespace == k.name {
				delete(s.objects, other)
			}
		}
	}
}

// collect removes what belongs to objects that are gone, until nothing does.
func (s *server) collect() {
	for {
		there := map[types.UID]bool{}
		for _, u := range s.objects {
			there[u.GetUID()] = true
		}
		var gone []key
		for k, u := range s.objects {
			if orphaned(u, there) {
				gone = append(gone, k)
			}
		}
		if len(gone) == 0 {
			return
		}
		for _, k := range gone {
			s.drop(k)
		}
	}
}

func orphaned(u *unstructured.Unstructured, there map[types.UID]bool) bool {
	owners := u.GetOwnerReferences()
	for _, o := range owners {
		if there[o.UID] {
			return false
		}
	}
	return len(owners) > 0
}
