package kubetest

import (
	"strings"
	"sync"

	"yardmaster/executors/kube"
)

var applying = []promise{
	{"the cluster tells its version", func(s *site) {
		version, err := s.Cluster.Ping(s.Context())
		s.must(err)
		if !strings.HasPrefix(version, "v1.") {
			s.Errorf("got %q", version)
		}
	}},
	{"an object is created, changed, and left alone when nothing is to be done", func(s *site) {
		first := s.apply(configMap)
		if !first.Created || !first.Changed || first.UID == "" || first.ResourceVersion == "" {
			s.Errorf("created: %+v", first)
		}
		again := s.apply(configMap)
		if again.Created || again.Changed || again.ResourceVersion != first.ResourceVersion || again.UID != first.UID {
			s.Errorf("again: %+v, first %+v", again, first)
		}
		changed := s.applied(with(configMap, "green", "red"), kube.ApplyOptions{Rows: true})
		row, ok := rowOf(changed.Rows, "data.color")
		if changed.Created || !changed.Changed || !ok || row.Expected != "red" || row.Got != "green" || len(changed.Rows) != 1 {
			s.Errorf("changed: %+v", changed)
		}
	}},
	{"an object goes where its manifest names no place", func(s *site) {
		s.apply(configMap)
		obj := s.object(ref("v1", "ConfigMap", "settings"))
		if deep(obj, "metadata", "namespace") != s.Cluster.Namespace() {
			s.Errorf("it is in %v", deep(obj, "metadata", "namespace"))
		}
	}},
	{"a dry apply tells what would be and changes nothing", func(s *site) {
		dry := kube.ApplyOptions{Dry: true}
		if would := s.applied(configMap, dry); !would.Created || !would.Changed {
			s.Errorf("of a new object: %+v", would)
		}
		if !s.diff(configMap).Missing {
			s.Error("it has been created")
		}
		s.apply(configMap)
		would := s.applied(with(configMap, "green", "red"), dry)
		if row, ok := rowOf(would.Rows, "data.color"); !would.Changed || would.Created || !ok || row.Expected != "red" {
			s.Errorf("of a change: %+v", would)
		}
		if same := s.applied(configMap, dry); same.Changed || len(same.Rows) > 0 {
			s.Errorf("of no change: %+v", same)
		}
		s.clean(configMap)
	}},
	{"what only a cluster writes is no part of a manifest", func(s *site) {
		s.apply(with(configMap, "{name: settings}", `{name: settings, resourceVersion: "7", uid: a-b, generation: 9,
  creationTimestamp: "2020-01-01T00:00:00Z", managedFields: []}
status: {phase: Old}`))
		s.clean(configMap)
	}},
	{"a field that the manifest lost is removed", func(s *site) {
		s.apply(deployment)
		s.apply(with(deployment, "- {name: MODE, value: plain}", ""))
		env, _ := deep(s.object(web), "spec", "template", "spec", "containers", 0, "env").([]any)
		if len(env) != 1 {
			s.Errorf("env is %v", env)
		}
	}},
	{"a key that a secret's manifest lost is removed", func(s *site) {
		s.apply(secret)
		s.apply(with(secret, ", pin: canary-pin-0815", ""))
		if data, _ := deep(s.object(ref("v1", "Secret", "keys")), "data").(map[string]any); len(data) != 1 {
			s.Errorf("%d keys are left", len(data))
		}
	}},
	{"what kubectl apply has set is taken over when asked", func(s *site) {
		s.Create(s, "kubectl-client-side-apply", with(deployment, "- {name: MODE, value: plain}", "- {name: STALE, value: old}"))
		s.apply(deployment)
		names := func() (out []any) {
			env, _ := deep(s.object(web), "spec", "template", "spec", "containers", 0, "env").([]any)
			for _, e := range env {
				out = append(out, deep(e, "name"))
			}
			return out
		}
		if len(names()) != 3 {
			s.Fatalf("without asking, env is %v", names())
		}
		const stale = "spec.template.spec.containers[0].env"
		would := s.applied(deployment, kube.ApplyOptions{Dry: true, Takeover: true})
		if !would.Changed || len(would.Rows) != 1 || !strings.HasPrefix(would.Rows[0].Key, stale) || !strings.Contains(would.Rows[0].Got, "STALE") ||
			would.Rows[0].Manager != "kubectl-client-side-apply" || len(names()) != 3 {
			s.Errorf("dry: %+v", would)
		}
		done := s.applied(deployment, kube.ApplyOptions{Takeover: true, Rows: true})
		if !done.Changed || len(names()) != 2 {
			s.Errorf("env is %v after %+v", names(), done)
		}
		if row := done.Rows[0]; !strings.HasPrefix(row.Key, stale) || !strings.Contains(row.Got, "STALE") || row.Expected != "" {
			s.Errorf("row %+v", row)
		}
		s.clean(deployment)
		if again := s.applied(deployment, kube.ApplyOptions{Takeover: true}); again.Changed {
			s.Error("taken over twice")
		}
	}},
	{"what others have added goes from an object that is wholly the yard's", func(s *site) {
		s.apply(deployment)
		s.apply(configMap)
		s.ready(web)
		settings := ref("v1", "ConfigMap", "settings")
		s.Edit(s, "kubectl-set", web, func(obj map[string]any) {
			spec := deep(obj, "spec", "template", "spec").(map[string]any)
			first := deep(spec, "containers", 0).(map[string]any)
			first["env"] = append(first["env"].([]any), map[string]any{"name": "EXTRA", "value": "by hand"})
			first["securityContext"] = map[string]any{"runAsNonRoot": true}
			first["image"] = "registry.test/web:by-hand"
			spec["terminationGracePeriodSeconds"] = int64(7)
		})
		s.Edit(s, "kubectl-edit", web, func(obj map[string]any) {
			spec := deep(obj, "spec", "template", "spec").(map[string]any)
			spec["containers"] = append(spec["containers"].([]any), map[string]any{"name": "sidecar", "image": "registry.test/sidecar:1"})
			obj["metadata"].(map[string]any)["labels"].(map[string]any)["by"] = "hand"
		})
		s.Edit(s, "kubectl-edit", settings, func(obj map[string]any) { obj["data"].(map[string]any)["extra"] = "by hand" })
		for _, text := range []string{deployment, configMap} {
			r := s.manifest(text).Ref
			sides, err := s.Cluster.Sides(s.Context(), s.manifest(text), kube.SidesOptions{})
			s.must(err)
			if !strings.Contains(string(sides.Live), "by hand") || strings.Contains(string(sides.Want), "hand") || strings.Contains(string(sides.Want), "sidecar") {
				s.Errorf("%s: %s\nis to become %s", r, sides.Live, sides.Want)
			}
			would := s.applied(text, kube.ApplyOptions{Dry: true, Whole: true})
			if len(would.Rows) == 0 || !would.Changed {
				s.Errorf("%s: dry %+v", r, would)
			}
			s.applied(text, kube.ApplyOptions{Whole: true})
			s.ready(web) // its controller has noted the new revision
			s.clean(text)
			raw, err := s.Cluster.Get(s.Context(), r)
			s.must(err)
			if strings.Contains(string(raw), "by hand") || strings.Contains(string(raw), "sidecar") || strings.Contains(string(raw), "runAsNonRoot") {
				s.Errorf("%s is still %s", r, raw)
			}
			if again := s.applied(text, kube.ApplyOptions{Whole: true}); again.Changed {
				s.Errorf("%s has changed twice", r)
			}
			s.alike(text)
		}
	}},
	{"an object that is wholly the yard's keeps what programs need on it", func(s *site) {
		s.apply(deployment)
		s.ready(web)
		s.Edit(s, "backup-controller", web, func(obj map[string]any) {
			meta := obj["metadata"].(map[string]any)
			meta["annotations"] = map[string]any{"backup.test/last": "yesterday"}
			meta["finalizers"] = []any{"backup.test/wait"}
		})
		s.Edit(s, "kubectl-rollout", web, func(obj map[string]any) {
			deep(obj, "spec", "template", "metadata").(map[string]any)["annotations"] = map[string]any{"kubectl.kubernetes.io/restartedAt": "now"}
		})
		s.ready(web)
		s.alike(deployment)
		s.applied(deployment, kube.ApplyOptions{Whole: true})
		obj := s.object(web)
		if deep(obj, "metadata", "annotations", "backup.test/last") == nil || deep(obj, "metadata", "finalizers") == nil ||
			deep(obj, "spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt") == nil {
			s.Errorf("got %v", obj["metadata"])
		}
		s.Edit(s, "backup-controller", web, func(obj map[string]any) { delete(obj["metadata"].(map[string]any), "finalizers") })
	}},
	{"what was made by hand becomes wholly the yard's, and keeps the cluster's defaults", func(s *site) {
		for _, text := range []string{deployment, service, statefulClaims} {
			s.Create(s, "kubectl-create", text)
			s.applied(text, kube.ApplyOptions{Whole: true})
			s.clean(text)
			s.alike(text)
		}
	}},
	{"many may apply one object at a time", func(s *site) {
		s.apply(configMap)
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			m := s.manifest(with(configMap, "green", "c"+string(rune('a'+i))))
			wg.Go(func() { _, errs[i] = s.Cluster.Apply(s.Context(), m, kube.ApplyOptions{}) })
		}
		wg.Wait()
		for _, err := range errs {
			s.must(err)
		}
	}},
	{"a kind is there once it is defined", func(s *site) {
		m := s.manifest(crane)
		_, known, err := s.Cluster.ClusterScoped(s.Context(), m.APIVersion, m.Kind)
		s.must(err)
		if known {
			s.Skip("the cluster has the kind from an earlier run")
		}
		_, err = s.Cluster.Apply(s.Context(), m, kube.ApplyOptions{})
		s.is(err, kube.ErrNoKind, "Crane")
		s.apply(definition)
		s.ready(ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", "cranes.kubetest.yardmaster.io"))
		s.eventually(func() bool {
			_, known, err := s.Cluster.ClusterScoped(s.Context(), m.APIVersion, m.Kind)
			return known && err == nil
		}, func() any { return "unknown" })
		s.apply(crane)
		s.clean(crane)
		s.Edit(s, "someone", m.Ref, func(obj map[string]any) { obj["spec"].(map[string]any)["reach"] = int64(41) })
		if d := s.diff(crane); len(d.Rows) != 1 || d.Rows[0].Key != "spec.reach" || d.Rows[0].Got != "41" {
			s.Errorf("drift %+v", d)
		}
		s.must(s.Cluster.Delete(s.Context(), m.Ref))
		s.must(s.Cluster.Delete(s.Context(), ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", "cranes.kubetest.yardmaster.io")))
	}},
	{"a kind's scope is known", func(s *site) {
		for _, k := range []struct {
			version, kind string
			scoped, known bool
		}{{"v1", "Namespace", true, true}, {"apps/v1", "Deployment", false, true}, {"rbac.authorization.k8s.io/v1", "ClusterRole", true, true},
			{"nowhere.test/v1", "Thing", false, false}, {"v1", "Thing", false, false}} {
			scoped, known, err := s.Cluster.ClusterScoped(s.Context(), k.version, k.kind)
			s.must(err)
			if scoped != k.scoped || known != k.known {
				s.Errorf("%s %s: scoped %v, known %v", k.version, k.kind, scoped, known)
			}
		}
	}},
}

// alike waits until applying an object as a whole would change nothing.
func (s *site) alike(text string) {
	s.Helper()
	var sides kube.Sides
	s.eventually(func() bool {
		var err error
		sides, err = s.Cluster.Sides(s.Context(), s.manifest(text), kube.SidesOptions{})
		s.must(err)
		return string(sides.Live) == string(sides.Want)
	}, func() any { return string(sides.Live) + "\n" + string(sides.Want) })
}
