package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/jobs"
	domain "yardmaster/jobs/events"
	"yardmaster/store"
	"yardmaster/store/events"
)

// script is a kind that a test can tell what to do.
type script struct {
	run func(ctx context.Context, op store.Operation) error
}

func (*script) Name() string        { return "volume.create" }
func (*script) Policy() jobs.Policy { return jobs.Policy{Timeout: time.Minute} }
func (k *script) Run(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	if k.run == nil {
		return nil
	}
	return k.run(ctx, op)
}
func (*script) Finish(*store.Tx, *store.Operation) error                   { return nil }
func (*script) Undo(context.Context, store.Operation, *jobs.Journal) error { return nil }
func (*script) Abandon(*store.Tx, *store.Operation) error                  { return nil }
func volumeID(n int) string                                                { return fmt.Sprintf("%032x", 0xabc000+n) }

func (c *scene) submit(n int) (store.Operation, error) {
	return c.runner.Submit(context.Background(), func(tx *store.Tx, op *store.Operation) error {
		op.Kind, op.Owner, op.RequestID = "volume.create", "alice", "req-1"
		op.Targets = []store.Ref{{Kind: "volume", ID: volumeID(n)}, {Kind: "cluster", ID: volumeID(n)}}
		return nil
	})
}

func (c *scene) ended(id string) store.Operation {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	op, err := c.runner.Wait(ctx, id)
	if err != nil || op.State.Live() {
		c.t.Fatalf("operation %s: %s, %v", id, op.State, err)
	}
	return op
}

func TestAnOperationIsTwoEventsWithItsTiming(t *testing.T) {
	c := newYard(t, domain.Options{}, &script{run: func(_ context.Context, op store.Operation) error {
		if op.Targets[0].ID == volumeID(2) {
			return jobs.Refuse("no space")
		}
		return nil
	}})
	c.keep()
	for _, n := range []int{1, 2, 1} {
		op, err := c.submit(n)
		if err != nil {
			t.Fatal(err)
		}
		c.ended(op.ID)
	}
	eventually(t, "six events", func() bool { return len(c.all(events.Yard)) == 6 })
	for _, e := range c.all(events.Yard) {
		if e.Tenant.S != "alice" || e.RequestID != "req-1" || e.Host.S != "worker-1" || e.Source != "yardmaster" || e.Deployment == 0 || e.When.IsZero() {
			t.Errorf("event %+v", e)
		}
	}
	c.view(func(tx *events.Tx) error {
		timings, err := tx.Timings(events.Yard, volumeID(1))
		if err != nil || len(timings) != 2 || timings[0].Name != "yardmaster.volume.create" || !timings[0].Complete() || !timings[1].Complete() {
			t.Errorf("timings of one that went well twice: %+v, %v", timings, err)
		}
		timings, err = tx.Timings(events.Yard, volumeID(2))
		if err != nil || len(timings) != 1 || !timings[0].Complete() {
			t.Fatalf("timings of one that failed: %+v, %v", timings, err)
		}
		failed, err := tx.Event(events.Yard, timings[0].EndID)
		if err != nil || failed.Type != "yardmaster.volume.create.error" || !failed.Failed() || failed.State.S != "failed" {
			t.Errorf("its end %+v, %v", failed, err)
		}
		raw, err := tx.Body(events.Yard, failed.ID)
		var body [2]json.RawMessage
		var n struct {
			EventType string `json:"event_type"`
			Request   string `json:"_context_request_id"`
			Payload   struct {
				Operation string         `json:"operation_id"`
				Targets   []string       `json:"targets"`
				Error     *store.OpError `json:"error"`
			} `json:"payload"`
		}
		if err != nil || json.Unmarshal(raw, &body) != nil || json.Unmarshal(body[1], &n) != nil || n.EventType != failed.Type ||
			n.Payload.Error == nil || n.Payload.Error.Text != "no space" || len(n.Payload.Targets) != 2 || n.Payload.Operation+".end" != failed.MessageID {
			t.Errorf("body %s, %v", raw, err)
		}
		summary, err := tx.Summary(events.Yard, 0, -1)
		if err != nil || len(summary) != 1 || summary[0].N != 3 {
			t.Errorf("summary %+v, %v", summary, err)
		}
		return nil
	})
}

func TestAnOperationIsToldOfWhileItRuns(t *testing.T) {
	goOn := make(chan struct{})
	c := newYard(t, domain.Options{}, &script{run: func(context.Context, store.Operation) error { <-goOn; return nil }})
	c.keep()
	op, err := c.submit(1)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "its start", func() bool { return len(c.all(events.Yard)) == 1 })
	close(goOn)
	c.ended(op.ID)
	eventually(t, "its end", func() bool { return len(c.all(events.Yard)) == 2 })
}

