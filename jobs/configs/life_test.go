package configs_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs"
	"yardmaster/store"
)

const scaler = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: scaler
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  minReplicas: 1
  maxReplicas: 9
`

func TestHibernateAndRevive(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.Protect = []string{"db"} })
	y.upload("1", deployment("web"), deployment("api"), deployment("db"), scaler)
	if err := y.cluster.Scale(y.ctx, ref("Deployment", "api"), 5); err != nil {
		t.Fatal(err)
	}
	runs := func(want map[string]int64) {
		t.Helper()
		for name, n := range want {
			if got, err := y.cluster.Replicas(y.ctx, ref("Deployment", name)); got != n || err != nil {
				t.Errorf("%s runs %d, want %d (%v)", name, got, n, err)
			}
		}
	}
	y.must(y.s.Hibernate(y.ctx, ann))
	runs(map[string]int64{"web": 0, "api": 0, "db": 2})
	if asleep, err := y.s.Hibernated(y.ctx); !asleep || err != nil {
		t.Errorf("got %v, %v", asleep, err)
	}
	y.patch(level("web", "debug")) // changes are taken in its sleep, and do not wake it
	y.must(y.s.Push(y.ctx, ann, "", false))
	runs(map[string]int64{"web": 0, "api": 0, "db": 2})
	y.agree()
	y.must(y.s.Hibernate(y.ctx, ann)) // again: what it had before is not forgotten
	y.must(y.s.Revive(y.ctx, ann))
	runs(map[string]int64{"web": 2, "api": 5, "db": 2})
	y.must(y.s.Revive(y.ctx, ann))
	runs(map[string]int64{"web": 2, "api": 5, "db": 2})
	y.agree()
}

func TestRevivingStartsNothingThatWasOff(t *testing.T) {
	y := newYard(t)
	open := func(name string) string { return strings.Replace(deployment(name), "  replicas: 2\n", "", 1) }
	y.upload("1", open("idle"), open("busy"), deployment("api"), scaler)
	for name, n := range map[string]int64{"idle": 0, "busy": 3, "api": 0} {
		if err := y.cluster.Scale(y.ctx, ref("Deployment", name), n); err != nil {
			t.Fatal(err)
		}
	}
	y.must(y.s.Hibernate(y.ctx, ann))
	y.upload("2", open("late")) // comes in its sleep, and is off for that alone
	for _, name := range []string{"idle", "busy"} {
		if err := y.cluster.Scale(y.ctx, ref("Deployment", name), 1); err != nil { // somebody starts it in its sleep
			t.Fatal(err)
		}
	}
	y.must(y.s.Hibernate(y.ctx, ann))
	y.must(y.s.Hibernate(y.ctx, ann))
	y.must(y.s.Revive(y.ctx, ann))
	for name, want := range map[string]int64{"idle": 0, "busy": 3, "api": 0, "late": 1} {
		if got, err := y.cluster.Replicas(y.ctx, ref("Deployment", name)); got != want || err != nil {
			t.Errorf("%s runs %d, want %d (%v)", name, got, want, err)
		}
	}
}

func TestAHibernationThatCannotBeLeavesTheRestAwake(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("api"), deployment("web"))
	y.cluster.Fail(refusing("scale", "web"))
	c, err := y.s.Hibernate(y.ctx, ann)
	if err != nil {
		t.Fatal(err)
	}
	if o := y.outcome(c); !strings.Contains(o.Error, "web") {
		t.Errorf("got %q", o.Error)
	}
	y.cluster.Fail(nil)
	if n, err := y.cluster.Replicas(y.ctx, ref("Deployment", "api")); n != 2 || err != nil {
		t.Errorf("api runs %d, %v", n, err)
	}
	if asleep, err := y.s.Hibernated(y.ctx); asleep || err != nil {
		t.Errorf("got %v, %v", asleep, err)
	}
}

func TestAnAutoscalersReplicasAreItsOwn(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("api"), scaler)
	if err := y.cluster.Scale(y.ctx, ref("Deployment", "api"), 7); err != nil {
		t.Fatal(err)
	}
	y.agree()
	y.patch(level("api", "debug"))
	if n, err := y.cluster.Replicas(y.ctx, ref("Deployment", "api")); n != 7 || err != nil {
		t.Errorf("it runs %d, %v", n, err)
	}
	if names, err := y.s.Autoscaled(y.ctx); err != nil || !slices.Equal(names, []string{"api"}) {
		t.Errorf("got %v, %v", names, err)
	}
	y.must(y.s.PauseAutoscaling(y.ctx, ann))
	if s, err := y.s.AutoscalingStatus(y.ctx); err != nil || s["binary-autoscaler"] != "paused" || s["scale-down-to-zero"] != "paused" {
		t.Errorf("got %v, %v", s, err)
	}
	y.agree()
	y.must(y.s.ResumeAutoscaling(y.ctx, ann))
	if s, err := y.s.AutoscalingStatus(y.ctx); err != nil || s["binary-autoscaler"] != "running" {
		t.Errorf("got %v, %v", s, err)
	}
	y.agree()
}

func TestDriftIsFoundToldAndMended(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), configMap("c", "x"))
	if err := y.cluster.Edit(ref("ConfigMap", "c"), func(o map[string]any) { o["data"].(map[string]any)["key"] = "y" }); err != nil {
		t.Fatal(err)
	}
	if err := y.cluster.Remove(ref("Deployment", "web")); err != nil {
		t.Fatal(err)
	}
	found, err := y.s.Inconsistencies(y.ctx)
	if err != nil || len(found.Resources) != 2 || !found.Resources["web"].Missing {
		t.Fatalf("got %+v, %v", found, err)
	}
	row := found.Resources["c"].Rows[0]
	if row.Key != "data.key" || row.Expected != "x" || row.Got != "y" || row.Manager != "kubectl-edit" || row.At.IsZero() {
		t.Errorf("got %+v", row)
	}
	first := found.Resources["c"].Found
	if again, err := y.s.Inconsistencies(y.ctx); err != nil || !again.Resources["c"].Found.Equal(first) {
		t.Errorf("found at %v, then at %v, %v", first, again.Resources["c"].Found, err)
	}
	y.must(y.s.Push(y.ctx, ann, "", false))
	y.agree()
	if got := y.noted(); !slices.Equal(got, []string{"config.drift.found c", "config.drift.found web", "config.drift.healed c", "config.drift.healed web"}) {
		t.Errorf("told %v", got)
	}
}

func TestWhatIsToMendItselfDoes(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.DriftEvery = 20 * time.Millisecond })
	ctx, cancel := context.WithCancel(y.ctx)
	done := make(chan struct{})
	defer func() { cancel(); <-done }()
	y.upload("1", configMap("mended", "x"), configMap("left", "x"))
	if err := y.s.SelfHeal(y.ctx, ann, "mended", true); err != nil {
		t.Fatal(err)
	}
	if err := y.s.SelfHeal(y.ctx, ann, "nobody", true); !errors.Is(err, configs.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	go func() { y.s.Run(ctx); close(done) }()
	for _, name := range []string{"mended", "left"} {
		if err := y.cluster.Edit(ref("ConfigMap", name), func(o map[string]any) { o["data"].(map[string]any)["key"] = "y" }); err != nil {
			t.Fatal(err)
		}
	}
	y.until("it is mended", func() bool { return slices.Contains(y.noted(), "config.drift.healed mended") })
	if raw, err := y.cluster.Get(y.ctx, ref("ConfigMap", "left")); err != nil || !strings.Contains(string(raw), `"key":"y"`) {
		t.Errorf("got %s, %v", raw, err)
	}
}

func TestHealthIsCheckedAndItsFailuresKept(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.CheckEvery = 20 * time.Millisecond })
	y.must(y.s.Upload(y.ctx, ann, configs.Upload{Release: "1", Files: files(deployment("web"), strings.Replace(deployment("sick"), ":1\n", ":bad\n", 1))}))
	ctx, cancel := context.WithCancel(y.ctx)
	done := make(chan struct{})
	go func() { y.s.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	find := func(name string) (c configs.Check) {
		all, err := y.s.Checks(y.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(all, func(c configs.Check) bool { return c.ID == name }); i >= 0 {
			c = all[i]
		}
		return c
	}
	y.until("both were looked at", func() bool { return find("web").Status == "healthy" && find("sick").Fails > 2 })
	if c := find("sick"); c.Status != "unhealthy" || len(c.Failures) < 2 || c.First.IsZero() || !c.LastSuccess.IsZero() || c.Details == "" {
		t.Errorf("got %+v", c)
	}
	if c := find("Kubernetes API"); c.Status != "healthy" || !c.Critical {
		t.Errorf("got %+v", c)
	}
}

func TestIdleWindows(t *testing.T) {
	now := time.Now().UTC()
	window := now.Add(-time.Hour).Format("15:04") + "-" + now.Add(time.Hour).Format("15:04")
	y := newYardWith(t, func(p *configs.Platform) { p.ScaleEvery = 20 * time.Millisecond })
	y.upload("1", strings.Replace(deployment("night"), "  name: night\n", "  name: night\n  annotations: {yardmaster.io/idle-window: \""+window+"\"}\n", 1), deployment("web"))
	ctx, cancel := context.WithCancel(y.ctx)
	done := make(chan struct{})
	go func() { y.s.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	y.until("it runs nothing", func() bool {
		n, err := y.cluster.Replicas(y.ctx, ref("Deployment", "night"))
		return n == 0 && err == nil
	})
	if n, err := y.cluster.Replicas(y.ctx, ref("Deployment", "web")); n != 2 || err != nil {
		t.Errorf("web runs %d, %v", n, err)
	}
	y.agree()
}

func TestPodsAndJobs(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"))
	pods, err := y.cluster.Pods(y.ctx, ref("Deployment", "web"))
	if err != nil || len(pods) != 2 {
		t.Fatalf("got %v, %v", pods, err)
	}
	y.must(y.s.DeletePod(y.ctx, ann, pods[0].Name))
	y.must(y.s.QuarantinePod(y.ctx, ann, pods[1].Name))
	now, err := y.cluster.Pods(y.ctx, ref("Deployment", "web"))
	if err != nil || len(now) != 2 || slices.ContainsFunc(now, func(p podOf) bool { return p.Name == pods[0].Name || p.Name == pods[1].Name }) {
		t.Errorf("got %v, %v", now, err)
	}
	for name, change := range map[string]func() (configs.Change, error){
		"pod":  func() (configs.Change, error) { return y.s.DeletePod(y.ctx, ann, "nobody") },
		"job":  func() (configs.Change, error) { return y.s.DeleteJob(y.ctx, ann, "nobody") },
		"ward": func() (configs.Change, error) { return y.s.QuarantinePod(y.ctx, ann, "nobody") },
	} {
		c, err := change()
		if err != nil {
			t.Fatal(err)
		}
		if o := y.outcome(c); o.Op.State != store.Failed || o.Op.Error == nil || o.Op.Error.Code != "not_found" {
			t.Errorf("%s: got %+v", name, o.Op.Error)
		}
	}
	if _, err := y.s.DeletePod(y.ctx, ann, "../etc"); !errors.Is(err, configs.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

// exported makes an export, and waits until it is written.
func (y *yard) exported(r configs.ExportRequest) (configs.Job, []byte) {
	y.t.Helper()
	job, err := y.s.Export(y.ctx, ann, r)
	if err != nil || job.Status != "WAITING" {
		y.t.Fatalf("got %+v, %v", job, err)
	}
	y.until("it is written", func() bool {
		job, err = y.s.ExportJob(y.ctx, job.ID)
		return err == nil && job.Status == "SUCCESS"
	})
	path, err := y.s.ExportFile(y.ctx, job.ID)
	if err != nil {
		y.t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		y.t.Fatal(err)
	}
	return job, raw
}

// unzipped are an archive's files by name.
func (y *yard) unzipped(raw []byte) map[string]string {
	y.t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		y.t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range archive.File {
		file, err := f.Open()
		if err != nil {
			y.t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err != nil {
			y.t.Fatal(err)
		}
		all[f.Name] = string(text)
	}
	return all
}

func TestAnExportCanBeReadBack(t *testing.T) {
	const canary = "canary-77aa"
	y := newYard(t)
	y.upload("1", deployment("deployment-web"), deployment("api"), "apiVersion: v1\nkind: Secret\nmetadata:\n  name: deployment-s\nstringData:\n  password: "+canary+"\n")
	r := configs.ExportRequest{Services: []string{"web"}, Sources: []string{"CONFIGS", "LOGS", "STATS"}, Label: "mine",
		Start: time.Now().Add(-time.Hour), End: time.Now().Add(time.Hour)}
	job, raw := y.exported(r)
	if !strings.HasPrefix(job.Request.Label, "mine-") || len(job.ID) != 36 {
		t.Fatalf("got %+v", job)
	}
	var names []string
	for name, text := range y.unzipped(raw) {
		names = append(names, name)
		if strings.Contains(text, canary) {
			t.Errorf("%s: %s", name, text)
		}
	}
	if !slices.Contains(names, "telescope.json") || !slices.Contains(names, "configs/Deployment.deployment-web.yaml") || !slices.Contains(names, "stats/workloads.json") ||
		!slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "logs/deployment-web/") }) {
		t.Errorf("it holds %v", names)
	}
	back, err := y.s.Import(y.ctx, ann, raw)
	if err != nil {
		t.Fatal(err)
	}
	y.until("it is read", func() bool {
		back, err = y.s.ImportJob(y.ctx, back.ID)
		return err == nil && back.Status == "SUCCESS"
	})
	if !slices.Equal(back.Request.Sources, r.Sources) || back.Request.Label != job.Request.Label {
		t.Errorf("got %+v", back)
	}
	texts, err := y.s.ImportedConfigs(y.ctx, back.ID)
	if err != nil || len(texts) != 1 || !strings.Contains(texts["Deployment.deployment-web"], "kind: Deployment") {
		t.Errorf("got %v, %v", texts, err)
	}
	for name, bad := range map[string]configs.ExportRequest{
		"a service that is none": {Services: []string{"nobody"}, Sources: []string{"LOGS"}, Start: r.Start, End: r.End},
		"a source that is none":  {Sources: []string{"DREAMS"}, Start: r.Start, End: r.End},
		"no source":              {Start: r.Start, End: r.End},
		"an end before":          {Sources: []string{"LOGS"}, Start: r.End.Add(-time.Hour), End: r.Start.Add(-time.Hour)},
	} {
		if _, err := y.s.Export(y.ctx, ann, bad); !errors.Is(err, configs.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, bad := range map[string][]byte{"no zip": []byte("hello"), "another zip": zipOf(t, "a.txt", "x"), "one that climbs": zipOf(t, "../telescope.json", "{}")} {
		if _, err := y.s.Import(y.ctx, ann, bad); !errors.Is(err, configs.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func zipOf(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err == nil {
		_, err = io.WriteString(f, text)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatOthersAddIsToldApart(t *testing.T) {
	y := newYard(t)
	y.upload("1", configMap("c", "x"))
	if err := y.cluster.Edit(ref("ConfigMap", "c"), func(o map[string]any) {
		o["metadata"].(map[string]any)["annotations"] = map[string]any{"theirs": "note"}
	}); err != nil {
		t.Fatal(err)
	}
	found, err := y.s.Inconsistencies(y.ctx)
	if err != nil || len(found.Resources) != 0 || !slices.Equal(found.Consistent, []string{"c"}) || len(found.Foreign["c"]) != 1 ||
		found.Foreign["c"][0].Manager != "kubectl-edit" {
		t.Errorf("got %+v, %v", found, err)
	}
	if got := y.noted(); len(got) != 0 {
		t.Errorf("told %v", got)
	}
}

func TestAnObjectCanLeaveThePlatform(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), configMap("c", "x"))
	y.upload("2", deployment("web"))
	_, versions := y.patch(level("web", "debug"))
	if c, err := y.s.Remove(y.ctx, ann, "web", true); err != nil || len(c.Objects) != 1 || c.Op.ID != "" {
		t.Errorf("got %+v, %v", c, err)
	}
	y.must(y.s.Remove(y.ctx, ann, "web", false))
	if _, err := y.cluster.Get(y.ctx, ref("Deployment", "web")); !errors.Is(err, kube.ErrNotFound) {
		t.Errorf("on the cluster: %v", err)
	}
	if _, err := y.s.Remove(y.ctx, ann, "web", false); !errors.Is(err, configs.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if bases, err := y.s.BaseConfigs(y.ctx, "", ""); err != nil || len(bases) != 1 || bases[0].Object != "c" {
		t.Errorf("got %+v, %v", bases, err)
	}
	y.agree()
	y.upload("3", deployment("web")) // called so again, it is what the patch was for
	if c := y.config("web"); c.PatchVersion != versions[0] || c.Number != 1 {
		t.Errorf("got %+v", c)
	}
	y.agree()
}
