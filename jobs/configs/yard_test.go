package configs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/executors/kube"
	"yardmaster/executors/kube/sim"
	"yardmaster/jobs"
	"yardmaster/jobs/configs"
	"yardmaster/jobs/queue"
	"yardmaster/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ann = configs.Who{User: "ann", RequestID: "r1"}

// yard is a server's inside on a simulated cluster: it can be killed and opened again on the same file and the same cluster.
type yard struct {
	t       *testing.T
	ctx     context.Context
	cluster *sim.Cluster
	before  kube.Cluster // what is asked instead, if set
	dir     string
	cfg     configs.Platform
	db      *store.DB
	queue   *queue.Queue
	runner  *jobs.Runner
	s       *configs.Service
	log     lockedBuffer

	mu    sync.Mutex
	notes []string
	told  []string     // all of each note
	ahead atomic.Int64 // of the real time

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// lockedBuffer is a log that tests read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newYard(t *testing.T) *yard {
	t.Helper()
	return newYardWith(t, func(*configs.Platform) {})
}

func newYardWith(t *testing.T, change func(*configs.Platform)) *yard {
	t.Helper()
	cluster, err := sim.New(sim.Options{Namespace: "plat", Yard: "test"})
	if err != nil {
		t.Fatal(err)
	}
	y := &yard{t: t, ctx: context.Background(), cluster: cluster, dir: t.TempDir()}
	y.cfg = configs.Platform{Namespace: "plat", History: 10, BusyWait: 20 * time.Second, ExportDir: filepath.Join(y.dir, "telescope"),
		ExportKeep: time.Hour, ExportMost: 10 << 20, Parallel: 4}
	change(&y.cfg)
	y.open()
	t.Cleanup(func() {
		y.kill()
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	return y
}

// rot keeps texts unreadable enough for a test.
type rot struct{}

func (rot) Seal(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	return "sealed:" + hex.EncodeToString([]byte(s)), nil
}

func (rot) Open(s string) (string, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(s, "sealed:"))
	return string(raw), err
}

func (rot) Sum(s string) string { return fmt.Sprintf("%x", len(s)) + hex.EncodeToString([]byte(s)) }

func id() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func (y *yard) open() {
	y.t.Helper()
	log := slog.New(slog.NewTextHandler(&y.log, nil))
	var err error
	if y.db, err = store.Open(y.ctx, store.Options{Path: filepath.Join(y.dir, "control.db"), Now: y.now, Logger: log}); err != nil {
		y.t.Fatal(err)
	}
	if y.queue, err = queue.Open(y.ctx, queue.Options{URL: queue.Embedded, Logger: log, Now: time.Now}); err != nil {
		y.t.Fatal(err)
	}
	cluster := kube.Cluster(y.cluster)
	if y.before != nil {
		cluster = y.before
	}
	d, err := configs.NewDomain(y.cfg, cluster, rot{}, y.now, log)
	if err != nil {
		y.t.Fatal(err)
	}
	y.runner, err = jobs.New(jobs.Options{DB: y.db, Queue: y.queue, Kinds: d.Kinds(), Logger: log, NewID: id, Epoch: id(), Worker: "test",
		Retention: time.Hour, Takeover: 10 * time.Second})
	if err != nil {
		y.t.Fatal(err)
	}
	y.s, err = configs.NewService(configs.Options{Domain: d, DB: y.db, Runner: y.runner,
		Note: func(_ context.Context, name, subject string, detail map[string]any) error {
			y.mu.Lock()
			defer y.mu.Unlock()
			y.notes = append(y.notes, name+" "+subject)
			y.told = append(y.told, fmt.Sprint(name, subject, detail))
			return nil
		}})
	if err != nil {
		y.t.Fatal(err)
	}
	if err := y.runner.Start(y.ctx); err != nil {
		y.t.Fatal(err)
	}
	work, cancel := context.WithCancel(y.ctx)
	y.cancel = cancel
	runner := y.runner
	y.done.Go(func() { _ = runner.LocalWorker().Work(work, 8) })
}

func (y *yard) now() time.Time { return time.Now().Add(time.Duration(y.ahead.Load())) }

// pass has time go by, or back.
func (y *yard) pass(d time.Duration) { y.ahead.Add(int64(d)) }

// kill ends the process as kill -9 would: nothing is written after it.
func (y *yard) kill() {
	_ = y.db.Kill()
	y.cancel()
	y.done.Wait()
	y.runner.Close()
	_ = y.queue.Close()
}

func (y *yard) noted() []string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return slices.Clone(y.notes)
}

