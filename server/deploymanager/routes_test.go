package deploymanager_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"yardmaster/auth"
	"yardmaster/server/deploymanager"
)

// documented are the methods and paths that the API's document names, in tables or examples, each with names put in.
const documented = `
GET /setup
POST /setup/status
GET /setup/status
POST /database/setup
POST /database/mock_ddl
GET /database/connection
POST /base_configs
GET /base_configs
GET /base_configs/versions
GET /base_configs/web/versions
GET /base_configs/web/containers
POST /base_configs/image
GET /base_configs/history
POST /base_configs/upload
GET /base_configs/upload/1a2b3c
POST /patches/apply
GET /patches
GET /patches/web
GET /patches/web/list
GET /patches/search
DELETE /patches/1658866352520
POST /patches/namespace
POST /patches/registry
GET /configs
GET /configs/service-victoriametrics
GET /configs/previous/web/1658866352520
GET /configs/k8s-inconsistencies
POST /configs/k8s-inconsistencies
POST /deployment/update
POST /deployment/update/web
POST /deployment/hibernate
POST /deployment/revive
GET /deployments/namespace
GET /resource_labels
POST /resource_labels
POST /resource_labels/binding
GET /resource_labels/objects/database
GET /resource_labels/labels/web
DELETE /resource_labels/binding/web
POST /resource_labels/update-defaults
POST /resourcing/cluster/standard
GET /resourcing/autoscaled
POST /autoscaling/controllers/pause
POST /autoscaling/controllers/resume
GET /autoscaling/controllers/status
POST /kube/pod/delete
POST /kube/pod/quarantine
DELETE /kube/job/migrate
GET /platform/version
GET /platform-status/components
GET /settings
POST /settings
POST /obs/telescope/export
GET /obs/telescope/export/0b7e18e3/status
POST /obs/telescope/import
GET /obs/telescope/import/bbd84cbe/configs
GET /obs/telescope/import/bbd84cbe/status`

// added are those of our own.
const added = `
POST /setup
POST /configs/rollback
GET /configs/prune
POST /configs/prune
GET /configs/web/history
GET /resource_labels/objects/app.kubernetes.io/name
POST /configs/web/self-heal
DELETE /configs/web
GET /obs/telescope/export/0b7e18e3/file`

func paths(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }

func TestEveryDocumentedPathIsServed(t *testing.T) {
	s := begin(t)
	s.service.configs = nil
	s.err = http.ErrServerClosed // what no table knows: whoever is asked answers 500
	for _, line := range append(paths(documented), paths(added)...) {
		method, path, _ := strings.Cut(line, " ")
		for _, slash := range []string{"", "/"} {
			if a := s.send(method, path+slash, ""); a.Code == 404 || a.Code == 405 {
				t.Errorf("%s%s: %d %s", line, slash, a.Code, a.Body)
			}
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	known := append(paths(documented), paths(added)...)
	routes := begin(t).api.Dialect().Routes
	if len(routes) != len(known) {
		t.Errorf("%d routes for %d paths", len(routes), len(known))
	}
	for _, r := range routes {
		if r.Summary == "" || !strings.HasPrefix(r.Path, deploymanager.Root+"/") {
			t.Errorf("%s %s %q", r.Method, r.Path, r.Summary)
		}
	}
}

// readers may send these although they are no GET.
var harmless = []string{"/setup/status", "/database/mock_ddl", "/configs/k8s-inconsistencies", "/resource_labels"}

// close are the reads that show logs as they were written, or change something.
var closed = []string{"/setup", "/obs/telescope/export/{id}/file", "/obs/telescope/import/{id}/configs", "/configs/prune"}

func TestWhoMayDoWhat(t *testing.T) {
	for _, r := range begin(t).api.Dialect().Routes {
		path := strings.TrimPrefix(r.Path, deploymanager.Root)
		want := auth.Admin
		if r.Method == "GET" && !slices.Contains(closed, path) || slices.Contains(harmless, path) {
			want = auth.Reader
		}
		if r.Need != want {
			t.Errorf("%s %s needs %v, want %v", r.Method, path, r.Need, want)
		}
	}
}

func TestStrangersAreTurnedAwayInTheEnvelope(t *testing.T) {
	s := begin(t)
	for _, path := range []string{"/configs", "/configs/k8s-inconsistencies", "/database/connection", "/no/such/path"} {
		s.send("GET", path, "", "Token", "").refused(401, "Token required")
		s.send("GET", path, "", "Token", "nonsense").refused(401, "Unknown token")
	}
	s.send("POST", "/base_configs/upload", "", "Token", "").refused(401, "Token required")
	s.send("POST", "/deployment/update", "", "Token", "reader").refused(403, "Administrator access required")
	s.send("POST", "/deployment/update", "", "Token", "user").refused(403, "Administrator access required")
	s.asked()
	if a := s.send("GET", "/setup/status", "", "Token", "reader"); a.Code != 200 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestPathsAndMethodsThatAreNot(t *testing.T) {
	s := begin(t)
	s.get("/nothing").refused(404, "no such path")
	s.get("/obs/telescope/export/x/").refused(404, "no such path")
	a := s.send("PUT", "/settings", "")
	a.refused(405, "this path does not take this method")
	if allow := a.Header().Get("Allow"); allow != "GET, HEAD, POST" {
		t.Errorf("Allow: %q", allow)
	}
	s.send("GET", "/deployment/hibernate", "").refused(405, "this path does not take this method")
	s.send("PUT", "/configs/web", "").refused(405, "this path does not take this method")
	if a := s.send("HEAD", "/deployments/namespace", ""); a.Code != 200 || a.Body.Len() != 0 {
		t.Errorf("HEAD: %d %q", a.Code, a.Body)
	}
}

func TestReservedNamesAreThoseOfPaths(t *testing.T) {
	reserved := deploymanager.Reserved()
	for _, r := range begin(t).api.Dialect().Routes {
		words := strings.Split(strings.TrimPrefix(r.Path, deploymanager.Root+"/"), "/")
		if len(words) < 2 || !slices.Contains([]string{"base_configs", "patches", "configs"}, words[0]) || strings.HasPrefix(words[1], "{") {
			continue
		}
		if !slices.Contains(reserved, words[1]) {
			t.Errorf("an object called %s would hide behind %s", words[1], r.Path)
		}
	}
}
