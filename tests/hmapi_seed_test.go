package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"yardmaster/tests/harness"
)

// Every curl of the API's document does what is printed there, run as it is printed.
func TestHostedMetricsCurlsOnASimulatedCluster(t *testing.T) { curls(t, nil) }

// The same over a real control plane, with the document's kubectl beside them.
func TestHostedMetricsCurlsOnKubernetes(t *testing.T) {
	harness.Need(t, "kubectl")
	curls(t, harness.ControlPlane(t))
}

func curls(t *testing.T, plane *harness.Plane) {
	for _, program := range []string{"curl", "jq", "bash"} {
		harness.Need(t, program)
	}
	if plane != nil {
		makeMetricsNamespace(t, plane)
	}
	t.Run("jobs that run", func(t *testing.T) { curlJobs(t, plane) })
	t.Run("instances", func(t *testing.T) { curlInstances(t, plane) })
}

// makeMetricsNamespace makes the one namespace that the document knows, and waits for it to be usable.
func makeMetricsNamespace(t *testing.T, plane *harness.Plane) {
	t.Helper()
	harness.Eventually(t, jobWithin, "there is a namespace "+docNamespace, func() bool {
		body := fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, docNamespace)
		status, _ := plane.Do(http.MethodPost, "/api/v1/namespaces", "application/json", []byte(body))
		return status == http.StatusCreated // not while one of an earlier run goes away
	})
	const path = "/api/v1/namespaces/" + docNamespace
	t.Cleanup(func() { plane.Do(http.MethodDelete, path, "", nil) })
	harness.Eventually(t, jobWithin, "the namespace has a service account", func() bool {
		status, _ := plane.Do(http.MethodGet, path+"/serviceaccounts/default", "", nil)
		return status == http.StatusOK
	})
}

// hmConfig is an hm-api configuration in which metrictank has this version.
func hmConfig(version string) string {
	return "components:\n  metrictank:\n    image: us.gcr.io/metrictank-gcr/metrictank\n    version: " + version + "\n"
}

// makeConfigMap puts it where the server looks for it.
func makeConfigMap(t *testing.T, plane *harness.Plane) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]string{"name": "hm-api-config"},
		"data": map[string]string{"config.yaml": hmConfig("v0.11.0")}})
	if err != nil {
		t.Fatal(err)
	}
	status, answer := plane.Do(http.MethodPost, "/api/v1/namespaces/"+docNamespace+"/configmaps", "application/json", raw)
	if status != http.StatusCreated {
		t.Fatalf("ConfigMap: %d %s", status, answer)
	}
}

// theInstance is what the document shows of one.
const theInstance = `{
  "org": 1,
  "name": "theinstance1",
  "plan": {"Name": "Medium", "ScaleFactor": 1, "Partitions": 32, "CPU": 100, "Mem": 1000},
  "storage": {
    "schemas": "[default]\npattern = .*\nretentions = 1s:8d:1h:2,1m:60d:6h:2,30m:2y:6h:2\n",
    "aggregations": "[default]\npattern = .*\nxFilesFactor = 0.1\naggregationMethod = avg,sum\n"
  },
  "indexRules": "[default]\npattern =\nmax-stale = 10d\n",
  "overrides": null,
  "overridesA": null,
  "overridesB": null,
  "adminKey": "keykeykeykeykey",
  "color": "a",
  "tsdbAuth": {"keykeykeykeykey": {"isAdmin": "true", "orgId": "1"}, "anotherkey": {"isAdmin": "false", "orgId": "1"}},
  "revision": 9,
  "state": "deploying",
  "importer": null,
  "jobData": null,
  "rolloutConcurrency": 1
}`

