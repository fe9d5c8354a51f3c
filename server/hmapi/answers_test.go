package hmapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yardmaster/jobs"
	"yardmaster/jobs/instances"
	"yardmaster/server/hmapi"
)

func TestReload(t *testing.T) {
	s := begin(t)
	s.send("POST", "/reload", "").is(200, `{"success":true}`)
	s.changes = []string{"images.metrictank: v0.11.0 -> v0.11.1"}
	s.send("POST", "/reload", "").is(200, `{"success":true,"changes":["images.metrictank: v0.11.0 -\u003e v0.11.1"]}`)
	s.asked("Reload(the-admin)", "Reload(the-admin)")
	s.err = fmt.Errorf("%w: plans.small.Mem: must be above 0", instances.ErrInvalid)
	s.send("POST", "/reload", "").refused(500, "invalid: plans.small.Mem: must be above 0")
	s.err = instances.ErrUnavailable
	s.send("POST", "/reload", "").refused(503, "the cluster cannot be reached")
}

func TestJobs(t *testing.T) {
	s := begin(t)
	s.get("/jobs").is(200, `[]`)
	s.jobs = []instances.Job{{ID: "hm-deploy-1-theinstance1-9", Status: "ACTIVE"}, {ID: "hm-delete-1-x", Status: "ACTIVE", Reason: "waits"}}
	const first = `{"id":"hm-deploy-1-theinstance1-9","status":"ACTIVE","reason":""}`
	s.get("/jobs").is(200, `[`+first+`,{"id":"hm-delete-1-x","status":"ACTIVE","reason":"waits"}]`)
	s.get("/jobs/1").is(200, `[`+first+`,{"id":"hm-delete-1-x","status":"ACTIVE","reason":"waits"}]`)
	s.get("/jobs/1/hm-deploy-1-theinstance1-9").is(200, first)
	s.send("DELETE", "/jobs/1/hm-deploy-1-theinstance1-9", "").is(200, `{"success":true}`)
	s.asked("Jobs(0)", "Jobs(0)", "Jobs(1)", "Job(1, hm-deploy-1-theinstance1-9)", "AbortJob(the-admin, 1, hm-deploy-1-theinstance1-9)")
	s.err = fmt.Errorf("%w: organization 2 has no job x", instances.ErrNotFound)
	s.get("/jobs/2/x").refused(404, "not found: organization 2 has no job x")
	s.send("DELETE", "/jobs/2/x", "").refused(404, "not found: organization 2 has no job x")
}

func TestListOfInstances(t *testing.T) {
	s := begin(t)
	s.get("/instance").is(200, `[]`)
	s.listed = []instances.Listed{{Name: "instance-name", Org: 1}, {Name: "another-instance", Org: 1}}
	s.get("/instance").is(200, `[{"name":"instance-name","org":1},{"name":"another-instance","org":1}]`)
}

func TestAnInstanceIsShownInTheDocumentsOrder(t *testing.T) {
	s := begin(t)
	s.instance = instances.Instance{Org: 1, Name: "theinstance1", Revision: 9, State: "deploying"}
	s.instance.Plan.Name, s.instance.Plan.ScaleFactor, s.instance.Plan.Partitions = "Medium", 1, 32
	s.get("/instance/1/theinstance1").is(200, `{"org":1,"name":"theinstance1","plan":{"Name":"Medium","ScaleFactor":1,"Partitions":32,"CPU":0,"Mem":0},`+
		`"storage":{"schemas":"","aggregations":""},"indexRules":"","overrides":null,"overridesA":null,"overridesB":null,"adminKey":"","color":"","tsdbAuth":null,`+
		`"revision":9,"state":"deploying","importer":null,"jobData":null,"rolloutConcurrency":0}`)
	s.asked("Instance(1, theinstance1)")
}

