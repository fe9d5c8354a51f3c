package tests

import (
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// Paths that are not there, methods that they do not have, and slashes too many, each have their answer.
func pathsAreJudged(t *testing.T) {
	y := begin(t, harness.Options{})
	bare := http.Header{"Authorization": nil}
	for _, path := range []string{"/nowhere", "/volumes", "/volumes/" + nowhere, "/clusters/", "/api"} {
		a, err := y.admin.Raw(y.ctx, http.MethodGet, path, nil, bare)
		if err != nil {
			t.Fatal(err)
		}
		y.refused("without a token: GET "+path, a, 401, "Required authorization token not found")
	}
	a, err := y.admin.Raw(y.ctx, http.MethodGet, "/hello", nil, bare)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "hello", a.Status, http.StatusOK)
	expect(t, "hello's words", a.Body, "Hello from Heketi")

	for _, path := range []string{"/nowhere", "/volume", "/volumes/xyz", "/clusters/zz-top", "/queue/none", "/volumes/" + nowhere + "/shrink"} {
		a := y.once(http.MethodGet, path, nil)
		y.refused("GET "+path, a, 404, "Invalid path or request")
		expect(t, path+": content type", a.Header.Get("Content-Type"), "text/plain; charset=utf-8")
		expect(t, path+": nosniff", a.Header.Get("X-Content-Type-Options"), "nosniff")
	}
	for _, path := range []string{"/volumes/", "/clusters/", "/blockvolumes/", "/nodes/", "/devices/", "/queue/"} {
		y.gone(strings.TrimSuffix(path, "/") + "/" + nowhere)
	}
	y.gone("/volumes/ABCDEF") // any hex digits are an id
	for _, r := range []struct{ method, path string }{
		{"PUT", "/volumes"}, {"DELETE", "/clusters"}, {"PATCH", "/nodes"}, {"POST", "/volumes/" + nowhere}, {"GET", "/volumes/" + nowhere + "/expand"},
		{"DELETE", "/queue/" + nowhere},
	} {
		a := y.once(r.method, r.path, nil)
		expect(t, r.method+" "+r.path, a.Status, http.StatusMethodNotAllowed)
		expect(t, r.method+" "+r.path+": body", a.Body, "")
	}
	for path, clean := range map[string]string{"/volumes/": "/volumes", "/clusters/": "/clusters", "//volumes": "/volumes"} {
		a := y.once(http.MethodGet, path, nil)
		expect(t, path, a.Status, http.StatusMovedPermanently)
		expect(t, path+": location", a.Header.Get("Location"), clean)
	}
	a = y.once(http.MethodGet, "/volumes", nil)
	expect(t, "JSON", a.Header.Get("Content-Type"), "application/json; charset=UTF-8")
	expect(t, "no volumes are a list, on one line", a.Body, `{"volumes":[]}`+"\n")
	expect(t, "nor block volumes", y.once(http.MethodGet, "/blockvolumes", nil).Body, `{"blockvolumes":[]}`+"\n")
}
