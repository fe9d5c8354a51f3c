package kubetest

import (
	"fmt"
	"strings"
	"time"

	"yardmaster/executors/kube"
)

var drifting = []promise{
	{"no kind drifts by itself, and applying it again changes nothing", func(s *site) {
		for _, text := range everything() {
			s.apply(text)
		}
		s.ready(web)
		s.ready(once)
		s.ready(ref("apps/v1", "StatefulSet", "claims"))
		for _, text := range everything() {
			s.clean(text)
			if again := s.apply(text); again.Changed {
				s.Errorf("applied again, %s changed", s.manifest(text).Ref)
			}
		}
	}},
	{"an object that is not there is missing", func(s *site) {
		if d := s.diff(configMap); !d.Missing || d.Clean() {
			s.Errorf("got %+v", d)
		}
	}},
	{"a changed field is found with who changed it and when", func(s *site) {
		s.apply(deployment)
		before := time.Now().Add(-time.Minute)
		s.Edit(s, "kubectl-edit", web, func(obj map[string]any) {
			deep(obj, "spec", "template", "spec", "containers", 0).(map[string]any)["image"] = "registry.test/web:manually_entered"
		})
		d := s.diff(deployment)
		row, ok := rowOf(d.Rows, "spec.template.spec.containers[0].image")
		if !ok || len(d.Rows) != 1 || row.Expected != "registry.test/web:1" || row.Got != "registry.test/web:manually_entered" ||
			row.Manager != "kubectl-edit" || row.At.Before(before) {
			s.Errorf("got %+v", d)
		}
		s.apply(deployment)
		s.clean(deployment)
	}},
	{"a removed field is found", func(s *site) {
		s.apply(deployment)
		s.Edit(s, "kubectl-edit", web, func(obj map[string]any) {
			c := deep(obj, "spec", "template", "spec", "containers", 0).(map[string]any)
			c["env"] = c["env"].([]any)[1:]
		})
		d := s.diff(deployment)
		if len(d.Rows) != 1 || d.Rows[0].Key != "spec.template.spec.containers[0].env[0]" || d.Rows[0].Got != "" || d.Rows[0].Expected == "" {
			s.Errorf("got %+v", d)
		}
	}},
	{"a scaled workload is found", func(s *site) {
		s.apply(deployment)
		s.must(s.Cluster.Scale(s.Context(), web, 4))
		d := s.diff(deployment)
		if len(d.Rows) != 1 || d.Rows[0].Key != "spec.replicas" || d.Rows[0].Expected != "2" || d.Rows[0].Got != "4" {
			s.Errorf("got %+v", d)
		}
	}},
	{"a manifest without replicas leaves them to who scales", func(s *site) {
		bare := with(deployment, "replicas: 2", "")
		s.apply(bare)
		s.must(s.Cluster.Scale(s.Context(), web, 4))
		if d := s.diff(bare); len(d.Rows) > 0 {
			s.Errorf("got %+v", d)
		}
	}},
	{"the yard's mark is missed", func(s *site) {
		s.apply(configMap)
		s.Edit(s, "kubectl-edit", ref("v1", "ConfigMap", "settings"), func(obj map[string]any) {
			delete(obj["metadata"].(map[string]any), "labels")
		})
		if d := s.diff(configMap); d.Clean() || d.Missing {
			s.Errorf("got %+v", d)
		}
	}},
	{"what others add is listed, is no drift, and survives an apply", func(s *site) {
		s.apply(deployment)
		s.Edit(s, "injector", web, func(obj map[string]any) {
			spec := deep(obj, "spec", "template", "spec").(map[string]any)
			spec["containers"] = append(spec["containers"].([]any), map[string]any{"name": "sidecar", "image": "registry.test/sidecar:1"})
			obj["metadata"].(map[string]any)["annotations"] = map[string]any{"team.test/note": "hello"}
		})
		s.apply(deployment)
		s.foreign(s.diff(deployment))
	}},
	{"the cluster's defaults are nobody's additions", func(s *site) {
		for _, text := range []string{deployment, service, autoscaler, statefulClaims} {
			s.Create(s, "kubectl-create", text)
			s.apply(text)
			s.clean(text)
		}
	}},
	{"a changed secret is found, and its values are not shown", func(s *site) {
		s.apply(secret)
		s.apply(deployment)
		s.Edit(s, "kubectl-edit", ref("v1", "Secret", "keys"), func(obj map[string]any) {
			obj["data"] = map[string]any{"user": "Y2FuYXJ5LXN3YXA=", "more": "Y2FuYXJ5LW1vcmU="}
		})
		s.Edit(s, "kubectl-edit", web, func(obj map[string]any) {
			c := deep(obj, "spec", "template", "spec", "containers", 0).(map[string]any)
			c["env"].([]any)[1].(map[string]any)["value"] = "canary-env-live"
			c["args"] = []any{"--password=canary-arg"}
		})
		for _, text := range []string{secret, deployment} {
			d := s.diff(text)
			shown := fmt.Sprintf("%+v", d)
			if len(d.Rows) == 0 || len(d.Foreign) == 0 || strings.Contains(shown, "canary") || strings.Contains(shown, "Y2FuYXJ5") ||
				!strings.Contains(shown, "*** (expected)") || !strings.Contains(shown, "*** (live)") {
				s.Errorf("got %s", shown)
			}
		}
	}},
	{"both sides of an object show that a secret differs, and not what it is", func(s *site) {
		text := with(deployment, "- {name: MODE, value: plain}", `- {name: MODE, value: plain}
        - {name: SAME_PASSWORD, value: canary-same}
        - {name: DBPASS, value: canary-old}
        - {name: STORE, value: "postgres://u:canary-url@db/x"}`)
		s.apply(text)
		s.apply(secret)
		sides := func(text string, o kube.SidesOptions) (live, want string) {
			both, err := s.Cluster.Sides(s.Context(), s.manifest(text), o)
			s.must(err)
			if strings.Contains(string(both.Live)+string(both.Want), "canary") || strings.Contains(string(both.Live)+string(both.Want), "Y2FuYXJ5") {
				s.Errorf("shows %s\n%s", both.Live, both.Want)
			}
			return string(both.Live), string(both.Want)
		}
		s.alike(text)
		live, want := sides(strings.NewReplacer("canary-old", "canary-new", "canary-url", "canary-lru").Replace(text), kube.SidesOptions{})
		for _, v := range []struct{ side, name, value string }{{live, "DBPASS", "*** (before)"}, {want, "DBPASS", "*** (after)"}, {live, "SAME_PASSWORD", "***"},
			{want, "SAME_PASSWORD", "***"}, {live, "STORE", "postgres://u:*** (before)@db/x"}, {want, "STORE", "postgres://u:*** (after)@db/x"}, {want, "MODE", "plain"}} {
			if !strings.Contains(v.side, fmt.Sprintf(`{"name":%q,"value":%q}`, v.name, v.value)) {
				s.Errorf("%s is not %s in %s", v.name, v.value, v.side)
			}
		}
		live, want = sides(with(text, "value: plain", "value: fancy"), kube.SidesOptions{Closed: true})
		if !strings.Contains(live, `{"name":"MODE","value":"*** (before)"}`) || !strings.Contains(want, `{"name":"MODE","value":"*** (after)"}`) {
			s.Errorf("closed: %s\n%s", live, want)
		}
		s.apply(configMap)
		live, want = sides(with(configMap, "green", "red"), kube.SidesOptions{Sealed: true})
		if !strings.Contains(live, `"color":"*** (before)"`) || !strings.Contains(want, `"color":"*** (after)"`) {
			s.Errorf("sealed: %s\n%s", live, want)
		}
		live, want = sides(with(secret, "canary-pin-0815", "canary-pin-4711"), kube.SidesOptions{})
		if !strings.Contains(live, `"pin":"*** (before)"`) || !strings.Contains(want, `"pin":"*** (after)"`) || !strings.Contains(want, `"user":"***"`) {
			s.Errorf("secret: %s\n%s", live, want)
		}
	}},
	{"a manifest that the cluster refuses drifts by its own fields", func(s *site) {
		s.apply(deployment)
		changed := with(deployment, "app: web", "app: other")
		d := s.diff(changed)
		row, ok := rowOf(d.Rows, "spec.selector.matchLabels.app")
		if d.Clean() || !strings.Contains(d.Refused, "spec.selector") || !ok || row.Expected != "other" || row.Got != "web" || d.From != kube.FromManifest {
			s.Errorf("got %+v", d)
		}
		if _, ok := rowOf(d.Rows, "spec.template.spec.containers[0].resources.requests.cpu"); ok {
			s.Error("0.1 and 100m are the same")
		}
	}},
}

// foreign checks what the injector added.
func (s *site) foreign(d kube.Drift) {
	s.Helper()
	if len(d.Rows) > 0 {
		s.Errorf("rows %+v", d.Rows)
	}
	note, ok := rowOf(d.Foreign, "metadata.annotations[team.test/note]")
	if !ok || note.Got != "hello" || note.Expected != "" || note.Manager != "injector" {
		s.Errorf("annotation: %+v of %+v", note, d.Foreign)
	}
	sidecar, ok := rowOf(d.Foreign, "spec.template.spec.containers[1]")
	if !ok || !strings.Contains(sidecar.Got, "registry.test/sidecar:1") || sidecar.Manager != "injector" || sidecar.At.IsZero() {
		s.Errorf("sidecar: %+v of %+v", sidecar, d.Foreign)
	}
	if len(d.Foreign) != 2 {
		s.Errorf("foreign %+v", d.Foreign)
	}
}
