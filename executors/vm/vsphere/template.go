package vsphere

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// template is what clones are made of: a machine, marked as a template or not.
type template struct{ mo.VirtualMachine }

var templateProperties = []string{
	"config.hardware.device", "config.hardware.memoryMB", "config.template", "snapshot", "runtime.host", "network",
}

// template finds the template of a pool by its path below the folder of all machines. A name alone may be anywhere.
func (p *Provider) template(ctx context.Context, c *vim25.Client, pool vm.Pool, at place) (template, error) {
	found, err := p.pathOfTemplate(ctx, c, pool)
	if err == nil && found == nil {
		found, err = templateAnywhere(ctx, c, at, pool.Template)
	}
	if err != nil {
		return template{}, err
	}
	if found.Type != "VirtualMachine" {
		return template{}, wrong("template: %q is a %s", pool.Template, found.Type)
	}
	v, err := one[mo.VirtualMachine](ctx, c, *found, templateProperties...)
	if err != nil {
		return template{}, vanished(err)
	}
	if v.Config == nil || v.Runtime.Host == nil {
		return template{}, fmt.Errorf("template: %w", errHalfMade)
	}
	return template{v}, nil
}

// pathOfTemplate is what is at the path of a pool's template, or nil.
func (p *Provider) pathOfTemplate(ctx context.Context, c *vim25.Client, pool vm.Pool) (*ref, error) {
	where, err := relative("template", pool.Template)
	if err != nil {
		return nil, err
	}
	dc, err := p.datacenter(ctx, c, pool)
	if err != nil {
		return nil, err
	}
	return find(ctx, c, machines(dc)+"/"+where)
}

// templateAnywhere finds a template by its name alone.
func templateAnywhere(ctx context.Context, c *vim25.Client, at place, name string) (*ref, error) {
	if strings.Contains(name, "/") {
		return nil, wrong("template: no %s/%s", machines(at.datacenter), name)
	}
	found, err := called(ctx, c, at, name)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, wrong("template: no %q in %s", name, at.datacenter)
	case len(found) > 1:
		return nil, wrong("template: %d machines in %s are called %q; give the path of one", len(found), at.datacenter, name)
	}
	return &found[0], nil
}

func (t template) devices() object.VirtualDeviceList { return t.Config.Hardware.Device }

// need is what a clone asks of its host. A linked one reads the template's disks.
func (t template) need(pool vm.Pool, datastore, network *ref) need {
	n := need{memory: int64(t.Config.Hardware.MemoryMB), networks: t.Network}
	if network != nil {
		n.networks = []ref{*network}
	}
	if datastore != nil {
		n.datastores = append(n.datastores, *datastore)
	}
	if !pool.Full || datastore == nil {
		n.datastores = append(n.datastores, datastoresOf(t.devices())...)
	}
	return n
}

// disks says what becomes of the template's disks. Without a snapshot to link to, a clone shares what lies beneath the top layer
// of each disk, and copies that: little, if somebody has put such a layer there, and else all.
func (t template) disks(full bool) (move string, snapshot *ref) {
	switch {
	case full:
		return string(types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndDisallowSharing), nil
	case t.snapshot() != nil:
		return string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking), t.snapshot()
	}
	return string(types.VirtualMachineRelocateDiskMoveOptionsMoveChildMostDiskBacking), nil
}

func (t template) snapshot() *ref {
	if t.Snapshot == nil {
		return nil
	}
	return t.Snapshot.CurrentSnapshot
}

// layered says that every disk has a layer beneath its top.
func (t template) layered() bool {
	disks := t.devices().SelectByType((*types.VirtualDisk)(nil))
	flat := slices.ContainsFunc(disks, func(d types.BaseVirtualDevice) bool { return len(layers(object.VirtualDeviceList{d})) < 2 })
	return len(disks) > 0 && !flat
}

// prepare takes the snapshot that linked clones are linked to, if there is none and the pool asks for it. One call at a time does.
func (p *Provider) prepare(ctx context.Context, c *vim25.Client, o order) (template, error) {
	t := o.template
	if o.pool.Full || !o.options.deltaDisks || t.snapshot() != nil || t.layered() {
		return t, nil
	}
	own, err := p.claims.take(ctx, "template "+t.Self.Value)
	if err != nil {
		return t, err
	}
	defer own.give()
	v, err := one[mo.VirtualMachine](ctx, c, t.Self, templateProperties...)
	if t = (template{v}); err != nil || t.snapshot() != nil {
		return t, vanished(err)
	}
	if err := p.persist(ctx, own, func(ctx context.Context) error { return p.freeze(ctx, c, t) }); err != nil {
		return t, fmt.Errorf("snapshot of the template: %w", vanished(err))
	}
	p.log.Info("snapshot of template taken", "template", o.pool.Template)
	v, err = one[mo.VirtualMachine](ctx, c, t.Self, templateProperties...)
	return template{v}, vanished(err)
}

// freeze takes a snapshot. What is marked as a template cannot have one, so that the mark is taken off for a moment.
func (p *Provider) freeze(ctx context.Context, c *vim25.Client, t template) (err error) {
	if t.Config.Template {
		machine := object.NewVirtualMachine(c, t.Self)
		pool, err := rootPool(ctx, c, *t.Runtime.Host)
		if err != nil {
			return err
		}
		if err := machine.MarkAsVirtualMachine(ctx, *object.NewResourcePool(c, pool), object.NewHostSystem(c, *t.Runtime.Host)); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, machine.MarkAsTemplate(ctx)) }()
	}
	res, err := methods.CreateSnapshot_Task(ctx, c, &types.CreateSnapshot_Task{
		This: t.Self, Name: "yardmaster", Description: "linked clones read what is beneath this",
	})
	if err == nil {
		_, err = p.await(ctx, c, res.Returnval)
	}
	return err
}

// rootPool is the root of the resource pools that a host belongs to.
func rootPool(ctx context.Context, c *vim25.Client, on ref) (ref, error) {
	h, err := one[mo.HostSystem](ctx, c, on, "parent")
	if err != nil {
		return ref{}, err
	}
	if h.Parent == nil {
		return ref{}, fmt.Errorf("host %s is nowhere: %w", on.Value, vm.ErrUnavailable)
	}
	found, err := query(ctx, c, []types.ObjectSpec{{Obj: *h.Parent}}, sought(h.Parent.Type, "resourcePool"))
	if err != nil {
		return ref{}, err
	}
	for _, o := range found {
		for _, v := range o.PropSet {
			if r, ok := v.Val.(types.ManagedObjectReference); ok {
				return r, nil
			}
		}
	}
	return ref{}, fmt.Errorf("host %s has no resource pool: %w", on.Value, vm.ErrUnavailable)
}
