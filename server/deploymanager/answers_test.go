package deploymanager_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yardmaster/jobs/configs"
	"yardmaster/server/deploymanager"
	"yardmaster/store"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

// pushes are the routes that answer once a push has ended, by how they tell it.
var (
	applied = map[string][]string{
		"/base_configs": {"release_version", "1", "base_config", "a"}, "/base_configs/image": {"image", "i", "object", "o", "comment", "c"},
		"/patches/apply": {"patch", "p"}, "/resourcing/cluster/large": nil,
	}
	both = map[string][]string{
		"/patches/namespace": {"namespace", "n"}, "/patches/registry": {"registry", "r"}, "/resource_labels/binding": {"label", "l", "object_name", "o"},
		"/configs/rollback": {"release_version", "1"},
	}
	silent = map[string][]string{
		"/deployment/hibernate": nil, "/deployment/revive": nil, "/autoscaling/controllers/pause": nil, "/autoscaling/controllers/resume": nil,
		"/kube/pod/delete": {"pod", "p"}, "/kube/pod/quarantine": {"pod", "p"},
	}
	updates = map[string][]string{"/deployment/update": nil, "/deployment/update/web": nil}
)

func (s *scene) each(routes map[string][]string, want func(a answer)) {
	s.Helper()
	for path, fields := range routes {
		s.Run(strings.ReplaceAll(path, "/", " "), func(t *testing.T) {
			t.Helper()
			was := s.T
			s.T = t
			defer func() { s.T = was }()
			want(s.post(path, fields...))
		})
	}
}

func TestPushesThatSucceed(t *testing.T) {
	s := begin(t)
	s.did(configs.Outcome{Applied: []string{"web", "db"}})
	s.each(applied, func(a answer) {
		a.is(200, `{"statusCode":200,"data":{"successful_apply":["web","db"]},"error":null}`)
		if a.Header().Get("X-Operation-Id") != "op1" {
			a.s.Errorf("%v", a.Header())
		}
	})
	s.each(both, func(a answer) {
		a.is(200, `{"statusCode":200,"data":{"successful_apply":["web","db"],"failed_to_apply":[]},"error":null}`)
	})
	s.each(silent, func(a answer) { a.is(200, `{"statusCode":200,"data":null,"error":null}`) })
	s.each(updates, func(a answer) {
		a.is(200, `{"statusCode":200,"data":{"successful_apply":["web","db"],"failed_to_apply":{}},"error":null}`)
	})
	s.send("POST", "/settings", "{}").is(200, `{"updatedConfigs":{"successful_apply":["web","db"],"failed_to_apply":[]}}`)
}

func TestPushesThatSucceedInPart(t *testing.T) {
	s := begin(t)
	s.did(configs.Outcome{Applied: []string{"web"}, Failed: []configs.Failure{{Object: "db", Reason: "image: is odd"}}, Error: "1 of 2 objects; db: image: is odd"})
	const partial = `{"statusCode":500,"data":{"successful_apply":["web"],"failed_to_apply":["db"],"reasons":{"db":"image: is odd"}},"error":"1 of 2 objects; db: image: is odd"}`
	for _, routes := range []map[string][]string{applied, both, silent} {
		s.each(routes, func(a answer) { a.is(500, partial) })
	}
	s.each(updates, func(a answer) {
		a.is(200, `{"statusCode":200,"data":{"successful_apply":["web"],"failed_to_apply":{"db":"image: is odd"}},"error":null}`)
	})
	s.send("DELETE", "/patches/1", "").is(500, partial)
	s.send("DELETE", "/resource_labels/binding/x", "").is(500, partial)
	s.send("POST", "/settings", "{}").is(500, `{"updatedConfigs":{"successful_apply":["web"],"failed_to_apply":["db"],"reasons":{"db":"image: is odd"}},"error":"1 of 2 objects; db: image: is odd"}`)
	s.get("/base_configs/upload/op1").is(500, partial)
}

