package instances_test

import (
	"context"
	"sync"
	"testing"

	"yardmaster/executors/backend/mem"
)

func TestADeletionIsCalledOffAndAnUpdateBringsTheInstanceBack(t *testing.T) {
	for name, keep := range map[string]bool{"its data too": false, "not its data": true} {
		t.Run(name, func(t *testing.T) {
			y := newYard(t)
			y.must(y.s.Deploy(y.ctx, ann, small()))
			y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
			y.ok(y.s.SwitchColor(y.ctx, ann, 1, "one"))
			y.calledOff("delete", "Deployment", func() (string, error) { return y.s.Delete(y.ctx, ann, 1, "one", keep) }, func(string) {})
			y.state("aborted")
			if len(y.topics.Names()) != 2 || len(y.spaces.Names()) != 1 {
				t.Errorf("topics %v, keyspaces %v", y.topics.Names(), y.spaces.Names())
			}
			y.refused(y.s.SwitchColor(y.ctx, ann, 1, "one"), "deploy it first")
			y.refused(y.s.StandbyOff(y.ctx, ann, 1, "one"), "deploy it first")
			y.must(y.s.Update(y.ctx, ann, 1, "one"))
			y.state("active")
			y.serving("b")
			y.agree()
			y.ok(y.s.SwitchColor(y.ctx, ann, 1, "one")) // its standby is there, too
			y.must(y.s.Delete(y.ctx, ann, 1, "one", keep))
			y.agree()
		})
	}
}

func TestADeletionThatHasBegunToDropDataGoesOn(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	reached, cut := make(chan struct{}), make(chan struct{})
	var once sync.Once
	y.topics.Fail(func(_ context.Context, verb, _ string) error {
		if verb == mem.DropTopic {
			once.Do(func() { close(reached); <-cut })
		}
		return nil
	})
	release := sync.OnceFunc(func() { close(cut) })
	defer release()
	job, err := y.s.Delete(y.ctx, ann, 1, "one", false)
	y.ok(err)
	<-reached
	y.refused(y.s.AbortJob(y.ctx, ann, 1, job), "its data is being dropped")
	if j, err := y.s.Job(y.ctx, 1, job); err != nil || j.Status != "ACTIVE" || j.Reason != "" {
		t.Errorf("got %+v, %v", j, err)
	}
	release()
	y.must(job, nil)
	if all, err := y.s.Instances(y.ctx); err != nil || len(all) != 0 || len(y.topics.Names())+len(y.spaces.Names()) > 0 {
		t.Errorf("instances %v, %v, topics %v, keyspaces %v", all, err, y.topics.Names(), y.spaces.Names())
	}
	y.agree()
}

// Data that is to stay is nothing that a deletion looks after.
func TestADeletionThatKeepsTheDataNeedsNoKafka(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.topics.Fail(func(_ context.Context, verb, topic string) error {
		t.Errorf("%s %s", verb, topic)
		return nil
	})
	y.must(y.s.Delete(y.ctx, ann, 1, "one", true))
}
