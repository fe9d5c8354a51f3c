package tests

import (
	"strings"
	"testing"

	"yardmaster/tests/hmclient"
)

func metricsJobs(t *testing.T, on ground) {
	m := on(t, idle)
	m.begins("POST", "/instance", small("theinstance1", ""), "hm-deploy-1-theinstance1-1")
	m.begins("POST", "/instance", strings.Replace(small("other", ""), `"org": 1`, `"org": 2`, 1), "hm-deploy-2-other-1")
	const first, second = `{"id":"hm-deploy-1-theinstance1-1","status":"ACTIVE","reason":""}`, `{"id":"hm-deploy-2-other-1","status":"ACTIVE","reason":""}`
	for path, want := range map[string]string{"/jobs": "[" + first + "," + second + "]", "/jobs/1": "[" + first + "]", "/jobs/2": "[" + second + "]", "/jobs/3": "[]",
		"/jobs/1/hm-deploy-1-theinstance1-1": first, "/jobs/2/hm-deploy-2-other-1": second} {
		a := m.do("GET", path, "")
		expect(t, "GET "+path+": status", a.Status, 200)
		expect(t, "GET "+path, strings.TrimSpace(a.Body), want)
	}
	i := m.instance("theinstance1")
	expect(t, "state", i.State, "deploying")
	expect(t, "revision", i.Revision, 1)

	for _, line := range []string{"POST /instance", "PUT /instance/1/theinstance1/update", "DELETE /instance", "POST /instance/1/theinstance1/standby-on",
		"POST /instance/1/theinstance1/standby-off", "POST /instance/1/theinstance1/switchcolor", "POST /instance/1/theinstance1/importer",
		"DELETE /instance/1/theinstance1/importer"} {
		method, path, _ := strings.Cut(line, " ")
		body := map[string]string{"POST /instance": small("theinstance1", ""), "DELETE /instance": `{"name": "theinstance1", "org": 1}`}[line]
		m.refused("a second job: "+line, m.do(method, path, body), 409, "hm-deploy-1-theinstance1-1")
	}
	m.refused("a job of another organization", m.do("GET", "/jobs/2/hm-deploy-1-theinstance1-1", ""), 404)
	m.refused("and not to be aborted", m.do("DELETE", "/jobs/2/hm-deploy-1-theinstance1-1", ""), 404)

	m.succeeds("DELETE", "/jobs/1/hm-deploy-1-theinstance1-1", "")
	var j hmclient.Job
	m.ask("GET", "/jobs/1/hm-deploy-1-theinstance1-1", "", &j)
	expect(t, "an aborted job", j.Status, "ABORTED")
	expect(t, "is no more among those that run", strings.TrimSpace(m.do("GET", "/jobs/1", "").Body), "[]")
	expect(t, "state", m.instance("theinstance1").State, "aborted")
	m.refused("aborted twice", m.do("DELETE", "/jobs/1/hm-deploy-1-theinstance1-1", ""), 409, "hm-deploy-1-theinstance1-1")
	m.begins("PUT", "/instance/1/theinstance1/update", "", "hm-deploy-1-theinstance1-2")
	expect(t, "every one counts", m.instance("theinstance1").Revision, 2)
}

// A job that cannot end well ends badly, and the next one mends it.
func metricsFailure(t *testing.T, on ground) {
	m := on(t)
	m.begins("POST", "/instance", small("broken", `"overrides": {"metrictank": {"image": "example.com/metrictank:bad"}}`), "hm-deploy-1-broken-1")
	if m.plane == nil { // where a pod that cannot start is a failure at once
		j := m.ends(1, "hm-deploy-1-broken-1", "FAILED")
		expectThat(t, "reason", strings.Contains(j.Reason, "mt-write00-1-small-broken"), j.Reason)
		expect(t, "state", m.instance("broken").State, "failed")
	} else {
		m.succeeds("DELETE", "/jobs/1/hm-deploy-1-broken-1", "")
		m.ends(1, "hm-deploy-1-broken-1", "ABORTED")
		expect(t, "state", m.instance("broken").State, "aborted")
	}
	m.refused("no color to switch to", m.do("POST", "/instance/1/broken/switchcolor", ""), 409)
	expect(t, "it is not as it should be", m.text("GET", "/instance/statuslist", ""), "X   broken\n")
	m.works("POST", "/instance", small("broken", ""), "hm-deploy-1-broken-2")
	expect(t, "mended", m.text("GET", "/instance/statuslist", ""), "OK  broken\n")
	expect(t, "overrides", string(m.instance("broken").Overrides), "null")
}
