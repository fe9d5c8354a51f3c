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

func (p *Provider) clone(ctx context.Context, c *vim25.Client, own *claim, pool vm.Pool, name string) (ref, error) {
	o, err := p.options(pool)
	if err == nil {
		err = newName(name)
	}
	if err != nil {
		return ref{}, err
	}
	at, err := p.place(ctx, c, pool)
	if err != nil {
		return ref{}, err
	}
	there, err := called(ctx, c, at, name)
	if err != nil {
		return ref{}, err
	}
	if len(there) > 0 {
		return ref{}, fmt.Errorf("%w in %s", vm.ErrExists, at.datacenter)
	}
	folder, err := p.cloneFolder(ctx, c, at, o)
	if err != nil {
		return ref{}, err
	}
	t, err := p.template(ctx, c, pool, at)
	if err == nil {
		t, err = p.prepare(ctx, c, pool, o, t)
	}
	if err != nil {
		return ref{}, err
	}
	spec, err := p.plan(ctx, c, pool, o, at, t, name)
	if err != nil {
		return ref{}, err
	}
	made, err := p.copy(ctx, c, own, t, folder, name, spec)
	if err != nil {
		p.layouts.forget(at.datacenter) // it may have named what is there no more
	}
	return made, vanished(err)
}

// copy has the server make the clone.
func (p *Provider) copy(ctx context.Context, c *vim25.Client, own *claim, t template, folder ref, name string, spec types.VirtualMachineCloneSpec) (ref, error) {
	result, err := p.run(ctx, c, own, func(ctx context.Context) (*object.Task, error) {
		task, err := object.NewVirtualMachine(c, t.Self).Clone(ctx, object.NewFolder(c, folder), name, spec)
		if err != nil && faultOf(err) == nil {
			p.sitOut(ctx, c, t)
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
func (p *Provider) plan(ctx context.Context, c *vim25.Client, pool vm.Pool, o options, at place, t template, name string) (types.VirtualMachineCloneSpec, error) {
	var spec types.VirtualMachineCloneSpec
	l, err := p.layout(ctx, c, at.datacenter, o.hostsMaxAge)
	if err != nil {
		return spec, err
	}
	datastore, err := l.datastore(pool.Datastore)
	if err != nil {
		return spec, err
	}
	network, err := l.network(pool.Network)
	if err != nil {
		return spec, err
	}
	onto, err := l.target(pool, o, t.Runtime.Host, t.need(pool, datastore, network))
	if err != nil {
		return spec, err
	}
	spec.Location = types.VirtualMachineRelocateSpec{Datastore: datastore, Pool: &onto.pool, Host: onto.host}
	spec.Location.DiskMoveType, spec.Snapshot = t.disks(pool.Full)
	spec.Config = &types.VirtualMachineConfigSpec{
		Annotation:  note{Name: name, CreatedBy: p.cfg.Username, Template: pool.Template, Created: p.cfg.Now().UTC()}.text(),
		ExtraConfig: extra(name, o.memory),
	}
	if network != nil {
		spec.Config.DeviceChange, err = plug(ctx, c, *network, t.devices())
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

// plug puts the first network card of a machine into a network.
func plug(ctx context.Context, c *vim25.Client, network ref, devices object.VirtualDeviceList) ([]types.BaseVirtualDeviceConfigSpec, error) {
	cards := devices.SelectByType((*types.VirtualEthernetCard)(nil))
	if len(cards) == 0 {
		return nil, wrong("network: the template has no network card")
	}
	into, ok := object.NewReference(c, network).(object.NetworkReference)
	if !ok {
		return nil, wrong("network: a %s takes no machines", network.Type)
	}
	backing, err := into.EthernetCardBackingInfo(ctx)
	if err != nil {
		return nil, err
	}
	card := cards[0].(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
	card.Backing, card.MacAddress, card.AddressType = backing, "", string(types.VirtualEthernetCardMacTypeGenerated)
	card.Connectable = &types.VirtualDeviceConnectInfo{StartConnected: true, AllowGuestControl: true, Connected: true}
	return []types.BaseVirtualDeviceConfigSpec{
		&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: cards[0]},
	}, nil
}
