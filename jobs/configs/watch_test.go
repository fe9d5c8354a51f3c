package configs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs"
	"yardmaster/store"
)

// windowed is a Deployment with an idle window around now.
func (y *yard) windowed(name string) string {
	now := y.now().UTC()
	window := now.Add(-time.Hour).Format("15:04") + "-" + now.Add(time.Hour).Format("15:04")
	return strings.Replace(deployment(name), "  name: "+name+"\n", "  name: "+name+"\n  annotations: {yardmaster.io/idle-window: \""+window+"\"}\n", 1)
}

func (y *yard) runs(name string, want int64) {
	y.t.Helper()
	if n, err := y.cluster.Replicas(y.ctx, ref("Deployment", name)); n != want || err != nil {
		y.t.Errorf("%s runs %d, want %d (%v)", name, n, want, err)
	}
}

// keepWindows is one look at the windows, with what it led to.
func (y *yard) keepWindows() {
	y.t.Helper()
	if err := y.s.KeepWindows(y.ctx); err != nil {
		y.t.Error(err)
	}
	y.until("nothing is under way", y.idle)
}

func TestAWindowsEndWakesNothingInAHibernation(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.ScaleEvery = time.Minute })
	y.upload("1", y.windowed("night"))
	y.keepWindows()
	y.runs("night", 0)
	y.pass(2 * time.Hour) // it is to wake
	reached, released := make(chan struct{}), make(chan struct{})
	var asked atomic.Bool
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "get" && r.Name == "night" && asked.CompareAndSwap(false, true) {
			close(reached)
			<-released
		}
		return nil
	})
	looked := make(chan error, 1)
	go func() { looked <- y.s.KeepWindows(y.ctx) }()
	<-reached
	y.must(y.s.Hibernate(y.ctx, ann))
	close(released)
	if err := <-looked; err != nil {
		t.Error(err)
	}
	y.until("nothing is under way", y.idle)
	y.runs("night", 0)
}

func TestAProtectedWorkloadWakesAfterItsWindow(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.ScaleEvery, p.Protect = time.Minute, []string{"night"} })
	y.upload("1", y.windowed("night"))
	y.keepWindows()
	y.runs("night", 0)
	y.pass(2 * time.Hour)
	y.keepWindows()
	y.runs("night", 2)
}

func TestNobodyIsPutToSleepWhereNobodyWakes(t *testing.T) {
	y := newYard(t)
	y.upload("1", y.windowed("night"))
	y.runs("night", 2)
	y.agree()
}

func (y *yard) heals() (n int) {
	y.t.Helper()
	ops, _, err := y.runner.List(y.ctx, store.OperationFilter{Limit: 1000})
	if err != nil {
		y.t.Fatal(err)
	}
	for _, op := range ops {
		if op.Kind == "config.heal" {
			n++
		}
	}
	return n
}

func (y *yard) meddle(name string) {
	y.t.Helper()
	if err := y.cluster.Edit(ref("ConfigMap", name), func(o map[string]any) { o["data"].(map[string]any)["key"] = "meddled" }); err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) sweep() {
	y.t.Helper()
	if err := y.s.Sweep(y.ctx); err != nil {
		y.t.Error(err)
	}
	y.until("nothing is under way", y.idle)
}

func TestMendingBacksOffFromWhoFightsIt(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.SelfHeal, p.DriftEvery = []string{"*"}, time.Minute })
	y.upload("1", configMap("c", "x"))
	for range 64 {
		y.meddle("c")
		y.sweep()
		y.pass(time.Minute)
	}
	if n := y.heals(); n < 3 || n > 8 {
		t.Errorf("it was mended %d times in 64 looks", n)
	}
	y.pass(24 * time.Hour)
	y.sweep()
	y.agree() // who fights has left
	before := y.heals()
	y.meddle("c")
	y.sweep()
	if n := y.heals(); n != before+1 {
		t.Error("what drifts anew is mended at once")
	}
}

func TestWhatIsOnItsWayIsNoDrift(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.SelfHeal, p.DriftEvery = []string{"*"}, time.Minute })
	y.upload("1", configMap("c", "x"))
	reached, released := make(chan struct{}), make(chan struct{})
	var asked atomic.Bool
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "apply" && r.Name == "c" && asked.CompareAndSwap(false, true) {
			close(reached)
			<-released
		}
		return nil
	})
	c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "2", Files: files(configMap("c", "new"))})
	if err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := y.s.Sweep(y.ctx); err != nil {
		t.Error(err)
	}
	found, err := y.s.Inconsistencies(y.ctx)
	if err != nil || len(found.Resources) != 0 || found.Skipped["c"].Reason == "" {
		t.Errorf("got %+v, %v", found, err)
	}
	close(released)
	y.must(c, nil)
	y.agree()
	if notes := y.noted(); len(notes) != 0 || y.heals() != 0 {
		t.Errorf("told %v, mended %d times", notes, y.heals())
	}
}

