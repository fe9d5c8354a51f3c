package instances_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/instances"
)

func (y *yard) failed(job string, err error) {
	y.t.Helper()
	if j := y.ended(job, err); j.Status != "FAILED" {
		y.t.Errorf("got %+v", j)
	}
}

func (y *yard) state(want string) {
	y.t.Helper()
	i, err := y.s.Instance(y.ctx, 1, "one")
	y.ok(err)
	if _, shown, _ := y.mirror(); i.State != want || shown != want {
		y.t.Errorf("GET says %s, the mirror %s, want %s", i.State, shown, want)
	}
}

func (y *yard) refused(err error, words string) {
	y.t.Helper()
	if !errors.Is(err, instances.ErrConflict) || !strings.Contains(err.Error(), words) {
		y.t.Errorf("got %v, want a conflict with %q", err, words)
	}
}

// A deploy that failed closes nothing that serves: the standby is the way out of a bad release.
func TestWhatServesIsSwitchedAfterADeployThatFailed(t *testing.T) {
	for name, change := range map[string]func(*instances.Instance){
		"of other rules":  func(i *instances.Instance) { i.IndexRules = "[default]\npattern =\nmax-stale = 77d\n" },
		"of another plan": func(i *instances.Instance) { i.Plan.Name = "Medium" },
	} {
		t.Run(name, func(t *testing.T) {
			y := newYard(t)
			y.must(y.s.Deploy(y.ctx, ann, small()))
			y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
			allow := y.forbid("apply", "Deployment", "tsdb-gw")
			y.failed(y.s.Deploy(y.ctx, ann, small(change)))
			y.state("failed")
			allow()
			y.ok(y.s.SwitchColor(y.ctx, ann, 1, "one"))
			y.serving("b")
			y.state("failed")
			y.ok(y.s.StartImporter(y.ctx, ann, 1, "one", nil))
			y.ok(y.s.StopImporter(y.ctx, ann, 1, "one"))
			y.ok(y.s.StartImporter(y.ctx, ann, 1, "one", nil))
			y.state("failed")
			y.ok(y.s.StandbyOff(y.ctx, ann, 1, "one"))
			y.serving("b")
			_, err := y.s.StandbyOn(y.ctx, ann, 1, "one")
			y.refused(err, "deploy it first")
			y.state("failed")

			y.must(y.s.Update(y.ctx, ann, 1, "one"))
			i, err := y.s.Instance(y.ctx, 1, "one")
			want := small(change)
			if err != nil || i.Plan.Name != want.Plan.Name || want.IndexRules != "" && i.IndexRules != want.IndexRules || i.Color != "b" || i.Importer == nil {
				t.Errorf("got %+v, %v", i, err)
			}
			y.state("active")
			y.serving("b")
			y.agree()
		})
	}
}

func TestAStandbyThatFailedIsOffAndLeavesTheInstanceActive(t *testing.T) {
	fails := func(y *yard) {
		allow := y.forbid("apply", "Deployment", "graphite")
		y.failed(y.s.StandbyOn(y.ctx, ann, 1, "one"))
		allow()
	}
	aborted := func(y *yard) {
		y.calledOff("apply", "Deployment", func() (string, error) { return y.s.StandbyOn(y.ctx, ann, 1, "one") }, func(string) {})
	}
	for name, c := range map[string]struct{ spoil, mend func(y *yard) }{
		"failed, then off":      {fails, func(y *yard) { y.ok(y.s.StandbyOff(y.ctx, ann, 1, "one")) }},
		"aborted, then updated": {aborted, func(y *yard) { y.must(y.s.Update(y.ctx, ann, 1, "one")) }},
		"aborted, then on again": {aborted, func(y *yard) {
			y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
			y.ok(y.s.SwitchColor(y.ctx, ann, 1, "one"))
			y.ok(y.s.SwitchColor(y.ctx, ann, 1, "one"))
			y.ok(y.s.StandbyOff(y.ctx, ann, 1, "one"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			y := newYard(t)
			y.must(y.s.Deploy(y.ctx, ann, small()))
			c.spoil(y)
			y.state("active")
			y.refused(y.s.SwitchColor(y.ctx, ann, 1, "one"), "no standby")
			y.ok(y.s.StartImporter(y.ctx, ann, 1, "one", nil))
			c.mend(y)
			if left := y.deployments("-one-b"); len(left) > 0 {
				t.Errorf("still there: %v", left)
			}
			y.state("active")
			y.serving("a")
			y.agree()
		})
	}
}

// The Services of an instance never lead to two colours for longer than it takes to say where they should.
func TestWhatADeployHasHalfSwitchedGoesNotWithTheStandby(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	allow := y.forbid("apply", "Service", "graphite")
	y.failed(y.s.Deploy(y.ctx, ann, small(func(i *instances.Instance) { i.Color = "b" })))
	allow()
	var mu sync.Mutex
	var order []string
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, verb+" "+r.ID())
		return nil
	})
	y.ok(y.s.StandbyOff(y.ctx, ann, 1, "one"))
	y.cluster.Fail(nil)
	back, gone := slices.Index(order, "apply Service.mt-read-1-small-one"), slices.Index(order, "delete Deployment.mt-read00-1-small-one-b")
	if back < 0 || gone < back {
		t.Errorf("got %q", order)
	}
	y.serving("a")
	if left := y.deployments("-one-b"); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
	y.serving("b")
	y.agree()
}

// An importer that could not be started is none, and what there is of it goes with the next call or deploy.
func TestAnImporterThatFailedLeavesTheInstanceActive(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	allow := y.forbid("apply", "Service", "mt-importer")
	y.refused(y.s.StartImporter(y.ctx, ann, 1, "one", nil), "mt-importer")
	allow()
	y.state("active")
	if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.Importer != nil {
		t.Errorf("got %+v, %v", i.Importer, err)
	}
	if shown, _, _ := y.mirror(); shown.Importer != nil {
		t.Errorf("the mirror shows %+v", shown.Importer)
	}
	y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
	y.ok(y.s.StopImporter(y.ctx, ann, 1, "one"))
	if all := y.deployments("mt-importer"); len(all) > 0 {
		t.Errorf("still there: %v", all)
	}
	y.agree()
}
