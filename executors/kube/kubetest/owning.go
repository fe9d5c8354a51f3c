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
