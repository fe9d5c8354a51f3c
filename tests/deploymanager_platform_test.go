package tests

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/deployclient"
	"yardmaster/tests/harness"
)

func deployHistory(t *testing.T, on place) {
	s := installed(t, on)
	var all struct{ Configs []deployclient.Config }
	s.ok("configs", s.get("/configs").JSON(&all))
	expect(t, "configs", len(all.Configs), len(shipped))
	for _, c := range all.Configs {
		expect(t, "state of "+c.Object, c.State, "IS_GOLDEN")
		expect(t, "patch of "+c.Object, c.Patch, 0)
		expect(t, "previous release of "+c.Object, c.PreviousRelease, "")
		expectThat(t, "placeholders of "+c.Object, strings.Contains(c.Config, s.namespace) && !strings.Contains(c.Config, "${"), c.Config)
	}
	s.refusedWith("no such object", s.get("/configs/nobody"), 404, "nobody")

	s.applied("patch", s.enveloped("patch", s.form("/patches/apply", "patch", replicasPatch), 200), "deployment-web")
	newer := strings.ReplaceAll(object("deployment-web"), "web:1", "web:2")
	s.applied("release", s.enveloped("release", s.form("/base_configs", "release_version", "23.02.0", "base_config", newer), 200), "deployment-web")
	c := s.config("deployment-web")
	expect(t, "release", c.Release, "23.02.0")
	expect(t, "previous release", c.PreviousRelease, "23.01.0")
	expectThat(t, "the patch lives on", strings.Contains(c.Config, "replicas: 3") && strings.Contains(c.Config, "web:2"), c.Config)

	past := func() []deployclient.Config {
		t.Helper()
		var data struct{ Configs []deployclient.Config }
		s.ok("history", s.enveloped("history", s.get("/configs/deployment-web/history"), 200).Into(&data))
		return data.Configs
	}
	h := past()
	if len(h) != 3 {
		t.Fatalf("history: %+v", h)
	}
	expect(t, "newest first", strings.Join([]string{h[0].Release, h[1].Release, h[2].Release}, " "), "23.02.0 23.01.0 23.01.0")
	s.refusedWith("history of nothing", s.get("/configs/nobody/history"), 404)

	tried := s.tried("rollback tried", s.dumps("/configs/rollback", "", map[string]any{"object": "deployment-web", "number": h[2].Number, "dry_run": true}))
	expectThat(t, "rollback tried", len(tried) == 1 && tried[0].DryRun != nil && strings.Contains(tried[0].DryRun.Config, "replicas: 2"), fmt.Sprintf("%+v", tried))
	s.applied("rollback", s.enveloped("rollback", s.dumps("/configs/rollback", "", map[string]any{"object": "deployment-web", "number": h[2].Number}), 200), "deployment-web")
	c = s.config("deployment-web")
	expectThat(t, "gone back", strings.Contains(c.Config, "replicas: 2") && strings.Contains(c.Config, "web:1"), c.Config)
	expect(t, "gone back", c.State, "IS_GOLDEN")
	expect(t, "history grows", len(past()), 4)
	s.refusedWith("back to nowhere", s.dumps("/configs/rollback", "", map[string]any{"object": "deployment-web"}), 400)
	s.refusedWith("back to what was not", s.dumps("/configs/rollback", "", map[string]any{"object": "deployment-web", "number": 99}), 404)
	s.refusedWith("back for nothing", s.dumps("/configs/rollback", "", map[string]any{"object": "nobody", "number": 1}), 404)
}

func deployPushes(t *testing.T, on place) {
	s := installed(t, on)
	d := s.drift()
	expectThat(t, "nothing drifted", d.Count != nil && *d.Count == 0 && d.Misspelt != nil && *d.Misspelt == 0, fmt.Sprintf("%+v", d.Inconsistent))
	expect(t, "all are consistent", len(d.Consistent), len(shipped))
	expectThat(t, "nothing was skipped", d.Skipped != nil && len(d.Skipped) == 0, d.Skipped)
	a := s.post("/configs/k8s-inconsistencies")
	expect(t, "as the example asks", a.Status, 200)

	expect(t, "the job goes", string(s.enveloped("job", s.del("/kube/job/job-migrate"), 200).Data), "null")
	harness.Eventually(t, pushWithin, "the job is missed", func() bool {
		d = s.drift()
		return d.Inconsistent["job-migrate"].Missing
	})
	expect(t, "one is missing", *d.Count, 1)
	expect(t, "under both names", *d.Misspelt, 1)

	var data deployclient.Applied
	push := func(what, path string) {
		t.Helper()
		e := s.enveloped(what, s.post(path), 200)
		s.ok(what, e.Into(&data))
		failed, err := data.FailedMap()
		expectThat(t, what+": failed_to_apply is an object", err == nil && len(failed) == 0, string(data.Failed))
	}
	push("push of one", "/deployment/update/job-migrate")
	expect(t, "push of one", fmt.Sprint(data.Successful), "[job-migrate]")
	expect(t, "the push has mended it", *s.drift().Count, 0)
	push("push of all", "/deployment/update")
	expect(t, "push of all", len(data.Successful), len(shipped))
	s.refusedWith("push of nothing", s.post("/deployment/update/nobody"), 404, "nobody")

	e := s.enveloped("self-heal", s.form("/configs/job-migrate/self-heal", "on", "true"), 200)
	expect(t, "self-heal", string(e.Data), `{"objectName":"job-migrate","selfHeal":true}`)
	s.refusedWith("self-heal how", s.form("/configs/job-migrate/self-heal"), 400, "on")
	s.refusedWith("self-heal of nothing", s.form("/configs/nobody/self-heal", "on", "true"), 404)
	e = s.enveloped("prunable", s.get("/configs/prune"), 200)
	expect(t, "nothing is left behind", string(e.Data), `{"objects":[]}`)
}

