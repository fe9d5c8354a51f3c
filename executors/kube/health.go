package kube

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// troubleMost is how many pods a reason names.
const troubleMost = 3

// Health says whether the object does its work.
func (c *Client) Health(ctx context.Context, r Ref) (Health, error) {
	o, err := c.place(ctx, r)
	if err != nil {
		return Health{}, err
	}
	u, err := c.get(ctx, o)
	if err != nil {
		return Health{}, err
	}
	h := healthOf(u)
	if h.State == Ready || !hasPods(u.GetKind()) {
		return h, nil
	}
	pods, err := c.selected(ctx, u)
	if err != nil {
		return Health{}, err
	}
	h.Reason = joinTrouble(h.Reason, pods)
	return h, nil
}

func hasPods(kind string) bool {
	return kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet" || kind == "Job" || kind == "ReplicaSet"
}

// joinTrouble adds what some pods suffer from.
func joinTrouble(text string, pods []corev1.Pod) string {
	var found []string
	for i := range pods {
		if trouble := troubleOf(&pods[i]); trouble != "" && trouble != "Terminating" && len(found) < troubleMost {
			found = append(found, pods[i].Name+": "+trouble)
		}
	}
	if len(found) == 0 {
		return text
	}
	return strings.TrimPrefix(text+": "+strings.Join(found, ", "), ": ")
}

// healthOf reads an object's own status. Kinds without one are ready once they are there.
func healthOf(u *unstructured.Unstructured) Health {
	if u.GetDeletionTimestamp() != nil {
		return Health{Progressing, "being deleted"}
	}
	switch u.GroupVersionKind().Group + "/" + u.GetKind() {
	case "apps/Deployment":
		return deploymentHealth(u)
	case "apps/StatefulSet", "apps/ReplicaSet":
		return setHealth(u)
	case "apps/DaemonSet":
		return daemonHealth(u)
	case "batch/Job":
		return jobHealth(u)
	case "/PersistentVolumeClaim":
		return phaseHealth(u, map[string]State{"Bound": Ready, "Lost": Failed})
	case "/Namespace":
		return phaseHealth(u, map[string]State{"Active": Ready})
	case "/Pod":
		return podHealth(u)
	case "/Service":
		return serviceHealth(u)
	case "apiextensions.k8s.io/CustomResourceDefinition":
		return definitionHealth(u)
	}
	return Health{State: Ready}
}

// unseen tells whether the controller has not looked at the object's latest form.
func unseen(u *unstructured.Unstructured) bool {
	return intAt(u.Object, "status", "observedGeneration") < u.GetGeneration()
}

// condition is the status and the words of one condition.
func condition(u *unstructured.Unstructured, name string) (status, why string) {
	all, _ := at(u.Object, "status", "conditions").([]any)
	for _, c := range all {
		if textAt(c, "type") == name {
			return textAt(c, "status"), strings.TrimPrefix(textAt(c, "reason")+": "+brief(textAt(c, "message")), ": ")
		}
	}
	return "", ""
}

func deploymentHealth(u *unstructured.Unstructured) Health {
	want := told(u)
	if unseen(u) {
		return Health{Unknown, "the controller has not seen it yet"}
	}
	if status, why := condition(u, "Progressing"); status == "False" && strings.HasPrefix(why, "ProgressDeadlineExceeded") {
		return Health{Failed, why}
	}
	status := func(key string) int64 { return intAt(u.Object, "status", key) }
	switch {
	case status("updatedReplicas") < want:
		return Health{Progressing, fmt.Sprintf("%d of %d updated", status("updatedReplicas"), want)}
	case status("replicas") > status("updatedReplicas"):
		return Health{Progressing, fmt.Sprintf("%d old ones are still there", status("replicas")-status("updatedReplicas"))}
	case status("availableReplicas") < want:
		return Health{Progressing, fmt.Sprintf("%d of %d available", status("availableReplicas"), want)}
	}
	return Health{State: Ready}
}

