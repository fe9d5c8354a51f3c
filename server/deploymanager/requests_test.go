package deploymanager_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"yardmaster/auth"
	"yardmaster/jobs"
	"yardmaster/jobs/configs"
	"yardmaster/server/deploymanager"
)

// What is asked for is what the service is told, in whatever form it was sent.
func TestRequestsAsTheyAreSent(t *testing.T) {
	body, kind := parts(t, "file:configs.yaml", "a: 1", "release_version", "21.x.0", "dry_run", "true")
	tests := []struct {
		name, method, path, body, kind string
		want                           string
	}{
		{"form", "POST", "/base_configs", form("release_version", "21.0.12", "base_config", "a: 1\n---\nb: 2"), urlencoded, "Upload(the-admin, 21.0.12, base_config=a: 1\n---\nb: 2, false)"},
		{"JSON that says it is a form", "POST", "/base_configs", `{"release_version": "21.x.0", "base_config": "a: 1"}`, urlencoded, "Upload(the-admin, 21.x.0, base_config=a: 1, false)"},
		{"JSON that says nothing", "POST", "/base_configs", "\ufeff\n" + `{"release_version":"1","base_config":"a","dry_run":true}`, "", "Upload(the-admin, 1, base_config=a, true)"},
		{"JSON that says it is multipart", "POST", "/base_configs", `{"release_version":"1","base_config":"a"}`, "multipart/form-data", "Upload(the-admin, 1, base_config=a, false)"},
		{"file", "POST", "/base_configs", body, kind, "Upload(the-admin, 21.x.0, configs.yaml=a: 1, true)"},
		{"file without a boundary", "POST", "/base_configs", body, "multipart/form-data", "Upload(the-admin, 21.x.0, configs.yaml=a: 1, true)"},
		{"tried by query", "POST", "/base_configs?dry_run=True", form("release_version", "1", "base_config", "a"), urlencoded, "Upload(the-admin, 1, base_config=a, true)"},
		{"image", "POST", "/base_configs/image", form("image", "gcr.io/x/y:1", "object", "web", "comment", "numpy"), urlencoded, "Image(the-admin, {Object:web Container: Image:gcr.io/x/y:1 Comment:numpy Dry:false})"},
		{"base configs of a version", "GET", "/base_configs?version=23.07.3&object=web", "", "", "BaseConfigs(23.07.3, web)"},
		{"patch", "POST", "/patches/apply", form("patch", "# target: web\nspec: {}", "description", "why"), urlencoded, "ApplyPatches(the-admin, patch=# target: web\nspec: {}, why, user, false)"},
		{"patch as JSON in JSON", "POST", "/patches/apply", `{"patch": {"target":"web","patch":[]}, "dry_run":"true"}`, "application/json", `ApplyPatches(the-admin, patch={"target":"web","patch":[]}, , user, true)`},
		{"patches of an object", "GET", "/patches/web/list", "", "", "Patches(web)"},
		{"all patches", "GET", "/patches", "", "", "Patches()"},
		{"search", "GET", "/patches/search?query=LOG_LEVEL:+ERROR&caseSensitive=true&limit=10", "", "", "SearchPatches(LOG_LEVEL: ERROR, true, 10)"},
		{"patch deleted", "DELETE", "/patches/1658866352520", "", "", "DeletePatch(the-admin, 1658866352520, false)"},
		{"patch deletion tried", "DELETE", "/patches/7?dry_run=true", "", "", "DeletePatch(the-admin, 7, true)"},
		{"namespace", "POST", "/patches/namespace", `{"namespace":"instabase","description":"new"}`, "", "MoveNamespace(the-admin, instabase, new, false)"},
		{"registry", "POST", "/patches/registry", `{"registry":"gcr.io/x"}`, "", "SetRegistry(the-admin, gcr.io/x, , false)"},
		{"size", "POST", "/resourcing/cluster/x-large", "", "", "SetSize(the-admin, x-large, false)"},
		{"around a patch", "GET", "/configs/previous/web/12", "", "", "Around(web, 12)"},
		{"history", "GET", "/configs/Deployment.web/history", "", "", "History(Deployment.web)"},
		{"rollback by number", "POST", "/configs/rollback", `{"object":"web","number":3}`, "", "Rollback(the-admin, web, 3, , 0, -62135596800000, false)"},
		{"rollback by patch", "POST", "/configs/rollback", form("object", "web", "release_version", "1", "patch_version", "9"), urlencoded, "Rollback(the-admin, web, 0, 1, 9, -62135596800000, false)"},
		{"rollback by time", "POST", "/configs/rollback", `{"at":"2026-11-21T12:00:00Z","dry_run":true}`, "", "Rollback(the-admin, , 0, , 0, 1795262400000, true)"},
		{"rollback by milliseconds", "POST", "/configs/rollback", `{"timestampMS":1795262400000}`, "", "Rollback(the-admin, , 0, , 0, 1795262400000, false)"},
		{"self-heal", "POST", "/configs/web/self-heal?on=true", "", "", "SelfHeal(the-admin, web, true)"},
		{"removed", "DELETE", "/configs/web", "", "", "Remove(the-admin, web, false)"},
		{"removal tried", "DELETE", "/configs/web?dry_run=true", "", "", "Remove(the-admin, web, true)"},
		{"pruned", "POST", "/configs/prune", "", "", "Prune(the-admin, false)"},
		{"pruning tried", "POST", "/configs/prune?dry_run=true", "", "", "Prune(the-admin, true)"},
		{"push", "POST", "/deployment/update", "", "", "Push(the-admin, , false)"},
		{"push of one", "POST", "/deployment/update/web", `{"dry_run":"TRUE"}`, "", "Push(the-admin, web, true)"},
		{"hibernate", "POST", "/deployment/hibernate", "", "", "Hibernate(the-admin)"},
		{"revive", "POST", "/deployment/revive/", "", "", "Revive(the-admin)"},
		{"labels bound", "POST", "/resource_labels/binding", "label=database&label=grpc&object_name=a&object_name=b", urlencoded, "Bind(the-admin, [database grpc], [a b], false)"},
		{"labels bound by JSON", "POST", "/resource_labels/binding", `{"label":["x","y"],"object_name":"a"}`, "", "Bind(the-admin, [x y], [a], false)"},
		{"objects of a label", "GET", "/resource_labels/objects/database?must_exist=true", "", "", "ObjectsOf(database, true)"},
		{"a label with a slash", "GET", "/resource_labels/objects/app.kubernetes.io/name/", "", "", "ObjectsOf(app.kubernetes.io/name, false)"},
		{"labels of an object", "GET", "/resource_labels/labels/web", "", "", "LabelsOf(web)"},
		{"labels taken", "DELETE", "/resource_labels/binding/web", "", "", "Unbind(the-admin, web)"},
		{"default labels", "POST", "/resource_labels/update-defaults", "", "", "UpdateDefaults()"},
		{"autoscaling paused", "POST", "/autoscaling/controllers/pause", "", "", "PauseAutoscaling(the-admin)"},
		{"autoscaling resumed", "POST", "/autoscaling/controllers/resume", "", "", "ResumeAutoscaling(the-admin)"},
		{"pod deleted", "POST", "/kube/pod/delete", "pod=web-1", urlencoded, "DeletePod(the-admin, web-1)"},
		{"pod quarantined", "POST", "/kube/pod/quarantine", `{"pod":"web-1"}`, urlencoded, "QuarantinePod(the-admin, web-1)"},
		{"job deleted", "DELETE", "/kube/job/migrate", "", "", "DeleteJob(the-admin, migrate)"},
		{"settings in their envelope", "POST", "/settings", `{"data":{"settings":{"isDocsEnabled":"true"}},"statusCode":200,"error":null}`, "", "UpdateSettings(the-admin, map[isDocsEnabled:true])"},
		{"settings without it", "POST", "/settings", `{"settings":{"isDocsEnabled":true}}`, "", "UpdateSettings(the-admin, map[isDocsEnabled:true])"},
		{"settings alone", "POST", "/settings", `{"isDocsEnabled":"false","n":3}`, "", "UpdateSettings(the-admin, map[isDocsEnabled:false n:3])"},
		{"export, with the document's dots", "POST", "/obs/telescope/export",
			`{"services":["server-nginx"],"data_sources":["LOGS"],"label":"l","start":"2023-10-26T13.08.45.131Z","end":"2023-10-26T14:08:45.131Z"}`, urlencoded,
			"Export(the-admin, [server-nginx], [LOGS], l, 2023-10-26T13:08:45.131Z, 2023-10-26T14:08:45.131Z)"},
		{"upgrades", "GET", "/base_configs/history?limit=50&offset=10", "", "", "Upgrades(50, 10)"},
		{"all upgrades", "GET", "/base_configs/history", "", "", "Upgrades(0, 0)"},
		{"imported configs", "GET", "/obs/telescope/import/bbd/configs", "", "", "ImportedConfigs(bbd)"},
		{"upload's end", "GET", "/base_configs/upload/1a2b3c", "", "", "OutcomeOf(1a2b3c)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := begin(t)
			a := s.send(tt.method, tt.path, tt.body, "Content-Type", tt.kind)
			if a.Code != 200 {
				t.Errorf("%d %s", a.Code, a.Body)
			}
			s.asked(tt.want)
		})
	}
}

