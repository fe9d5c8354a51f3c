package kubetest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"yardmaster/executors/kube"
)

var running = []promise{
	{"workloads become ready", func(s *site) {
		for _, text := range []string{service, deployment, statefulSet, job, configMap, barePod} {
			s.apply(text)
			s.ready(s.manifest(text).Ref)
		}
		if pods := s.pods(db, 2); pods[0].Name != "db-0" || !pods[0].Ready || !slices.Equal(pods[0].Containers, []string{"db"}) || pods[0].Node == "" {
			s.Errorf("pods %+v", pods)
		}
	}},
	{"the health of nothing is an error", func(s *site) {
		_, err := s.Cluster.Health(s.Context(), web)
		s.is(err, kube.ErrNotFound, "web")
	}},
	{"an image that cannot be pulled fails, says so, and leaves the old pods", func(s *site) {
		s.apply(deployment)
		s.ready(web)
		s.apply(with(deployment, "web:1", "web:bad"))
		if h := s.state(web, kube.Failed); !strings.Contains(h.Reason, "ImagePullBackOff") || !strings.Contains(h.Reason, "web-") {
			s.Errorf("reason %q", h.Reason)
		}
		pods, err := s.Cluster.Pods(s.Context(), web)
		s.must(err)
		good := 0
		for _, p := range pods {
			if p.Ready {
				good++
			}
		}
		if good == 0 {
			s.Errorf("no old pod is left: %+v", pods)
		}
		s.apply(deployment)
		s.ready(web)
	}},
	{"a job that cannot run is not ready", func(s *site) {
		s.apply(bareJob)
		s.pods(stuck, 1)
		s.eventually(func() bool {
			h, err := s.Cluster.Health(s.Context(), stuck)
			s.must(err)
			return h.State == kube.Progressing && strings.Contains(h.Reason, "ImagePullBackOff")
		}, func() any { return "no reason" })
	}},
	{"a deleted pod is replaced", func(s *site) {
		s.apply(deployment)
		s.ready(web)
		first := s.pods(web, 2)[0].Name
		s.must(s.Cluster.DeletePod(s.Context(), first))
		s.eventually(func() bool {
			pods, err := s.Cluster.Pods(s.Context(), web)
			s.must(err)
			return len(pods) == 2 && !slices.ContainsFunc(pods, func(p kube.Pod) bool { return p.Name == first || !p.Ready })
		}, func() any { return first })
		s.is(s.Cluster.DeletePod(s.Context(), first), kube.ErrNotFound, first)
	}},
	{"a deleted job leaves no pods", func(s *site) {
		s.apply(job)
		s.ready(once)
		s.pods(once, 1)
		s.must(s.Cluster.DeleteJob(s.Context(), "once"))
		s.pods(kube.Ref{}, 0)
		s.eventually(func() bool {
			_, err := s.Cluster.Get(s.Context(), once)
			return err != nil
		}, func() any { return "the job is still there" })
		s.is(s.Cluster.DeleteJob(s.Context(), "once"), kube.ErrNotFound, "once")
	}},
	{"pods tell what they said, from a time on and to a length", func(s *site) {
		s.needs("logs", s.Logs)
		s.apply(barePod)
		s.ready(ref("v1", "Pod", "alone"))
		read := func(container string, since time.Time, limit int64) (string, error) {
			var out bytes.Buffer
			err := s.Cluster.Logs(s.Context(), "alone", container, since, limit, &out)
			return out.String(), err
		}
		text, err := read("", time.Time{}, 1<<20)
		s.must(err)
		if !strings.Contains(text, "\n") {
			s.Errorf("got %q", text)
		}
		short, err := read("web", time.Time{}, 7)
		s.must(err)
		if short != text[:7] {
			s.Errorf("got %q, want the start of %q", short, text)
		}
		late, err := read("web", time.Now().Add(time.Hour), 1<<20)
		s.must(err)
		if late != "" {
			s.Errorf("from tomorrow: %q", late)
		}
		_, err = read("nobody", time.Time{}, 10)
		s.is(err, kube.ErrInvalid, "nobody")
	}},
	{"the logs of nobody are an error", func(s *site) {
		s.is(s.Cluster.Logs(s.Context(), "nobody", "", time.Time{}, 10, &bytes.Buffer{}), kube.ErrNotFound, "nobody")
	}},
	{"pods are measured, where there is something that measures", func(s *site) {
		s.apply(barePod)
		raw, err := s.Cluster.Usage(s.Context())
		if !s.Usage {
			s.is(err, kube.ErrNotFound)
			return
		}
		s.must(err)
		var list struct{ Items []any }
		s.must(json.Unmarshal(raw, &list))
		if len(list.Items) != 1 {
			s.Errorf("got %s", raw)
		}
	}},
}
