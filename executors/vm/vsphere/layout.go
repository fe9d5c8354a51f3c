package vsphere

import (
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// enter takes one object into the layout.
func (l *layout) enter(o types.ObjectContent) error {
	switch o.Obj.Type {
	case "Datastore":
		l.datastores[nameOf(o)] = o.Obj
		return nil
	case "Network", "DistributedVirtualPortgroup", "OpaqueNetwork":
		l.networks[nameOf(o)] = o.Obj
		return nil
	}
	v, err := mo.ObjectContentToType(o)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case mo.HostSystem:
		l.hosts = append(l.hosts, hostOf(v))
	case mo.ComputeResource:
		l.compute = append(l.compute, computeOf(v))
	case mo.ClusterComputeResource:
		cluster := computeOf(v.ComputeResource)
		if ex, ok := v.ConfigurationEx.(*types.ClusterConfigInfoEx); ok {
			cluster.drs = ex.DrsConfig.Enabled != nil && *ex.DrsConfig.Enabled
		}
		if summary, ok := v.Summary.(*types.ClusterComputeResourceSummary); ok {
			cluster.evc = summary.CurrentEVCModeKey != ""
		}
		l.compute = append(l.compute, cluster)
	}
	return nil
}

func nameOf(o types.ObjectContent) string {
	for _, v := range o.PropSet {
		if name, ok := v.Val.(string); ok && v.Name == "name" {
			return name
		}
	}
	return ""
}

func computeOf(v mo.ComputeResource) compute {
	found := compute{name: v.Name, hosts: v.Host}
	if v.ResourcePool != nil {
		found.pool = *v.ResourcePool
	}
	return found
}

func hostOf(v mo.HostSystem) host {
	h := host{ref: v.Self, name: v.Name, down: downness(v), datastores: v.Datastore, networks: v.Network}
	hardware, load := v.Summary.Hardware, v.Summary.QuickStats
	if hardware == nil {
		return h
	}
	h.model, h.memory = hardware.CpuModel, hardware.MemorySize>>20
	if mhz := int64(hardware.CpuMhz) * int64(hardware.NumCpuCores); mhz > 0 {
		h.cpu = 100 * float64(load.OverallCpuUsage) / float64(mhz)
	}
	if h.memory > 0 {
		h.mem = 100 * float64(load.OverallMemoryUsage) / float64(h.memory)
	}
	return h
}

// downness says why a host takes no machines, whatever its load.
func downness(v mo.HostSystem) string {
	switch {
	case v.Runtime.ConnectionState != types.HostSystemConnectionStateConnected:
		return "is " + string(v.Runtime.ConnectionState)
	case v.Runtime.PowerState != types.HostSystemPowerStatePoweredOn:
		return "is " + string(v.Runtime.PowerState)
	case v.Runtime.InMaintenanceMode:
		return "is in maintenance"
	case v.Runtime.InQuarantineMode != nil && *v.Runtime.InQuarantineMode:
		return "is in quarantine"
	case v.OverallStatus == types.ManagedEntityStatusRed:
		return "is in alarm"
	}
	return ""
}