func setHealth(u *unstructured.Unstructured) Health {
	want := told(u)
	ready, updated := intAt(u.Object, "status", "readyReplicas"), intAt(u.Object, "status", "updatedReplicas")
	partition := intAt(u.Object, "spec", "updateStrategy", "rollingUpdate", "partition")
	onDelete := textAt(u.Object, "spec", "updateStrategy", "type") == "OnDelete"
	switch {
	case unseen(u):
		return Health{Unknown, "the controller has not seen it yet"}
	case ready < want:
		return Health{Progressing, fmt.Sprintf("%d of %d ready", ready, want)}
	case intAt(u.Object, "status", "replicas") > want:
		return Health{Progressing, fmt.Sprintf("%d too many", intAt(u.Object, "status", "replicas")-want)}
	case u.GetKind() == "StatefulSet" && !onDelete && updated < want-partition &&
		textAt(u.Object, "status", "updateRevision") != textAt(u.Object, "status", "currentRevision"):
		return Health{Progressing, fmt.Sprintf("%d of %d updated", updated, want-partition)}
	}
	return Health{State: Ready}
}

func daemonHealth(u *unstructured.Unstructured) Health {
	status := func(key string) int64 { return intAt(u.Object, "status", key) }
	want := status("desiredNumberScheduled")
	switch {
	case unseen(u):
		return Health{Unknown, "the controller has not seen it yet"}
	case status("updatedNumberScheduled") < want && textAt(u.Object, "spec", "updateStrategy", "type") != "OnDelete":
		return Health{Progressing, fmt.Sprintf("%d of %d updated", status("updatedNumberScheduled"), want)}
	case status("numberAvailable") < want:
		return Health{Progressing, fmt.Sprintf("%d of %d available", status("numberAvailable"), want)}
	}
	return Health{State: Ready}
}

// jobHealth waits for the job's end: one that runs has done nothing yet.
func jobHealth(u *unstructured.Unstructured) Health {
	if status, why := condition(u, "Failed"); status == "True" {
		return Health{Failed, why}
	}
	if status, _ := condition(u, "Complete"); status == "True" {
		return Health{State: Ready}
	}
	if suspended, _ := at(u.Object, "spec", "suspend").(bool); suspended {
		return Health{Progressing, "suspended"}
	}
	return Health{Progressing, fmt.Sprintf("%d active, %d succeeded", intAt(u.Object, "status", "active"), intAt(u.Object, "status", "succeeded"))}
}

func phaseHealth(u *unstructured.Unstructured, states map[string]State) Health {
	phase := textAt(u.Object, "status", "phase")
	state, known := states[phase]
	switch {
	case state == Ready:
		return Health{State: Ready}
	case known:
		return Health{state, phase}
	case phase == "":
		return Health{Unknown, "no phase yet"}
	}
	return Health{Progressing, phase}
}

func podHealth(u *unstructured.Unstructured) Health {
	var p corev1.Pod
	if into(u, &p) != nil {
		return Health{State: Unknown}
	}
	trouble := troubleOf(&p)
	switch {
	case p.Status.Phase == corev1.PodFailed:
		return Health{Failed, trouble}
	case p.Status.Phase == corev1.PodSucceeded, podReady(&p):
		return Health{State: Ready}
	case trouble == "":
		trouble = string(p.Status.Phase)
	}
	return Health{Progressing, trouble}
}

func serviceHealth(u *unstructured.Unstructured) Health {
	ingress, _ := at(u.Object, "status", "loadBalancer", "ingress").([]any)
	if textAt(u.Object, "spec", "type") == "LoadBalancer" && len(ingress) == 0 {
		return Health{Progressing, "no address of a load balancer yet"}
	}
	return Health{State: Ready}
}

func definitionHealth(u *unstructured.Unstructured) Health {
	if status, why := condition(u, "NamesAccepted"); status == "False" {
		return Health{Failed, why}
	}
	if status, why := condition(u, "Established"); status != "True" {
		return Health{Progressing, why}
	}
	return Health{State: Ready}
}