func TestPushesThatFailAsAWhole(t *testing.T) {
	s := begin(t)
	s.did(configs.Outcome{Error: "called off"})
	s.each(applied, func(a answer) {
		a.is(500, `{"statusCode":500,"data":{"successful_apply":[],"failed_to_apply":[]},"error":"called off"}`)
	})
	s.each(updates, func(a answer) {
		a.is(500, `{"statusCode":500,"data":{"successful_apply":[],"failed_to_apply":{}},"error":"called off"}`)
	})
	s.each(silent, func(a answer) { a.refused(500, "called off") })
	for code, status := range map[string]int{"not_found": 404, "conflict": 409, "refused": 400, "unavailable": 503, "internal": 500} {
		s.outcome.Op.Error = &store.OpError{Code: code}
		s.post("/kube/pod/delete", "pod", "web-1").refused(status, "called off")
		s.send("DELETE", "/kube/job/migrate", "").refused(status, "called off")
	}
}

func TestWhatHadNotToBePushedIsDone(t *testing.T) {
	s := begin(t)
	s.post("/patches/apply", "patch", "p").is(200, `{"statusCode":200,"data":{"successful_apply":[]},"error":null}`)
	s.change = configs.Change{Patches: []int64{7, 8}}
	a := s.post("/patches/apply", "patch", "p").is(200, `{"statusCode":200,"data":{"successful_apply":[],"patch_versions":[7,8]},"error":null}`)
	if a.Header().Get("X-Operation-Id") != "" {
		t.Errorf("%v", a.Header())
	}
	s.asked("ApplyPatches(the-admin, patch=p, , user, false)", "ApplyPatches(the-admin, patch=p, , user, false)")
}

// A push may take longer than anybody waits: the answer names the operation, and neither a stop of the server nor the end of
// patience ends it.
func TestPushesThatTakeLong(t *testing.T) {
	const want = `{"statusCode":500,"data":{"successful_apply":["web"],"failed_to_apply":[]},"error":"operation op1 has not ended yet and goes on"}`
	live := func(ctx context.Context) (configs.Outcome, error) {
		<-ctx.Done()
		return configs.Outcome{Live: true, Applied: []string{"web"}}, nil
	}
	s := begin(t, func(o *deploymanager.Options) { o.Patience = time.Millisecond })
	s.did(configs.Outcome{})
	s.await = live
	s.post("/deployment/update").is(500, want)
	s.post("/deployment/hibernate").is(500, want)

	s = begin(t)
	s.did(configs.Outcome{})
	s.await = live
	close(s.stop)
	s.post("/patches/apply", "patch", "p").is(500, want)

	s = begin(t)
	s.did(configs.Outcome{})
	s.await = func(context.Context) (configs.Outcome, error) {
		return configs.Outcome{}, errors.New("records are gone")
	}
	s.post("/patches/apply", "patch", "p").refused(500, "internal error, request req1")
}

func TestAsynchronousUpload(t *testing.T) {
	s := begin(t)
	s.did(configs.Outcome{Live: true})
	s.postParts("/base_configs/upload", "file:configs.yaml", "a: 1", "release_version", "21.x.0").is(200, `{"data":{"RequestID":"op1"},"status_code":200,"statusCode":200}`)
	s.asked("Upload(the-admin, 21.x.0, configs.yaml=a: 1, false)")
	s.get("/base_configs/upload/op1").is(202, `{"statusCode":202,"data":{"status":"RUNNING","successful_apply":[]},"error":null}`)
	s.outcome = configs.Outcome{Applied: []string{"web"}}
	s.get("/base_configs/upload/op1").is(200, `{"statusCode":200,"data":{"successful_apply":["web"]},"error":null}`)
	s.err = configs.ErrNotFound
	s.get("/base_configs/upload/op2").refused(404, "not found")

	s = begin(t)
	s.post("/base_configs/upload", "release_version", "1", "base_config", "a").is(200, `{"data":{"RequestID":"unchanged"},"status_code":200,"statusCode":200}`)
	s.get("/base_configs/upload/unchanged").is(200, `{"statusCode":200,"data":{"successful_apply":[]},"error":null}`)
	s.post("/base_configs/upload", "base_config", "a").is(400, `"invalid: release_version: is required"`)
}

