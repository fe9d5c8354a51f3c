package kubetest

import (
	"strings"

	"yardmaster/executors/kube"
)

var scanning = []promise{
	{"a scan finds what a diff finds, and looks again only at what has changed", func(s *site) {
		texts := []string{service, configMap, secret, deployment, statefulClaims, others[5]}
		var ms []kube.Manifest
		for _, text := range texts {
			s.apply(text)
			ms = append(ms, s.manifest(text))
		}
		s.ready(web)
		seen := map[string]kube.Seen{}
		s.eventually(func() bool { return s.scanned(ms, seen, kube.FromDryRun) }, func() any { return seen })
		s.eventually(func() bool { return s.scanned(ms, seen, kube.FromSeen) }, func() any { return "looked again" })
		if s.Calls != nil {
			before := s.Calls()["dry run"]
			s.scanned(ms, seen, kube.FromSeen)
			if n := s.Calls()["dry run"] - before; n != 0 {
				s.Errorf("%d dry runs of clean objects", n)
			}
		}
		s.Edit(s, "kubectl-edit", ref("v1", "ConfigMap", "settings"), func(obj map[string]any) {
			obj["data"].(map[string]any)["color"] = "blue"
		})
		s.Edit(s, "kubectl-edit", web, func(obj map[string]any) {
			obj["metadata"].(map[string]any)["annotations"] = map[string]any{"team.test/note": "hello"}
		})
		s.Remove(s, ref("v1", "Secret", "keys"))
		found, err := s.Cluster.Scan(s.Context(), ms, seen)
		s.must(err)
		if d := found["ConfigMap.settings"]; len(d.Rows) != 1 || d.Seen != (kube.Seen{}) {
			s.Errorf("changed: %+v", d)
		}
		if d := found["Deployment.web"]; len(d.Rows) != 0 || len(d.Foreign) != 1 {
			s.Errorf("added to: %+v", d)
		}
		if d := found["Secret.keys"]; !d.Missing {
			s.Errorf("deleted: %+v", d)
		}
		if d := found["Service.web"]; d.From != kube.FromSeen || !d.Clean() {
			s.Errorf("untouched: %+v", d)
		}
	}},
	{"a scan looks again when a manifest has changed", func(s *site) {
		s.apply(configMap)
		seen := map[string]kube.Seen{}
		s.scanned([]kube.Manifest{s.manifest(configMap)}, seen, kube.FromDryRun)
		found, err := s.Cluster.Scan(s.Context(), []kube.Manifest{s.manifest(with(configMap, "green", "red"))}, seen)
		s.must(err)
		if d := found["ConfigMap.settings"]; len(d.Rows) != 1 {
			s.Errorf("got %+v", d)
		}
	}},
	{"a scan finds objects that have lost their mark", func(s *site) {
		second := with(configMap, "settings", "second")
		s.apply(configMap)
		s.apply(second)
		s.Edit(s, "kubectl-edit", ref("v1", "ConfigMap", "second"), func(obj map[string]any) { delete(obj["metadata"].(map[string]any), "labels") })
		found, err := s.Cluster.Scan(s.Context(), []kube.Manifest{s.manifest(configMap), s.manifest(second)}, nil)
		s.must(err)
		if d := found["ConfigMap.second"]; d.Missing || len(d.Rows) == 0 {
			s.Errorf("got %+v", d)
		}
	}},
	{"a scan says why it has left one out", func(s *site) {
		s.apply(configMap)
		thing := "apiVersion: nowhere.test/v1\nkind: Thing\nmetadata: {name: one}\n"
		found, err := s.Cluster.Scan(s.Context(), []kube.Manifest{s.manifest(thing), s.manifest(configMap)}, nil)
		s.must(err)
		if d := found["Thing.one"]; !strings.Contains(d.Skipped, "no such kind") || d.Clean() {
			s.Errorf("got %+v", d)
		}
		if d := found["ConfigMap.settings"]; !d.Clean() {
			s.Errorf("the other: %+v", d)
		}
	}},
}

// scanned tells whether all objects are clean and were found so in one way; what was seen is kept.
func (s *site) scanned(ms []kube.Manifest, seen map[string]kube.Seen, from string) bool {
	s.Helper()
	found, err := s.Cluster.Scan(s.Context(), ms, seen)
	s.must(err)
	if len(found) != len(ms) {
		s.Fatalf("%d of %d found", len(found), len(ms))
	}
	all := true
	for id, d := range found {
		all = all && d.Clean() && d.From == from
		if d.Clean() {
			seen[id] = d.Seen
		}
	}
	return all
}
