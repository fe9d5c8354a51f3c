package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func metricsDiff(t *testing.T, on ground) {
	m := deployed(t, on, "testinstance1")
	const path = "/instance/1/testinstance1/diff"
	expect(t, "nothing differs", m.text("GET", path, ""), "")
	expect(t, "nor from the same again", m.text("POST", "/instance/diff", small("testinstance1", "")), "")
	m.says("POST", "/instance/diff", small("testinstance1", `"overrides": {"metrictank": {"image": "example.com/metrictank:v1"}}`),
		"--- deployments: ", "mt-write00-1-small-testinstance1", "mt-read00-1-small-testinstance1-a", "\n--- Old\n+++ New\n", `"image": "example.com/metrictank:v1"`)
	m.says("POST", "/instance/diff", small("testinstance1", `"color": "b"`),
		"--- services: ", "mt-read-1-small-testinstance1", "graphite-1-small-testinstance1", `"color": "a"`, `"color": "b"`)
	m.says("POST", "/instance/diff", small("unheardof", ""), "--- deployments: ", "mt-write00-1-small-unheardof", "--- services: ", "--- configmaps: ")
	text := m.text("POST", "/instance/diff", small("testinstance1", `"overrides": {"graphite": {"env": {"ONE_MORE": "yes"}}}`))
	for line := range strings.Lines(text) {
		expectThat(t, "lines of a diff", line == "\n" || line == "...\n" || strings.ContainsAny(line[:1], " +-"), fmt.Sprintf("%q", line))
	}
	expect(t, "nothing was changed by looking", m.text("GET", path, ""), "")
	expect(t, "revision", m.instance("testinstance1").Revision, 1)
	if m.plane == nil {
		return
	}
	const deployment = "mt-read00-1-small-testinstance1-a"
	m.edit("apps/v1", "deployments", deployment, `{"spec": {"template": {"spec": {"containers": [{"name": "metrictank", "image": "example.com/metrictank:manually_entered_image"}]}}}}`)
	m.says("GET", path, "", "--- deployments: "+deployment+" ---\n--- Old\n+++ New\n", `-      "image": "example.com/metrictank:manually_entered_image",`)
	expect(t, "status", m.text("GET", "/instance/statuslist", ""), "X   testinstance1\n")
	m.edit("", "services", "graphite-1-small-testinstance1", `{"metadata": {"labels": {"app": "something-else"}}}`)
	m.says("GET", path, "", "--- services: graphite-1-small-testinstance1 ---\n", `"something-else"`)
	m.edit("", "configmaps", "instance-1-testinstance1", `{"data": {"instance.json": "{}"}}`)
	m.says("GET", path, "", "--- configmaps: instance-1-testinstance1 ---\n")
	status, raw := m.plane.Do(http.MethodDelete, "/api/v1/namespaces/"+m.namespace+"/services/mt-read-1-small-testinstance1", "", nil)
	expectThat(t, "delete a Service", status == http.StatusOK, string(raw))
	m.says("GET", path, "", "mt-read-1-small-testinstance1")
	m.works("PUT", "/instance/1/testinstance1/update", "", "hm-deploy-1-testinstance1-2")
	expect(t, "mended", m.text("GET", path, ""), "")
}

// edit changes an object of the cluster behind the server's back.
func (m *metrics) edit(group, resource, name, patch string) {
	m.Helper()
	prefix := "/apis/" + group
	if group == "" {
		prefix = "/api/v1"
	}
	status, raw := m.plane.Do(http.MethodPatch, prefix+"/namespaces/"+m.namespace+"/"+resource+"/"+name, "application/strategic-merge-patch+json", []byte(patch))
	if status != http.StatusOK {
		m.Fatalf("edit %s: %d %s", name, status, raw)
	}
}

func metricsStatusList(t *testing.T, on ground) {
	m := deployed(t, on, "testinstance1")
	m.works("POST", "/instance", small("qa-shared", ""), "hm-deploy-1-qa-shared-1")
	m.works("POST", "/instance", small("testinstance2", ""), "hm-deploy-1-testinstance2-1")
	a := m.do("GET", "/instance/statuslist", "")
	all, err := a.Statuses()
	expectThat(t, "status list", err == nil, err)
	expect(t, "status list", fmt.Sprint(all), "[{OK qa-shared} {OK testinstance1} {OK testinstance2}]")
	m.works("DELETE", "/instance", `{"name": "qa-shared", "org": 1, "keepData": true}`, "hm-delete-1-qa-shared")
	all, err = m.do("GET", "/instance/statuslist", "").Statuses()
	expectThat(t, "status list", err == nil, err)
	expect(t, "status list", fmt.Sprint(all), "[{OK testinstance1} {OK testinstance2}]")
	if m.plane == nil {
		return
	}
	m.edit("apps/v1", "deployments", "mt-write00-1-small-testinstance2", `{"spec": {"replicas": 0}}`)
	expect(t, "status list", m.text("GET", "/instance/statuslist", ""), "OK  testinstance1\nX   testinstance2\n")
}