func TestChangesThatAreOnlyTried(t *testing.T) {
	s := begin(t)
	s.change = configs.Change{Op: store.Operation{ID: "never"}, Previews: []configs.Preview{
		{Object: "object-1", Release: "21.1.0", Kind: "Deployment", Config: "kind: Deployment\n", Diff: "-a\n+b\n", At: time.UnixMilli(1652116484052),
			Live: []configs.Row{{Key: "spec.replicas", Expected: "2", Got: "3", Manager: "kubectl", At: noon}}},
		{Object: "object-2", Message: "Target 'object-2' is a nonexistent object."}}}
	const want = `{"statusCode":200,"data":{"dryRuns":[
		{"message":null,"dryRun":{"objectName":"object-1","releaseVersion":"21.1.0","patchVersion":null,"previousReleaseVersion":null,"previousPatchVersion":null,
		"state":null,"config":"kind: Deployment\n","metadata":"{\"type\":\"Deployment\",\"isEncrypted\":false}","timestampMS":1652116484052,"diff":"-a\n+b\n",
		"diffRows":[{"key":"spec.replicas","expected":"2","got":"3","changedBy":"kubectl","changedAtTimestampMS":1795262400000}]}},
		{"message":"Target 'object-2' is a nonexistent object.","dryRun":null}]},"error":null}`
	for _, routes := range []map[string][]string{applied, both, updates} {
		for path := range routes {
			routes[path] = append(routes[path], "dry_run", "true")
		}
		s.each(routes, func(a answer) { a.is(200, want) })
		for path := range routes {
			routes[path] = routes[path][:len(routes[path])-2]
		}
	}
	s.post("/base_configs/upload", "release_version", "1", "base_config", "a", "dry_run", "true").is(200, want)
	s.send("DELETE", "/patches/3?dry_run=true", "").is(200, want)
	for _, call := range s.calls {
		if strings.HasPrefix(call, "Await") {
			t.Fatal("a change that was only tried was waited for")
		}
	}
	s.change = configs.Change{}
	s.post("/patches/apply", "patch", "p", "dry_run", "true").is(200, `{"statusCode":200,"data":{"dryRuns":[]},"error":null}`)
}

func TestEmptyListsAreLists(t *testing.T) {
	s := begin(t)
	for path, want := range map[string]string{
		"/base_configs":                `{"statusCode":200,"data":{"baseConfigs":[]},"error":null}`,
		"/base_configs/versions":       `{"baseConfigVersions":[]}`,
		"/base_configs/web/versions":   `{"versions":[]}`,
		"/base_configs/web/containers": `{"statusCode":200,"data":[],"error":null}`,
		"/base_configs/history":        `{"statusCode":200,"data":{"upgrades":[],"total":0},"error":null}`,
		"/patches":                     `{"statusCode":200,"data":{"patches":[]},"error":null}`,
		"/patches/web/list":            `{"statusCode":200,"data":{"patches":[]},"error":null}`,
		"/patches/search?query=a&caseSensitive=false&limit=1": `{"patches":[]}`,
		"/configs":                        `{"configs":[]}`,
		"/configs/web/history":            `{"statusCode":200,"data":{"configs":[]},"error":null}`,
		"/configs/k8s-inconsistencies":    `{"numInconsistencies":0,"numInconstencies":0,"inconsistentResources":{},"consistentResources":[],"foreignResources":{},"skippedResources":{},"timestampMS":0}`,
		"/resource_labels":                `{"statusCode":200,"data":{"labels":[]},"error":null}`,
		"/resource_labels/objects/x":      `{"objects":[]}`,
		"/resource_labels/labels/x":       `{"labels":[]}`,
		"/resourcing/autoscaled":          `{"statusCode":200,"data":{"names":[]},"error":null}`,
		"/autoscaling/controllers/status": `{}`,
		"/configs/prune":                  `{"statusCode":200,"data":{"objects":[]},"error":null}`,
		"/platform-status/components":     `{"statusCode":200,"data":{},"error":null}`,
		"/settings":                       `{"statusCode":200,"data":{"settings":{}},"error":null}`,
		"/obs/telescope/import/x/configs": `{"statusCode":200,"data":{},"error":null}`,
		"/obs/telescope/import/x/status":  `{"statusCode":200,"data":{"id":"","job_status":"","request":{"zip_file_path":""},"result":{"services":[],"data_sources":[],"start":"","end":"","label":""}},"error":null}`,
		"/setup/status":                   `{"isSetup":"false"}`,
		"/database/connection":            `{}`,
		"/deployments/namespace":          `{"statusCode":200,"data":{"namespace":"instabase"},"error":null}`,
		"/platform/version":               `{"statusCode":200,"data":{"release_version":"23.07"},"error":null}`,
		"/configs/previous/web/1":         `{"statusCode":200,"data":{"prev_config":"config1","new_config":"config1+patch"},"error":null}`,
	} {
		s.get(path).is(200, want)
	}
	s.send("POST", "/database/mock_ddl", `{"create_admin_account":false}`).is(200, `{"ddls":[]}`)
}

