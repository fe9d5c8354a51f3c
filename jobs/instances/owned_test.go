package instances_test

import (
	"errors"
	"strings"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/instances"
)

func (y *yard) there(r kube.Ref) bool {
	y.t.Helper()
	_, err := y.cluster.Get(y.ctx, r)
	if err != nil && !errors.Is(err, kube.ErrNotFound) {
		y.t.Fatal(err)
	}
	return err == nil
}

func gateway(name string) kube.Ref {
	return kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Name: "tsdb-gw-1-small-" + name}
}

// Two servers may share a namespace, and an operator may try the second one with an instance that the first one has.
func TestAnInstanceOfAnotherYardSurvivesItsDeletionHere(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	other := y.neighbour()
	if j := other.ended(other.s.Deploy(y.ctx, ann, small())); j.Status != "FAILED" || !strings.Contains(j.Reason, "another yard") && !strings.Contains(j.Reason, "belongs to yard") {
		t.Errorf("got %+v", j)
	}
	other.idle()
	j := other.ended(other.s.Delete(y.ctx, ann, 1, "one", false))
	if j.Status != "SUCCEEDED" || !strings.Contains(j.Reason, "Deployment tsdb-gw-1-small-one") || !strings.Contains(j.Reason, "the keyspace") {
		t.Errorf("got %+v", j)
	}
	if len(y.topics.Names()) != 2 || len(y.spaces.Names()) != 1 {
		t.Errorf("its data is gone: topics %v, keyspaces %v", y.topics.Names(), y.spaces.Names())
	}
	y.serving("a")
	y.agree()
	if all, err := other.s.Instances(y.ctx); err != nil || len(all) != 0 {
		t.Errorf("got %v, %v", all, err)
	}
	y.must(y.s.Delete(y.ctx, ann, 1, "one", false)) // its own
	if len(y.topics.Names()) != 0 || len(y.spaces.Names()) != 0 {
		t.Errorf("topics %v, keyspaces %v", y.topics.Names(), y.spaces.Names())
	}
}

// What never came so far that anything was applied has no claim to what has the same names.
func TestWhatWasMadeByHandSurvivesTheDeletionOfAnInstanceThatNeverCameThere(t *testing.T) {
	y := newYard(t)
	y.ok(y.cluster.Create("kubectl-create", []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"instance-1-one"},"data":{"precious":"yes"}}`)))
	_, err := y.topics.EnsureTopic(y.ctx, "theirs", 1, 1)
	y.ok(err)
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "apply" || verb == "dry run" {
			return kube.ErrForbidden
		}
		return nil
	})
	if j := y.ended(y.s.Deploy(y.ctx, ann, small())); j.Status != "FAILED" {
		t.Errorf("got %+v", j)
	}
	y.idle()
	y.cluster.Fail(nil)
	if j := y.ended(y.s.Delete(y.ctx, ann, 1, "one", false)); j.Status != "SUCCEEDED" || !strings.Contains(j.Reason, "ConfigMap instance-1-one") {
		t.Errorf("got %+v", j)
	}
	if !y.there(kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Name: "instance-1-one"}) {
		t.Error("it is gone")
	}
}

// An object of a former plan that was given away stays, and the job that passes it over says so.
func TestADeployRemovesOnlyWhatItsYardHasApplied(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.ok(y.cluster.Edit(gateway("one"), func(o map[string]any) {
		delete(o["metadata"].(map[string]any)["labels"].(map[string]any), kube.LabelYard)
	}))
	medium := small(func(i *instances.Instance) { i.Plan.Name = "Medium" })
	text, err := y.s.DiffOf(y.ctx, medium)
	y.ok(err)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "--- deployments: ") && strings.Contains(line, "tsdb-gw-1-small-one") {
			t.Errorf("a deploy would remove %s", line)
		}
	}
	if j := y.ended(y.s.Deploy(y.ctx, ann, medium)); j.Status != "SUCCEEDED" || !strings.Contains(j.Reason, "Deployment tsdb-gw-1-small-one") {
		t.Errorf("got %+v", j)
	}
	if !y.there(gateway("one")) {
		t.Error("it is gone")
	}
	y.agree()
	y.must(y.s.Delete(y.ctx, ann, 1, "one", false))
	if !y.there(gateway("one")) || len(y.topics.Names()) != 0 {
		t.Errorf("there %v, topics %v", y.there(gateway("one")), y.topics.Names())
	}
}
