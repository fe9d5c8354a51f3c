package configs_test

import (
	"errors"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs"
)

func TestADryPushSaysWhatItWouldChange(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), configMap("c", "x"), configMap("gone", "x"), "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: canary-11bb\n")
	edit := func(r kube.Ref, fn func(map[string]any)) {
		t.Helper()
		if err := y.cluster.Edit(r, fn); err != nil {
			t.Fatal(err)
		}
	}
	edit(ref("ConfigMap", "c"), func(o map[string]any) { o["data"].(map[string]any)["key"] = "y" })
	edit(ref("Secret", "s"), func(o map[string]any) { o["data"].(map[string]any)["password"] = "b3RoZXI=" })
	if err := y.cluster.Remove(ref("ConfigMap", "gone")); err != nil {
		t.Fatal(err)
	}
	c, err := y.s.Push(y.ctx, ann, "", true)
	if err != nil || c.Op.ID != "" {
		t.Fatalf("got %+v, %v", c.Op, err)
	}
	rows := map[string][]configs.Row{}
	for _, p := range c.Previews {
		rows[p.Object] = p.Live
	}
	if got := rows["c"]; len(got) != 1 || got[0].Key != "data.key" || got[0].Expected != "x" || got[0].Got != "y" || got[0].Manager != "kubectl-edit" {
		t.Errorf("c: %+v", got)
	}
	if got := rows["gone"]; len(got) != 1 || got[0].Key != "metadata.name" || got[0].Expected != "gone" || got[0].Got != "" {
		t.Errorf("gone: %+v", got)
	}
	if got := rows["s"]; len(got) != 1 || got[0].Got == "" || got[0].Got == got[0].Expected || got[0].Expected == "canary-11bb" {
		t.Errorf("s: %+v", got)
	}
	if len(rows) != 4 || len(rows["web"]) != 0 {
		t.Errorf("got %+v", rows)
	}
	if _, err := y.cluster.Get(y.ctx, ref("ConfigMap", "gone")); !errors.Is(err, kube.ErrNotFound) {
		t.Errorf("it was pushed: %v", err)
	}
	if c, err = y.s.Push(y.ctx, ann, "c", true); err != nil || len(c.Previews) != 1 || len(c.Previews[0].Live) != 1 {
		t.Errorf("alone: %+v, %v", c.Previews, err)
	}
	y.cluster.Fail(func(string, kube.Ref) error { return kube.ErrUnavailable })
	if _, err := y.s.Push(y.ctx, ann, "", true); !errors.Is(err, configs.ErrUnavailable) {
		t.Errorf("a cluster that is away: %v", err)
	}
}