func TestRecordsAsDocumented(t *testing.T) {
	s := begin(t)
	s.words = []string{"22.10.1", "22.10.2"}
	s.get("/base_configs/versions").is(200, `{"baseConfigVersions":[{"objectName":"web","Versions":["22.10.1","22.10.2"]}]}`)
	s.get("/base_configs/history").is(200, `{"statusCode":200,"data":{"upgrades":[{"version":"23.01.0","creators":["22.10.1","22.10.2"],
		"lastUpdatedTimestampMS":1795262401000,"createdAtTimestampMS":1795262400000}],"total":1},"error":null}`)

	s.bases = []configs.BaseConfig{{Object: "web", Kind: "Deployment", Release: "2", Previous: "1", Golden: true, Config: "a", Creator: "ada"}}
	s.get("/base_configs").is(200, `{"statusCode":200,"data":{"baseConfigs":[{"object_name":"web","version":"2","previous_version":"1","state":"IS_GOLDEN",
		"config":"a","metadata":"{\"type\":\"Deployment\",\"isEncrypted\":false,\"createdBy\":\"ada\"}"}]},"error":null}`)

	s.patches = []configs.Patch{{Version: 1658866352520, Next: 1658866353683, Target: "web", Kind: "Deployment", Format: "YAML", Body: "password: hunter2", Creator: "Installer", Description: "why"},
		{Version: 1658866353683, Target: "web", Golden: true}}
	const heads = `"target":"web","state":"NOT_GOLDEN","patch":"password: hunter2","metadata":"{\"type\":\"Deployment\",\"isEncrypted\":false,\"format\":\"YAML\",\"createdBy\":\"Installer\"}","description":"why"`
	const last = `"nextVersion":null,"target":"web","state":"IS_GOLDEN","patch":"","metadata":"{\"type\":\"\",\"isEncrypted\":false}","description":""`
	s.get("/patches/web").is(200, `{"statusCode":200,"data":{"patches":[{"version":1658866352520,"nextVersion":1658866353683,`+heads+`},{"version":1658866353683,`+last+`}]},"error":null}`)
	s.get("/patches/search?query=a&caseSensitive=false&limit=80").is(200,
		`{"patches":[{"version":"1658866352520","nextVersion":"1658866353683",`+heads+`},{"version":"1658866353683",`+last+`}]}`)
	s.get("/patches/web/list").is(200, `{"statusCode":200,"data":{"patches":[{"version":1658866352520,"target":"web","description":"why"},
		{"version":1658866353683,"target":"web","description":""}]},"error":null}`)

	s.configs = []configs.Config{{Object: "service-victoriametrics", Kind: "Service", Number: 4, Release: "1", PatchVersion: 9, PreviousRelease: "0", PreviousVersion: 8,
		Patches: []int64{8, 9}, Config: "token: hunter2", At: noon, Cause: "patch", Creator: "ada", Operation: "op1", Current: true, WasGolden: true}}
	const one = `"objectName":"service-victoriametrics","releaseVersion":"1","patchVersion":9,"previousReleaseVersion":"0","previousPatchVersion":8,"state":"NOT_GOLDEN",
		"config":"token: hunter2","metadata":"{\"type\":\"Service\",\"isEncrypted\":false}","timestampMS":1795262400000`
	s.get("/configs/service-victoriametrics").is(200, `{`+one+`}`)
	s.get("/configs").is(200, `{"configs":[{`+one+`}]}`)
	s.get("/configs/service-victoriametrics/history").is(200, `{"statusCode":200,"data":{"configs":[{`+one+`,"number":4,"isCurrent":true,"wasGolden":true,
		"patchVersions":[8,9],"cause":"patch","createdBy":"ada","operation":"op1"}]},"error":null}`)
}