func deploySleep(t *testing.T, on place) {
	s := installed(t, on)
	for _, path := range []string{"/deployment/hibernate", "/deployment/hibernate", "/deployment/revive", "/deployment/revive"} {
		e := s.enveloped(path, s.post(path), 200)
		expect(t, path, string(e.Data), "null")
	}
	s.enveloped("hibernate", s.post("/deployment/hibernate"), 200)
	e := s.enveloped("a patch while it sleeps", s.form("/patches/apply", "patch", replicasPatch), 200)
	s.applied("a patch while it sleeps", e, "deployment-web")
	expect(t, "sleep is no drift", *s.drift().Count, 0)
	s.enveloped("revive", s.post("/deployment/revive"), 200)
	expect(t, "nor is waking up", *s.drift().Count, 0)
}

const autoscaler = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: hpa-web
  namespace: ${ib.namespace}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: deployment-web}
  minReplicas: 1
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
`

func deployAutoscaling(t *testing.T, on place) {
	s := on(t)
	expect(t, "nothing is scaled", string(s.enveloped("autoscaled", s.get("/resourcing/autoscaled"), 200).Data), `{"names":[]}`)
	s.enveloped("upload", s.form("/base_configs", "release_version", "1", "base_config", object("deployment-web")+autoscaler), 200)
	expect(t, "autoscaled", string(s.enveloped("autoscaled", s.get("/resourcing/autoscaled"), 200).Data), `{"names":["deployment-web"]}`)
	status := func(want string) {
		t.Helper()
		var got map[string]string
		a := s.get("/autoscaling/controllers/status")
		expect(t, "status", a.Status, 200)
		s.ok("status", a.JSON(&got))
		expect(t, "binary-autoscaler", got["binary-autoscaler"], want)
		expect(t, "scale-down-to-zero", got["scale-down-to-zero"], want)
	}
	status("running")
	for range 2 {
		s.enveloped("pause", s.must(s.curl.Post(s.ctx, "/autoscaling/controllers/pause")), 200)
		status("paused")
	}
	s.enveloped("resume", s.must(s.curl.Post(s.ctx, "/autoscaling/controllers/resume")), 200)
	status("running")
}

func deployPods(t *testing.T, on place) {
	s := installed(t, on)
	deleted := func() bool {
		a := s.form("/kube/pod/delete", "pod", "statefulset-db-0")
		return a.Status == http.StatusOK && strings.TrimSpace(a.Body) == `{"statusCode":200,"data":null,"error":null}`
	}
	harness.Eventually(t, pushWithin, "the pod is there to be deleted", deleted)
	s.refusedWith("no such pod", s.form("/kube/pod/delete", "pod", "nobody"), 404, "nobody")
	s.refusedWith("no such pod", s.form("/kube/pod/quarantine", "pod", "nobody"), 404, "nobody")
	s.refusedWith("no pod", s.form("/kube/pod/delete"), 400, "pod")
	s.refusedWith("no pod", s.form("/kube/pod/quarantine"), 400, "pod")
	s.refusedWith("no such job", s.del("/kube/job/nobody"), 404, "nobody")
}

func deployStatus(t *testing.T, on place) {
	s := installed(t, on)
	expect(t, "version", string(s.enveloped("version", s.get("/platform/version"), 200).Data), `{"release_version":"23.01.0"}`)
	var parts map[string]struct {
		Updated int64 `json:"last_updated_epoch_seconds"`
		Checks  map[string]struct {
			ID, Status, Details string
			Component           string   `json:"component_name"`
			Tags                []string `json:"tags"`
			Critical            *bool    `json:"is_critical"`
			Fails               *int     `json:"contiguous_fails"`
			Last                int64    `json:"last_checked_at_epoch_seconds"`
			Success             int64    `json:"last_success_at_epoch_seconds"`
		} `json:"health_checks_by_id"`
	}
	harness.Eventually(t, pushWithin, "the platform was checked", func() bool {
		parts = nil
		s.ok("status", s.enveloped("status", s.get("/platform-status/components"), 200).Into(&parts))
		return parts["database"].Checks["Database Connection"].Last > 0
	})
	check := parts["database"].Checks["Database Connection"]
	expect(t, "id", check.ID, "Database Connection")
	expect(t, "status", check.Status, "healthy")
	expect(t, "details", check.Details, "Check Passed!")
	expect(t, "component", check.Component, "database")
	expectThat(t, "tags", check.Tags != nil, "null")
	expectThat(t, "critical", check.Critical != nil && *check.Critical, check.Critical)
	expectThat(t, "fails", check.Fails != nil && *check.Fails == 0, check.Fails)
	expectThat(t, "success", check.Success >= time.Now().Add(-time.Hour).Unix(), check.Success)
	expectThat(t, "time of the part", parts["database"].Updated >= check.Last, parts["database"].Updated)
}

func deploySettings(t *testing.T, on place) {
	s := installed(t, on)
	read := func() (map[string]string, string) {
		t.Helper()
		a := s.get("/settings")
		var data struct{ Settings map[string]string }
		s.ok("settings", s.enveloped("settings", a, 200).Into(&data))
		return data.Settings, a.Body
	}
	all, whole := read()
	for _, name := range []string{"isAIHubEnvironment", "isDocsEnabled", "isDocsFromWordpress", "isDogfoodEnvironment", "isProdEnvironment", "isSaasEnvironment",
		"isUATEnvironment", "obsAlertEmailAppPassword", "obsAlertReceiverEmail", "obsAlertSenderEmail", "obsAlertSlackChannel", "obsAlertSlackUrl", "obsAlertSmtpServer"} {
		_, there := all[name]
		expectThat(t, name, there, all)
	}
	const done = `{"updatedConfigs":{"successful_apply":[],"failed_to_apply":[]}}`
	send := func(what, body string, status int) deployclient.Answer {
		t.Helper()
		a := s.must(s.py.Do(s.ctx, http.MethodPost, "/settings", "", body))
		expectThat(t, what, a.Status == status, a.Body)
		return a
	}
	expect(t, "as it was read", strings.TrimSpace(send("as it was read", whole, 200).Body), done)
	secret := strings.Replace(whole, `"obsAlertEmailAppPassword":""`, `"obsAlertEmailAppPassword":"hunter2"`, 1)
	expect(t, "a secret", strings.TrimSpace(send("a secret", secret, 200).Body), done)
	all, whole = read()
	expect(t, "a secret is never shown", all["obsAlertEmailAppPassword"], "***")
	changed := strings.Replace(whole, `"isDocsEnabled":"false"`, `"isDocsEnabled":"true"`, 1)
	inner := strings.TrimSuffix(changed[strings.Index(changed, `{"settings"`):], "\n")
	inner = inner[:strings.LastIndex(inner, `}}`)+2] // without the envelope
	send("without the envelope", inner, 200)
	all, _ = read()
	expect(t, "changed", all["isDocsEnabled"], "true")
	expect(t, "masked keeps", all["obsAlertEmailAppPassword"], "***")
	s.refusedWith("not complete", send("not complete", `{"settings":{"isDocsEnabled":"true"}}`, 400), 400, "isAIHubEnvironment")
	s.refusedWith("no truth", send("no truth", strings.Replace(whole, `"isDocsEnabled":"false"`, `"isDocsEnabled":"perhaps"`, 1), 400), 400, "isDocsEnabled")
	send("no JSON", "x", 400)
	send("nothing", "", 400)
}

func deployExports(t *testing.T, on place) {
	s := installed(t, on)
	now := time.Now().UTC()
	const form = "2006-01-02T15:04:05.000Z"
	ask := map[string]any{"services": []string{"deployment-web"}, "data_sources": []string{"LOGS", "CONFIGS"}, "label": "any-label",
		"start": strings.ReplaceAll(now.Add(-time.Hour).Format("2006-01-02T15.04.05.000Z"), ":", "."), "end": now.Format(form)} // dots, as the example has them
	var j deployclient.Job
	s.ok("export", s.enveloped("export", s.dumps("/obs/telescope/export", deployclient.Form, ask), 200).Into(&j))
	expectThat(t, "export", j.ID != "" && (j.Status == "WAITING" || j.Status == "RUNNING"), fmt.Sprintf("%+v", j))
	for _, part := range []string{`"services":["deployment-web"]`, `"data_sources":["LOGS","CONFIGS"]`, `"label":"any-label-`, `"end":"` + now.Format(form) + `"`} {
		expectThat(t, "request", strings.Contains(string(j.Request), part), string(j.Request))
	}
	harness.Eventually(t, pushWithin, "the export is over", func() bool {
		s.ok("status", s.enveloped("status", s.get("/obs/telescope/export/"+j.ID+"/status"), 200).Into(&j))
		return j.Status != "WAITING" && j.Status != "RUNNING"
	})
	expectThat(t, "export", j.Status == "SUCCESS", s.get("/obs/telescope/export/"+j.ID+"/status").Body)
	if t.Failed() {
		return // there is nothing to read back
	}
	expectThat(t, "its path", strings.Contains(string(j.Result), ".zip"), string(j.Result))

	a := s.get("/obs/telescope/export/" + j.ID + "/file")
	expect(t, "file", a.Status, 200)
	expect(t, "type", a.Header.Get("Content-Type"), "application/zip")
	z, err := zip.NewReader(bytes.NewReader([]byte(a.Body)), int64(len(a.Body)))
	expectThat(t, "file", err == nil && len(z.File) > 0, err)
	expectThat(t, "no secrets", !strings.Contains(a.Body, "hunter2hunter2"), "a secret")
	reader := s.client(eye, deployclient.Curl)
	s.refusedWith("not for readers", s.must(reader.Get(s.ctx, "/obs/telescope/export/"+j.ID+"/file")), 403)

	var in deployclient.Job
	s.ok("import", s.enveloped("import", s.file("/obs/telescope/import", "telescope.zip", []byte(a.Body), nil), 200).Into(&in))
	harness.Eventually(t, pushWithin, "the import is over", func() bool {
		s.ok("status", s.enveloped("status", s.get("/obs/telescope/import/"+in.ID+"/status"), 200).Into(&in))
		return in.Status != "WAITING" && in.Status != "RUNNING"
	})
	expect(t, "import", in.Status, "SUCCESS")
	expectThat(t, "what was exported", strings.Contains(string(in.Result), `"services":["deployment-web"]`), string(in.Result))
	configs := map[string]string{}
	s.ok("configs", s.enveloped("configs", s.get("/obs/telescope/import/"+in.ID+"/configs"), 200).Into(&configs))
	expectThat(t, "configs", len(configs) > 0, configs)

	for _, path := range []string{"/export/nobody/status", "/export/nobody/file", "/import/nobody/status", "/import/nobody/configs"} {
		s.refusedWith(path, s.get("/obs/telescope"+path), 404)
	}
	s.refusedWith("no period", s.dumps("/obs/telescope/export", "", map[string]any{"services": []string{"deployment-web"}, "data_sources": []string{"LOGS"}, "label": "x"}), 400, "start", "end")
	ask["data_sources"] = []string{"DREAMS"}
	s.refusedWith("no such source", s.dumps("/obs/telescope/export", "", ask), 400, "data_sources")
	s.refusedWith("no zip", s.file("/obs/telescope/import", "x.zip", []byte("x"), nil), 400)
}

