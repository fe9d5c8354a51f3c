package kubelet

import (
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"net/netip"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// hostIP is every node's: all listen nowhere.
const hostIP = "127.0.0.1"

// work is how long a pod that is not to be restarted works. Its start is kept in whole seconds: it takes one second to two.
const work = 2 * time.Second

// status is what an agent would say of a pod by now, and how long until it would say something else by itself; 0: never.
func status(pod *core.Pod, now time.Time) (core.PodStatus, time.Duration) {
	s := *pod.Status.DeepCopy()
	if s.StartTime == nil {
		s.StartTime = &meta.Time{Time: now.Truncate(time.Second)}
	}
	ip := podIP(pod)
	s.HostIP, s.HostIPs = hostIP, []core.HostIP{{IP: hostIP}}
	s.PodIP, s.PodIPs = ip, []core.PodIP{{IP: ip}}

	left := s.StartTime.Add(work).Sub(now)
	initialized, pulled := !anyBad(pod.Spec.InitContainers), !anyBad(pod.Spec.Containers)
	ends := pod.Spec.RestartPolicy != core.RestartPolicyAlways && initialized && pulled
	done := ends && left <= 0
	s.InitContainerStatuses, s.ContainerStatuses = nil, nil
	for _, c := range pod.Spec.InitContainers {
		aside := c.RestartPolicy != nil && *c.RestartPolicy == core.ContainerRestartPolicyAlways
		s.InitContainerStatuses = append(s.InitContainerStatuses, containerStatus(pod, c, *s.StartTime, true, !aside || done))
	}
	for _, c := range pod.Spec.Containers {
		s.ContainerStatuses = append(s.ContainerStatuses, containerStatus(pod, c, *s.StartTime, initialized, done))
	}

	up := initialized && pulled
	switch {
	case done:
		s.Phase = core.PodSucceeded
	case up:
		s.Phase = core.PodRunning
	case s.Phase == "":
		s.Phase = core.PodPending
	}
	waits := "ContainersNotReady"
	if done {
		waits = "PodCompleted"
	}
	setCondition(&s, core.PodReadyToStartContainers, !done, "", now)
	setCondition(&s, core.PodInitialized, initialized, "ContainersNotInitialized", now)
	setCondition(&s, core.ContainersReady, up && !done, waits, now)
	setCondition(&s, core.PodReady, up && !done, waits, now)
	if !ends || done {
		return s, 0
	}
	return s, left
}

// containerStatus: one whose turn has come runs, or has ended, if there is an image to run.
func containerStatus(pod *core.Pod, c core.Container, since meta.Time, turn, ended bool) core.ContainerStatus {
	s := core.ContainerStatus{Name: c.Name, Image: c.Image, Started: new(bool)}
	switch {
	case isBad(c):
		s.State.Waiting = &core.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: fmt.Sprintf("Back-off pulling image %q", c.Image)}
		return s
	case !turn:
		s.State.Waiting = &core.ContainerStateWaiting{Reason: "PodInitializing"}
		return s
	}
	s.ContainerID = fmt.Sprintf("none://%s/%s", pod.UID, c.Name)
	s.ImageID = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(c.Image)))
	if ended {
		s.State.Terminated = &core.ContainerStateTerminated{Reason: "Completed", StartedAt: since, FinishedAt: since, ContainerID: s.ContainerID}
		return s
	}
	*s.Started, s.Ready = true, true
	s.State.Running = &core.ContainerStateRunning{StartedAt: since}
	return s
}

func isBad(c core.Container) bool { return strings.HasSuffix(c.Image, ":bad") }

func anyBad(all []core.Container) bool {
	for _, c := range all {
		if isBad(c) {
			return true
		}
	}
	return false
}

// setCondition keeps the time of a condition that stays as it is, and the conditions of others.
func setCondition(s *core.PodStatus, of core.PodConditionType, is bool, whyNot string, now time.Time) {
	next := core.PodCondition{Type: of, Status: core.ConditionFalse, Reason: whyNot, LastTransitionTime: meta.NewTime(now.Truncate(time.Second))}
	if is {
		next.Status, next.Reason = core.ConditionTrue, ""
	}
	for i, c := range s.Conditions {
		if c.Type != of {
			continue
		}
		if c.Status == next.Status {
			next.LastTransitionTime = c.LastTransitionTime
		}
		next.ObservedGeneration = c.ObservedGeneration
		s.Conditions[i] = next
		return
	}
	s.Conditions = append(s.Conditions, next)
}

// podIP is the same after a restart, and outside the range of Services.
func podIP(pod *core.Pod) string {
	h := fnv.New32a()
	h.Write([]byte(pod.UID))
	sum := h.Sum32()
	return netip.AddrFrom4([4]byte{10, 128 | byte(sum>>16), byte(sum >> 8), byte(sum)}).String()
}
