package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/hmclient"
)

// metrics is a server with a cluster for instances, simulated or real, and a namespace on it that no other test has.
type metrics struct {
	testing.TB
	ctx       context.Context
	server    *harness.Server
	hm        *hmclient.Client // an administrator by the API's own password
	plane     *harness.Plane   // nil: the cluster is simulated
	namespace string
}

// ground starts a server for instances on its cluster; more are further lines of its configuration.
type ground func(t testing.TB, more ...string) *metrics

func onSimulatedMetrics(t testing.TB, more ...string) *metrics {
	return startMetrics(t, &metrics{namespace: "metrictank"}, "simulate: true", more)
}

// onRealMetrics is for tests that share one control plane.
func onRealMetrics(plane *harness.Plane) ground {
	return func(t testing.TB, more ...string) *metrics {
		return startMetrics(t, &metrics{namespace: plane.Namespace(t), plane: plane}, "kubeconfig: "+plane.Kubeconfig, more)
	}
}

// hmUser is the name and the password that the configuration gives to the API itself.
const hmUser = "test"

func startMetrics(t testing.TB, m *metrics, way string, more []string) *metrics {
	t.Helper()
	return startMetricsAs(t, m, way, append([]string{"  api_user: " + hmUser, "  api_password: " + hmUser, "  yard: hm-" + m.namespace}, more...))
}

// startMetricsAs is for a server whose API has another password.
func startMetricsAs(t testing.TB, m *metrics, way string, more []string) *metrics {
	t.Helper()
	lines := append([]string{"instances:", "  " + way, "  namespace: " + m.namespace}, more...)
	m.TB, m.ctx = t, t.Context()
	m.server = harness.Start(t, harness.Options{YAML: simulated(lines...), Env: []string{tokens()}})
	m.hm = hmclient.New(m.server.URL, hmUser, hmUser)
	t.Cleanup(m.hm.Close)
	return m
}

// idle is the line of a server that takes jobs and works on none.
const idle = "workers: {concurrency: 0}"

// do sends as an administrator, whatever comes.
func (m *metrics) do(method, path, body string) hmclient.Answer {
	m.Helper()
	a, err := m.hm.Do(m.ctx, method, path, body)
	if err != nil {
		m.Fatal(err)
	}
	return a
}

// ask wants 200, and reads JSON into out.
func (m *metrics) ask(method, path, body string, out any) hmclient.Answer {
	m.Helper()
	a := m.do(method, path, body)
	expectThat(m, method+" "+path+": status", a.Status == http.StatusOK, fmt.Sprintf("%d %s", a.Status, a.Body))
	if err := a.JSON(out); err != nil {
		m.Fatalf("%s %s: %v", method, path, err)
	}
	expect(m, method+" "+path+": type", a.Header.Get("Content-Type"), "application/json")
	return a
}

// refused wants an outcome whose error has all these parts.
func (m *metrics) refused(what string, a hmclient.Answer, status int, parts ...string) {
	m.Helper()
	expectThat(m, what+": status", a.Status == status, fmt.Sprintf("%d %s, want %d", a.Status, a.Body, status))
	var o hmclient.Outcome
	err := a.JSON(&o)
	expectThat(m, what+": outcome", err == nil && o.Success != nil && !*o.Success && o.Error != "", a.Body)
	for _, part := range parts {
		expectThat(m, what+": error", strings.Contains(o.Error, part), fmt.Sprintf("%q, and %q is not in it", o.Error, part))
	}
}

// succeeds wants nothing but that.
func (m *metrics) succeeds(method, path, body string) {
	m.Helper()
	a := m.do(method, path, body)
	expect(m, method+" "+path+": status", a.Status, http.StatusOK)
	expect(m, method+" "+path, strings.TrimSpace(a.Body), `{"success":true}`)
}

