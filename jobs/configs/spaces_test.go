package configs_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs"
	"yardmaster/store"
)

const set = `apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  replicas: 1
  serviceName: db
  selector:
    matchLabels: {app: db}
  template:
    metadata:
      labels: {app: db}
    spec:
      containers:
      - {name: db, image: "db:1"}
`

// at is an object where a move took it.
func at(r kube.Ref) kube.Ref {
	r.Namespace = "elsewhere"
	return r
}

// moved is a platform that left the server's namespace, with all that it had still there.
func moved(t *testing.T) *yard {
	y := newYard(t)
	y.upload("1", deployment("api"), set, scaler)
	y.must(y.s.MoveNamespace(y.ctx, ann, "elsewhere", "", false))
	return y
}

// uid tells an object from another that is called so; "" is none.
func (y *yard) uid(r kube.Ref) string {
	y.t.Helper()
	raw, err := y.cluster.Get(y.ctx, r)
	if errors.Is(err, kube.ErrNotFound) {
		return ""
	}
	var o struct{ Metadata struct{ UID string } }
	if err = errors.Join(err, json.Unmarshal(raw, &o)); err != nil {
		y.t.Fatal(err)
	}
	return o.Metadata.UID
}

func TestAutoscalersArePausedWhereThePlatformIs(t *testing.T) {
	y := moved(t)
	paused := func() (here, there bool) {
		for _, within := range []struct {
			name string
			is   *bool
		}{{"plat", &here}, {"elsewhere", &there}} {
			all, err := y.cluster.In(within.name).Autoscalers(y.ctx)
			if err != nil || len(all) != 1 {
				t.Fatalf("in %s: %v, %v", within.name, all, err)
			}
			*within.is = all[0].Paused
		}
		return here, there
	}
	y.must(y.s.PauseAutoscaling(y.ctx, ann))
	if here, there := paused(); !here || !there {
		t.Errorf("paused where it was: %v, where it is: %v", here, there)
	}
	if s, err := y.s.AutoscalingStatus(y.ctx); err != nil || s["binary-autoscaler"] != "paused" {
		t.Errorf("got %v, %v", s, err)
	}
	y.must(y.s.ResumeAutoscaling(y.ctx, ann))
	if here, there := paused(); here || there {
		t.Errorf("paused where it was: %v, where it is: %v", here, there)
	}
	y.agree()
}

func TestAnAutoscalerWhereThePlatformIsDecides(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("api"))
	y.must(y.s.MoveNamespace(y.ctx, ann, "elsewhere", "", false))
	if err := y.cluster.Create("somebody", []byte(strings.Replace(scaler, "metadata:\n", "metadata:\n  namespace: elsewhere\n", 1))); err != nil {
		t.Fatal(err)
	}
	if err := y.cluster.Scale(y.ctx, at(ref("Deployment", "api")), 7); err != nil {
		t.Fatal(err)
	}
	y.patch(level("api", "debug"))
	if n, err := y.cluster.Replicas(y.ctx, at(ref("Deployment", "api"))); n != 7 || err != nil {
		t.Errorf("it runs %d, %v", n, err)
	}
	y.agree()
}

func TestPodsAreFoundWhereThePlatformIs(t *testing.T) {
	y := moved(t)
	old := kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "plat", Name: "db-0"}
	was, is := y.uid(old), y.uid(at(old))
	y.must(y.s.DeletePod(y.ctx, ann, "db-0"))
	y.until("the set has another pod", func() bool { now := y.uid(at(old)); return now != "" && now != is })
	if y.uid(old) != was {
		t.Error("the pod that was left behind is another")
	}
	if err := y.cluster.Create("somebody", []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: stray}\nspec: {containers: [{name: c, image: c}]}\n")); err != nil {
		t.Fatal(err)
	}
	y.must(y.s.DeletePod(y.ctx, ann, "stray"))
	c, err := y.s.QuarantinePod(y.ctx, ann, "nobody")
	if err != nil {
		t.Fatal(err)
	}
	if o := y.outcome(c); o.Op.State != store.Failed || o.Op.Error.Code != "not_found" {
		t.Errorf("got %+v", o.Op.Error)
	}
}

func TestLogsComeFromWhereThePlatformIs(t *testing.T) {
	y := moved(t)
	if err := y.cluster.Delete(y.ctx, ref("StatefulSet", "db")); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	_, raw := y.exported(configs.ExportRequest{Services: []string{"db"}, Sources: []string{"LOGS", "STATS"}, Label: "l",
		Start: now.Add(-time.Hour), End: now.Add(time.Hour)})
	all := y.unzipped(raw)
	if all["logs/db/db-0_db.log"] == "" || strings.Contains(all["telescope.json"], "problems") {
		t.Errorf("got %v", all)
	}
}
