package vsphere

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// Create clones the template and starts the clone. A clone is linked to the template's disks unless the pool wants whole copies.
func (p *Provider) Create(ctx context.Context, pool vm.Pool, name string) error {
	return p.change(ctx, "create", name, func(ctx context.Context, c *vim25.Client, own *claim) error {
		made, err := p.clone(ctx, c, own, pool, name)
		if err != nil {
			return err
		}
		return vanished(p.start(ctx, c, own, made))
	})
}

// order is a clone to be made.
type order struct {
	name     string
	pool     vm.Pool
	options  options
	at       place
	folder   ref
	template template
}

func (p *Provider) clone(ctx context.Context, c *vim25.Client, own *claim, pool vm.Pool, name string) (ref, error) {
	o, err := p.order(ctx, c, pool, name)
	if err != nil {
		return ref{}, err
	}
	if o.template, err = p.prepare(ctx, c, o); err != nil {
		return ref{}, err
	}
	spec, err := p.plan(ctx, c, o)
	if err != nil {
		return ref{}, err
	}
	made, err := p.copy(ctx, c, own, o, spec)
	if err != nil {
		p.layouts.forget(o.at.datacenter) // it may have named what is there no more
	}
	return made, vanished(err)
}

// order finds all that a clone is made of, unless its name is taken.
func (p *Provider) order(ctx context.Context, c *vim25.Client, pool vm.Pool, name string) (o order, err error) {
	o.name, o.pool = name, pool
	if o.options, err = p.options(pool); err != nil {
		return o, err
	}
	if err = newName(name); err != nil {
		return o, err
	}
	if o.at, err = p.place(ctx, c, pool); err != nil {
		return o, err
	}
	there, err := called(ctx, c, o.at, name)
	if err != nil {
		return o, err
	}
	if len(there) > 0 {
		return o, fmt.Errorf("%w in %s", vm.ErrExists, o.at.datacenter)
	}
	if o.folder, err = p.cloneFolder(ctx, c, o.at, o.options); err != nil {
		return o, err
	}
	o.template, err = p.template(ctx, c, pool, o.at)
	return o, err
}

// copy has the server make the clone.
func (p *Provider) copy(ctx context.Context, c *vim25.Client, own *claim, o order, spec types.VirtualMachineCloneSpec) (ref, error) {
	result, err := p.run(ctx, c, own, func(ctx context.Context) (*object.Task, error) {
		task, err := object.NewVirtualMachine(c, o.template.Self).Clone(ctx, object.NewFolder(c, o.folder), o.name, spec)
		if err != nil && faultOf(err) == nil {
			p.sitOut(ctx, c, o.template)
		}
		return task, err
	})
	if err != nil {
		return ref{}, err
	}
	made, ok := result.(ref)
	if !ok {
		return ref{}, errors.New("the server does not say what it made")
	}
	return made, nil
}

// sitOut waits for the clones of a template, after the answer to a request for one was lost: it may be among them, and must not
// turn up after its name was given free.
func (p *Provider) sitOut(ctx context.Context, c *vim25.Client, t template) {
	v, err := one[mo.VirtualMachine](ctx, c, t.Self, "recentTask")
	if err == nil {
		err = p.settle(ctx, c, v.RecentTask)
	}
	if err != nil {
		p.log.Warn("it is not known whether a clone was begun", "template", t.Self.Value, "err", told(err))
	}
}

// vanished turns round that something is not there which was a moment ago: the machine that is asked for is not meant.
func vanished(err error) error {
	switch faultOf(err).(type) {
	case *types.NotFound, *types.ManagedObjectNotFound:
		return fmt.Errorf("%w: something was removed meanwhile: %w", vm.ErrUnavailable, &refusal{faultOf(err), err})
	}
	return err
}

func (p *Provider) cloneFolder(ctx context.Context, c *vim25.Client, at place, o options) (ref, error) {
	found, err := p.folder(ctx, c, at)
	switch {
	case err != nil:
		return ref{}, err
	case found != nil:
		return *found, nil
	case o.createFolders:
		return p.makeFolder(ctx, c, at)
	}
	return ref{}, wrong("folder: no %s, and create_folders is not set", at.folder)
}

// plan says how a clone is made of a template.
func (p *Provider) plan(ctx context.Context, c *vim25.Client, o order) (spec types.VirtualMachineCloneSpec, err error) {
	l, err := p.layout(ctx, c, o.at.datacenter, o.options.hostsMaxAge)
	if err != nil {
		return spec, err
	}
	datastore, err := l.datastore(o.pool.Datastore)
	if err != nil {
		return spec, err
	}
	network, err := l.network(o.pool.Network)
	if err != nil {
		return spec, err
	}
	onto, err := l.target(o, o.template.need(o.pool, datastore, network))
	if err != nil {
		return spec, err
	}
	spec.Location = types.VirtualMachineRelocateSpec{Datastore: datastore, Pool: &onto.pool, Host: onto.host}
	spec.Location.DiskMoveType, spec.Snapshot = o.template.disks(o.pool.Full)
	about := note{Name: o.name, CreatedBy: p.cfg.Username, Template: o.pool.Template, Created: p.cfg.Now().UTC(), Mark: o.pool.Mark}
	spec.Config = &types.VirtualMachineConfigSpec{Annotation: about.text(), ExtraConfig: extra(o.name, o.options.memory)}
	if network != nil {
		spec.Config.DeviceChange, err = plug(ctx, c, *network, o.template.devices())
	}
	return spec, err
}

// extra is what the guest can ask of the hypervisor, and how the machine's memory is treated.
func extra(name string, memory map[string]string) []types.BaseOptionValue {
	all := []types.BaseOptionValue{&types.OptionValue{Key: "guestinfo.hostname", Value: name}}
	for _, key := range slices.Sorted(maps.Keys(memory)) {
		all = append(all, &types.OptionValue{Key: "mainMem." + key, Value: memory[key]})
	}
	return all
}
