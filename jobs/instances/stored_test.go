package instances_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/instances"
	"yardmaster/jobs/instances/expand"
)

// changed is an instance that differs from what small deploys in a text, a colour and its readers' image.
func changed() instances.Instance {
	return small(func(i *instances.Instance) {
		i.Color, i.IndexRules = "b", "[default]\npattern =\nmax-stale = 77d\n"
		i.Overrides = map[string]override{"metrictank-read": {Image: "us.gcr.io/metrictank:v9"}}
	})
}

// forbid has the cluster refuse changes of objects of a kind whose names have such a part, until it is called.
func (y *yard) forbid(verb, kind, part string) (allow func()) {
	y.cluster.Fail(func(v string, r kube.Ref) error {
		if v == verb && r.Kind == kind && strings.Contains(r.Name, part) {
			return fmt.Errorf("%s: %w", r, kube.ErrForbidden)
		}
		return nil
	})
	return func() { y.cluster.Fail(nil) }
}

// mirror is what the cluster shows of the instance.
func (y *yard) mirror() (config instances.Instance, state, revision string) {
	y.t.Helper()
	raw, err := y.cluster.Get(y.ctx, kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Name: expand.MirrorName(small())})
	y.ok(err)
	var m struct{ Data map[string]string }
	y.ok(json.Unmarshal(raw, &m))
	y.ok(json.Unmarshal([]byte(m.Data["instance.json"]), &config))
	return config, m.Data["state"], m.Data["revision"]
}

// stored holds that the instance and its mirror are what changed was posted as, in a state.
func (y *yard) stored(state string, revision int) {
	y.t.Helper()
	i, err := y.s.Instance(y.ctx, 1, "one")
	y.ok(err)
	shown, mirrored, at := y.mirror()
	for name, one := range map[string]instances.Instance{"GET": i, "the mirror": shown} {
		if one.Color != "b" || !strings.Contains(one.IndexRules, "77d") || one.Overrides["metrictank-read"].Image != "us.gcr.io/metrictank:v9" {
			y.t.Errorf("%s has colour %s, rules %q, overrides %+v", name, one.Color, one.IndexRules, one.Overrides)
		}
	}
	if i.State != state || mirrored != state || i.Revision != revision || at != fmt.Sprint(revision) {
		y.t.Errorf("GET says %s %d, the mirror %s %s; want %s %d", i.State, i.Revision, mirrored, at, state, revision)
	}
}

// callOff calls a job off. Its run has been told when it returns.
func (y *yard) callOff(job string) {
	y.t.Helper()
	op, err := y.operation(job)
	y.ok(err)
	_, err = y.runner.Cancel(y.ctx, op.ID)
	y.ok(err)
}

// calledOff begins a job and calls it off while the cluster is at its first change of that sort; while is told of it before.
func (y *yard) calledOff(verb, kind string, begin func() (string, error), while func(job string)) {
	y.t.Helper()
	reached, cut := make(chan struct{}), make(chan struct{})
	var once sync.Once
	y.cluster.Fail(func(v string, r kube.Ref) error {
		if v == verb && (kind == "" || r.Kind == kind) {
			once.Do(func() { close(reached); <-cut })
		}
		return nil
	})
	release := sync.OnceFunc(func() { close(cut) })
	defer release()
	job, err := begin()
	y.ok(err)
	<-reached
	while(job)
	y.callOff(job)
	release()
	y.cluster.Fail(nil)
	if j := y.ended(job, nil); j.Status != "ABORTED" {
		y.t.Errorf("got %+v", j)
	}
}

func TestWhatWasPostedIsStoredWhateverBecomesOfItsDeploy(t *testing.T) {
	for name, verb := range map[string]string{"refused at the first look": "dry run", "refused on its way": "apply"} {
		t.Run(name, func(t *testing.T) {
			y := newYard(t)
			y.must(y.s.Deploy(y.ctx, ann, small()))
			allow := y.forbid(verb, "Deployment", "tsdb-gw")
			if j := y.ended(y.s.Deploy(y.ctx, ann, changed())); j.Status != "FAILED" {
				t.Errorf("got %+v", j)
			}
			y.stored("failed", 2)
			y.serving("a")
			if j := y.ended(y.s.Update(y.ctx, ann, 1, "one")); j.Status != "FAILED" { // again and again
				t.Errorf("got %+v", j)
			}
			y.stored("failed", 3)
			allow()
			text, err := y.s.Diff(y.ctx, 1, "one")
			if err != nil || !strings.Contains(text, `"color": "b"`) {
				t.Errorf("the difference is %v\n%s", err, text)
			}
			y.must(y.s.Update(y.ctx, ann, 1, "one"))
			y.stored("active", 4)
			y.serving("b")
			y.agree()
		})
	}
}

func TestWhatWasPostedIsStoredWhileItIsDeployedAndAfterItWasCalledOff(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.calledOff("apply", "Deployment", func() (string, error) { return y.s.Deploy(y.ctx, ann, changed()) }, func(string) { y.stored("deploying", 2) })
	y.stored("aborted", 2)
	y.serving("a")
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
	y.stored("active", 3)
	y.serving("b")
	y.agree()
}

func TestAPostThatNamesNoColourStaysOnTheOneThatServes(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	allow := y.forbid("apply", "Deployment", "tsdb-gw")
	if j := y.ended(y.s.Deploy(y.ctx, ann, changed())); j.Status != "FAILED" {
		t.Errorf("got %+v", j)
	}
	allow()
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.serving("a")
	y.agree()
}
