package kubetest

import (
	"fmt"
	"slices"

	"yardmaster/executors/kube"
)

var owning = []promise{
	{"a yard owns what it has applied, and nothing else", func(s *site) {
		s.apply(service)
		s.apply(deployment)
		s.ready(web)
		s.Create(s, "kubectl-create", with(configMap, "{name: settings}", "{name: alike, labels: "+s.labels()+"}"))
		s.Create(s, "kubectl-create", with(configMap, "settings", "theirs"))
		if got := s.owned(s.Cluster); !slices.Equal(got, []string{"Deployment.web", "Service.web"}) {
			s.Errorf("owned: %v", got)
		}
		for r, want := range map[kube.Ref]bool{web: true, ref("v1", "Service", "web"): true, ref("v1", "ConfigMap", "alike"): false, ref("v1", "ConfigMap", "theirs"): false} {
			if got, err := s.Cluster.Owns(s.Context(), r); got != want || err != nil {
				s.Errorf("%s is owned: %v, %v", r, got, err)
			}
		}
		_, err := s.Cluster.Owns(s.Context(), ref("v1", "ConfigMap", "nothing"))
		s.is(err, kube.ErrNotFound, "nothing")
		if got := s.owned(s.Other); len(got) != 0 {
			s.Errorf("the other yard owns %v", got)
		}
	}},
	{"what belongs to another yard is not applied, unless it is seized", func(s *site) {
		s.apply(configMap)
		m := s.manifest(configMap)
		_, err := s.Other.Apply(s.Context(), m, kube.ApplyOptions{})
		s.is(err, kube.ErrConflict, "yard")
		_, err = s.Other.Apply(s.Context(), m, kube.ApplyOptions{Takeover: true})
		s.is(err, kube.ErrConflict, "yard")
		_, err = s.Other.Apply(s.Context(), m, kube.ApplyOptions{Seize: true})
		s.must(err)
		if mine, theirs := s.owned(s.Cluster), s.owned(s.Other); len(mine) != 0 || len(theirs) != 1 {
			s.Errorf("owned: %v and %v", mine, theirs)
		}
	}},
	{"a deleted object is gone, and cannot be deleted twice", func(s *site) {
		s.apply(configMap)
		r := ref("v1", "ConfigMap", "settings")
		s.must(s.Cluster.Delete(s.Context(), r))
		s.is(s.Cluster.Delete(s.Context(), r), kube.ErrNotFound, "settings")
		_, err := s.Cluster.Get(s.Context(), r)
		s.is(err, kube.ErrNotFound, "settings")
	}},
	{"what a yard deletes as its own is its own", func(s *site) {
		settings := ref("v1", "ConfigMap", "settings")
		s.is(s.Cluster.DeleteOwned(s.Context(), settings), kube.ErrNotFound, "settings")
		s.Create(s, "kubectl-create", configMap)
		s.is(s.Cluster.DeleteOwned(s.Context(), settings), kube.ErrNotOwned, "settings", "nobody's")
		s.Remove(s, settings)
		_, err := s.Other.Apply(s.Context(), s.manifest(configMap), kube.ApplyOptions{})
		s.must(err)
		s.is(s.Cluster.DeleteOwned(s.Context(), settings), kube.ErrNotOwned, "settings", "another yard's")
		s.object(settings)
		s.must(s.Other.DeleteOwned(s.Context(), settings))
		s.apply(configMap)
		s.Edit(s, "kubectl-label", settings, func(obj map[string]any) {
			delete(deep(obj, "metadata", "labels").(map[string]any), kube.LabelYard)
		})
		s.is(s.Cluster.DeleteOwned(s.Context(), settings), kube.ErrNotOwned, "settings")
		s.apply(configMap)
		s.must(s.Cluster.DeleteOwned(s.Context(), settings))
		s.is(s.Cluster.DeleteOwned(s.Context(), settings), kube.ErrNotFound)
	}},
	{"a copied label makes nothing a yard's own", func(s *site) {
		s.apply(deployment)
		s.ready(web)
		s.Create(s, "kubectl-create", with(configMap, "{name: settings}", "{name: alike, labels: "+s.labels()+"}"))
		s.is(s.Cluster.DeleteOwned(s.Context(), ref("v1", "ConfigMap", "alike")), kube.ErrNotOwned, "alike")
		s.must(s.Cluster.DeleteOwned(s.Context(), web)) // while controllers write its status
		s.pods(kube.Ref{}, 0)
	}},
	{"a deleted deployment takes its pods along", func(s *site) {
		s.apply(deployment)
		s.ready(web)
		s.must(s.Cluster.Delete(s.Context(), web))
		s.pods(kube.Ref{}, 0)
	}},
}

func (s *site) owned(c kube.Cluster) (ids []string) {
	s.Helper()
	refs, err := c.Owned(s.Context())
	s.must(err)
	for _, r := range refs {
		if r.Namespace == s.Cluster.Namespace() {
			ids = append(ids, r.ID())
		}
	}
	return ids
}

// labels are those that the yard marks objects with, as YAML.
func (s *site) labels() string {
	s.Helper()
	got := deep(s.object(web), "metadata", "labels")
	return fmt.Sprintf("{%q: %q, %q: %q}", kube.LabelManagedBy, deep(got, kube.LabelManagedBy), kube.LabelYard, deep(got, kube.LabelYard))
}