// curlJobs has a server that takes jobs and works on none: they are as the document shows them for as long as it takes.
func curlJobs(t *testing.T, plane *harness.Plane) {
	s := &shell{}
	s.begin(t, plane, idle)
	s.prints(`curl http://localhost:8080/healthz `, "OK")
	s.prints("curl \\\n  -X POST \\\n  http://localhost:8080/reload \\\n  | jq '.success'", "false") // nobody may who is not known

	const last = "hm-deploy-1-theinstance1-9"
	for revision := 1; revision < 9; revision++ {
		id := s.begins(http.MethodPost, "/instance", theInstance, fmt.Sprintf("hm-deploy-1-theinstance1-%d", revision))
		s.succeeds(http.MethodDelete, "/jobs/1/"+id, "")
	}
	s.begins(http.MethodPost, "/instance", theInstance, last)
	const list = "[\n  {\n    \"id\": \"" + last + "\",\n    \"status\": \"ACTIVE\",\n    \"reason\": \"\"\n  }\n]"
	s.prints("curl \\\n  -u user:pass \\\n  http://localhost:8080/jobs \\\n  | jq '.'", list)
	s.prints("curl \\\n  -u user:pass \\\n  http://localhost:8080/jobs/1 \\\n  | jq '.'", list)
	s.prints("curl \\\n  -u user:pass \\\n  http://localhost:8080/jobs/1/hm-deploy-1-theinstance1-9 \\\n  | jq '.'",
		"{\n  \"id\": \""+last+"\",\n  \"status\": \"ACTIVE\",\n  \"reason\": \"\"\n}")
	s.printsJSON("curl \\\n  -u user:pass \\\n  http://localhost:8080/instance/1/theinstance1 \\\n  | jq '.'", theInstance)
	s.prints("curl \\\n  -X DELETE \\\n  -u user:pass \\\n  http://localhost:8080/jobs/1/hm-deploy-1-theinstance1-9 \\\n  | jq '.'", "{\n  \"success\": true\n}")
	s.prints("curl -u user:pass http://localhost:8080/jobs", "[]")
}