func TestAnOperationThatWasCalledOffBeforeItBeganHasWaited(t *testing.T) {
	var once sync.Once
	block, blocked := make(chan struct{}), make(chan struct{})
	c := newYard(t, domain.Options{}, &script{run: func(context.Context, store.Operation) error {
		once.Do(func() { close(blocked) })
		<-block
		return nil
	}})
	var running []string
	for n := range 8 { // as many as the worker takes
		op, err := c.submit(100 + n)
		if err != nil {
			t.Fatal(err)
		}
		running = append(running, op.ID)
	}
	<-blocked
	eventually(t, "all run", func() bool {
		n := 0
		_ = c.control.View(context.Background(), func(tx *store.Tx) error { n = store.CountState(tx, store.Running); return nil })
		return n == 8
	})
	op, err := c.submit(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.runner.Cancel(context.Background(), op.ID); err != nil {
		t.Fatal(err)
	}
	c.keep()
	var timings []events.Timing
	eventually(t, "its timing", func() bool {
		c.view(func(tx *events.Tx) (err error) { timings, err = tx.Timings(events.Yard, volumeID(1)); return err })
		return len(timings) == 1 && timings[0].Complete()
	})
	close(block)
	for _, id := range running {
		c.ended(id)
	}
}

// exactly fails unless every operation that ended has its two events, once each and paired with each other.
func (c *scene) exactly(ops map[string]bool) {
	c.t.Helper()
	eventually(c.t, "all is written down", func() bool { return len(c.all(events.Yard)) >= 2*len(ops) })
	here := map[string]events.Event{}
	for _, e := range c.all(events.Yard) {
		if _, twice := here[e.MessageID]; twice {
			c.t.Fatalf("%s is there twice", e.MessageID)
		}
		here[e.MessageID] = e
	}
	if len(here) != 2*len(ops) {
		c.t.Errorf("%d events of %d operations", len(here), len(ops))
	}
	for id := range ops {
		start, end := here[id+".start"], here[id+".end"]
		if start.ID == 0 || end.ID == 0 {
			c.t.Fatalf("operation %s has events %d and %d", id, start.ID, end.ID)
		}
		c.view(func(tx *events.Tx) error {
			timings, err := tx.Timings(events.Yard, start.Instance.S)
			for _, x := range timings {
				if x.EndID == end.ID && x.StartID == start.ID {
					return err
				}
			}
			c.t.Errorf("operation %s: no timing from %d to %d in %+v", id, start.ID, end.ID, timings)
			return err
		})
	}
}

func TestEveryOperationIsWrittenDownExactlyOnceHoweverOftenTheServerIsKilled(t *testing.T) {
	var fail atomic.Int64
	c := newYard(t, domain.Options{}, &script{run: func(context.Context, store.Operation) error {
		if fail.Add(1)%3 == 0 {
			return jobs.Refuse("no")
		}
		return nil
	}})
	ops := map[string]bool{}
	for round := range 8 {
		if round != 5 {
			c.keep()
		}
		for n := range 40 {
			op, err := c.submit(round*10 + n%10)
			if err != nil {
				continue // the one before still holds its volume
			}
			ops[op.ID] = true
			if n%4 == round%4 {
				c.ended(op.ID)
			}
		}
		if round%2 == 0 { // with some written down and some not
			eventually(t, "one is written down", func() bool { return len(c.all(events.Yard)) > 0 })
		}
		c.kill()
		c.open()
	}
	c.keep()
	for id := range ops {
		c.ended(id)
	}
	c.exactly(ops)
}

func TestALookBackOverDaysThatIsCutGoesOnWhereItWas(t *testing.T) {
	var clock atomic.Pointer[time.Time]
	set(&clock, begin)
	c := &scene{t: t, dir: t.TempDir(), kind: &script{}, now: func() time.Time { return *clock.Load() }}
	c.open()
	t.Cleanup(c.close)
	ops := map[string]bool{}
	for day := range 20 {
		set(&clock, begin.AddDate(0, 0, day))
		for n := range 3 {
			op, err := c.submit(n)
			if err != nil {
				t.Fatal(err)
			}
			c.ended(op.ID)
			ops[op.ID] = true
		}
	}
	for cut := 1; cut < 5; cut++ {
		c.kill()
		c.open()
		c.s.SmallPages(4)
		c.keep()
		eventually(t, "some are written down", func() bool { return len(c.all(events.Yard)) > 20*cut })
	}
	c.kill()
	c.open()
	if err := c.s.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	c.exactly(ops)
}

func TestOperationsThatEndedWithoutAWordAreFoundBeforeTheirSuccessors(t *testing.T) {
	block := make(chan struct{})
	var first atomic.Bool
	c := newYard(t, domain.Options{}, &script{run: func(ctx context.Context, _ store.Operation) error {
		if first.CompareAndSwap(false, true) {
			select {
			case <-block:
			case <-ctx.Done():
			}
		}
		return nil
	}})
	c.keep()
	op, err := c.submit(1)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "its start", func() bool { return len(c.all(events.Yard)) == 1 })
	err = c.control.Update(context.Background(), func(tx *store.Tx) error {
		was, err := store.Operations.Get(tx, op.ID)
		if err != nil {
			return err
		}
		return jobs.Drop(tx, &was)
	})
	if err != nil {
		t.Fatal(err)
	}
	next, err := c.submit(1)
	if err != nil {
		t.Fatal(err)
	}
	c.ended(next.ID)
	c.exactly(map[string]bool{op.ID: true, next.ID: true})
	close(block)
}

func TestACrowdOfOperationsIsWrittenDownThoughTheYardFallsBehind(t *testing.T) {
	c := newYard(t, domain.Options{}, &script{})
	c.keep()
	var mu sync.Mutex
	ops := map[string]bool{}
	var crowd sync.WaitGroup
	for n := range 8 {
		crowd.Go(func() {
			for i := range 60 {
				op, err := c.submit(n*1000 + i)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				ops[op.ID] = true
				mu.Unlock()
			}
		})
	}
	crowd.Wait()
	for id := range ops {
		c.ended(id)
	}
	c.exactly(ops)
}
