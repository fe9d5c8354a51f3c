package instances_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/store"
)

// heldUp begins a deploy and calls it off while the cluster does not answer for what that takes.
func (y *yard) heldUp() string {
	y.t.Helper()
	reached, cut := make(chan struct{}), make(chan struct{})
	var once sync.Once
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb != "apply" {
			return nil
		}
		once.Do(func() { close(reached); <-cut })
		return fmt.Errorf("%s: %w", r, kube.ErrUnavailable)
	})
	release := sync.OnceFunc(func() { close(cut) })
	defer release()
	job, err := y.s.Deploy(y.ctx, ann, small())
	y.ok(err)
	<-reached
	y.callOff(job)
	release()
	y.until(job+" is stuck", func() bool {
		op, err := y.operation(job)
		return err == nil && op.State == store.Stuck
	})
	return job
}

// answer has the cluster answer again, and what waits for that try now.
func (y *yard) answer() {
	y.t.Helper()
	y.cluster.Fail(nil)
	_, err := y.runner.RetryStuck(y.ctx, "")
	y.ok(err)
}

func TestAJobThatIsBeingAbortedIsActiveUntilItIs(t *testing.T) {
	y := newYard(t)
	job := y.heldUp()
	all, err := y.s.Jobs(y.ctx, 1)
	if err != nil || len(all) != 1 || all[0].Status != "ACTIVE" || !strings.HasPrefix(all[0].Reason, "it is being aborted") || strings.Contains(all[0].Reason, "canceled") {
		t.Errorf("got %+v, %v", all, err)
	}
	if j, err := y.s.Job(y.ctx, 1, job); err != nil || j.Status != "ACTIVE" || !strings.HasPrefix(j.Reason, "it is being aborted") {
		t.Errorf("got %+v, %v", j, err)
	}
	if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.JobData == nil || i.JobData.Status != "ACTIVE" {
		t.Errorf("got %+v, %v", i.JobData, err)
	}
	y.answer()
	if j := y.ended(job, nil); j.Status != "ABORTED" || j.Reason != "it was aborted" {
		t.Errorf("got %+v", j)
	}
}

func TestAJobThatHasFailedAndNotEndedIsActiveInLists(t *testing.T) {
	y := newYard(t)
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		switch {
		case verb == "apply" && r.Kind == "ConfigMap" && strings.HasPrefix(r.Name, "instance-"):
			return fmt.Errorf("%s: %w", r, kube.ErrUnavailable)
		case verb == "dry run":
			return fmt.Errorf("%s: %w", r, kube.ErrForbidden)
		}
		return nil
	})
	job, err := y.s.Deploy(y.ctx, ann, small())
	y.ok(err)
	y.until("it is known to have failed", func() bool {
		all, err := y.s.Jobs(y.ctx, 0)
		if err != nil || len(all) != 1 || all[0].Status != "ACTIVE" {
			t.Fatalf("got %+v, %v", all, err)
		}
		if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.JobData == nil || i.JobData.Status != "ACTIVE" {
			t.Fatalf("got %+v, %v", i.JobData, err)
		}
		j, err := y.s.Job(y.ctx, 1, job)
		return err == nil && j.Status == "FAILED" && strings.Contains(j.Reason, "not permitted") && strings.Contains(all[0].Reason, "not permitted")
	})
	y.answer()
	y.idle()
	if j := y.ended(job, nil); j.Status != "FAILED" || !strings.Contains(j.Reason, "not permitted") {
		t.Errorf("got %+v", j)
	}
}
