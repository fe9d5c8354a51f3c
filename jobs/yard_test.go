package jobs_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/jobs"
	"yardmaster/jobs/queue"
	"yardmaster/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a kind whose every part a test can replace.
type script struct {
	policy  jobs.Policy
	run     func(ctx context.Context, op store.Operation, j *jobs.Journal) error
	undo    func(ctx context.Context, op store.Operation, j *jobs.Journal) error
	finish  func(tx *store.Tx, op *store.Operation) error
	abandon func(tx *store.Tx, op *store.Operation) error
}

func (*script) Name() string { return "test.script" }

func (s *script) Policy() jobs.Policy {
	p := s.policy
	if p.Timeout == 0 {
		p.Timeout = time.Minute
	}
	return p
}

func (s *script) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	if s.run == nil {
		return nil
	}
	return s.run(ctx, op, j)
}

func (s *script) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	if s.undo == nil {
		return nil
	}
	return s.undo(ctx, op, j)
}

func (s *script) Finish(tx *store.Tx, op *store.Operation) error {
	op.Result = store.Ref{Kind: "thing", ID: "made"}
	if s.finish == nil {
		return nil
	}
	return s.finish(tx, op)
}

func (s *script) Abandon(tx *store.Tx, op *store.Operation) error {
	if s.abandon == nil {
		return nil
	}
	return s.abandon(tx, op)
}

// engine is a Runner with its store and queue, which can be killed and opened again.
type engine struct {
	t      *testing.T
	dir    string
	kind   *script
	as     jobs.Kind // what the runner is told kind is; nil is kind itself
	limits jobs.Limits
	room   jobs.Room
	remote bool // run operations by a RemoteWorker, as another process does
	idle   bool // run none
	ids    atomic.Int64

	db     *store.DB
	queue  *queue.Queue
	runner *jobs.Runner
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func start(t *testing.T, e *engine) *engine {
	t.Helper()
	e.t, e.dir = t, t.TempDir()
	e.open()
	t.Cleanup(e.kill)
	return e
}

func (e *engine) newID() string { return fmt.Sprintf("%032x", e.ids.Add(1)) }

func (e *engine) open() {
	e.t.Helper()
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var err error
	if e.db, err = store.Open(ctx, store.Options{Path: filepath.Join(e.dir, "control.db"), Now: time.Now}); err != nil {
		e.t.Fatal(err)
	}
	if e.queue, err = queue.Open(ctx, queue.Options{URL: queue.Embedded, Logger: log, Now: time.Now, SignOfLife: 100 * time.Millisecond, LifeTTL: 500 * time.Millisecond}); err != nil {
		e.t.Fatal(err)
	}
	if e.as == nil {
		e.as = e.kind
	}
	if e.runner, err = jobs.New(jobs.Options{DB: e.db, Queue: e.queue, Kinds: []jobs.Kind{e.as}, Logger: log, NewID: e.newID, Epoch: e.newID(),
		Worker: "here", Limits: e.limits, Room: e.room, Retention: time.Hour, Takeover: time.Second}); err != nil {
		e.t.Fatal(err)
	}
	if err := e.runner.Start(ctx); err != nil {
		e.t.Fatal(err)
	}
	work, cancel := context.WithCancel(ctx)
	e.cancel = cancel
	w := e.runner.LocalWorker()
	if e.remote {
		w = jobs.RemoteWorker(e.queue, []jobs.Kind{e.kind}, "elsewhere", "", time.Now, log)
	}
	if !e.idle {
		e.done.Go(func() { _ = w.Work(work, 8) })
	}
}

// kill lets nothing be written any more, and then ends everything.
func (e *engine) kill() {
	_ = e.db.Kill()
	e.cancel()
	e.done.Wait()
	e.runner.Close()
	_ = e.queue.Close()
}

func (e *engine) submit(targets ...string) (store.Operation, error) {
	return e.runner.Submit(context.Background(), func(tx *store.Tx, op *store.Operation) error {
		op.Kind, op.Counted = "test.script", true
		for _, t := range targets {
			op.Targets = append(op.Targets, store.Ref{Kind: "thing", ID: t})
			op.Hosts = append(op.Hosts, t)
		}
		return nil
	})
}

func (e *engine) mustSubmit(targets ...string) string {
	e.t.Helper()
	op, err := e.submit(targets...)
	if err != nil {
		e.t.Fatal(err)
	}
	return op.ID
}

func (e *engine) until(id string, enough func(store.Operation) bool) store.Operation {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	op, err := e.runner.WaitFor(ctx, id, enough)
	if err != nil {
		e.t.Fatal(err)
	}
	if !enough(op) {
		e.t.Fatalf("operation is %s after 20 s, error %+v", op.State, op.Error)
	}
	return op
}

func (e *engine) ended(id string, want store.OpState) store.Operation {
	e.t.Helper()
	op := e.until(id, func(op store.Operation) bool { return !op.State.Live() })
	if op.State != want {
		e.t.Errorf("ended as %s (%+v), want %s", op.State, op.Error, want)
	}
	return op
}

func both(t *testing.T, test func(t *testing.T, remote bool)) {
	t.Run("here", func(t *testing.T) { test(t, false) })
	t.Run("elsewhere", func(t *testing.T) { test(t, true) })
}
