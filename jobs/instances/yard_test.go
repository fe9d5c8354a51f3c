package instances_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/executors/backend/mem"
	"yardmaster/executors/kube/sim"
	"yardmaster/jobs"
	"yardmaster/jobs/instances"
	"yardmaster/jobs/queue"
	"yardmaster/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ann = instances.Who{User: "ann", RequestID: "r1"}

// yard is a server's inside on a simulated cluster: it can be killed and opened again on the same file and the same cluster.
type yard struct {
	t       *testing.T
	ctx     context.Context
	cluster *sim.Cluster
	topics  *mem.Topics
	spaces  *mem.Keyspaces
	dir     string
	config  string
	away    error                  // of the configuration
	source  func() ([]byte, error) // instead of it
	db      *store.DB
	queue   *queue.Queue
	runner  *jobs.Runner
	s       *instances.Service

	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newYard(t *testing.T) *yard {
	t.Helper()
	cluster, err := sim.New(sim.Options{Namespace: "metrictank", Yard: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return yardOn(t, cluster, mem.NewTopics(), mem.NewKeyspaces())
}

func yardOn(t *testing.T, cluster *sim.Cluster, topics *mem.Topics, spaces *mem.Keyspaces) *yard {
	t.Helper()
	y := &yard{t: t, ctx: context.Background(), cluster: cluster, topics: topics, spaces: spaces, dir: t.TempDir()}
	y.open()
	t.Cleanup(func() {
		y.kill()
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	return y
}

// neighbour is another yard on the same cluster, with the same brokers and hosts.
func (y *yard) neighbour() *yard {
	y.t.Helper()
	cluster, err := y.cluster.Yard("another")
	y.ok(err)
	return yardOn(y.t, cluster, y.topics, y.spaces)
}

// rot keeps texts unreadable enough for a test.
type rot struct{}

func (rot) Seal(s string) (string, error) { return "sealed:" + hex.EncodeToString([]byte(s)), nil }

func (rot) Open(s string) (string, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(s, "sealed:"))
	return string(raw), err
}

func id() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func (y *yard) open() {
	y.t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(y.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	var err error
	if y.db, err = store.Open(y.ctx, store.Options{Path: filepath.Join(y.dir, "control.db"), Now: time.Now, Logger: log}); err != nil {
		y.t.Fatal(err)
	}
	if y.queue, err = queue.Open(y.ctx, queue.Options{URL: queue.Embedded, Logger: log, Now: time.Now}); err != nil {
		y.t.Fatal(err)
	}
	d, err := instances.NewDomain(instances.Parts{Cluster: y.cluster, Topics: y.topics, Keyspaces: y.spaces, Sealer: rot{}, Patience: 10 * time.Second,
		Now: time.Now, Logger: log})
	if err != nil {
		y.t.Fatal(err)
	}
	y.runner, err = jobs.New(jobs.Options{DB: y.db, Queue: y.queue, Kinds: d.Kinds(), Logger: log, NewID: id, Epoch: id(), Worker: "test",
		Retention: time.Hour, Takeover: 10 * time.Second})
	if err != nil {
		y.t.Fatal(err)
	}
	y.s, err = instances.NewService(y.ctx, instances.Options{Domain: d, DB: y.db, Runner: y.runner, Draw: id,
		Source: func(context.Context) ([]byte, error) {
			if y.source != nil {
				return y.source()
			}
			return []byte(y.config), y.away
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

// kill ends the process as kill -9 would: nothing is written after it.
func (y *yard) kill() {
	_ = y.db.Kill()
	y.cancel()
	y.done.Wait()
	y.runner.Close()
	_ = y.queue.Close()
}

// ended waits for a job.
func (y *yard) ended(job string, err error) instances.Job {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
	var j instances.Job
	y.until(job+" has ended", func() bool {
		if j, err = y.s.Job(y.ctx, 1, job); err != nil {
			y.t.Fatal(err)
		}
		return j.Status != "ACTIVE"
	})
	return j
}

// must is ended, for a job that must succeed.
func (y *yard) must(job string, err error) {
	y.t.Helper()
	if j := y.ended(job, err); j.Status != "SUCCEEDED" {
		y.t.Fatalf("job %s is %s: %s", j.ID, j.Status, j.Reason)
	}
}

func (y *yard) ok(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

// small is the instance that most tests are about.
func small(change ...func(*instances.Instance)) instances.Instance {
	i := instances.Instance{Org: 1, Name: "one"}
	i.Plan.Name = "Small"
	for _, fn := range change {
		fn(&i)
	}
	return i
}

// agree holds that the cluster is what the records say, and that nothing else of this yard is there.
func (y *yard) agree() {
	y.t.Helper()
	all, err := y.s.Instances(y.ctx)
	y.ok(err)
	for _, l := range all {
		text, err := y.s.Diff(y.ctx, l.Org, l.Name)
		y.ok(err)
		if text != "" {
			y.t.Errorf("instance %s differs:\n%s", l.Name, text)
		}
	}
	known := map[string]bool{}
	y.ok(y.db.View(y.ctx, func(tx *store.Tx) error {
		for rec, err := range store.Instances.All(tx) {
			if err != nil {
				return err
			}
			if rec.Pending != "" {
				y.t.Errorf("instance %s is held by operation %s", rec.Name, rec.Pending)
			}
			for _, o := range rec.Objects {
				known[o.Kind+"."+o.Name] = true
			}
		}
		return nil
	}))
	owned, err := y.cluster.Owned(y.ctx)
	y.ok(err)
	for _, r := range owned {
		if !known[r.ID()] && r.Kind != "Namespace" {
			y.t.Errorf("%s is on the cluster and belongs to no instance", r)
		}
	}
	if problems, err := y.db.Check(y.ctx); err != nil || len(problems) > 0 {
		y.t.Errorf("the store has %v, %v", problems, err)
	}
}

// serving holds that every Service of the instance that selects a colour selects ready pods.
func (y *yard) serving(color string) {
	y.t.Helper()
	owned, err := y.cluster.Owned(y.ctx)
	y.ok(err)
	seen := 0
	for _, r := range owned {
		if r.Kind != "Service" {
			continue
		}
		raw, err := y.cluster.Get(y.ctx, r)
		y.ok(err)
		if !strings.Contains(string(raw), `"color":"`) {
			continue
		}
		seen++
		if !strings.Contains(string(raw), `"color":"`+color+`"`) {
			y.t.Errorf("%s does not select colour %s: %s", r, color, raw)
		}
		if n, err := y.cluster.Serving(y.ctx, r.Name); n == 0 || err != nil {
			y.t.Errorf("%s has %d ready pods, %v", r, n, err)
		}
	}
	if seen == 0 {
		y.t.Error("no Service selects a colour")
	}
}

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