func TestSecretsAreForAdministrators(t *testing.T) {
	s := begin(t)
	s.bases = []configs.BaseConfig{{Config: "hunter2"}}
	s.patches = []configs.Patch{{Body: "hunter2"}}
	s.configs = []configs.Config{{Config: "hunter2"}}
	for _, path := range []string{"/base_configs", "/patches", "/patches/web", "/configs", "/configs/web", "/configs/web/history"} {
		for token, want := range map[string]bool{"admin": true, "user": false, "reader": false} {
			a := s.send("GET", path, "", "Token", token)
			if got := contains(a.Body.String(), "hunter2"); a.Code != 200 || got != want {
				t.Errorf("%s for %s: %d %s", path, token, a.Code, a.Body)
			}
		}
	}
}

func TestDriftAsDocumented(t *testing.T) {
	s := begin(t)
	s.found = configs.Inconsistencies{At: noon, Consistent: []string{"deployment-1", "deployment-2"},
		Skipped: map[string]configs.Skip{"deployment-some-service": {Code: 7, Reason: "an HPA owns it"}},
		Resources: map[string]configs.Inconsistency{"deployment-api-server": {Found: noon,
			Rows:    []configs.Row{{Key: "spec.replicas", Expected: "2", Got: "3", Manager: "kubectl-scale", At: noon}},
			Foreign: []configs.Row{{Key: "metadata.labels.x", Got: "y"}}},
			"deployment-gone": {Missing: true}}}
	const want = `{"numInconsistencies":2,"numInconstencies":2,"timestampMS":1795262400000,"inconsistentResources":{
		"deployment-api-server":{"diffRows":[{"key":"spec.replicas","expected":"2","got":"3","changedBy":"kubectl-scale","changedAtTimestampMS":1795262400000}],
		"foreignRows":[{"key":"metadata.labels.x","expected":"","got":"y"}],"missing":false,"foundAtTimestampMS":1795262400000},
		"deployment-gone":{"diffRows":[],"foreignRows":[],"missing":true}},
		"consistentResources":["deployment-1","deployment-2"],"foreignResources":{},"skippedResources":{"deployment-some-service":{"code":7,"reason":"an HPA owns it","readon":"an HPA owns it"}}}`
	s.get("/configs/k8s-inconsistencies").is(200, want)
	s.send("POST", "/configs/k8s-inconsistencies", "", "Token", "reader").is(200, want)
}

