package kubelet

import (
	"context"
	"time"

	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	core1 "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// Class is the default storage class, whose volumes exist in name alone.
const Class = "standard"

const provisioner = "yardmaster.test/none"

// claims gives every claim of the class a volume: without one its pods would never be scheduled.
type claims struct {
	*Kubelet
	lister core1.PersistentVolumeClaimLister
}

func newClaims(k *Kubelet, factory informers.SharedInformerFactory) *queue {
	informer := factory.Core().V1().PersistentVolumeClaims()
	c := &claims{Kubelet: k, lister: informer.Lister()}
	return k.watch("claim", informer.Informer(), c.sync)
}

func (c *claims) sync(ctx context.Context, key string) (time.Duration, error) {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return 0, err
	}
	claim, err := c.lister.PersistentVolumeClaims(namespace).Get(name)
	if err != nil {
		return 0, gone(err)
	}
	if claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName != Class {
		return 0, nil
	}
	_, err = c.client.CoreV1().PersistentVolumes().Create(ctx, volumeFor(claim), meta.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return 0, nil
	}
	return 0, err
}

// volumeFor is bound to its claim by the controllers.
func volumeFor(claim *core.PersistentVolumeClaim) *core.PersistentVolume {
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{
			Name:        "pvc-" + string(claim.UID),
			Annotations: map[string]string{"pv.kubernetes.io/provisioned-by": provisioner},
		},
		Spec: core.PersistentVolumeSpec{
			Capacity:                      claim.Spec.Resources.Requests,
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    claim.Spec.VolumeMode,
			StorageClassName:              Class,
			PersistentVolumeReclaimPolicy: core.PersistentVolumeReclaimDelete,
			PersistentVolumeSource:        core.PersistentVolumeSource{HostPath: &core.HostPathVolumeSource{Path: "/nowhere"}},
			ClaimRef: &core.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
		},
	}
}

// volumes removes those whose claim is gone.
type volumes struct {
	*Kubelet
	lister core1.PersistentVolumeLister
}

func newVolumes(k *Kubelet, factory informers.SharedInformerFactory) *queue {
	informer := factory.Core().V1().PersistentVolumes()
	v := &volumes{Kubelet: k, lister: informer.Lister()}
	return k.watch("volume", informer.Informer(), v.sync)
}

func (v *volumes) sync(ctx context.Context, name string) (time.Duration, error) {
	volume, err := v.lister.Get(name)
	if err != nil {
		return 0, gone(err)
	}
	ours := volume.Annotations["pv.kubernetes.io/provisioned-by"] == provisioner
	if !ours || volume.Status.Phase != core.VolumeReleased || volume.Spec.PersistentVolumeReclaimPolicy != core.PersistentVolumeReclaimDelete {
		return 0, nil
	}
	return 0, gone(v.client.CoreV1().PersistentVolumes().Delete(ctx, name, meta.DeleteOptions{}))
}

// makeClass makes the class, once for a cluster.
func (k *Kubelet) makeClass(ctx context.Context) error {
	_, err := k.client.StorageV1().StorageClasses().Create(ctx, &storage.StorageClass{
		ObjectMeta:  meta.ObjectMeta{Name: Class, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
		Provisioner: provisioner,
	}, meta.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
