package tests

import (
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/deployclient"
)

// The document's example of a setup.
var setupExample = map[string]string{"create_admin_account": "true", "admin_email": "admin@email.com", "admin_username": "admin",
	"enable_control_plane": "false", "enable_key_service": "false", "enable_models": "false"}

func deploySetup(t *testing.T, on place) {
	s := on(t)
	bare := func(what string, a deployclient.Answer, status int, body string) {
		t.Helper()
		expect(t, what+": status", a.Status, status)
		expect(t, what, strings.TrimSpace(a.Body), body)
	}
	bare("GET /setup/status", s.get("/setup/status"), 200, `{"isSetup":"false"}`)
	bare("POST /setup/status", s.post("/setup/status"), 200, `{"isSetup":"false"}`)
	bare("GET /database/connection", s.get("/database/connection"), 200, `{}`)

	var told struct{ DDLs []string }
	a := s.dumps("/database/mock_ddl", "", setupExample)
	expect(t, "POST /database/mock_ddl", a.Status, 200)
	s.ok("ddls", a.JSON(&told))
	expectThat(t, "ddls", len(told.DDLs) > 5, told.DDLs)
	for what, body := range map[string]map[string]string{"no flag": {}, "no address": {"create_admin_account": "true"}, "no truth": {"create_admin_account": "perhaps"}} {
		for _, path := range []string{"/database/setup", "/database/mock_ddl"} {
			var refused struct{ Error string }
			a := s.dumps(path, "", body)
			expect(t, path+" with "+what, a.Status, 400)
			s.ok(what, a.JSON(&refused))
			expect(t, path+" with "+what, refused.Error, "Invalid parameters")
		}
	}
	bare("POST /database/setup", s.dumps("/database/setup", "", setupExample), 200, `{"status":"OK"}`)
	bare("POST /database/setup again", s.dumps("/database/setup", "", setupExample), 409, `{"error":"Tables have already been set up"}`)
	bare("GET /setup/status", s.get("/setup/status"), 200, `{"isSetup":"true"}`)
	for range 2 {
		bare("GET /setup", s.get("/setup"), 200, `{"status":"OK"}`)
		bare("POST /setup", s.post("/setup"), 200, `{"status":"OK"}`)
	}

	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.server.URL+"/users", nil)
	s.ok("request", err)
	req.SetBasicAuth("admin", adminPassword)
	resp, err := s.py.HTTP.Do(req)
	s.ok("GET /users", err)
	resp.Body.Close()
	expect(t, "the administrator signs in", resp.StatusCode, 200)
}

func deployCallers(t *testing.T, on place) {
	s := on(t)
	stranger, reader := s.client("", deployclient.Curl), s.client(eye, deployclient.Python)
	for _, path := range []string{"/configs", "/base_configs/versions", "/configs/k8s-inconsistencies", "/settings", "/no/such/path"} {
		s.refusedWith("no token: "+path, s.must(stranger.Get(s.ctx, path)), 401)
		s.refusedWith("wrong token: "+path, s.must(stranger.As("nonsense").Get(s.ctx, path)), 401)
	}
	s.refusedWith("no token: upload", s.must(stranger.Post(s.ctx, "/base_configs/upload")), 401)
	for _, path := range []string{"/configs", "/patches", "/settings", "/resource_labels", "/platform/version", "/deployments/namespace"} {
		expect(t, "a reader reads "+path, s.must(reader.Get(s.ctx, path)).Status, 200)
	}
	for _, path := range []string{"/deployment/update", "/patches/apply", "/base_configs", "/settings", "/deployment/hibernate", "/kube/pod/delete", "/configs/rollback"} {
		s.refusedWith("a reader may not "+path, s.must(reader.Post(s.ctx, path)), 403)
		s.refusedWith("nor a user "+path, s.must(reader.As(ci).Post(s.ctx, path)), 403)
	}
	s.refusedWith("a reader may not set up", s.must(reader.Get(s.ctx, "/setup")), 403)
	own := s.client(ownDeployToken, deployclient.Python)
	expect(t, "the API's own token", s.must(own.Get(s.ctx, "/setup")).Status, 200)

	s.refusedWith("no such path", s.get("/nothing"), 404)
	a := s.must(s.py.Do(s.ctx, http.MethodPut, "/settings", "", ""))
	s.refusedWith("PUT", a, 405)
	expect(t, "Allow", a.Header.Get("Allow"), "GET, HEAD, POST")
	a = s.must(s.py.Do(s.ctx, http.MethodHead, "/deployments/namespace", "", ""))
	expect(t, "HEAD", a.Status, 200)
	expect(t, "HEAD", a.Body, "")
	e := s.enveloped("a slash at the end", s.get("/deployments/namespace/"), 200)
	expect(t, "namespace", string(e.Data), `{"namespace":"`+s.namespace+`"}`)
	expect(t, "Content-Type", s.get("/configs").Header.Get("Content-Type"), "application/json")
}