// must gives what a change came to, which must be a success.
func (y *yard) must(c configs.Change, err error) configs.Outcome {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
	o := y.outcome(c)
	if o.Error != "" || len(o.Failed) > 0 {
		y.t.Fatalf("got %q, %v", o.Error, o.Failed)
	}
	return o
}

func (y *yard) outcome(c configs.Change) configs.Outcome {
	y.t.Helper()
	ctx, cancel := context.WithTimeout(y.ctx, time.Minute)
	defer cancel()
	o, err := y.s.Await(ctx, c)
	if err != nil || o.Live {
		y.t.Fatalf("the operation has not ended: %v, %+v", err, o.Op)
	}
	return o
}

func (y *yard) upload(release string, texts ...string) configs.Outcome {
	y.t.Helper()
	return y.must(y.s.Upload(y.ctx, ann, configs.Upload{Release: release, Files: files(texts...)}))
}

func (y *yard) patch(texts ...string) (configs.Outcome, []int64) {
	y.t.Helper()
	c, err := y.s.ApplyPatches(y.ctx, ann, configs.PatchUpload{Files: files(texts...)})
	return y.must(c, err), c.Patches
}

func files(texts ...string) []configs.File {
	var out []configs.File
	for i, text := range texts {
		out = append(out, configs.File{Name: fmt.Sprintf("f%d.yaml", i), Text: []byte(text)})
	}
	return out
}

func (y *yard) config(object string) configs.Config {
	y.t.Helper()
	c, err := y.s.Config(y.ctx, object)
	if err != nil {
		y.t.Fatal(err)
	}
	return c
}

// agree holds that the cluster is what the records say, that all is golden, and that the records are sound.
func (y *yard) agree() {
	y.t.Helper()
	found, err := y.s.Inconsistencies(y.ctx)
	if err != nil {
		y.t.Fatal(err)
	}
	if len(found.Resources) > 0 || len(found.Skipped) > 0 {
		y.t.Errorf("cluster and records differ: %+v, %+v", found.Resources, found.Skipped)
	}
	all, err := y.s.Configs(y.ctx)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, c := range all {
		if !c.Golden {
			y.t.Errorf("%s is not golden", c.Object)
		}
	}
	if problems, err := y.db.Check(y.ctx); err != nil || len(problems) > 0 {
		y.t.Errorf("the store has %v, %v", problems, err)
	}
}

// until looks until ok.
func (y *yard) until(what string, ok func() bool) {
	y.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			y.t.Fatalf("not within 30 s: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func ref(kind, name string) kube.Ref {
	version := "v1"
	switch kind {
	case "Deployment", "StatefulSet":
		version = "apps/v1"
	case "HorizontalPodAutoscaler":
		version = "autoscaling/v2"
	}
	return kube.Ref{APIVersion: version, Kind: kind, Namespace: "plat", Name: name}
}

func deployment(name string, more ...string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: %[1]s
spec:
  replicas: 2
  selector:
    matchLabels: {app: %[1]s}
  template:
    metadata:
      labels: {app: %[1]s}
    spec:
      containers:
      - name: main
        image: registry.example.com/team/%[1]s:1
        env:
        - name: LEVEL
          value: info
%[2]s`, name, strings.Join(more, ""))
}

func configMap(name, value string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  key: " + value + "\n"
}

// level is a patch of a target that sets one variable.
func level(target, value string) string {
	return "# target: " + target + `
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
      - name: CONTAINER_NAME
        env:
        - name: LEVEL
          value: ` + value + "\n"
}
