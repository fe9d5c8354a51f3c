package instances_test

import (
	"strings"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/instances"
)

// with sets variables of the gateway.
func with(env map[string]string) instances.Instance {
	return small(func(i *instances.Instance) {
		i.Overrides = map[string]override{"tsdb-gw": {Env: env}}
	})
}

// That a password has changed may be seen, and has to be: nothing else tells that somebody went past the API.
func TestAChangedPasswordIsADifference(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, with(map[string]string{"MT_DB_PASSWORD": "canary-old"})))
	y.same(true)
	differs := func(text string, err error) {
		t.Helper()
		y.ok(err)
		if !strings.Contains(text, "-        \"value\": \"*** (before)\"\n+        \"value\": \"*** (after)\"\n") || strings.Contains(text, "canary") {
			t.Errorf("got %s", text)
		}
	}
	differs(y.s.DiffOf(y.ctx, with(map[string]string{"MT_DB_PASSWORD": "canary-new"})))
	y.ok(y.cluster.EditAs("kubectl-set", gateway("one"), func(o map[string]any) {
		for _, v := range container(o)["env"].([]any) {
			if v := v.(map[string]any); v["name"] == "MT_DB_PASSWORD" {
				v["value"] = "canary-by-hand"
			}
		}
	}))
	differs(y.s.Diff(y.ctx, 1, "one"))
	y.same(false)
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
	y.same(true)
}

// What is given to components may be secret, whatever it is called: nobody reads it in the mirror, and readers nowhere.
func TestReadersLearnNoVariablesValue(t *testing.T) {
	y := newYard(t)
	old := map[string]string{"AWS_ACCESSKEY": "canary-1", "DBPASS": "canary-2", "REDIS_AUTH": "canary-3", "MT_URL": "postgres://u:canary-4@db/x", "SHARD": "canary-5"}
	y.must(y.s.Deploy(y.ctx, ann, with(old)))
	raw, err := y.cluster.Get(y.ctx, kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Name: "instance-1-one"})
	y.ok(err)
	if strings.Contains(string(raw), "canary") || !strings.Contains(string(raw), "AWS_ACCESSKEY") {
		t.Errorf("the mirror shows %s", raw)
	}
	changed := with(map[string]string{"AWS_ACCESSKEY": "canary-6", "DBPASS": "canary-7", "REDIS_AUTH": "canary-8", "MT_URL": "postgres://u:canary-9@db/x", "SHARD": "other"})
	gone := small(func(i *instances.Instance) { i.Plan.Name = "Medium" })
	_, err = y.s.Deploy(y.ctx, ann, changed) // while it is on its way, and after it
	y.ok(err)
	y.idle()
	for _, i := range []instances.Instance{with(old), gone, small(func(i *instances.Instance) { i.Name, i.Overrides = "two", changed.Overrides })} {
		closed, err := y.s.ClosedDiffOf(y.ctx, i)
		y.ok(err)
		if closed == "" || strings.Contains(closed, "canary") || strings.Contains(closed, "other") {
			t.Errorf("a reader sees %s", closed)
		}
	}
	open, err := y.s.DiffOf(y.ctx, with(old))
	y.ok(err)
	for _, line := range []string{`-        "value": "other"`, `+        "value": "canary-5"`, `-        "value": "postgres://u:*** (before)@db/x"`} {
		if !strings.Contains(open, line) {
			t.Errorf("no %s in\n%s", line, open)
		}
	}
	if n := strings.Count(open, `"value": "*** (before)"`); n != 3 || strings.Contains(strings.ReplaceAll(open, "canary-5", ""), "canary") {
		t.Errorf("an administrator sees %s", open)
	}
	y.ok(y.cluster.EditAs("kubectl-set", gateway("one"), func(o map[string]any) {
		c := container(o)
		c["env"] = append(c["env"].([]any), map[string]any{"name": "EXTRA", "value": "canary-10"})
	}))
	y.ok(y.cluster.EditAs("yardmaster", kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Name: "instance-1-one"}, func(o map[string]any) {
		o["data"].(map[string]any)["instance.json"] = `{"overrides": {"tsdb-gw": {"env": {"DBPASS": "canary-11"}}}}` // as releases before this one
	}))
	closed, err := y.s.ClosedDiff(y.ctx, 1, "one")
	y.ok(err)
	if !strings.Contains(closed, "EXTRA") || !strings.Contains(closed, "instance-1-one") || strings.Contains(closed, "canary") {
		t.Errorf("a reader sees %s", closed)
	}
}
