package kubelet

import (
	"context"
	"encoding/json"
	"time"

	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-base/version"
)

// How often a node says that it is alive, and how long others are to believe it.
const (
	beatEvery = 10 * time.Second
	beatLasts = 40 * time.Second
)

// beat keeps a node there and ready, also after the apiserver was away for long.
func (k *Kubelet) beat(ctx context.Context, node string) {
	for ctx.Err() == nil {
		k.untilDone(ctx, "node", node, func(ctx context.Context) error { return k.alive(ctx, node) })
		pause(ctx, beatEvery)
	}
}

func (k *Kubelet) alive(ctx context.Context, node string) error {
	_, err := k.client.CoreV1().Nodes().Create(ctx, &core.Node{ObjectMeta: meta.ObjectMeta{
		Name:   node,
		Labels: map[string]string{core.LabelHostname: node, core.LabelOSStable: "linux", core.LabelArchStable: "amd64"},
	}}, meta.CreateOptions{})
	if err != nil && !errors.IsAlreadyExists(err) {
		return err
	}
	patch, err := json.Marshal(core.Node{Status: nodeStatus(node, time.Now())})
	if err != nil {
		return err
	}
	// The controllers write to nodes at the same time: an update would lose against them.
	if _, err := k.client.CoreV1().Nodes().Patch(ctx, node, types.StrategicMergePatchType, patch, meta.PatchOptions{}, "status"); err != nil {
		return err
	}
	return k.renew(ctx, node, time.Now())
}

// renew keeps the lease by which the controllers tell a dead node.
func (k *Kubelet) renew(ctx context.Context, node string, now time.Time) error {
	leases := k.client.CoordinationV1().Leases(core.NamespaceNodeLease)
	lasts := int32(beatLasts / time.Second)
	spec := coordination.LeaseSpec{HolderIdentity: &node, LeaseDurationSeconds: &lasts, RenewTime: &meta.MicroTime{Time: now}}
	lease, err := leases.Get(ctx, node, meta.GetOptions{})
	if errors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordination.Lease{ObjectMeta: meta.ObjectMeta{Name: node}, Spec: spec}, meta.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec = spec
	_, err = leases.Update(ctx, lease, meta.UpdateOptions{})
	return err
}

// nodeStatus is a machine that is large enough for whatever a test schedules.
func nodeStatus(node string, now time.Time) core.NodeStatus {
	has := core.ResourceList{
		core.ResourceCPU:              resource.MustParse("64"),
		core.ResourceMemory:           resource.MustParse("256Gi"),
		core.ResourceEphemeralStorage: resource.MustParse("1Ti"),
		core.ResourcePods:             resource.MustParse("1000"),
	}
	condition := func(of core.NodeConditionType, status core.ConditionStatus, reason string) core.NodeCondition {
		return core.NodeCondition{Type: of, Status: status, Reason: reason, LastHeartbeatTime: meta.NewTime(now), LastTransitionTime: meta.NewTime(now)}
	}
	return core.NodeStatus{
		Capacity:    has,
		Allocatable: has,
		Conditions: []core.NodeCondition{
			condition(core.NodeReady, core.ConditionTrue, "KubeletReady"),
			condition(core.NodeMemoryPressure, core.ConditionFalse, "KubeletHasSufficientMemory"),
			condition(core.NodeDiskPressure, core.ConditionFalse, "KubeletHasNoDiskPressure"),
			condition(core.NodePIDPressure, core.ConditionFalse, "KubeletHasSufficientPID"),
		},
		Addresses: []core.NodeAddress{{Type: core.NodeInternalIP, Address: hostIP}, {Type: core.NodeHostName, Address: node}},
		NodeInfo:  core.NodeSystemInfo{KubeletVersion: version.Get().GitVersion, OperatingSystem: "linux", Architecture: "amd64"},
	}
}