func TestOnlyAdministratorsSeeKeys(t *testing.T) {
	s := begin(t)
	s.instance = instances.Instance{AdminKey: "secret-admin"}
	if err := unmarshal(`{"secret-a":{"isAdmin":"true","orgId":"1"},"secret-b":{"isAdmin":"false","orgId":"2"}}`, &s.instance.TSDBAuth); err != nil {
		t.Fatal(err)
	}
	const open, closed = `"adminKey":"secret-admin","color":"","tsdbAuth":{"secret-a":{"isAdmin":"true","orgId":"1"},"secret-b":{"isAdmin":"false","orgId":"2"}}`,
		`"adminKey":"***","color":"","tsdbAuth":{"***1":{"isAdmin":"true","orgId":"1"},"***2":{"isAdmin":"false","orgId":"2"}}`
	for user, want := range map[string]string{"admin": open, "user": closed, "reader": closed} {
		got := s.as(user, "GET", "/instance/1/x", "").Body.String()
		if !strings.Contains(got, want) || user != "admin" && strings.Contains(got, "secret-") {
			t.Errorf("%s sees %s", user, got)
		}
	}
	if err := unmarshal(`{"metrictank":{"image":"a:b","env":{"MT_PASSWORD":"secret-env"}}}`, &s.instance.OverridesB); err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]string{"admin": `"secret-env"`, "reader": `"overridesB":{"metrictank":{"image":"a:b","env":{"MT_PASSWORD":"***"}}}`} {
		if got := s.as(user, "GET", "/instance/1/x", "").Body.String(); !strings.Contains(got, want) || user != "admin" && strings.Contains(got, "secret-") {
			t.Errorf("%s sees %s", user, got)
		}
	}
	if s.instance.OverridesB["metrictank"].Env["MT_PASSWORD"] != "secret-env" || s.instance.AdminKey != "secret-admin" || len(s.instance.TSDBAuth) != 2 {
		t.Error("what was shown was changed")
	}
	s.instance = instances.Instance{}
	if got := s.as("reader", "GET", "/instance/1/x", "").Body.String(); !strings.Contains(got, `"adminKey":"","color":"","tsdbAuth":null`) {
		t.Errorf("no keys are shown as %s", got)
	}
}

func TestChangesAnswerWithTheirJob(t *testing.T) {
	s := begin(t)
	s.send("POST", "/instance", `{"org":1,"name":"x"}`).is(200, `"hm-deploy-1-x"`)
	s.send("PUT", "/instance/1/x/update", "").is(200, `"hm-update-1-x"`)
	s.send("POST", "/instance/1/x/standby-on", "").is(200, `"hm-standbyon-1-x"`)
	s.send("DELETE", "/instance", `{"name":"x","org":1,"keepData":true}`).is(200, `"hm-delete-1-x"`)
	s.send("DELETE", "/instance", `{"name":"x","org":1}`).is(200, `"hm-delete-1-x"`)
	s.asked("Deploy(the-admin, 1, x)", "Update(the-admin, 1, x)", "StandbyOn(the-admin, 1, x)", "Delete(the-admin, 1, x, true)", "Delete(the-admin, 1, x, false)")
}

// waits are the changes that answer once they have ended.
var waits = []string{"POST /instance/1/x/standby-off", "POST /instance/1/x/switchcolor", "POST /instance/1/x/importer", "DELETE /instance/1/x/importer"}

func (s *scene) eachWait(want func(a answer)) {
	s.Helper()
	for _, line := range waits {
		method, path, _ := strings.Cut(line, " ")
		want(s.send(method, path, ""))
	}
}

func TestOtherChangesAnswerWhenTheyHaveEnded(t *testing.T) {
	s := begin(t)
	s.eachWait(func(a answer) { a.is(200, `{"success":true}`) })
	s.send("POST", "/instance/1/x/importer", `{"logLevel":"debug"}`).is(200, `{"success":true}`)
	s.asked("StandbyOff(the-admin, 1, x)", "SwitchColor(the-admin, 1, x)", "StartImporter(the-admin, 1, x, )", "StopImporter(the-admin, 1, x)",
		`StartImporter(the-admin, 1, x, {"logLevel":"debug"})`)
	s.err = fmt.Errorf("%w: the standby is not ready", instances.ErrConflict)
	s.eachWait(func(a answer) { a.refused(409, "conflict: the standby is not ready") })
}

