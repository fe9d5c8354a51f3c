package instances_test

import (
	"strings"
	"testing"

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
