package kubetest

import (
	"context"
	"errors"
	"sync"

	"yardmaster/executors/kube"
)

var scaling = []promise{
	{"a workload is put to sleep and woken", func(s *site) {
		for _, text := range []string{deployment, statefulSet} {
			r := s.manifest(text).Ref
			s.apply(text)
			s.ready(r)
			s.must(s.Cluster.Scale(s.Context(), r, 0))
			if n, err := s.Cluster.Replicas(s.Context(), r); err != nil || n != 0 {
				s.Errorf("%s: %d, %v", r, n, err)
			}
			s.pods(r, 0)
			s.ready(r)
			s.must(s.Cluster.Scale(s.Context(), r, 2))
			s.pods(r, 2)
			s.ready(r)
			s.clean(text)
		}
	}},
	{"scaling is not in anybody's way", func(s *site) {
		s.apply(deployment)
		var wg sync.WaitGroup
		errs := make([]error, 12)
		for i := range errs {
			wg.Go(func() { errs[i] = s.Cluster.Scale(s.Context(), web, int64(i%4)) })
		}
		wg.Wait()
		for _, err := range errs {
			s.must(err)
		}
	}},
	{"what is not there or has no replicas is not scaled", func(s *site) {
		s.is(s.Cluster.Scale(s.Context(), web, 1), kube.ErrNotFound)
		_, err := s.Cluster.Replicas(s.Context(), web)
		s.is(err, kube.ErrNotFound, "web")
		s.apply(configMap)
		s.is(s.Cluster.Scale(s.Context(), ref("v1", "ConfigMap", "settings"), 1), kube.ErrNotFound)
		s.apply(deployment)
		s.is(s.Cluster.Scale(s.Context(), web, -1), kube.ErrInvalid, "replicas")
	}},
	{"workloads are listed with their owner", func(s *site) {
		s.apply(deployment)
		s.Create(s, "kubectl-create", statefulSet)
		s.ready(web)
		s.ready(db)
		all, err := s.Cluster.Workloads(s.Context())
		s.must(err)
		if len(all) != 2 || all[0].ID() != "Deployment.web" || !all[0].Owned || all[0].Replicas != 2 || all[0].Ready != 2 ||
			all[1].ID() != "StatefulSet.db" || all[1].Owned || all[1].APIVersion != "apps/v1" {
			s.Errorf("got %+v", all)
		}
	}},
	{"an autoscaler is paused at what its target has, and resumed with what it had", func(s *site) {
		s.apply(with(deployment, "replicas: 2", ""))
		s.apply(autoscaler)
		s.must(s.Cluster.Scale(s.Context(), web, 3))
		for range 2 {
			s.must(s.Cluster.PauseAutoscaler(s.Context(), "web"))
			s.bounds(3, 3)
			s.autoscaler(kube.Autoscaler{Name: "web", Min: 2, Max: 5, Paused: true})
		}
		s.clean(autoscaler)
		s.apply(with(autoscaler, "maxReplicas: 5", "maxReplicas: 7"))
		s.bounds(3, 3)
		s.autoscaler(kube.Autoscaler{Name: "web", Min: 2, Max: 7, Paused: true})
		for range 2 {
			s.must(s.Cluster.ResumeAutoscaler(s.Context(), "web"))
			s.bounds(2, 7)
			s.autoscaler(kube.Autoscaler{Name: "web", Min: 2, Max: 7})
		}
		s.clean(with(autoscaler, "maxReplicas: 5", "maxReplicas: 7"))
	}},
	{"an autoscaler is paused and resumed while others write it", func(s *site) {
		s.apply(autoscaler)
		var wg sync.WaitGroup
		var errs []error
		wg.Go(func() {
			for range 5 {
				errs = append(errs, s.Cluster.PauseAutoscaler(s.Context(), "web"), s.Cluster.ResumeAutoscaler(s.Context(), "web"))
			}
		})
		for i := range 10 {
			s.Edit(s, "kubectl-edit", ref("autoscaling/v2", "HorizontalPodAutoscaler", "web"), func(obj map[string]any) {
				obj["metadata"].(map[string]any)["labels"].(map[string]any)["turn"] = string(rune('a' + i))
			})
		}
		wg.Wait()
		s.must(errors.Join(errs...))
		s.bounds(2, 5)
		s.autoscaler(kube.Autoscaler{Name: "web", Min: 2, Max: 5})
	}},
	{"another namespace has autoscalers, pods and objects of its own", func(s *site) {
		beside := s.beside()
		if own := s.Cluster.In(""); own.Namespace() != s.Cluster.Namespace() || beside.In(own.Namespace()).Namespace() != own.Namespace() {
			s.Errorf("in no namespace is in %s", own.Namespace())
		}
		_, err := beside.Apply(s.Context(), s.manifest(autoscaler), kube.ApplyOptions{})
		s.must(err)
		if all, err := s.Cluster.Autoscalers(s.Context()); err != nil || len(all) != 0 {
			s.Errorf("got %+v, %v", all, err)
		}
		s.is(s.Cluster.PauseAutoscaler(s.Context(), "web"), kube.ErrNotFound, "web")
		s.must(beside.PauseAutoscaler(s.Context(), "web"))
		if all, err := beside.Autoscalers(s.Context()); err != nil || len(all) != 1 || !all[0].Paused || all[0].Target.Namespace != beside.Namespace() {
			s.Errorf("got %+v, %v", all, err)
		}
		s.is(beside.DeletePod(s.Context(), "nobody"), kube.ErrNotFound, "nobody")
		s.is(beside.QuarantinePod(s.Context(), "nobody"), kube.ErrNotFound, "nobody")
		s.is(beside.DeleteJob(s.Context(), "nobody"), kube.ErrNotFound, "nobody")
	}},
	{"an autoscaler without a target is paused at its lower bound, and nobody's is not found", func(s *site) {
		s.apply(autoscaler)
		s.must(s.Cluster.PauseAutoscaler(s.Context(), "web"))
		s.bounds(2, 2)
		s.is(s.Cluster.PauseAutoscaler(s.Context(), "nobody"), kube.ErrNotFound, "nobody")
		s.is(s.Cluster.ResumeAutoscaler(s.Context(), "nobody"), kube.ErrNotFound, "nobody")
	}},
}

// beside is the cluster in a namespace next to the test's own, which goes with the test.
func (s *site) beside() kube.Cluster {
	s.Helper()
	name := s.Cluster.Namespace() + "-beside"
	s.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + "}\n")
	s.Cleanup(func() {
		_ = s.Cluster.Delete(context.WithoutCancel(s.Context()), kube.Ref{APIVersion: "v1", Kind: "Namespace", Name: name}) // the cluster ends with the tests
	})
	return s.Cluster.In(name)
}

// bounds checks what the cluster holds the autoscaler web to.
func (s *site) bounds(low, high float64) {
	s.Helper()
	spec := deep(s.object(ref("autoscaling/v2", "HorizontalPodAutoscaler", "web")), "spec")
	if deep(spec, "minReplicas") != low || deep(spec, "maxReplicas") != high {
		s.Errorf("bounds %v to %v, want %v to %v", deep(spec, "minReplicas"), deep(spec, "maxReplicas"), low, high)
	}
}

func (s *site) autoscaler(want kube.Autoscaler) {
	s.Helper()
	all, err := s.Cluster.Autoscalers(s.Context())
	s.must(err)
	want.Target = web
	want.Target.Namespace = s.Cluster.Namespace()
	if len(all) != 1 || all[0] != want {
		s.Errorf("got %+v, want %+v", all, want)
	}
}
