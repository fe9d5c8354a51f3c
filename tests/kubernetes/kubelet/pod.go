package kubelet

import (
	"context"
	"encoding/json"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// pods follows those that are scheduled.
type pods struct {
	*Kubelet
	lister listers.PodLister
}

func newPods(k *Kubelet, factory informers.SharedInformerFactory) *queue {
	informer := factory.Core().V1().Pods()
	p := &pods{Kubelet: k, lister: informer.Lister()}
	return k.watch("pod", informer.Informer(), p.sync)
}

func (p *pods) sync(ctx context.Context, key string) (again time.Duration, err error) {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return 0, err
	}
	pod, err := p.lister.Pods(namespace).Get(name)
	if errors.IsNotFound(err) || err == nil && pod.Spec.NodeName == "" {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if pod.DeletionTimestamp != nil {
		return 0, p.remove(ctx, pod)
	}
	if pod.Status.Phase == core.PodSucceeded || pod.Status.Phase == core.PodFailed {
		return 0, nil
	}
	next, again := status(pod, time.Now())
	if equality.Semantic.DeepEqual(next, pod.Status) {
		return again, nil
	}
	return again, p.patch(ctx, pod, next)
}

// patch names the pod by its uid: one of the same name may have come in its place. Conditions are merged by their type, so that those of
// the scheduler stay.
func (p *pods) patch(ctx context.Context, pod *core.Pod, status core.PodStatus) error {
	body, err := json.Marshal(core.Pod{ObjectMeta: meta.ObjectMeta{UID: pod.UID}, Status: status})
	if err != nil {
		return err
	}
	_, err = p.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, body, meta.PatchOptions{}, "status")
	return gone(err)
}

// remove confirms a deletion: no container is left.
func (p *pods) remove(ctx context.Context, pod *core.Pod) error {
	now := int64(0)
	err := p.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, meta.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &meta.Preconditions{UID: &pod.UID},
	})
	return gone(err)
}

// gone: what is no longer there needs no more work.
func gone(err error) error {
	if errors.IsNotFound(err) {
		return nil
	}
	return err
}