func TestPlatformAsDocumented(t *testing.T) {
	s := begin(t)
	s.checks = []configs.Check{{ID: "Database Connection", Component: "database", Status: "healthy", Details: "Check Passed!", Tags: []string{"upgrade"}, Critical: true,
		First: noon.Add(-time.Hour), Last: noon, LastSuccess: noon, Runtime: 249 * time.Millisecond},
		{ID: "Disk", Component: "database", Status: "unhealthy", Details: "full", Fails: 2, Last: noon.Add(-time.Minute), Failures: []configs.FailedCheck{{At: noon, Details: "full"}}}}
	s.get("/platform-status/components").is(200, `{"statusCode":200,"data":{"database":{"last_updated_epoch_seconds":1795262400,"health_checks_by_id":{
		"Database Connection":{"id":"Database Connection","status":"healthy","component_name":"database","details":"Check Passed!","tags":["upgrade"],"is_critical":true,
		"contiguous_fails":0,"first_check_started_at_epoch_seconds":1795258800,"last_checked_at_epoch_seconds":1795262400,"last_check_runtime_milliseconds":249,
		"last_success_at_epoch_seconds":1795262400,"failures":[]},
		"Disk":{"id":"Disk","status":"unhealthy","component_name":"database","details":"full","tags":[],"is_critical":false,"contiguous_fails":2,
		"first_check_started_at_epoch_seconds":0,"last_checked_at_epoch_seconds":1795262340,"last_check_runtime_milliseconds":0,"last_success_at_epoch_seconds":0,
		"failures":[{"at_epoch_seconds":1795262400,"details":"full"}]}}}},"error":null}`)
	s.of = map[string]string{"binary-autoscaler": "running", "scale-down-to-zero": "paused"}
	s.get("/autoscaling/controllers/status").is(200, `{"binary-autoscaler":"running","scale-down-to-zero":"paused"}`)
	s.get("/settings").is(200, `{"statusCode":200,"data":{"settings":{"binary-autoscaler":"running","scale-down-to-zero":"paused"}},"error":null}`)
	s.send("POST", "/configs/web/self-heal", `{"on":"false"}`).is(200, `{"statusCode":200,"data":{"objectName":"web","selfHeal":false},"error":null}`)
	s.send("POST", "/resource_labels/update-defaults", "").is(200, `{"statusCode":200,"data":null,"error":null}`)
	s.get("/setup").is(200, `{"status":"OK"}`)
	s.err = errors.New("disk is full")
	s.get("/database/connection").refused(500, "records cannot be written, request req1")
}

