package jobs_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/jobs"
	"yardmaster/store"
)

// laned is a script whose operations stand in the lane that their target begins with.
type laned struct{ *script }

func (laned) Lane(op store.Operation) string {
	lane, _, _ := strings.Cut(op.Targets[0].ID, "/")
	return lane
}

func TestALaneThatHangsLeavesWorkersToOthers(t *testing.T) {
	gate := make(chan struct{})
	kind := laned{&script{run: func(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
		if (laned{}).Lane(op) == "hung" {
			select {
			case <-gate:
			case <-ctx.Done():
			}
		}
		return nil
	}}}
	e := start(t, &engine{kind: kind.script, as: kind, limits: jobs.Limits{InFlightPerLane: 3}}) // the worker takes 8 at a time
	var hung []string
	for i := range 20 {
		hung = append(hung, e.mustSubmit(fmt.Sprint("hung/", i)))
	}
	e.until(hung[0], func(op store.Operation) bool { return op.State == store.Running })
	for i := range 5 {
		e.ended(e.mustSubmit(fmt.Sprint("well/", i)), store.Succeeded)
	}
	if line := e.line(); line.Waiting != 17 || line.Full["hung"] != 17 || line.Longest <= 0 || line.Longest > time.Minute {
		t.Errorf("got %+v", line)
	}
	close(gate)
	for _, id := range hung {
		e.ended(id, store.Succeeded)
	}
	if line := e.line(); line.Waiting != 0 || line.Full != nil {
		t.Errorf("in the end: got %+v", line)
	}
}

// TestAPlaceInALaneIsTakenAtOnce: what waits for it is told, and does not wait for the next sweep.
func TestAPlaceInALaneIsTakenAtOnce(t *testing.T) {
	kind := laned{&script{}}
	e := start(t, &engine{kind: kind.script, as: kind, limits: jobs.Limits{InFlightPerLane: 1}})
	const n = 40
	begin := time.Now()
	var all []string
	for i := range n {
		all = append(all, e.mustSubmit(fmt.Sprint("narrow/", i)))
	}
	for _, id := range all {
		e.ended(id, store.Succeeded)
	}
	if took := time.Since(begin); took > n*200*time.Millisecond { // less than that many sweeps
		t.Errorf("%d operations one after the other took %v", n, took)
	}
}

// TestWhatIsLeftAloneIsNotCalled: operations wait for it in the store, then go one by one until it is well, and none of them is
// said to wait for a worker.
func TestWhatIsLeftAloneIsNotCalled(t *testing.T) {
	var mu sync.Mutex
	room, bounded, flying := 0, true, 0
	set := func(most int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		room, bounded = most, ok
	}
	kind := laned{&script{run: func(_ context.Context, op store.Operation, _ *jobs.Journal) error {
		mu.Lock()
		defer mu.Unlock()
		if (laned{}).Lane(op) != "ill" {
			return nil
		}
		if flying++; bounded && flying > room {
			t.Errorf("%d are under way, of at most %d", flying, room)
		}
		return nil
	}}}
	kind.finish = func(*store.Tx, *store.Operation) error {
		mu.Lock()
		defer mu.Unlock()
		flying = 0
		return nil
	}
	e := start(t, &engine{kind: kind.script, as: kind, room: func(lane string) (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		return room, bounded && lane == "ill"
	}})
	var ill []string
	for i := range 4 {
		ill = append(ill, e.mustSubmit(fmt.Sprint("ill/", i)))
	}
	e.ended(e.mustSubmit("well/0"), store.Succeeded)
	if line := e.line(); line.Waiting != 0 {
		t.Errorf("got %+v", line)
	}
	set(1, true)
	for _, id := range ill[:2] {
		e.ended(id, store.Succeeded)
	}
	set(0, false)
	for _, id := range ill[2:] {
		e.ended(id, store.Succeeded)
	}
}

func (e *engine) line() jobs.Line {
	e.t.Helper()
	l, err := e.runner.Line(context.Background())
	if err != nil {
		e.t.Fatal(err)
	}
	return l
}

func TestALineTellsWhatItWaitsFor(t *testing.T) {
	if err := (jobs.Line{Waiting: 3, Longest: 29 * time.Second}).Err(); err != nil {
		t.Errorf("too early: %v", err)
	}
	err := jobs.Line{Waiting: 5, Longest: 42 * time.Second, Full: map[string]int{"provider/b": 1, "provider/a": 3}}.Err()
	want := "5 operations wait for a worker, one for 42s; 3 of them for provider/a, which takes long; 1 of them for provider/b, which takes long"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