func TestRequestsThatAreRefusedUnasked(t *testing.T) {
	twice := "label=a&object_name=x&dry_run=true&dry_run=true"
	both, kind := parts(t, "file:a.yaml", "x: 1", "release_version", "1", "base_config", "y")
	tests := []struct{ name, method, path, body, kind, want string }{
		{"no release", "POST", "/base_configs", form("base_config", "a"), urlencoded, "invalid: release_version: is required"},
		{"neither text nor file", "POST", "/base_configs", form("release_version", "1"), urlencoded, "invalid: base_config: is required, or a file"},
		{"both", "POST", "/base_configs", both, kind, "invalid: base_config: is given beside a file"},
		{"all faults at once", "POST", "/base_configs/image", "dry_run=maybe", urlencoded, "invalid: object: is required; image: is required; comment: is required; dry_run: is neither true nor false"},
		{"broken JSON", "POST", "/patches/namespace", `{"namespace":`, "", "request body: unexpected end of JSON input"},
		{"no object", "POST", "/patches/namespace", `["a"]`, "application/json", "request body: is no JSON object"},
		{"broken form", "POST", "/kube/pod/delete", "pod=%zz", urlencoded, `request body: invalid URL escape "%zz"`},
		{"parts without a boundary", "POST", "/patches/apply", "pod", "multipart/form-data", "request body: has no multipart boundary"},
		{"parts without an end", "POST", "/patches/apply", "--x\r\n", "multipart/form-data; boundary=x", "request body: has no parts"},
		{"limit in words", "GET", "/base_configs/history?limit=ten", "", "", "invalid: limit: is no whole number of 1 or more"},
		{"negative offset", "GET", "/base_configs/history?offset=-1", "", "", "invalid: offset: is no whole number of 0 or more"},
		{"search without anything", "GET", "/patches/search", "", "", "invalid: query: is required; limit: is required; caseSensitive: is required"},
		{"search in no number", "GET", "/patches/search?query=a&caseSensitive=true&limit=0", "", "", "invalid: limit: is no whole number of 1 or more"},
		{"patch of no number", "DELETE", "/patches/web", "", "", `invalid: patch version: "web" is no whole number above 0`},
		{"config around no patch", "GET", "/configs/previous/web/x", "", "", `invalid: patch version: "x" is no whole number above 0`},
		{"blank pod", "POST", "/kube/pod/delete", "pod=+", urlencoded, "invalid: pod: is required"},
		{"no label", "POST", "/resource_labels/binding", "object_name=x", urlencoded, "invalid: label: is required"},
		{"an empty object", "POST", "/resource_labels/binding", "label=a&object_name=", urlencoded, "invalid: object_name: has an empty value"},
		{"tried twice", "POST", "/resource_labels/binding", twice, urlencoded, "invalid: dry_run: is given more than once"},
		{"hibernation cannot be tried", "POST", "/deployment/hibernate?dry_run=true", "", "", "invalid: dry_run: this change cannot be tried, only done"},
		{"nor a deletion", "DELETE", "/kube/job/x?dry_run=true", "", "", "invalid: dry_run: this change cannot be tried, only done"},
		{"nor settings", "POST", "/settings?dry_run=1", "{}", "", "invalid: dry_run: this change cannot be tried, only done"},
		{"settings that are none", "POST", "/settings", `null`, "", "request body: is no JSON object"},
		{"a setting that is none", "POST", "/settings", `{"settings":{"a":"b","c":{}}}`, "", "invalid: settings: c: is neither a text nor true nor false nor a number"},
		{"rollback to nowhere", "POST", "/configs/rollback", `{"object":"web"}`, "", "invalid: number: is required, or release_version, patch_version or at"},
		{"rollback of whom", "POST", "/configs/rollback", `{"number":3}`, "", "invalid: object: is required with a number"},
		{"self-heal how", "POST", "/configs/web/self-heal", ``, "", "invalid: on: is required"},
		{"export without anything", "POST", "/obs/telescope/export", `{}`, "", "invalid: start: is required; end: is required; services: is required; data_sources: is required; label: is required"},
		{"export of no time", "POST", "/obs/telescope/export", `{"services":["a"],"data_sources":["LOGS"],"label":"l","start":"now","end":"2023-10-26T14:08:45Z"}`, "",
			"invalid: start: is no time such as 2006-01-02T15:04:05.000Z"},
		{"import of nothing", "POST", "/obs/telescope/import", "", "", "invalid: file: must be exactly one"},
		{"label that must what", "GET", "/resource_labels/objects/a?must_exist=perhaps", "", "", "invalid: must_exist: is neither true nor false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := begin(t)
			s.send(tt.method, tt.path, tt.body, "Content-Type", tt.kind).refused(400, tt.want)
			s.asked()
		})
	}
}

