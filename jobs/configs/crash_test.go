package configs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs"
	"yardmaster/store"
)

type podOf = kube.Pod

func refusing(verb, name string) func(string, kube.Ref) error {
	return func(v string, r kube.Ref) error {
		if v == verb && r.Name == name {
			return fmt.Errorf("%w: no luck", kube.ErrInvalid)
		}
		return nil
	}
}

// scenario is one change of a platform.
type scenario struct {
	name string
	act  func(y *yard) (configs.Change, error)
	hold func(y *yard) // what must be true once it is over, beside that cluster and records agree
}

var many = []string{deployment("web"), deployment("api"), configMap("a", "x"), configMap("b", "x"), scaler,
	"apiVersion: v1\nkind: Service\nmetadata:\n  name: svc\nspec:\n  ports:\n  - port: 80\n"}

var scenarios = []scenario{
	{"an upload", func(y *yard) (configs.Change, error) {
		return y.s.Upload(y.ctx, ann, configs.Upload{Release: "2", Files: files(many...)})
	}, nil},
	{"a patch of a label", func(y *yard) (configs.Change, error) {
		return y.s.ApplyPatches(y.ctx, ann, configs.PatchUpload{Files: files(level("Deployment", "debug"))})
	}, nil},
	{"another namespace", func(y *yard) (configs.Change, error) { return y.s.MoveNamespace(y.ctx, ann, "elsewhere", "", false) }, nil},
	{"hibernation", func(y *yard) (configs.Change, error) { return y.s.Hibernate(y.ctx, ann) }, func(y *yard) {
		if asleep, err := y.s.Hibernated(y.ctx); !asleep || err != nil {
			y.t.Errorf("it sleeps: %v, %v", asleep, err)
		}
		c, err := y.s.Revive(y.ctx, ann)
		y.must(c, err)
		for name, want := range map[string]int64{"web": 2, "api": 1} { // an autoscaler's begins with one
			if n, err := y.cluster.Replicas(y.ctx, ref("Deployment", name)); n != want || err != nil {
				y.t.Errorf("%s runs %d, %v", name, n, err)
			}
		}
	}},
	{"paused autoscaling", func(y *yard) (configs.Change, error) { return y.s.PauseAutoscaling(y.ctx, ann) }, func(y *yard) {
		if s, err := y.s.AutoscalingStatus(y.ctx); err != nil || s["binary-autoscaler"] != "paused" {
			y.t.Errorf("got %v, %v", s, err)
		}
	}},
}

func prepared(t *testing.T) *yard {
	y := newYard(t)
	y.upload("1", many...)
	return y
}

// TestAKillAtAnyRequestIsMadeGoodAfterwards is the crash matrix: for each change and each request that it makes of the cluster, the
// process is killed while the cluster answers, and started again on the same file and the same cluster.
func TestAKillAtAnyRequestIsMadeGoodAfterwards(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			n := requests(t, s)
			for i := range n {
				t.Run(fmt.Sprint(i+1, " of ", n), func(t *testing.T) { killAt(t, s, i+1) })
			}
		})
	}
}

// requests counts what a change asks of the cluster when nothing goes wrong.
func requests(t *testing.T, s scenario) int {
	y := prepared(t)
	var n atomic.Int64
	y.cluster.Fail(func(string, kube.Ref) error { n.Add(1); return nil })
	c, err := s.act(y)
	y.must(c, err)
	made := int(n.Load())
	y.cluster.Fail(nil)
	y.over(s)
	return made
}

func (y *yard) over(s scenario) {
	y.t.Helper()
	if s.hold != nil {
		s.hold(y)
	}
	y.agree()
}

// killAt ends the process at its n-th request, half of the times before the cluster has done what was asked, and the other half so
// that the answer is not heard.
func killAt(t *testing.T, s scenario, n int) {
	y := prepared(t)
	var seen atomic.Int64
	reached, released := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	defer release()
	var once sync.Once
	y.cluster.Fail(func(string, kube.Ref) error {
		if int(seen.Add(1)) < n {
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
	go func() { defer close(acted); _, _ = s.act(y) }()
	y.until("the request is reached, or the change is over before it: how often it asks whether all is well depends on the time", func() bool {
		select {
		case <-reached:
			return true
		case <-acted:
			return y.idle()
		default:
			return false
		}
	})
	_ = y.db.Kill()
	y.cluster.Fail(nil)
	release()
	y.kill()
	y.open()
	y.until("nothing is under way", func() bool { return y.idle() })
	if y.begun() {
		y.over(s)
	} else {
		y.agree()
	}
}

func (y *yard) idle() bool {
	live := false
	err := y.db.View(y.ctx, func(tx *store.Tx) error {
		for op, err := range store.LiveOperations(tx) {
			live = live || op.State.Live()
			if err != nil {
				return err
			}
		}
		return nil
	})
	return err == nil && !live
}

// begun says that the change was on disk when the process was killed.
func (y *yard) begun() bool {
	ops, _, err := y.runner.List(y.ctx, store.OperationFilter{Limit: 10})
	if err != nil {
		y.t.Fatal(err)
	}
	for _, op := range ops {
		if op.State != store.Succeeded {
			y.t.Errorf("operation %s is %s: %+v", op.Kind, op.State, op.Error)
		}
	}
	return len(ops) > 1
}

func TestACanceledPushKeepsWhatTheClusterTook(t *testing.T) {
	y := prepared(t)
	reached := make(chan struct{})
	var once sync.Once
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "apply" && r.Name == "web" {
			once.Do(func() { close(reached) })
			return kube.ErrUnavailable
		}
		return nil
	})
	c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "2", Files: files(configMap("a", "new"), strings.Replace(deployment("web"), ":1\n", ":2\n", 1))})
	if err != nil {
		t.Fatal(err)
	}
	<-reached
	if _, err := y.runner.Cancel(y.ctx, c.Op.ID); err != nil {
		t.Fatal(err)
	}
	o := y.outcome(c)
	if o.Op.State != store.Canceled || len(o.Applied) != 1 || o.Applied[0] != "a" || len(o.Failed) != 1 {
		t.Errorf("got %s, %v, %v", o.Op.State, o.Applied, o.Failed)
	}
	if !y.config("a").Golden || y.config("web").Golden {
		t.Error("golden is what the cluster took")
	}
	y.cluster.Fail(nil)
	y.must(y.s.Push(y.ctx, ann, "", false))
	y.agree()
}

func TestAwaitEndsWithItsCaller(t *testing.T) {
	y := prepared(t)
	thaw := y.cluster.Freeze()
	c, err := y.s.Push(y.ctx, ann, "", false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(y.ctx, 20*time.Millisecond)
	defer cancel()
	if o, err := y.s.Await(ctx, c); err != nil || !o.Live {
		t.Errorf("got %v, %v", o.Live, err)
	}
	thaw()
	y.must(c, nil)
	if o, err := y.s.OutcomeOf(y.ctx, c.Op.ID); err != nil || len(o.Applied) != len(many) {
		t.Errorf("got %v, %v", o.Applied, err)
	}
	if _, err := y.s.OutcomeOf(y.ctx, "nobody"); !errors.Is(err, configs.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