func TestWhatWasNeverTakenThereIsNotMended(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.SelfHeal, p.DriftEvery = []string{"*"}, time.Minute })
	y.upload("1", configMap("c", "x"))
	y.cluster.Fail(refusing("apply", "c"))
	c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "2", Files: files(configMap("c", "new"))})
	if err != nil {
		t.Fatal(err)
	}
	y.outcome(c)
	y.cluster.Fail(nil)
	y.sweep()
	if n := y.heals(); n != 0 {
		t.Errorf("mended %d times", n)
	}
}

func TestALookForDriftEndsWithItsCaller(t *testing.T) {
	y := prepared(t)
	reached, released, first := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var asked atomic.Bool
	y.cluster.Fail(func(string, kube.Ref) error {
		if asked.CompareAndSwap(false, true) {
			close(reached)
			<-released
		}
		return nil
	})
	go func() { _, _ = y.s.Inconsistencies(y.ctx); close(first) }()
	<-reached
	ctx, cancel := context.WithTimeout(y.ctx, 50*time.Millisecond)
	defer cancel()
	second := make(chan error, 1)
	go func() { _, err := y.s.Inconsistencies(ctx); second <- err }()
	select {
	case err := <-second:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(5 * time.Second):
		t.Error("it waits for another's look")
	}
	close(released)
	<-first
}

func TestOneKindThatDoesNotAnswerHidesNoDriftOfOthers(t *testing.T) {
	y := prepared(t)
	y.meddle("a")
	y.cluster.Fail(func(_ string, r kube.Ref) error {
		if r.Kind == "Service" {
			return kube.ErrUnavailable
		}
		return nil
	})
	found, err := y.s.Inconsistencies(y.ctx)
	if err != nil || len(found.Resources) != 1 || found.Skipped["svc"].Reason == "" {
		t.Errorf("got %+v, %v", found, err)
	}
	y.cluster.Fail(func(string, kube.Ref) error { return kube.ErrUnavailable })
	if _, err := y.s.Inconsistencies(y.ctx); !errors.Is(err, configs.ErrUnavailable) {
		t.Errorf("a cluster that is away as a whole: %v", err)
	}
}

func TestHealthChecksGoSideBySide(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("a"), deployment("b"), deployment("c"))
	var at atomic.Int64
	together := make(chan struct{})
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb != "get" || r.Kind != "Deployment" {
			return nil
		}
		if at.Add(1) == 3 {
			close(together)
		}
		select {
		case <-together:
			return nil
		case <-time.After(20 * time.Second):
			return fmt.Errorf("%w: alone", kube.ErrInvalid)
		}
	})
	if err := y.s.Look(y.ctx); err != nil {
		t.Fatal(err)
	}
	all, err := y.s.Checks(y.ctx)
	if err != nil || slices.ContainsFunc(all, func(c configs.Check) bool { return c.Status != "healthy" }) {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestWhoMayNotSeeAutoscalersMayWake(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"))
	y.must(y.s.Hibernate(y.ctx, ann))
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "list" && r.Kind == "HorizontalPodAutoscaler" {
			return kube.ErrForbidden
		}
		return nil
	})
	y.must(y.s.Revive(y.ctx, ann))
	y.runs("web", 2)
}

func TestAWorkloadThatNoClusterTakesKeepsNobodyAwake(t *testing.T) {
	y := newYard(t)
	for _, bad := range []string{strings.Replace(deployment("bad"), "replicas: 2", "replicas: two", 1), "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: bare\n"} {
		c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "1", Files: files(bad)})
		if err != nil {
			t.Fatal(err)
		}
		y.outcome(c)
	}
	y.upload("1", deployment("web"))
	y.must(y.s.Hibernate(y.ctx, ann))
	y.runs("web", 0)
	c, err := y.s.Push(y.ctx, ann, "", false)
	if err != nil {
		t.Fatal(err)
	}
	if o := y.outcome(c); !slices.Equal(o.Applied, []string{"bad", "web"}) || len(o.Failed) != 1 { // bad sleeps: what it says of replicas is not asked
		t.Errorf("got %v, %v, %q", o.Applied, o.Failed, o.Error)
	}
	if _, err := y.s.Inconsistencies(y.ctx); err != nil {
		t.Error(err)
	}
	y.must(y.s.Revive(y.ctx, ann))
	y.runs("web", 2)
}

func TestAnAutoscalerThatMovedAwayKeepsItsReplicas(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("api"), scaler)
	y.must(y.s.MoveNamespace(y.ctx, ann, "elsewhere", "", false))
	there := ref("Deployment", "api")
	there.Namespace = "elsewhere"
	if err := y.cluster.Scale(y.ctx, there, 7); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"scaler"} {
		if err := y.cluster.Remove(ref("HorizontalPodAutoscaler", name)); err != nil {
			t.Fatal(err)
		}
	}
	y.patch(level("api", "debug"))
	if n, err := y.cluster.Replicas(y.ctx, there); n != 7 || err != nil {
		t.Errorf("it runs %d, %v", n, err)
	}
}
