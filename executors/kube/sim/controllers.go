package sim

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

const hashLabel = "pod-template-hash"

// templateHash tells one template of pods from another.
func templateHash(u *unstructured.Unstructured) string {
	raw, _ := json.Marshal(at(u.Object, "spec", "template"))
	h := fnv.New32a()
	h.Write(raw)
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

// podFrom is a pod of an owner's template, with some labels more.
func podFrom(owner *unstructured.Unstructured, more map[string]string) map[string]any {
	template, _ := at(owner.Object, "spec", "template").(map[string]any)
	pod := runtime.DeepCopyJSON(template)
	if pod == nil {
		pod = map[string]any{}
	}
	u := unstructured.Unstructured{Object: pod}
	labels := u.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	for k, v := range more {
		labels[k] = v
	}
	u.SetLabels(labels)
	return pod
}

// runDeployment keeps one set for the current template, and the sets of old ones until its pods are ready.
func (s *server) runDeployment(u *unstructured.Unstructured) {
	hash, want := templateHash(u), number(u, "spec", "replicas")
	name := u.GetName() + "-" + hash
	sets := s.belonging(u, "apps", "replicasets")
	var current *unstructured.Unstructured
	for _, set := range sets {
		if set.GetName() == name {
			current = set
		}
	}
	if current == nil {
		current = s.newSet(u, name, hash)
	}
	s.alter(current, func(obj map[string]any) { _ = unstructured.SetNestedField(obj, want, "spec", "replicas") })
	ready := number(current, "status", "readyReplicas")
	old := int64(0)
	for _, set := range sets {
		switch {
		case set.GetName() == name:
		case ready >= want:
			s.drop(s.keyOf(set))
			s.collect()
		default:
			old += number(set, "status", "readyReplicas")
		}
	}
	s.status(u, deploymentStatus(u, want, number(current, "status", "replicas"), ready, old, len(troubled(s.belonging(current, "", "pods"))) > 0))
}

func (s *server) newSet(u *unstructured.Unstructured, name, hash string) *unstructured.Unstructured {
	template := podFrom(u, map[string]string{hashLabel: hash})
	labels, _ := at(template, "metadata", "labels").(map[string]any)
	selector, _ := at(u.Object, "spec", "selector", "matchLabels").(map[string]any)
	match := map[string]any{hashLabel: hash}
	for k, v := range selector {
		match[k] = v
	}
	return s.spawn(u, "apps/v1", name, map[string]any{"metadata": map[string]any{"labels": runtime.DeepCopyJSON(labels)},
		"spec": map[string]any{"replicas": int64(0), "selector": map[string]any{"matchLabels": match}, "template": template}}, "ReplicaSet")
}

func deploymentStatus(u *unstructured.Unstructured, want, updated, ready, old int64, failed bool) map[string]any {
	progress := []string{"Progressing", "True", "NewReplicaSetAvailable"}
	if failed {
		progress = []string{"Progressing", "False", "ProgressDeadlineExceeded"}
	}
	available := "True"
	if ready+old < want {
		available = "False"
	}
	status := map[string]any{"observedGeneration": u.GetGeneration(),
		"conditions": conditions("Available", available, "", progress[0], progress[1], progress[2])}
	for k, n := range map[string]int64{"replicas": updated + old, "updatedReplicas": updated, "readyReplicas": ready + old,
		"availableReplicas": ready + old} {
		if n > 0 {
			status[k] = n
		}
	}
	return status
}

// runReplicaSet keeps as many pods as it is told.
func (s *server) runReplicaSet(u *unstructured.Unstructured) {
	pods, want := s.belonging(u, "", "pods"), int(number(u, "spec", "replicas"))
	for len(pods) < want {
		name := fmt.Sprintf("%s-%05s", u.GetName(), strconv.FormatInt(s.made+1, 36))
		pods = append(pods, s.spawn(u, "v1", strings.ReplaceAll(name, " ", "0"), podFrom(u, nil), "Pod"))
	}
	for len(pods) > want {
		s.drop(s.keyOf(pods[len(pods)-1]))
		pods = pods[:len(pods)-1]
	}
	s.status(u, setStatus(u, pods))
}

func setStatus(u *unstructured.Unstructured, pods []*unstructured.Unstructured) map[string]any {
	status := map[string]any{"observedGeneration": u.GetGeneration(), "replicas": int64(len(pods))}
	if n := ready(pods); n > 0 {
		status["readyReplicas"], status["availableReplicas"] = n, n
	}
	return status
}

// runStatefulSet keeps pods of fixed names. One that is in the way is waited for.
func (s *server) runStatefulSet(u *unstructured.Unstructured) {
	hash, want := u.GetName()+"-"+templateHash(u), int(number(u, "spec", "replicas"))
	own := map[string]*unstructured.Unstructured{}
	for _, pod := range s.belonging(u, "", "pods") {
		own[pod.GetName()] = pod
	}
	var pods []*unstructured.Unstructured
	for i := range want {
		name := fmt.Sprintf("%s-%d", u.GetName(), i)
		pod := own[name]
		delete(own, name)
		if pod != nil && pod.GetLabels()["controller-revision-hash"] != hash {
			s.drop(s.keyOf(pod))
			pod = nil
		}
		if pod == nil && s.objects[key{resource: "pods", namespace: u.GetNamespace(), name: name}] == nil {
			pod = s.spawn(u, "v1", name, podFrom(u, map[string]string{"controller-revision-hash": hash, "statefulset.kubernetes.io/pod-name": name}), "Pod")
		}
		if pod != nil {
			pods = append(pods, pod)
		}
	}
	for _, pod := range own {
		s.drop(s.keyOf(pod))
	}
	status := setStatus(u, pods)
	status["updatedReplicas"], status["currentReplicas"] = int64(len(pods)), int64(len(pods))
	status["currentRevision"], status["updateRevision"] = hash, hash
	s.status(u, status)
}

// runDaemonSet runs on the one node that daemons run on here.
func (s *server) runDaemonSet(u *unstructured.Unstructured) {
	hash := templateHash(u)
	pods := s.belonging(u, "", "pods")
	if len(pods) == 1 && pods[0].GetLabels()["controller-revision-hash"] != hash {
		s.drop(s.keyOf(pods[0]))
		pods = nil
	}
	if len(pods) == 0 {
		name := fmt.Sprintf("%s-%s", u.GetName(), strconv.FormatInt(s.made+1, 36))
		pods = append(pods, s.spawn(u, "v1", name, podFrom(u, map[string]string{"controller-revision-hash": hash}), "Pod"))
	}
	n := ready(pods)
	s.status(u, map[string]any{"observedGeneration": u.GetGeneration(), "desiredNumberScheduled": int64(1), "currentNumberScheduled": int64(1),
		"updatedNumberScheduled": int64(1), "numberReady": n, "numberAvailable": n})
}

// runJob has one pod, which ends at once unless its image cannot be pulled.
func (s *server) runJob(u *unstructured.Unstructured) {
	const uidLabel = "batch.kubernetes.io/controller-uid"
	uid := string(u.GetUID())
	s.alter(u, func(obj map[string]any) {
		if at(obj, "spec", "selector") == nil {
			_ = unstructured.SetNestedField(obj, uid, "spec", "selector", "matchLabels", uidLabel)
		}
	})
	u = s.objects[s.keyOf(u)]
	pods := s.belonging(u, "", "pods")
	if suspended, _ := at(u.Object, "spec", "suspend").(bool); suspended {
		return
	}
	if len(pods) == 0 && number(u, "status", "succeeded") == 0 {
		name := fmt.Sprintf("%s-%s", u.GetName(), strconv.FormatInt(s.made+1, 36))
		pods = append(pods, s.spawn(u, "v1", name, podFrom(u, map[string]string{uidLabel: uid, "job-name": u.GetName()}), "Pod"))
	}
	switch {
	case len(troubled(pods)) > 0:
		s.status(u, map[string]any{"active": int64(1)})
	case len(pods) > 0 && textOf(pods[0], "status", "phase") == "Succeeded":
		s.status(u, map[string]any{"succeeded": int64(1), "conditions": conditions("Complete", "True", "CompletionsReached")})
	}
}

// runPod gives a pod its node and its state.
func (s *server) runPod(u *unstructured.Unstructured) {
	s.alter(u, func(obj map[string]any) {
		if at(obj, "spec", "nodeName") == nil {
			_ = unstructured.SetNestedField(obj, "sim-node-"+string('a'+rune(len(u.GetUID())+int(u.GetUID()[len(u.GetUID())-1]))%3), "spec", "nodeName")
		}
		obj["status"] = s.podStatus(u)
	})
}

func (s *server) podStatus(u *unstructured.Unstructured) map[string]any {
	restart := textOf(u, "spec", "restartPolicy")
	phase, isReady := "Running", "True"
	var statuses []any
	for _, c := range containers(u) {
		image, _ := at(c, "image").(string)
		status := map[string]any{"name": at(c, "name"), "image": image, "ready": true, "restartCount": int64(0),
			"state": map[string]any{"running": map[string]any{"startedAt": u.GetCreationTimestamp().UTC().Format("2006-01-02T15:04:05Z")}}}
		if strings.HasSuffix(image, ":bad") {
			phase, isReady = "Pending", "False"
			status["ready"] = false
			status["state"] = map[string]any{"waiting": map[string]any{"reason": "ImagePullBackOff", "message": "cannot be pulled"}}
		}
		statuses = append(statuses, status)
	}
	if phase == "Running" && restart != "" && restart != "Always" {
		phase, isReady = "Succeeded", "False"
	}
	return map[string]any{"phase": phase, "conditions": conditions("PodScheduled", "True", "", "Ready", isReady, ""), "containerStatuses": statuses}
}

func containers(u *unstructured.Unstructured) []any {
	all, _ := at(u.Object, "spec", "containers").([]any)
	return all
}

func textOf(u *unstructured.Unstructured, keys ...string) string {
	text, _ := at(u.Object, keys...).(string)
	return text
}

func ready(pods []*unstructured.Unstructured) (n int64) {
	for _, p := range pods {
		for _, c := range conditionsOf(p) {
			if at(c, "type") == "Ready" && at(c, "status") == "True" {
				n++
			}
		}
	}
	return n
}

func conditionsOf(u *unstructured.Unstructured) []any {
	all, _ := at(u.Object, "status", "conditions").([]any)
	return all
}

// troubled are the pods that wait for an image.
func troubled(pods []*unstructured.Unstructured) (out []*unstructured.Unstructured) {
	for _, p := range pods {
		if textOf(p, "status", "phase") == "Pending" {
			out = append(out, p)
		}
	}
	return out
}
