package tests

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

const maintenance = "Service disabled for maintenance"

// An administrator shuts changes out and lets them in again, by request or by signal; a restart forgets it.
func adminStates(t *testing.T) {
	y := begin(t, harness.Options{})
	is := func(state string) {
		t.Helper()
		expect(t, "admin state", y.once(http.MethodGet, "/admin", nil).Body, `{"state":"`+state+`"}`+"\n")
	}
	set := func(state string) {
		t.Helper()
		a := y.once(http.MethodPost, "/admin", obj{"state": state})
		expect(t, "to "+state, a.Status, http.StatusNoContent)
		expect(t, "answers nothing", a.Body, "")
	}
	is("normal")
	set("read-only")
	is("read-only")
	y.refuses(http.MethodPost, "/clusters", obj{"file": true}, 503, maintenance)
	y.refuses(http.MethodDelete, "/volumes/"+nowhere, nil, 503, maintenance)
	y.refuses(http.MethodPost, "/internal/logging", obj{"loglevel": obj{"glusterfs": "info"}}, 503, maintenance)
	expect(t, "reads pass", y.once(http.MethodGet, "/volumes", nil).Status, http.StatusOK)
	expect(t, "who may not come in learns nothing", y.as(y.user, http.MethodPost, "/admin", obj{"state": "normal"}).Status, http.StatusUnauthorized)
	set("normal")
	is("normal")
	expect(t, "changes pass again", y.once(http.MethodPost, "/clusters", obj{"file": true}).Status, http.StatusCreated)

	set("local-client")
	expect(t, "changes from this machine pass", y.once(http.MethodPost, "/clusters", obj{"file": true}).Status, http.StatusCreated)
	set("read-only")
	if err := y.server.Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 10*time.Second, "SIGUSR2 lets changes in", func() bool {
		return y.once(http.MethodPost, "/clusters", obj{}).Status == http.StatusCreated
	})
	is("normal")
	expect(t, "a state that is none", y.once(http.MethodPost, "/admin", obj{"state": "asleep"}).Status, http.StatusBadRequest)
	expect(t, "no state", y.once(http.MethodPost, "/admin", obj{}).Status, http.StatusBadRequest)
	set("read-only")
	y.server.Restart()
	is("normal")
	y.server.Stop()
	y.server.SetEnv("HEKETI_DEFAULT_STATE=read-only")
	y.server.Start()
	is("read-only")
	y.refuses(http.MethodPost, "/clusters", obj{}, 503, maintenance)
}

// How much is logged can be read and turned.
func loggingTurns(t *testing.T) {
	y := begin(t, harness.Options{})
	expect(t, "as configured", y.once(http.MethodGet, "/internal/logging", nil).Body, `{"loglevel":{"glusterfs":"debug"}}`+"\n")
	for _, level := range []string{"info", "warning", "error", "critical", "none", "debug"} {
		a := y.once(http.MethodPost, "/internal/logging", obj{"loglevel": obj{"glusterfs": level}})
		expect(t, "to "+level, a.Status, http.StatusOK)
		expect(t, "it is "+level, y.once(http.MethodGet, "/internal/logging", nil).Body, `{"loglevel":{"glusterfs":"`+level+`"}}`+"\n")
	}
	y.refuses(http.MethodPost, "/internal/logging", obj{"loglevel": obj{"kernel": "debug"}}, 422, `Only "glusterfs" logger may be modified`)
	y.refuses(http.MethodPost, "/internal/logging", obj{"loglevel": obj{"glusterfs": "loud"}}, 422, "invalid log level: loud")
}