func TestErrorsHaveTheirStatus(t *testing.T) {
	tests := []struct {
		err    error
		status int
		text   string
	}{
		{fmt.Errorf("%w: object: web is ambiguous", configs.ErrInvalid), 400, "invalid: object: web is ambiguous"},
		{fmt.Errorf("%w: object web", configs.ErrNotFound), 404, "not found: object web"},
		{fmt.Errorf("%w: another change is under way", configs.ErrConflict), 409, "conflict: another change is under way"},
		{jobs.ErrBusy, 409, "target has a live operation"},
		{configs.ErrUnavailable, 503, "the cluster cannot be reached"},
		{configs.ErrNoCluster, 503, "no cluster is configured"},
		{jobs.ErrClosed, 503, "shutting down"},
		{context.DeadlineExceeded, 503, "context deadline exceeded"},
		{errors.New("bucket is gone"), 500, "internal error, request req1"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			s := begin(t)
			s.err = tt.err
			s.get("/configs/web").refused(tt.status, tt.text)
			s.send("POST", "/deployment/update", "").refused(tt.status, tt.text)
			for _, path := range []string{"/base_configs/versions", "/base_configs/web/versions", "/configs/k8s-inconsistencies"} {
				s.get(path).is(tt.status, fmt.Sprintf("%q", tt.text))
			}
			s.post("/base_configs/upload", "release_version", "1", "base_config", "a").is(tt.status, fmt.Sprintf("%q", tt.text))
		})
	}
	s := begin(t)
	s.err = errors.New("bucket is gone")
	s.get("/configs")
	if !contains(s.log.String(), "bucket is gone") || contains(s.get("/base_configs/versions").Body.String(), "bucket") {
		t.Errorf("log: %s", s.log)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s := begin(t, func(o *deploymanager.Options) { o.MaxUpload = 1 << 10 })
	long := string(make([]byte, 2<<10))
	s.postParts("/base_configs", "release_version", "1", "file:a.zip", long).refused(413, "request body is too large: more than 1024 bytes")
	s.post("/patches/apply", "patch", long).refused(413, "request body is too large: more than 1024 bytes")
	s.send("POST", "/base_configs/upload", `{"base_config":"`+long).is(413, `"request body is too large: more than 1024 bytes"`)
	s.send("POST", "/settings", string(make([]byte, 65<<10))).refused(413, "request body is too large: more than 65536 bytes")
	fields := make([]string, 0, 2002)
	for range 1001 {
		fields = append(fields, "a", "")
	}
	begin(t).postParts("/patches/apply", fields...).refused(400, "request body: has more than 1000 parts")
}