func deployNames(t *testing.T, on place) {
	s := on(t)
	twins := strings.ReplaceAll(object("deployment-web")+"---\n"+object("service-web"), "name: deployment-web", "name: twin")
	twins = strings.ReplaceAll(twins, "name: service-web", "name: twin")
	s.applied("upload", s.enveloped("upload", s.form("/base_configs", "release_version", "1", "base_config", twins), 200), "Deployment.twin", "Service.twin")
	s.refusedWith("which of them", s.get("/configs/twin"), 400, "Deployment.twin", "Service.twin")
	expect(t, "one of them", typeOf(t, s.config("Service.twin").Metadata), "Service")
	s.applied("a patch of one", s.enveloped("patch", s.form("/patches/apply", "patch", strings.ReplaceAll(replicasPatch, "deployment-web", "Deployment.twin")), 200), "Deployment.twin")
	s.applied("push of one", s.enveloped("push", s.post("/deployment/update/Service.twin"), 200), "Service.twin")
}

func deployRestart(t *testing.T, on place) {
	s := installed(t, on)
	s.applied("patch", s.enveloped("patch", s.form("/patches/apply", "patch", replicasPatch), 200), "deployment-web")
	configs, patches, bases := s.get("/configs").Body, s.get("/patches").Body, s.get("/base_configs").Body
	s.server.Restart()
	expect(t, "configs", s.get("/configs").Body, configs)
	expect(t, "patches", s.get("/patches").Body, patches)
	expect(t, "base configs", s.get("/base_configs").Body, bases)
	s.server.Stop()
	s.server.Check()
}
