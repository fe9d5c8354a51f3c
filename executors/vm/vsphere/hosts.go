package vsphere

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// layouts are the datacenters as they were when last asked.
type layouts struct {
	now  func() time.Time
	mu   sync.Mutex
	kept map[string]*layout // by path
}

// layout is what a datacenter has to run machines on. It is never changed, but for what its hosts are promised.
type layout struct {
	asked      time.Time
	compute    []compute
	datastores map[string]ref
	networks   map[string]ref

	mu    sync.Mutex
	hosts []host
}

// compute is a cluster, or a host without one.
type compute struct {
	name  string
	pool  ref // the root of its resource pools
	drs   bool
	evc   bool // its hosts show the same CPU to machines, whatever they have
	hosts []ref
}

// layout gives a datacenter as it was no longer than age ago.
func (p *Provider) layout(ctx context.Context, c *vim25.Client, datacenter string, age time.Duration) (*layout, error) {
	if l := p.layouts.get(datacenter, age); l != nil {
		return l, nil
	}
	dc, err := find(ctx, c, datacenter)
	if err != nil {
		return nil, err
	}
	if dc == nil || dc.Type != "Datacenter" {
		return nil, wrong("datacenter: no %s", datacenter)
	}
	l, err := ask(ctx, c, *dc)
	if err != nil {
		return nil, err
	}
	p.layouts.put(datacenter, l)
	return l, nil
}

func (ls *layouts) get(datacenter string, age time.Duration) *layout {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l := ls.kept[datacenter]; l != nil && ls.now().Sub(l.asked) < age {
		return l
	}
	return nil
}

func (ls *layouts) put(datacenter string, l *layout) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.asked = ls.now()
	ls.kept[datacenter] = l
}

// forget makes the next caller ask anew.
func (ls *layouts) forget(datacenter string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.kept, datacenter)
}

var hostProperties = []string{
	"name", "runtime.connectionState", "runtime.powerState", "runtime.inMaintenanceMode", "runtime.inQuarantineMode",
	"summary.quickStats.overallCpuUsage", "summary.quickStats.overallMemoryUsage", "summary.hardware", "overallStatus",
	"datastore", "network",
}

func ask(ctx context.Context, c *vim25.Client, dc ref) (*layout, error) {
	d, err := one[mo.Datacenter](ctx, c, dc, "hostFolder")
	if err != nil {
		return nil, err
	}
	found, err := query(ctx, c,
		[]types.ObjectSpec{below(d.HostFolder, step("ComputeResource", "host")), along(dc, "datastore"), along(dc, "network")},
		sought("ComputeResource", "name", "host", "resourcePool"),
		sought("ClusterComputeResource", "name", "host", "resourcePool", "configurationEx", "summary"),
		sought("HostSystem", hostProperties...), sought("Datastore", "name"), sought("Network", "name"),
	)
	if err != nil {
		return nil, err
	}
	l := &layout{datastores: map[string]ref{}, networks: map[string]ref{}}
	for _, o := range found {
		ok, err := whole(&o)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if err := l.enter(o); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(l.compute, func(a, b compute) int { return strings.Compare(a.name, b.name) })
	slices.SortFunc(l.hosts, func(a, b host) int { return strings.Compare(a.name, b.name) })
	return l, nil
}
