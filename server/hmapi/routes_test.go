package hmapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"yardmaster/auth"
	"yardmaster/server/hmapi"
)

// documented are the methods and paths of the API's document, each with names put in.
const documented = `
POST /reload
GET /jobs
GET /jobs/1
GET /jobs/1/hm-deploy-1-theinstance1-9
DELETE /jobs/1/hm-deploy-1-theinstance1-9
GET /instance
GET /instance/1/theinstance1
POST /instance
GET /instance/1/testinstance1/diff
POST /instance/diff
GET /instance/statuslist
DELETE /instance
PUT /instance/1/testinstance1/update
POST /instance/1/testinstance1/standby-on
POST /instance/1/testinstance1/standby-off
POST /instance/1/testinstance1/switchcolor
POST /instance/1/testinstance1/importer
DELETE /instance/1/testinstance1/importer`

func paths(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }

func TestEveryDocumentedPathIsServed(t *testing.T) {
	s := begin(t)
	s.err = errors.New("what no table knows")
	for _, line := range paths(documented) {
		method, path, _ := strings.Cut(line, " ")
		for _, slash := range []string{"", "/"} {
			s.send(method, path+slash, `{"org":1,"name":"testinstance1"}`).refused(500, "internal error, request req1")
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	routes := begin(t).api.Dialect().Routes
	if got, want := len(routes), len(paths(documented)); got != want {
		t.Errorf("%d routes for %d paths", got, want)
	}
	for _, r := range routes {
		if r.Summary == "" || r.Limit != 1<<20 {
			t.Errorf("%s %s: %q, %d bytes", r.Method, r.Path, r.Summary, r.Limit)
		}
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	for _, r := range begin(t).api.Dialect().Routes {
		want := auth.Admin
		if r.Method == "GET" || r.Path == "/instance/diff" {
			want = auth.Reader
		}
		if r.Need != want {
			t.Errorf("%s %s needs %v, want %v", r.Method, r.Path, r.Need, want)
		}
	}
}

func TestStrangersAreTurnedAway(t *testing.T) {
	s := begin(t)
	for _, line := range append(paths(documented), "GET /instance/no/such/path") {
		method, path, _ := strings.Cut(line, " ")
		a := s.as("nobody", method, path, "").refused(401, "Authentication required")
		if got := a.Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, "Basic ") {
			t.Errorf("%s: WWW-Authenticate %q", line, got)
		}
		s.as("ghost", method, path, "").refused(401, "Wrong user name or password")
	}
	for _, user := range []string{"reader", "user"} {
		s.as(user, "POST", "/reload", "").refused(403, "Administrator access required")
		s.as(user, "DELETE", "/instance", `{"org":1,"name":"x"}`).refused(403, "Administrator access required")
		s.as(user, "POST", "/instance/1/x/switchcolor", "").refused(403, "Administrator access required")
	}
	s.asked()
	s.as("reader", "GET", "/instance/statuslist", "").says("")
	s.as("reader", "POST", "/instance/diff", `{"org":1,"name":"x"}`).says("")
}

func TestWhoeverIsLetInWithoutCredentialsIsNamedNowhere(t *testing.T) {
	s := begin(t, func(o *hmapi.Options) {
		var err error
		if o.Auth, err = auth.Anonymous(auth.AnonymousFull, o.Auth); err != nil {
			t.Fatal(err)
		}
	})
	s.as("nobody", "POST", "/reload", "").is(200, `{"success":true}`)
	s.asked("Reload()")
}

func TestPathsAndMethodsThatAreNot(t *testing.T) {
	s := begin(t)
	s.get("/instance/1/x/y").refused(404, "no such path")
	s.get("/jobs/1/x/y").refused(404, "no such path")
	for path, allow := range map[string]string{
		"/instance": "DELETE, GET, HEAD, POST", "/instance/1/x": "GET, HEAD", "/instance/1/x/importer": "DELETE, POST", "/instance/diff": "POST", "/reload": "POST",
	} {
		a := s.send("PATCH", path, "").refused(405, "this path does not take this method")
		if got := a.Header().Get("Allow"); got != allow {
			t.Errorf("%s: Allow %q, want %q", path, got, allow)
		}
	}
	if a := s.send("HEAD", "/jobs", ""); a.Code != http.StatusOK || a.Body.Len() != 0 {
		t.Errorf("HEAD: %d %q", a.Code, a.Body)
	}
}

func TestAnAPIWithoutADoorIsNotMade(t *testing.T) {
	for name, o := range map[string]hmapi.Options{"nothing": {}, "no door": {Service: &service{}}, "no service": {Auth: auth.Basic("x", people{}, nil)}} {
		if _, err := hmapi.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
