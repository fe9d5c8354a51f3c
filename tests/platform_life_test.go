package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"yardmaster/tests/harness"
)

// live is an object as the cluster has it.
func (s *site) live(plane *harness.Plane, path string) map[string]any {
	s.Helper()
	status, answer := plane.Do(http.MethodGet, path, "", nil)
	var o map[string]any
	if status != http.StatusOK || json.Unmarshal(answer, &o) != nil {
		s.Fatalf("GET %s: %d %s", path, status, answer)
	}
	return o
}

// field is one field of an object, by its path.
func field(o any, path ...string) any {
	for _, name := range path {
		m, _ := o.(map[string]any)
		o = m[name]
	}
	return o
}

// TestKubernetesLifeOfAPlatform walks a platform through what a team does with it in a year, on a real control plane.
func TestKubernetesLifeOfAPlatform(t *testing.T) {
	plane := harness.ControlPlane(t)
	s := onKubernetes(plane)(t)
	web := fmt.Sprintf("/apis/apps/v1/namespaces/%s/deployments/deployment-web", s.namespace)
	env := func(c map[string]any) string {
		raw, err := json.Marshal(field(c, "spec", "template", "spec", "containers"))
		s.ok("containers", err)
		return string(raw)
	}

	// A release comes as an archive, and the answer waits until it runs.
	upload := s.file("/base_configs?wait=true", "release.zip", zipped(s, archived{"all.yaml", release}), map[string]string{"release_version": "23.01.0"})
	s.applied("upload", s.enveloped("upload", upload, http.StatusOK), shipped...)
	expect(s, "ready replicas once it was waited for", fmt.Sprint(field(s.live(plane, web), "status", "readyReplicas")), "2")

	// Patches by name and by label: tried first, which changes nothing, then applied.
	byName := "# target: deployment-web\napiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 3\n"
	byLabel := "# target: Deployment\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: CONTAINER_NAME\n        env:\n        - {name: LEVEL, value: debug}\n"
	before := s.config("deployment-web")
	tried := s.form("/patches/apply", "patch", byName, "dry_run", "true")
	expectThat(s, "the dry run shows three replicas", strings.Contains(string(tried.Body), "replicas: 3"), tried.Body)
	expect(s, "and stored nothing", s.config("deployment-web").Config, before.Config)
	s.applied("by name", s.enveloped("by name", s.form("/patches/apply", "patch", byName), http.StatusOK), "deployment-web")
	s.applied("by label", s.enveloped("by label", s.form("/patches/apply?wait=true", "patch", byLabel), http.StatusOK), "deployment-web")
	now := s.live(plane, web)
	expectThat(s, "the cluster has both", fmt.Sprint(field(now, "spec", "replicas")) == "3" && strings.Contains(env(now), `"debug"`), env(now))
	patches := s.patches("/patches/deployment-web")
	expect(s, "patches", len(patches), 2)

	// Somebody edits behind its back: the field and the author are found, and a push mends it.
	edit := `{"spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"web","image":"gcr.io/vendor/web:intruder"}]}}}}`
	if status, answer := plane.Do(http.MethodPatch, web+"?fieldManager=intruder", "application/strategic-merge-patch+json", []byte(edit)); status != http.StatusOK {
		s.Fatalf("edit: %d %s", status, answer)
	}
	drift := s.drift()
	expect(s, "objects that drifted", len(drift.Inconsistent), 1)
	rows := map[string]string{}
	for _, row := range drift.Inconsistent["deployment-web"].Rows {
		rows[row.Key] = fmt.Sprint(row.Expected, " ", row.Got, " ", row.ChangedBy)
	}
	expect(s, "the image", rows["spec.template.spec.containers[0].image"], "gcr.io/vendor/web:1 gcr.io/vendor/web:intruder intruder")
	expect(s, "the replicas", rows["spec.replicas"], "3 1 intruder")
	pushed := s.enveloped("push", s.post("/deployment/update?wait=true"), http.StatusOK)
	expectThat(s, "all were pushed", strings.Contains(string(pushed.Data), "deployment-web"), pushed.Data)
	expect(s, "nothing drifts any more", len(s.drift().Inconsistent), 0)
	s.told("yardmaster.config.drift.found", "yardmaster.config.drift.healed")

	// A patch goes, and everything goes back to how it began.
	version := string(patches[0].Version)
	s.applied("delete a patch", s.enveloped("delete a patch", s.del("/patches/"+version), http.StatusOK), "deployment-web")
	expect(s, "replicas without the patch", fmt.Sprint(field(s.live(plane, web), "spec", "replicas")), "2")
	s.applied("roll back", s.enveloped("roll back", s.form("/configs/rollback", "object", "deployment-web", "number", "1"), http.StatusOK), "deployment-web")
	expect(s, "the config of the beginning", s.config("deployment-web").Config, before.Config)
	expectThat(s, "the cluster forgot the variable", !strings.Contains(env(s.live(plane, web)), "LEVEL"), env(s.live(plane, web)))

	// It sleeps, and wakes as it was.
	s.enveloped("hibernate", s.post("/deployment/hibernate"), http.StatusOK)
	pods := func() (n int) {
		o := s.live(plane, "/api/v1/namespaces/"+s.namespace+"/pods")
		for _, pod := range field(o, "items").([]any) {
			if owner, _ := json.Marshal(field(pod, "metadata", "ownerReferences")); !strings.Contains(string(owner), `"Job"`) {
				n++
			}
		}
		return n
	}
	harness.Eventually(s, time.Minute, "no pod runs", func() bool { return pods() == 0 })
	expect(s, "asleep is not drifted", len(s.drift().Inconsistent), 0)
	s.enveloped("revive", s.post("/deployment/revive"), http.StatusOK)
	harness.Eventually(s, time.Minute, "two pods and the database's run", func() bool { return pods() == 3 })
	expect(s, "awake is not drifted", len(s.drift().Inconsistent), 0)
}