func TestExportsAsDocumented(t *testing.T) {
	s := begin(t)
	at := time.Date(2023, 10, 26, 13, 8, 45, 131e6, time.UTC)
	s.job = configs.Job{ID: "0b7e18e3", Status: "WAITING", Request: configs.ExportRequest{Services: []string{"server-nginx"}, Sources: []string{"LOGS"}, Label: "any-label-1", Start: at, End: at.Add(time.Hour)}}
	const period = `{"services":["server-nginx"],"data_sources":["LOGS"],"start":"2023-10-26T13:08:45.131Z","end":"2023-10-26T14:08:45.131Z","label":"any-label-1"}`
	const begun = `{"statusCode":200,"data":{"id":"0b7e18e3","job_status":"WAITING","request":` + period + `,"result":{"zip_file_path":""}},"error":null}`
	s.send("POST", "/obs/telescope/export", `{"services":["server-nginx"],"data_sources":["LOGS"],"label":"any-label","start":"2023-10-26T13:08:45.131Z","end":"2023-10-26T14:08:45.131Z"}`).is(200, begun)
	s.get("/obs/telescope/export/0b7e18e3/status").is(200, begun)

	s.file = filepath.Join(t.TempDir(), "0b7e18e3.zip")
	if err := os.WriteFile(s.file, []byte("PK and more"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := s.get("/obs/telescope/export/0b7e18e3/file")
	if a.Code != 200 || a.Body.String() != "PK and more" || a.Header().Get("Content-Type") != "application/zip" ||
		a.Header().Get("Content-Disposition") != `attachment; filename="0b7e18e3.zip"` || a.Header().Get("Content-Length") != "11" {
		t.Errorf("%d %q %v", a.Code, a.Body, a.Header())
	}
	if a := s.send("HEAD", "/obs/telescope/export/0b7e18e3/file", ""); a.Code != 200 || a.Header().Get("Content-Length") != "11" || a.Body.Len() != 0 {
		t.Errorf("HEAD: %d %v", a.Code, a.Header())
	}
	s.file += ".gone"
	s.get("/obs/telescope/export/0b7e18e3/file").refused(500, "internal error, request req1")

	s.job.Status, s.job.File, s.job.Error = "FAILED", "/tmp/x.zip", "no such service"
	s.get("/obs/telescope/export/0b7e18e3/status").is(200,
		`{"statusCode":200,"data":{"id":"0b7e18e3","job_status":"FAILED","request":`+period+`,"result":{"zip_file_path":"/tmp/x.zip"}},"error":"no such service"}`)
	s.job.Error, s.job.Status = "", "SUCCESS"
	s.calls = nil
	s.postParts("/obs/telescope/import", "file:telescope.zip", "PK").is(200,
		`{"statusCode":200,"data":{"id":"0b7e18e3","job_status":"SUCCESS","request":{"zip_file_path":"/tmp/x.zip"},"result":`+period+`},"error":null}`)
	s.asked("Import(the-admin, PK)")
}

func TestPruningNamesWhatGoes(t *testing.T) {
	s := begin(t)
	s.change.Objects = []string{"Deployment default/old"}
	const want = `{"statusCode":200,"data":{"objects":["Deployment default/old"]},"error":null}`
	s.send("POST", "/configs/prune?dry_run=true", "").is(200, want)
	s.did(configs.Outcome{})
	s.send("POST", "/configs/prune", "").is(200, want)
	s.did(configs.Outcome{Error: "the cluster is away", Op: store.Operation{Error: &store.OpError{Code: "unreachable"}}})
	s.send("POST", "/configs/prune", "").refused(503, "the cluster is away")
}

func TestArchivesAreTakenApart(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"b.yaml", "a/a.yml", "README.md"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("in: " + name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s := begin(t)
	if a := s.postParts("/patches/apply", "file:patches.zip", b.String(), "description", "why"); a.Code != 200 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	s.asked("ApplyPatches(the-admin, a/a.yml=in: a/a.yml|b.yaml=in: b.yaml, why, user, false)")
	if a := s.postParts("/patches/apply", "file:patches.zip", "PK no zip"); a.Code != 400 || !contains(a.Body.String(), "patches.zip") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	s.asked()
}

func TestTheFilesOfAnUploadAreBoundedTogether(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("a.yml")
	if err == nil {
		_, err = w.Write(bytes.Repeat([]byte("# nothing\n"), 1<<20))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	s := begin(t)
	fields := []string{"release_version", "1"}
	for range 4 {
		fields = append(fields, "file:a.zip", b.String())
	}
	for path, want := range map[string]string{"/base_configs": "all files together have more than 33554432 bytes", "/patches/apply": "all files together"} {
		if a := s.postParts(path, fields...); a.Code != 400 || !contains(a.Body.String(), want) {
			t.Errorf("%s: %d %s", path, a.Code, a.Body)
		}
	}
	s.asked()
}

func TestObjectsSayWhyWhereTheirOperationDoesNot(t *testing.T) {
	s := begin(t)
	var failures []configs.Failure
	reasons := map[string]string{}
	for i := range 12 {
		name := string(rune('a' + i))
		failures = append(failures, configs.Failure{Object: name, Reason: "no"})
		reasons[name] = "no"
	}
	s.did(configs.Outcome{Failed: failures})
	var got struct {
		Error string
		Data  struct{ Reasons map[string]string }
	}
	if err := json.Unmarshal(s.post("/patches/apply", "patch", "p").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := "not all objects could be applied; a: no; b: no; c: no; d: no; e: no; f: no; g: no; h: no; i: no; j: no; and 2 more"
	if got.Error != want || !maps.Equal(got.Data.Reasons, reasons) {
		t.Errorf("got %q %v\nwant %q", got.Error, got.Data.Reasons, want)
	}
}
