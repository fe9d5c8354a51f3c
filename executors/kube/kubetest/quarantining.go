package kubetest

import (
	"encoding/json"
	"slices"

	"yardmaster/executors/kube"
)

var quarantining = []promise{
	{"a deployment's pod in quarantine runs on, is replaced, and serves no more", func(s *site) {
		s.apply(service)
		s.apply(deployment)
		s.ready(web)
		name := s.pods(web, 2)[0].Name
		s.must(s.Cluster.QuarantinePod(s.Context(), name))
		s.eventually(func() bool {
			pods, err := s.Cluster.Pods(s.Context(), web)
			s.must(err)
			return len(pods) == 2 && !slices.ContainsFunc(pods, func(p kube.Pod) bool { return p.Name == name })
		}, func() any { return name })
		pod := s.aside(name, map[string]any{"tier": "front"})
		var before map[string]string
		s.must(json.Unmarshal([]byte(deep(pod, "metadata", "annotations", kube.AnnotationQuarantine).(string)), &before))
		if before["app"] != "web" || before["tier"] != "front" {
			s.Errorf("labels before: %v", before)
		}
		s.eventually(func() bool { return deep(s.object(ref("v1", "Pod", name)), "metadata", "ownerReferences") == nil },
			func() any { return "it has an owner" })
		s.must(s.Cluster.QuarantinePod(s.Context(), name))
	}},
	{"a stateful pod in quarantine stays with its set, and leaves its services", func(s *site) {
		s.apply(with(service, "{app: web}", `{serves: "yes"}`))
		s.apply(statefulSet)
		s.ready(db)
		s.must(s.Cluster.QuarantinePod(s.Context(), "db-0"))
		s.aside("db-0", map[string]any{"app": "db"})
		s.pods(db, 2)
		s.ready(db)
	}},
	{"a stateful pod that its services pick as its set does cannot be taken aside", func(s *site) {
		s.apply(statefulSet)
		s.ready(db)
		s.is(s.Cluster.QuarantinePod(s.Context(), "db-0"), kube.ErrConflict, "StatefulSet db")
		s.apply(with(service, "{app: web}", "{app: db}"))
		s.is(s.Cluster.QuarantinePod(s.Context(), "db-0"), kube.ErrConflict, "Service web")
		if deep(s.object(ref("v1", "Pod", "db-0")), "metadata", "labels", kube.LabelQuarantined) != nil {
			s.Error("it is marked all the same")
		}
	}},
	{"a pod of nobody's leaves its services", func(s *site) {
		s.apply(service)
		s.apply(with(service, "{name: web}", "{name: picks-none}", "selector: {app: web}", ""))
		s.apply(barePod)
		s.must(s.Cluster.QuarantinePod(s.Context(), "alone"))
		s.aside("alone", map[string]any{"extra": "kept"})
	}},
	{"nobody cannot be taken aside", func(s *site) {
		s.is(s.Cluster.QuarantinePod(s.Context(), "nobody"), kube.ErrNotFound, "nobody")
	}},
}

// aside checks that a pod is marked, and which of its labels are left of those that the tests give.
func (s *site) aside(name string, left map[string]any) map[string]any {
	s.Helper()
	pod := s.object(ref("v1", "Pod", name))
	labels, _ := deep(pod, "metadata", "labels").(map[string]any)
	if labels[kube.LabelQuarantined] != "true" {
		s.Errorf("labels %v", labels)
	}
	for _, l := range []string{"app", "tier", "serves", "extra"} {
		if labels[l] != left[l] {
			s.Errorf("label %s is %v, want %v", l, labels[l], left[l])
		}
	}
	return pod
}
