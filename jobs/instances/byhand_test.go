package instances_test

import (
	"strings"
	"testing"

	"yardmaster/executors/kube"
)

// container is the first one of a Deployment's pods.
func container(o map[string]any) map[string]any {
	spec := o["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	return spec["containers"].([]any)[0].(map[string]any)
}

func (y *yard) same(want bool) {
	y.t.Helper()
	all, err := y.s.StatusList(y.ctx)
	if err != nil || len(all) != 1 || all[0].Same != want {
		y.t.Errorf("got %+v, %v", all, err)
	}
}

// Whoever goes past the API leaves a difference, also if he only adds, and the next update takes it away.
func TestWhatWasAddedByHandIsADifferenceAndGoes(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.same(true)
	for _, hand := range []struct {
		manager string
		of      kube.Ref
		do      func(o map[string]any)
		line    string
	}{
		{"kubectl-set", gateway("one"), func(o map[string]any) {
			c := container(o)
			c["env"] = append(c["env"].([]any), map[string]any{"name": "EXTRA", "value": "by hand"})
		}, `"name": "EXTRA"`},
		{"kubectl-edit", gateway("one"), func(o map[string]any) { container(o)["workingDir"] = "/by-hand" }, `"/by-hand"`},
		{"kubectl-patch", gateway("one"), func(o map[string]any) {
			spec := o["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
			spec["containers"] = append(spec["containers"].([]any), map[string]any{"name": "sidecar", "image": "sidecar:v1"})
		}, `"sidecar:v1"`},
		{"kubectl-edit", kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Name: "mt-config-1-small-one"}, func(o map[string]any) {
			o["data"].(map[string]any)["extra.conf"] = "by hand"
		}, `"extra.conf"`},
	} {
		y.ok(y.cluster.EditAs(hand.manager, hand.of, hand.do))
		text, err := y.s.Diff(y.ctx, 1, "one")
		y.ok(err)
		found := false
		for line := range strings.Lines(text) {
			found = found || strings.HasPrefix(line, "-") && strings.Contains(line, hand.line)
			if strings.HasPrefix(line, "+") && strings.Contains(line, hand.line) {
				t.Errorf("a deploy would make it: %s", line)
			}
		}
		if !found {
			t.Errorf("%s is not in\n%s", hand.line, text)
		}
		y.same(false)
		y.must(y.s.Update(y.ctx, ann, 1, "one"))
		y.same(true)
		y.agree()
	}
}

// A restart is no change of what an instance is, and no program's note on an object is.
func TestARestartIsNoDifference(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.ok(y.cluster.EditAs("kubectl-rollout", gateway("one"), func(o map[string]any) {
		template := o["spec"].(map[string]any)["template"].(map[string]any)["metadata"].(map[string]any)
		template["annotations"].(map[string]any)["kubectl.kubernetes.io/restartedAt"] = "2026-11-22T01:00:00Z"
	}))
	y.ok(y.cluster.EditAs("backup-controller", gateway("one"), func(o map[string]any) {
		o["metadata"].(map[string]any)["annotations"] = map[string]any{"backup.test/last": "yesterday"}
	}))
	y.same(true)
	y.agree()
}
