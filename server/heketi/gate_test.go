package heketi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"yardmaster/jobs"
	"yardmaster/jobs/volumes"
	"yardmaster/server/heketi"
	"yardmaster/store"
)

const adminOnly = "Administrator access required"

func TestUserKeyOpensTheVolumesAndWhatItMade(t *testing.T) {
	y := atRest(t)
	scene(y)
	own, foreign := hexID("7"), hexID("8")
	put(y, store.Operations, store.Operation{ID: own, Kind: "volume.create", State: store.Succeeded, Owner: "user", Result: store.Ref{Kind: "volume", ID: volume1}},
		store.Operation{ID: foreign, Kind: "volume.create", State: store.Succeeded, Owner: "admin"})
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/volumes", "", 200},
		{"GET", "/volumes/AAAA", "", 200},
		{"GET", "/queue/" + own, "", 303},
		{"GET", "/volumes/EEEE", "", 401},
		{"GET", "/queue/" + foreign, "", 401},
		{"DELETE", "/volumes/EEEE", "", 401},
		{"POST", "/volumes/EEEE/expand", `{"expand_size":1}`, 401},
		{"POST", "/volumes/EEEE/clone", `{}`, 401},
		{"POST", "/volumes/AAAA/block-restriction", `{"restriction":""}`, 401},
		{"GET", "/volumes/explain?size=1", "", 401},
		{"GET", "/clusters", "", 401}, {"POST", "/clusters", `{}`, 401}, {"GET", "/clusters/CCCC", "", 401}, {"GET", "/nodes/1111", "", 401},
		{"GET", "/nodes", "", 401}, {"GET", "/devices", "", 401}, {"GET", "/topology", "", 401}, {"GET", "/blockvolumes", "", 401},
		{"POST", "/blockvolumes", `{"size":1}`, 401}, {"GET", "/operations/pending", "", 401}, {"GET", "/admin", "", 401}, {"GET", "/db/dump", "", 401},
		{"GET", "/backup/db", "", 401}, {"GET", "/nowhere", "", 401}, {"GET", "/volumes/", "", 401}, {"GET", "/volumes/AAAA/other", "", 401},
	} {
		a := y.as("user", c.method, long(c.path), c.body)
		if a.Code != c.status || c.status == 401 && a.Body.String() != adminOnly+"\n" {
			t.Errorf("%s %s: %d %q, want %d", c.method, c.path, a.Code, a.Body, c.status)
		}
	}
}

func TestRolesOfTheServer(t *testing.T) {
	y := atRest(t)
	scene(y)
	for _, c := range []struct {
		who, method, path, body string
		status                  int
	}{
		{"looker", "GET", "/volumes/AAAA", "", 200}, {"looker", "GET", "/clusters/CCCC", "", 200}, {"looker", "GET", "/topology", "", 200},
		{"looker", "POST", "/volumes", `{"size":1}`, 403}, {"looker", "GET", "/db/dump", "", 403}, {"looker", "GET", "/backup/db", "", 403},
		{"looker", "GET", "/devices/DDDD/resync", "", 403}, {"looker", "POST", "/admin", `{"state":"normal"}`, 403},
		{"alice", "GET", "/volumes/AAAA", "", 200}, {"alice", "DELETE", "/volumes/AAAA", "", 401}, {"alice", "DELETE", "/clusters/CCCC", "", 403},
		{"alice", "GET", "/queue/9999", "", 200},
		{"", "GET", "/volumes", "", 401}, {"", "GET", "/nowhere", "", 401}, {"", "GET", "/hello", "", 200},
	} {
		if a := y.as(c.who, c.method, long(c.path), c.body); a.Code != c.status {
			t.Errorf("%s: %s %s: %d %q, want %d", c.who, c.method, c.path, a.Code, a.Body, c.status)
		}
	}
	y.as("", "GET", "/volumes", "").is(401, "Required authorization token not found")
}

func TestHelloCanBeClosed(t *testing.T) {
	y := atRest(t, func(o *heketi.Options, _ *volumes.Config, _ *jobs.Limits) { o.OpenHello = false })
	y.as("", "GET", "/hello", "").is(401, "Required authorization token not found")
	y.as("admin", "GET", "/hello", "").is(200, "Hello from Heketi")
}

func TestAdminStates(t *testing.T) {
	const shut = "Service disabled for maintenance"
	y := atRest(t)
	scene(y)
	from := func(remote, method, path, body string) answer {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.RemoteAddr = remote
		sign(r, "admin")
		a := answer{httptest.NewRecorder(), t}
		y.handler.ServeHTTP(a, r)
		return a
	}
	const near, near6, far = "127.0.0.1:5", "[::1]:5", "192.0.2.1:5"

	y.post("/admin", `{"state":"read-only"}`).is(http.StatusNoContent, "")
	y.get("/admin").is(200, `{"state":"read-only"}`)
	from(far, "GET", "/clusters", "").is(200, `{"clusters":["`+cluster1+`"]}`)
	from(near, "POST", "/clusters", `{}`).is(503, shut)
	from(far, "DELETE", "/volumes/"+volume1, ``).is(503, shut)
	from(far, "GET", "/devices/"+device1+"/resync", "").is(503, shut)
	from(far, "POST", "/admin", `{"state":"local-client"}`).is(http.StatusNoContent, "")

	from(far, "POST", "/clusters", `{}`).is(503, shut)
	for _, remote := range []string{near, near6} {
		if a := from(remote, "POST", "/clusters", `{}`); a.Code != http.StatusCreated {
			t.Errorf("from %s: %d %q", remote, a.Code, a.Body)
		}
	}
	y.api.ResetAdminState()
	y.get("/admin").is(200, `{"state":"normal"}`)
	if a := from(far, "POST", "/clusters", `{}`); a.Code != http.StatusCreated {
		t.Errorf("after the reset: %d %q", a.Code, a.Body)
	}
}

func TestUnknownAdminStateStopsTheStart(t *testing.T) {
	y := atRest(t)
	_, err := heketi.New(heketi.Options{Service: y.service, Runner: y.runner, DB: y.db, Auth: doors(t), AdminState: "shut"})
	if err == nil || !strings.Contains(err.Error(), `"shut"`) {
		t.Errorf("got %v", err)
	}
	if _, err := heketi.New(heketi.Options{Service: y.service, Runner: y.runner, DB: y.db}); err == nil {
		t.Error("a dialect without an authenticator was made")
	}
}

func TestLogLevels(t *testing.T) {
	y := atRest(t)
	for _, level := range []string{"debug", "info", "warning", "error", "critical", "none"} {
		body := `{"loglevel":{"glusterfs":"` + level + `"}}`
		y.post("/internal/logging", body).is(200, body)
		y.get("/internal/logging").is(200, body)
	}
	y.level.Set(-4)
	y.get("/internal/logging").is(200, `{"loglevel":{"glusterfs":"debug"}}`)
	y.post("/internal/logging", `{"loglevel":{"other":"debug"}}`).is(422, `Only "glusterfs" logger may be modified`)
	y.post("/internal/logging", `{"loglevel":{"glusterfs":"loud"}}`).is(422, "invalid log level: loud")
}