// told waits for events of the yard's own.
func (s *site) told(types ...string) {
	s.Helper()
	for _, name := range types {
		harness.Eventually(s, time.Minute, "the event "+name, func() bool {
			r, err := http.NewRequest(http.MethodGet, s.server.URL+"/events?"+url.Values{"service": {"yard"}, "type": {name}}.Encode(), nil)
			s.ok("request", err)
			r.Header.Set("X-Auth-Token", ops)
			resp, err := http.DefaultClient.Do(r)
			s.ok("events", err)
			defer resp.Body.Close()
			var page struct {
				Events []struct {
					Type string `json:"type"`
				}
			}
			return json.NewDecoder(resp.Body).Decode(&page) == nil && len(page.Events) > 0 && page.Events[0].Type == name
		})
	}
}

// TestKubernetesRoleIsEnough runs the server as a user who may do what the documented role says, and nothing else.
func TestKubernetesRoleIsEnough(t *testing.T) {
	plane := harness.ControlPlane(t)
	namespace := plane.Namespace(t)
	text, err := os.ReadFile(filepath.Join("..", "docs", "guide", "kubernetes-role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for doc := yaml.NewDecoder(strings.NewReader(strings.ReplaceAll(string(text), "namespace: platform", "namespace: "+namespace))); ; {
		var o map[string]any
		if err := doc.Decode(&o); err != nil {
			break
		}
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("/apis/rbac.authorization.k8s.io/v1/namespaces/%s/%ss", namespace, strings.ToLower(o["kind"].(string)))
		if status, answer := plane.Do(http.MethodPost, path, "application/json", raw); status != http.StatusCreated {
			t.Fatalf("%s: %d %s", path, status, answer)
		}
	}
	s := startSite(t, namespace, "kubeconfig: "+plane.User("yardmaster"))
	e := s.enveloped("upload", s.dumps("/base_configs", "", map[string]any{"release_version": "1", "base_config": release}), http.StatusOK)
	s.applied("upload", e, shipped...)
	drift := s.drift()
	expectThat(s, "all can be compared", len(drift.Inconsistent) == 0 && len(drift.Skipped) == 0, fmt.Sprint(drift))
	s.enveloped("hibernate", s.post("/deployment/hibernate"), http.StatusOK)
	s.enveloped("revive", s.post("/deployment/revive"), http.StatusOK)
	s.enveloped("pause", s.post("/autoscaling/controllers/pause"), http.StatusOK)
	s.enveloped("resume", s.post("/autoscaling/controllers/resume"), http.StatusOK)
	s.enveloped("delete a job", s.del("/kube/job/job-migrate"), http.StatusOK)
	other := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: elsewhere\n  namespace: default\n"
	a := s.dumps("/base_configs", "", map[string]any{"release_version": "2", "base_config": other})
	s.refusedWith("another namespace", a, http.StatusInternalServerError, "elsewhere", "not permitted")
}
