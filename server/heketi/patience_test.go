package heketi_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"yardmaster/server/rest"
)

// stopping sends a request to a server that is about to stop and whose operations do not move.
func (y *yard) stopping(method, path, body string) answer {
	y.t.Helper()
	stop := make(chan struct{})
	close(stop)
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r = r.WithContext(rest.WithTrace(r.Context(), &rest.Trace{RequestID: "r1", Stopping: stop}))
	sign(r, "admin")
	a := answer{httptest.NewRecorder(), y.t}
	y.handler.ServeHTTP(a, r)
	return a
}

func TestWaitingForMachinesEndsWithTheServer(t *testing.T) {
	y := atRest(t)
	scene(y)
	if a := y.stopping("GET", "/internal/state/examine/gluster", ""); a.Code != 503 {
		t.Errorf("examination: %d %q", a.Code, a.Body)
	}
	a := y.stopping("POST", "/nodes", `{"zone":1,"hostnames":{"manage":["n"],"storage":["s"]},"cluster":"`+cluster1+`"}`)
	if a.Code != 202 && a.Code != 503 {
		t.Errorf("new node: %d %q", a.Code, a.Body)
	}
}
