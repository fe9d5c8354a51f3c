package tests

import (
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/hmclient"
)

// hmPaths are the methods and paths of the API's document, each with names put in.
const hmPaths = `POST /reload
GET /jobs
GET /jobs/1
GET /jobs/1/hm-deploy-1-theinstance1-9
DELETE /jobs/1/hm-deploy-1-theinstance1-9
GET /instance
GET /instance/1/theinstance1
POST /instance
GET /instance/1/theinstance1/diff
POST /instance/diff
GET /instance/statuslist
DELETE /instance
PUT /instance/1/theinstance1/update
POST /instance/1/theinstance1/standby-on
POST /instance/1/theinstance1/standby-off
POST /instance/1/theinstance1/switchcolor
POST /instance/1/theinstance1/importer
DELETE /instance/1/theinstance1/importer`

func metricsCallers(t *testing.T, on ground) {
	m := on(t, idle)
	send := func(c *hmclient.Client, line string) hmclient.Answer {
		t.Helper()
		method, path, _ := strings.Cut(line, " ")
		a, err := c.Do(m.ctx, method, path, "")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	stranger := m.hm.As("", "")
	for _, line := range strings.Split(hmPaths, "\n") {
		a := send(stranger, line)
		m.refused("a stranger: "+line, a, 401)
		expectThat(t, line+": challenge", strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic "), a.Header)
	}
	m.refused("a wrong password", send(m.hm.As(hmUser, "wrong"), "GET /jobs"), 401, "Wrong user name or password")
	expect(t, "health needs no password", strings.TrimSpace(send(stranger, "GET /healthz").Body), "OK")

	// The yard's own callers have the roles that they have elsewhere.
	reads := []string{"GET /jobs", "GET /jobs/1", "GET /instance", "GET /instance/statuslist"}
	for token, role := range map[string]string{ops: "an administrator", ci: "a user", eye: "a reader"} {
		c := m.hm.As("", "")
		c.Token = token
		for _, line := range reads {
			expect(t, role+": "+line, send(c, line).Status, http.StatusOK)
		}
		for _, line := range strings.Split(hmPaths, "\n") {
			if strings.HasPrefix(line, "GET ") || strings.HasSuffix(line, "/instance/diff") {
				continue
			}
			if status := send(c, line).Status; (status == http.StatusForbidden) != (token != ops) {
				t.Errorf("%s: %s: %d", role, line, status)
			}
		}
	}
	m.begins("POST", "/instance", small("x", `"adminKey": "keykeykeykeykey"`), "hm-deploy-1-x-1")
	reader := m.hm.As("", "")
	reader.Token = eye
	a := send(reader, "GET /instance/1/x")
	expectThat(t, "a reader sees no key", a.Status == http.StatusOK && strings.Contains(a.Body, `"adminKey":"***"`) && !strings.Contains(a.Body, "keykey"), a.Body)
	expect(t, "an administrator does", m.instance("x").AdminKey, "keykeykeykeykey")
}

func metricsPaths(t *testing.T, on ground) {
	m := on(t, idle)
	m.refused("no such path", m.do("GET", "/instance/1/x/nothing", ""), 404, "no such path")
	m.refused("no such method", m.do("PUT", "/instance", ""), 405)
	expect(t, "Allow", m.do("PUT", "/instance", "").Header.Get("Allow"), "DELETE, GET, HEAD, POST")
	for _, org := range []string{"x", "0", "-1", "01"} {
		for _, path := range []string{"/jobs/" + org, "/jobs/" + org + "/j", "/instance/" + org + "/x", "/instance/" + org + "/x/diff"} {
			m.refused("GET "+path, m.do("GET", path, ""), 400, "org: ")
		}
	}
	for _, line := range []string{"GET /instance/1/theinstance1", "GET /instance/1/theinstance1/diff", "PUT /instance/1/theinstance1/update",
		"POST /instance/1/theinstance1/standby-on", "POST /instance/1/theinstance1/standby-off", "POST /instance/1/theinstance1/switchcolor",
		"POST /instance/1/theinstance1/importer", "DELETE /instance/1/theinstance1/importer", "GET /jobs/1/hm-deploy-1-theinstance1-9",
		"DELETE /jobs/1/hm-deploy-1-theinstance1-9"} {
		method, path, _ := strings.Cut(line, " ")
		m.refused(line, m.do(method, path, ""), 404, "not found")
	}
	m.refused("DELETE /instance", m.do("DELETE", "/instance", `{"org": 1, "name": "theinstance1"}`), 404)
	for body, part := range map[string]string{``: "request body", `{`: "request body", `[]`: "request body", `{"org": 1}`: "name: ", `{"name": "x"}`: "org: ",
		`{"org": 1, "name": "x", "keepdata_": true}`: "keepdata_: is unknown", `{"org": 1, "name": "x", "keepData": "no"}`: "keepData: "} {
		m.refused("DELETE /instance "+body, m.do("DELETE", "/instance", body), 400, part)
	}
	large := small("large", `"adminKey": "`+strings.Repeat("k", 2<<20)+`"`)
	for _, path := range []string{"/instance", "/instance/diff"} {
		m.refused("a large body to "+path, m.do("POST", path, large), 413)
	}
	expect(t, "GET /instance", strings.TrimSpace(m.do("GET", "/instance", "").Body), "[]")
	expect(t, "GET /jobs", strings.TrimSpace(m.do("GET", "/jobs", "").Body), "[]")
	expect(t, "GET /instance/statuslist", m.text("GET", "/instance/statuslist", ""), "")
	expect(t, "a slash at the end", m.do("GET", "/jobs/", "").Status, http.StatusOK)
}
