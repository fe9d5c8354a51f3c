package kubelet

import (
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)

func pod(policy core.RestartPolicy, images ...string) *core.Pod {
	p := &core.Pod{ObjectMeta: meta.ObjectMeta{Name: "p", UID: "1"}, Spec: core.PodSpec{RestartPolicy: policy}}
	for _, image := range images {
		p.Spec.Containers = append(p.Spec.Containers, core.Container{Name: "c", Image: image})
	}
	return p
}

func withInit(p *core.Pod, image string, policy *core.ContainerRestartPolicy) *core.Pod {
	p.Spec.InitContainers = append(p.Spec.InitContainers, core.Container{Name: "i", Image: image, RestartPolicy: policy})
	return p
}

func TestStatus(t *testing.T) {
	always := core.ContainerRestartPolicyAlways
	for name, c := range map[string]struct {
		pod   *core.Pod
		after time.Duration // since it was seen first
		phase core.PodPhase
		ready bool
		first string // state of the first container
		init  string // of the init container
		again bool
	}{
		"a pod runs at once":                             {pod: pod(core.RestartPolicyAlways, "a:1", "b"), phase: core.PodRunning, ready: true, first: "running"},
		"and goes on":                                    {pod: pod(core.RestartPolicyAlways, "a:1"), after: time.Hour, phase: core.PodRunning, ready: true, first: "running"},
		"a job's pod runs":                               {pod: pod(core.RestartPolicyNever, "a:1"), phase: core.PodRunning, ready: true, first: "running", again: true},
		"and succeeds":                                   {pod: pod(core.RestartPolicyOnFailure, "a:1"), after: work, phase: core.PodSucceeded, first: "terminated Completed"},
		"a bad image is not pulled":                      {pod: pod(core.RestartPolicyAlways, "x/a:bad"), phase: core.PodPending, first: "waiting ImagePullBackOff"},
		"one of two":                                     {pod: pod(core.RestartPolicyAlways, "a:1", "x/a:bad"), phase: core.PodPending, first: "running"},
		"a job's pod with one never succeeds":            {pod: pod(core.RestartPolicyNever, "x/a:bad"), after: time.Hour, phase: core.PodPending, first: "waiting ImagePullBackOff"},
		"init containers come first":                     {pod: withInit(pod(core.RestartPolicyAlways, "a:1"), "i:1", nil), phase: core.PodRunning, ready: true, first: "running", init: "terminated Completed"},
		"a bad one holds the others up":                  {pod: withInit(pod(core.RestartPolicyAlways, "a:1"), "i:bad", nil), phase: core.PodPending, first: "waiting PodInitializing", init: "waiting ImagePullBackOff"},
		"one that is to be restarted stays beside":       {pod: withInit(pod(core.RestartPolicyAlways, "a:1"), "i:1", &always), phase: core.PodRunning, ready: true, first: "running", init: "running"},
		"and ends with the others of a pod that is done": {pod: withInit(pod(core.RestartPolicyNever, "a:1"), "i:1", &always), after: work, phase: core.PodSucceeded, first: "terminated Completed", init: "terminated Completed"},
	} {
		t.Run(name, func(t *testing.T) {
			c.pod.Status.StartTime = &meta.Time{Time: now}
			got, again := status(c.pod, now.Add(c.after))
			if got.Phase != c.phase || conditionOf(got, core.PodReady) != c.ready || (again > 0) != c.again {
				t.Errorf("got phase %s, ready %v, again in %v", got.Phase, conditionOf(got, core.PodReady), again)
			}
			if s := state(got.ContainerStatuses[0]); s != c.first {
				t.Errorf("the container is %s, want %s", s, c.first)
			}
			if c.init != "" && state(got.InitContainerStatuses[0]) != c.init {
				t.Errorf("the init container is %s, want %s", state(got.InitContainerStatuses[0]), c.init)
			}
		})
	}
}

func state(s core.ContainerStatus) string {
	switch {
	case s.State.Waiting != nil:
		return "waiting " + s.State.Waiting.Reason
	case s.State.Terminated != nil:
		return "terminated " + s.State.Terminated.Reason
	}
	return "running"
}

func conditionOf(s core.PodStatus, of core.PodConditionType) bool {
	for _, c := range s.Conditions {
		if c.Type == of {
			return c.Status == core.ConditionTrue
		}
	}
	return false
}

func TestAStatusThatHoldsIsNotWrittenAgain(t *testing.T) {
	p := pod(core.RestartPolicyAlways, "a:1")
	p.Status, _ = status(p, now)
	if next, _ := status(p, now.Add(time.Hour)); !equality.Semantic.DeepEqual(next, p.Status) {
		t.Errorf("got %+v\nwas %+v", next, p.Status)
	}
}

func TestARunningPodIsNotReadyWhileItsNewImageIsBad(t *testing.T) {
	p := pod(core.RestartPolicyAlways, "a:1")
	p.Status, _ = status(p, now)
	p.Spec.Containers[0].Image = "a:bad"
	p.Status, _ = status(p, now.Add(time.Hour))
	if p.Status.Phase != core.PodRunning || conditionOf(p.Status, core.PodReady) {
		t.Errorf("with a bad image: %s, ready %v", p.Status.Phase, conditionOf(p.Status, core.PodReady))
	}
	p.Spec.Containers[0].Image = "a:2"
	if s, _ := status(p, now.Add(2*time.Hour)); !conditionOf(s, core.PodReady) {
		t.Error("it does not come back")
	}
}

func TestTheSchedulersConditionStays(t *testing.T) {
	p := pod(core.RestartPolicyAlways, "a:1")
	p.Status.Conditions = []core.PodCondition{{Type: core.PodScheduled, Status: core.ConditionTrue}}
	if s, _ := status(p, now); !conditionOf(s, core.PodScheduled) {
		t.Error("it is gone")
	}
}