func TestOptionsAreComplete(t *testing.T) {
	whole := deploymanager.Options{Service: &service{}, Auth: auth.Open(), Mask: func(s string) string { return s }}
	if _, err := deploymanager.New(whole); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*deploymanager.Options){
		"service": func(o *deploymanager.Options) { o.Service = nil }, "auth": func(o *deploymanager.Options) { o.Auth = nil },
		"mask": func(o *deploymanager.Options) { o.Mask = nil },
	} {
		o := whole
		spoil(&o)
		if _, err := deploymanager.New(o); err == nil {
			t.Errorf("no %s, and nobody minds", name)
		}
	}
}

func TestSetupOfTheDatabase(t *testing.T) {
	const example = `{"create_admin_account":"true","admin_email":"admin@email.com","admin_username":"admin","enable_control_plane":"false","enable_key_service":"false","enable_models":"false"}`
	var made []string
	taken := errors.New("")
	s := begin(t, func(o *deploymanager.Options) {
		o.CreateAdmin = func(_ context.Context, name, email string) error {
			made = append(made, name+" "+email)
			return taken
		}
	})
	taken = nil
	s.send("POST", "/database/setup", example).is(200, `{"status":"OK"}`)
	s.send("POST", "/database/setup", `{"create_admin_account":true,"admin_email":"a@b.c"}`).is(200, `{"status":"OK"}`)
	s.send("POST", "/database/setup", `{"create_admin_account":false}`).is(200, `{"status":"OK"}`)
	s.asked("Setup()", "Setup()", "Setup()")
	if fmt.Sprint(made) != "[admin admin@email.com admin a@b.c]" {
		t.Errorf("%q", made)
	}
	taken = fmt.Errorf("%w: a user of that name", configs.ErrConflict)
	s.send("POST", "/database/setup", example).is(409, `{"error":"Tables have already been set up"}`)
	taken = fmt.Errorf("%w: admin_username: is odd", configs.ErrInvalid)
	s.send("POST", "/database/setup", example).is(400, `{"error":"Invalid parameters","reason":"invalid: admin_username: is odd"}`)
	s.isSetup = true
	s.send("POST", "/database/setup", example).is(409, `{"error":"Tables have already been set up"}`)
	s.asked()

	for body, reason := range map[string]string{
		`{}`:                              "invalid: create_admin_account: is required",
		`{"create_admin_account":"true"}`: "invalid: admin_email: is required",
		`{"create_admin_account":"x"}`:    "invalid: create_admin_account: is neither true nor false",
		`{"create_admin_account":false,"enable_ml_studio":"x"}`: "invalid: enable_ml_studio: is neither true nor false",
		`{`: "request body: unexpected end of JSON input",
	} {
		for _, path := range []string{"/database/setup", "/database/mock_ddl"} {
			s.send("POST", path, body).is(http.StatusBadRequest, fmt.Sprintf(`{"error":"Invalid parameters","reason":%q}`, reason))
		}
	}
	begin(t).send("POST", "/database/setup", example).is(400, `{"error":"Invalid parameters","reason":"invalid: create_admin_account: this server keeps no users"}`)
	s.words = []string{"CREATE BUCKET a", "CREATE INDEX b"}
	s.send("POST", "/database/mock_ddl", example).is(200, `{"ddls":["CREATE BUCKET a","CREATE INDEX b"]}`)
}