// curlInstances goes through the rest of the document on instances that run. Its server lets everybody in, since the document reloads
// without a password.
func curlInstances(t *testing.T, plane *harness.Plane) {
	s := &shell{}
	config := filepath.Join(t.TempDir(), "hm-api-config.yaml")
	more := []string{"dialects: {hmapi: {anonymous: full}}"}
	if plane == nil {
		if err := os.WriteFile(config, []byte(hmConfig("v0.11.0")), 0o600); err != nil {
			t.Fatal(err)
		}
		more = append([]string{"  config_file: " + config}, more...)
	} else {
		makeConfigMap(t, plane)
	}
	s.begin(t, plane, more...)
	s.prints("curl \\\n  -X POST \\\n  http://localhost:8080/reload \\\n  | jq '.'", "{\n  \"success\": true\n}")

	// A list.
	s.works(http.MethodPost, "/instance", small("instance-name", ""), "hm-deploy-1-instance-name-1")
	s.works(http.MethodPost, "/instance", small("another-instance", ""), "hm-deploy-1-another-instance-1")
	s.prints("curl \\\n  -u user:pass \\\n  http://localhost:8080/instance \\\n  | jq '.'",
		"[\n  {\n    \"name\": \"another-instance\",\n    \"org\": 1\n  },\n  {\n    \"name\": \"instance-name\",\n    \"org\": 1\n  }\n]")
	if plane != nil {
		list := s.run("kubectl -n metrictank get configmap -l app=instance-config -o name")
		expect(t, "kubectl get configmap", list, "configmap/instance-1-another-instance\nconfigmap/instance-1-instance-name\n")
	}
	for _, name := range []string{"instance-name", "another-instance"} {
		s.works(http.MethodDelete, "/instance", `{"name": "`+name+`", "org": 1, "keepData": true}`, "hm-delete-1-"+name)
	}

	// A new instance, and what differs from it.
	s.printsJob("curl \\\n  -X POST \\\n  -u user:pass \\\n  -H 'Content-Type: application/json' \\\n"+
		"  -d '{\"org\": 1, \"name\": \"testinstance1\", \"plan\": {\"Name\": \"Small\", \"ScaleFactor\": 1}}'  \\\n  http://localhost:8080/instance",
		"hm-deploy-1-testinstance1-1")
	const diff = "curl \\\n  -u user:pass \\\n  http://localhost:8080/instance/1/testinstance1/diff"
	s.prints(diff, "")
	if plane != nil {
		const edit = "kubectl \\\n  -n metrictank \\\n  edit deployment mt-read00-1-small-testinstance1-a"
		s.editor("metrictank:v0.11.0", "metrictank:manually_entered_image")
		s.run(edit)
		s.prints(diff, `--- deployments: mt-read00-1-small-testinstance1-a ---
--- Old
+++ New
       "name": "metrictank",
-      "image": "us.gcr.io/metrictank-gcr/metrictank:manually_entered_image",
+      "image": "us.gcr.io/metrictank-gcr/metrictank:v0.11.0",
       "ports": [
`)
		s.editor("metrictank:manually_entered_image", "metrictank:v0.11.0")
		s.run(edit)
		s.prints(diff, "")
	}
	s.printsBlocks("curl \\\n -u user:pass \\\n -X POST \\\n -H 'Content-Type: application/json' \\\n"+
		" -d '{\"name\": \"testinstance1\", \"org\": 1, \"color\": \"b\", \"plan\": {\"Name\": \"Small\", \"ScaleFactor\": 1}}' \\\n http://localhost:8080/instance/diff",
		`--- services: mt-read-1-small-testinstance1 ---
--- Old
+++ New
    "app": "metrictank",
-   "color": "a",
+   "color": "b",
    "instance": "testinstance1",
`, `--- services: graphite-1-small-testinstance1 ---
--- Old
+++ New
    "app": "graphite",
-   "color": "a",
+   "color": "b",
    "instance": "testinstance1",
`)

	// Another version for all, of which one instance has already been given it.
	for _, name := range []string{"qa-shared", "testinstance2"} {
		s.works(http.MethodPost, "/instance", small(name, ""), "hm-deploy-1-"+name+"-1")
	}
	if plane != nil {
		s.editor("v0.11.0", "v0.11.0-152-ga7084bf")
		s.run("kubectl -n metrictank edit configmap hm-api-config")
	} else if err := os.WriteFile(config, []byte(hmConfig("v0.11.0-152-ga7084bf")), 0o600); err != nil {
		t.Fatal(err)
	}
	s.prints("curl -s -X POST -u user:pass http://localhost:8080/reload | jq -c '.success, (.changes | length)'", "true\n1")
	s.prints("curl -u user:pass http://localhost:8080/instance/1/testinstance1/diff",
		`--- deployments: mt-write00-1-small-testinstance1, mt-read00-1-small-testinstance1-a ---
--- Old
+++ New
       "name": "metrictank",
-      "image": "us.gcr.io/metrictank-gcr/metrictank:v0.11.0",
+      "image": "us.gcr.io/metrictank-gcr/metrictank:v0.11.0-152-ga7084bf",
       "ports": [
`)
	s.works(http.MethodPut, "/instance/1/testinstance2/update", "", "hm-deploy-1-testinstance2-2")
	s.prints("curl \\\n  -u user:pass \\\n  http://localhost:8080/instance/statuslist", "X   qa-shared\nX   testinstance1\nOK  testinstance2")
	s.printsJob("curl \\\n  -u user:pass \\\n  -X PUT \\\n  http://localhost:8080/instance/1/testinstance1/update", "hm-deploy-1-testinstance1-2")
	s.prints(diff, "")

	// By way of a file.
	s.run("curl \\\n  -u user:pass \\\n  http://localhost:8080/instance/1/testinstance1 \\\n  | jq '.' > /tmp/testinstance1.json")
	s.editor(`"rolloutConcurrency": [0-9]*`, `"rolloutConcurrency": 5`)
	s.run("edit /tmp/testinstance1.json")
	s.printsJob("curl -s -X POST -u user:pass -H 'Content-Type: application/json' -d@/tmp/testinstance1.json http://localhost:8080/instance", "hm-deploy-1-testinstance1-3")
	expect(t, "what was edited", s.instance("testinstance1").RolloutConcurrency, 5)

	// What the document has no example of.
	const post = "curl -u user:pass -X POST http://localhost:8080/instance/1/testinstance1/"
	s.printsJob(post+"standby-on", "hm-standby-on-1-testinstance1-3")
	for _, path := range []string{"switchcolor", "standby-off", "importer"} {
		s.prints(post+path, `{"success":true}`)
	}
	s.prints("curl -u user:pass -X DELETE http://localhost:8080/instance/1/testinstance1/importer", `{"success":true}`)
	expect(t, "color", s.instance("testinstance1").Color, "b")

	s.printsJob("curl \\\n  -u user:pass \\\n  -X DELETE \\\n  -H 'Content-Type: application/json' \\\n"+
		"  -d '{\"name\": \"testinstance1\", \"org\": 1, \"keepData\": true}' \\\n  http://localhost:8080/instance", "hm-delete-1-testinstance1")
	s.prints("curl -u user:pass http://localhost:8080/instance/statuslist", "X   qa-shared\nOK  testinstance2")
}