const unended = "it has not ended yet; GET /jobs tells whether it goes on"

func TestNoRequestWaitsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		s.wait = func(ctx context.Context) error {
			<-ctx.Done()
			return fmt.Errorf("%w: job hm-switchcolor-1-x-1 has not ended", instances.ErrConflict)
		}
		start := time.Now()
		s.eachWait(func(a answer) { a.refused(503, unended) })
		if took := time.Since(start); took != 40*time.Minute {
			t.Errorf("four requests waited %v", took)
		}
	})
}

func TestAStopOfTheServerEndsTheWait(t *testing.T) {
	s := begin(t, func(o *hmapi.Options) { o.Patience = time.Hour })
	s.wait = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	close(s.stop)
	s.eachWait(func(a answer) { a.refused(503, unended) })
	s.wait = func(context.Context) error { return nil }
	s.eachWait(func(a answer) { a.is(200, `{"success":true}`) })
}

func TestDiffsArePlainText(t *testing.T) {
	s := begin(t)
	s.get("/instance/1/x/diff").says("")
	s.text = "--- services: mt-read-1-small-x ---\n--- Old\n+++ New\n-  \"color\": \"a\",\n+  \"color\": \"b\",\n"
	s.get("/instance/1/x/diff").says(s.text)
	s.send("POST", "/instance/diff", `{"org":1,"name":"x"}`).says(s.text)
	s.asked("Diff(1, x)", "Diff(1, x)", "DiffOf(1, x)")
}

// Whoever may not know a variable's value from the instance may not learn it from a difference.
func TestReadersGetClosedDiffs(t *testing.T) {
	s := begin(t)
	s.as("reader", "GET", "/instance/1/x/diff", "").says("")
	s.as("user", "POST", "/instance/diff", `{"org":1,"name":"x"}`).says("")
	s.asked("ClosedDiff(1, x)", "ClosedDiffOf(1, x)")
}

func TestStatusList(t *testing.T) {
	s := begin(t)
	s.get("/instance/statuslist").says("")
	s.statuses = []instances.Status{{Name: "qa-shared", Org: 1}, {Name: "testinstance1", Org: 1}, {Name: "testinstance2", Org: 1, Same: true}}
	s.get("/instance/statuslist").says("X   qa-shared\nX   testinstance1\nOK  testinstance2\n")
	s.statuses = []instances.Status{{Name: "qa", Org: 1}, {Name: "dev", Org: 1, Same: true}, {Name: "qa", Org: 2, Same: true}}
	s.get("/instance/statuslist").says("X   1/qa\nOK  dev\nOK  2/qa\n")
}

func TestErrorsHaveTheirStatus(t *testing.T) {
	s := begin(t)
	for _, line := range paths(documented) {
		method, path, _ := strings.Cut(line, " ")
		for _, e := range []struct {
			err    error
			status int
			text   string
		}{
			{fmt.Errorf("%w: instance x of organization 1", instances.ErrNotFound), 404, "not found: instance x of organization 1"},
			{fmt.Errorf("%w: job hm-deploy-1-x-1 has not ended", instances.ErrConflict), 409, "conflict: job hm-deploy-1-x-1 has not ended"},
			{instances.ErrUnavailable, 503, "the cluster cannot be reached"},
			{jobs.ErrClosed, 503, jobs.ErrClosed.Error()},
			{errors.New("records are gone"), 500, "internal error, request req1"},
		} {
			s.err = e.err
			s.send(method, path, `{"org":1,"name":"testinstance1"}`).refused(e.status, e.text)
		}
	}
	if log := s.log.String(); !strings.Contains(log, "records are gone") {
		t.Errorf("the cause of a 500 is not in the log: %s", log)
	}
}
