package instances_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/instances"
	"yardmaster/jobs/instances/expand"
	"yardmaster/store"
)

type override = expand.Override

// scenario is one change of an instance. color is what its Services select once it is over; "": it is gone.
type scenario struct {
	name    string
	prepare func(y *yard)
	act     func(y *yard) error
	color   string
}

func deployed(y *yard) { y.must(y.s.Deploy(y.ctx, ann, small())) }

func standing(y *yard) {
	deployed(y)
	y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
}

func importing(y *yard) {
	deployed(y)
	y.ok(y.s.StartImporter(y.ctx, ann, 1, "one", nil))
}

var scenarios = []scenario{
	{"a first deploy", func(*yard) {}, func(y *yard) error { _, err := y.s.Deploy(y.ctx, ann, small()); return err }, "a"},
	{"a deploy of the other colour", deployed, func(y *yard) error {
		_, err := y.s.Deploy(y.ctx, ann, small(func(i *instances.Instance) { i.Color = "b" }))
		return err
	}, "b"},
	{"a switch of colours", standing, func(y *yard) error { return y.s.SwitchColor(y.ctx, ann, 1, "one") }, "b"},
	{"the end of a standby", standing, func(y *yard) error { return y.s.StandbyOff(y.ctx, ann, 1, "one") }, "a"},
	{"a change of plan", deployed, func(y *yard) error {
		_, err := y.s.Deploy(y.ctx, ann, small(func(i *instances.Instance) { i.Plan.Name = "Other" }))
		return err
	}, "a"},
	{"the importer's start", deployed, func(y *yard) error { return y.s.StartImporter(y.ctx, ann, 1, "one", nil) }, "a"},
	{"the importer's end", importing, func(y *yard) error { return y.s.StopImporter(y.ctx, ann, 1, "one") }, "a"},
	{"a deletion", deployed, func(y *yard) error { _, err := y.s.Delete(y.ctx, ann, 1, "one", false); return err }, ""},
}

// changing says that a request may change the cluster.
func changing(verb string) bool {
	return verb == "apply" || verb == "delete" || verb == "patch" || verb == "scale"
}

// TestAKillAtAnyChangeIsMadeGoodAfterwards is the crash matrix: for each job and each change that it makes of the cluster, the process
// is killed while the cluster answers, and started again on the same file and the same cluster.
func TestAKillAtAnyChangeIsMadeGoodAfterwards(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			n := changes(t, s)
			for i := range n {
				t.Run(fmt.Sprint(i+1, " of ", n), func(t *testing.T) { killAt(t, s, i+1) })
			}
		})
	}
}

// newMatrixYard has plans of few partitions: an instance of each part, and no more of it than it takes to have several.
func newMatrixYard(t *testing.T) *yard {
	t.Helper()
	y := newYard(t)
	y.config = "plans: {small: {partitions: 2, cpu: 50, mem: 500}, other: {partitions: 3, cpu: 20, mem: 100}}\n"
	_, err := y.s.Reload(y.ctx, ann)
	y.ok(err)
	return y
}

// changes counts what a job changes on the cluster when nothing goes wrong.
func changes(t *testing.T, s scenario) int {
	y := newMatrixYard(t)
	s.prepare(y)
	var n atomic.Int64
	y.cluster.Fail(func(verb string, _ kube.Ref) error {
		if changing(verb) {
			n.Add(1)
		}
		return nil
	})
	y.ok(s.act(y))
	y.idle()
	y.cluster.Fail(nil)
	y.over(s)
	return int(n.Load())
}

func (y *yard) idle() {
	y.t.Helper()
	y.until("nothing is under way", func() bool { all, err := y.s.Jobs(y.ctx, 0); return err == nil && len(all) == 0 })
}

func (y *yard) over(s scenario) {
	y.t.Helper()
	y.agree()
	if s.color != "" {
		y.serving(s.color)
		return
	}
	if all, err := y.s.Instances(y.ctx); err != nil || len(all) != 0 {
		y.t.Errorf("got %v, %v", all, err)
	}
}

func killAt(t *testing.T, s scenario, n int) {
	y := newMatrixYard(t)
	s.prepare(y)
	var seen atomic.Int64
	reached, released := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	defer release()
	var once sync.Once
	y.cluster.Fail(func(verb string, _ kube.Ref) error {
		if !changing(verb) || int(seen.Add(1)) < n {
			return nil
		}
		once.Do(func() { close(reached) })
		<-released
		if n%2 == 0 {
			return errors.New("cut off")
		}
		return nil
	})
	acted := make(chan struct{})
	go func() { defer close(acted); _ = s.act(y) }()
	y.until("the change is reached, or the job has ended before it", func() bool {
		select {
		case <-reached:
			return true
		case <-acted:
			all, err := y.s.Jobs(y.ctx, 0)
			return err == nil && len(all) == 0
		default:
			return false
		}
	})
	_ = y.db.Kill()
	y.cluster.Fail(nil)
	release()
	y.kill()
	<-acted
	y.open()
	y.idle()
	ops, _, err := y.runner.List(y.ctx, store.OperationFilter{Limit: 10})
	y.ok(err)
	for _, op := range ops {
		if op.State != store.Succeeded {
			t.Errorf("%s is %s: %+v", op.Kind, op.State, op.Error)
		}
	}
	y.over(s)
	if rec := len(ops); rec == 0 && !strings.Contains(s.name, "first") {
		t.Error("no job is known")
	}
}