// begins wants a job with this id.
func (m *metrics) begins(method, path, body, want string) string {
	m.Helper()
	var id string
	m.ask(method, path, body, &id)
	expect(m, method+" "+path+": job", id, want)
	return id
}

// jobWithin is how long a job may take on a busy machine.
const jobWithin = 3 * time.Minute

// ends waits for a job and wants this end.
func (m *metrics) ends(org int, id, status string) hmclient.Job {
	m.Helper()
	var j hmclient.Job
	path := fmt.Sprintf("/jobs/%d/%s", org, id)
	harness.Eventually(m, jobWithin, "end of "+id, func() bool {
		a := m.do(http.MethodGet, path, "")
		if err := a.JSON(&j); err != nil || a.Status != http.StatusOK {
			m.Fatalf("%s: %d %s", path, a.Status, a.Body)
		}
		return j.Status != "ACTIVE"
	})
	expectThat(m, id+" ends", j.ID == id && j.Status == status, fmt.Sprintf("%+v, want %s", j, status))
	return j
}

// works begins a job and wants it to succeed.
func (m *metrics) works(method, path, body, want string) {
	m.Helper()
	m.ends(1, m.begins(method, path, body, want), "SUCCEEDED")
}

// small is the smallest instance of organization 1, with more fields.
func small(name, more string) string {
	if more != "" {
		more = ", " + more
	}
	return fmt.Sprintf(`{"org": 1, "name": %q, "plan": {"Name": "Small", "ScaleFactor": 1}%s}`, name, more)
}

// deployed is a server with one small instance that runs.
func deployed(t testing.TB, on ground, name string, more ...string) *metrics {
	t.Helper()
	m := on(t, more...)
	m.works(http.MethodPost, "/instance", small(name, ""), "hm-deploy-1-"+name+"-1")
	return m
}

func (m *metrics) instance(name string) hmclient.Instance {
	m.Helper()
	var i hmclient.Instance
	m.ask(http.MethodGet, "/instance/1/"+name, "", &i)
	return i
}

// text wants plain text.
func (m *metrics) text(method, path, body string) string {
	m.Helper()
	a := m.do(method, path, body)
	expectThat(m, method+" "+path+": status", a.Status == http.StatusOK, fmt.Sprintf("%d %s", a.Status, a.Body))
	expect(m, method+" "+path+": type", a.Header.Get("Content-Type"), "text/plain; charset=utf-8")
	return a.Body
}

func (m *metrics) says(method, path, body string, parts ...string) {
	m.Helper()
	text := m.text(method, path, body)
	for _, part := range parts {
		expectThat(m, method+" "+path, strings.Contains(text, part), fmt.Sprintf("%s\nand not in it: %s", text, part))
	}
}

// onCluster says whether an object is there, and looks at it. Only a real cluster can be asked.
func (m *metrics) onCluster(group, resource, name string, out any) bool {
	m.Helper()
	prefix := "/apis/" + group
	if group == "" {
		prefix = "/api/v1"
	}
	status, raw := m.plane.Do(http.MethodGet, prefix+"/namespaces/"+m.namespace+"/"+resource+"/"+name, "", nil)
	switch {
	case status == http.StatusNotFound:
		return false
	case status != http.StatusOK:
		m.Fatalf("%s %s: %d %s", resource, name, status, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			m.Fatal(err)
		}
	}
	return true
}

// selects is the color whose pods a Service leads to.
func (m *metrics) selects(service string) string {
	m.Helper()
	var s struct {
		Spec struct{ Selector map[string]string }
	}
	expectThat(m, service, m.onCluster("", "services", service, &s), "is not there")
	return s.Spec.Selector["color"]
}

// thereAre wants Deployments of the cluster to be there, or not.
func (m *metrics) thereAre(want bool, deployments ...string) {
	m.Helper()
	for _, name := range deployments {
		expect(m, "deployment "+name, m.onCluster("apps/v1", "deployments", name, nil), want)
	}
}
