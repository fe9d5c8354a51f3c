package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/jobs"
	domain "yardmaster/jobs/events"
	"yardmaster/jobs/queue"
	"yardmaster/store"
	"yardmaster/store/events"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// scene is a Service on real files, which can be killed and opened again.
type scene struct {
	t    *testing.T
	dir  string
	o    domain.Options
	kind jobs.Kind // beside those of the domain; nil: no runner
	ids  atomic.Int64
	now  func() time.Time

	db      *events.DB
	s       *domain.Service
	control *store.DB
	queue   *queue.Queue
	runner  *jobs.Runner
	cancel  context.CancelFunc
	done    sync.WaitGroup
	dead    bool
}

func newScene(t *testing.T, o domain.Options) *scene {
	t.Helper()
	c := &scene{t: t, dir: t.TempDir(), o: o, now: time.Now}
	c.open()
	t.Cleanup(c.close)
	return c
}

// newYard is a scene with an engine that runs operations of this kind.
func newYard(t *testing.T, o domain.Options, kind jobs.Kind) *scene {
	t.Helper()
	c := &scene{t: t, dir: t.TempDir(), o: o, kind: kind, now: time.Now}
	c.open()
	t.Cleanup(c.close)
	return c
}

func (c *scene) newID() string { return fmt.Sprintf("%032x", c.ids.Add(1)) }

func (c *scene) open() {
	c.t.Helper()
	ctx := context.Background()
	var err error
	c.dead = false
	if c.db, err = events.Open(ctx, events.Options{Path: filepath.Join(c.dir, "events.db"), Now: c.now, Logger: quiet}); err != nil {
		c.t.Fatal(err)
	}
	o := c.o
	o.DB, o.Logger = c.db, quiet
	if c.kind != nil {
		if c.control, err = store.Open(ctx, store.Options{Path: filepath.Join(c.dir, "control.db"), Now: c.now, Logger: quiet}); err != nil {
			c.t.Fatal(err)
		}
		o.Control = c.control
	}
	if c.s, err = domain.New(ctx, o); err != nil {
		c.t.Fatal(err)
	}
	ctx, c.cancel = context.WithCancel(ctx)
	if c.kind != nil {
		c.openRunner(ctx)
	}
}

func (c *scene) openRunner(ctx context.Context) {
	c.t.Helper()
	var err error
	if c.queue, err = queue.Open(ctx, queue.Options{URL: queue.Embedded, Logger: quiet, Now: time.Now}); err != nil {
		c.t.Fatal(err)
	}
	c.runner, err = jobs.New(jobs.Options{DB: c.control, Queue: c.queue, Kinds: append(c.s.Kinds(), c.kind), Logger: quiet, NewID: c.newID, Epoch: c.newID(),
		Worker: "worker-1", Retention: 60 * 24 * time.Hour, Takeover: 10 * time.Second})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.runner.Start(ctx); err != nil {
		c.t.Fatal(err)
	}
	runner := c.runner
	c.done.Go(func() { _ = runner.LocalWorker().Work(ctx, 8) })
}

// keep starts the loops.
func (c *scene) keep() {
	ctx, cancel := context.WithCancel(context.Background())
	before := c.cancel
	c.cancel = func() { cancel(); before() }
	s, runner := c.s, c.runner
	c.done.Go(func() { s.Keep(ctx, runner) })
}

// kill ends the process as kill -9 would.
func (c *scene) kill() {
	if c.dead {
		return
	}
	c.dead = true
	if c.control != nil {
		_ = c.control.Kill()
	}
	_ = c.db.Kill()
	c.stop()
}

func (c *scene) stop() {
	c.cancel()
	c.done.Wait()
	if c.runner != nil {
		c.runner.Close()
		_ = c.queue.Close()
	}
	c.s.Close()
}

func (c *scene) close() {
	if c.dead {
		return
	}
	c.dead = true
	c.stop()
	if problems, err := c.db.Check(context.Background()); err != nil || len(problems) > 0 {
		c.t.Errorf("check: %v %v", problems, err)
	}
	if err := c.db.Close(); err != nil {
		c.t.Error(err)
	}
	if c.control != nil {
		if err := c.control.Close(); err != nil {
			c.t.Error(err)
		}
	}
}

func (c *scene) view(fn func(tx *events.Tx) error) {
	c.t.Helper()
	if err := c.s.View(context.Background(), fn); err != nil {
		c.t.Fatal(err)
	}
}

func (c *scene) all(s events.Service) []events.Event {
	c.t.Helper()
	var list []events.Event
	c.view(func(tx *events.Tx) (err error) {
		list, err = tx.Find(events.Query{Service: s, Order: events.ByID, Limit: -1})
		return err
	})
	return list
}

func (c *scene) ingest(in ...domain.Incoming) domain.Receipt {
	c.t.Helper()
	r, err := c.s.Ingest(context.Background(), in)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// all of a table.
func rows[V any](c *scene, table events.Numbered[V]) []V {
	c.t.Helper()
	var list []V
	c.view(func(tx *events.Tx) error {
		for v, err := range table.All(tx) {
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list
}

const (
	instance = "0a1b2c3d-0000-4000-8000-000000000001"
	image    = "0a1b2c3d-0000-4000-8000-00000000000f"
	request  = "req-0a1b2c3d-0000-4000-8000-0000000000ff"
	tenant   = "77777777777777777777777777777777"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000") }

// note is a notification.
type note struct {
	id        string
	kind      string
	at        time.Time
	publisher string
	request   string
	payload   map[string]any
	key       string
	exchange  string
}

func (n note) incoming() domain.Incoming {
	if n.publisher == "" {
		n.publisher = "compute.host-1.example.com"
	}
	if n.key == "" {
		n.key = "monitor.info"
	}
	if n.exchange == "" {
		n.exchange = "nova"
	}
	body, err := json.Marshal(map[string]any{"message_id": n.id, "event_type": n.kind, "publisher_id": n.publisher, "timestamp": stamp(n.at),
		"_context_request_id": n.request, "_context_project_id": tenant, "priority": "INFO", "payload": n.payload})
	if err != nil {
		panic(err)
	}
	return domain.Incoming{Deployment: "cell-1", Exchange: n.exchange, RoutingKey: n.key, Body: body}
}

// nova is a notification about the instance.
func nova(id, kind string, seconds int, more ...any) domain.Incoming {
	p := map[string]any{"instance_id": instance, "tenant_id": tenant, "state": "active"}
	for i := 0; i < len(more); i += 2 {
		p[more[i].(string)] = more[i+1]
	}
	n := note{id: id, kind: kind, at: at(seconds), request: request, payload: p}
	if kind == "compute.instance.update" {
		n.publisher = "api.host-1"
	}
	return n.incoming()
}

func glance(id, kind string, seconds int, payload map[string]any) domain.Incoming {
	return note{id: id, kind: kind, at: at(seconds), publisher: "image.host-2", payload: payload, exchange: "glance"}.incoming()
}

func id(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n) }

func repeat(n int, s string) string { return strings.Repeat(s, n) }
