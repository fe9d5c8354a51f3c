package vsphere

import (
	"context"
	"path"
	"slices"

	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

var machineProperties = []string{
	"name", "config.annotation", "config.template", "guest.hostName", "guest.ipAddress", "guest.net",
	"runtime.powerState", "runtime.bootTime", "runtime.host",
}

// List is the machines that lie directly in the folder of a pool. Templates are none.
func (p *Provider) List(ctx context.Context, pool vm.Pool) (all []vm.Machine, err error) {
	err = p.call(ctx, "list", pool.Name, func(ctx context.Context) error {
		c, err := p.session.client(ctx)
		if err != nil {
			return err
		}
		all, err = p.list(ctx, c, pool)
		return err
	})
	return all, err
}

func (p *Provider) list(ctx context.Context, c *vim25.Client, pool vm.Pool) ([]vm.Machine, error) {
	o, err := p.options(pool)
	if err != nil {
		return nil, err
	}
	at, err := p.place(ctx, c, pool)
	if err != nil {
		return nil, err
	}
	folder, err := p.folder(ctx, c, at)
	if err != nil {
		return nil, err
	}
	if folder == nil && o.createFolders {
		return nil, nil
	}
	if folder == nil {
		return nil, wrong("folder: no %s, and create_folders is not set", at.folder)
	}
	found, err := query(ctx, c, []types.ObjectSpec{along(*folder, "childEntity")}, sought("VirtualMachine", machineProperties...))
	if err != nil {
		return nil, err
	}
	all, err := every[mo.VirtualMachine](found)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(v mo.VirtualMachine) bool { return isTemplate(v, at, pool.Template) })
	return tell(ctx, c, all)
}

// isTemplate says that a machine in a pool's folder is marked as a template, or is the one of the pool.
func isTemplate(v mo.VirtualMachine, at place, ofPool string) bool {
	if v.Config != nil && v.Config.Template {
		return true
	}
	return path.Join(machines(at.datacenter), ofPool) == at.folder+"/"+v.Name
}

// Get is one machine of a pool.
func (p *Provider) Get(ctx context.Context, pool vm.Pool, name string) (m vm.Machine, err error) {
	err = p.call(ctx, "get", name, func(ctx context.Context) error {
		c, err := p.session.client(ctx)
		if err != nil {
			return err
		}
		of, err := p.machine(ctx, c, pool, name)
		if err != nil {
			return err
		}
		v, err := p.born(ctx, c, of)
		if err != nil {
			return err
		}
		all, err := tell(ctx, c, []mo.VirtualMachine{v})
		m = first(all)
		return err
	})
	return m, err
}

// born reads a machine. One that is being cloned is waited for: whose it is shows only then.
func (p *Provider) born(ctx context.Context, c *vim25.Client, of ref) (v mo.VirtualMachine, err error) {
	if v, err = one[mo.VirtualMachine](ctx, c, of, append([]string{"recentTask"}, machineProperties...)...); err != nil || v.Config != nil {
		return v, err
	}
	if err := p.settle(ctx, c, v.RecentTask); err != nil {
		return v, err
	}
	return one[mo.VirtualMachine](ctx, c, of, machineProperties...)
}

// tell puts machines into the terms of package vm. Of one that is being made, much is not known yet.
func tell(ctx context.Context, c *vim25.Client, found []mo.VirtualMachine) ([]vm.Machine, error) {
	hosts, err := hostNames(ctx, c, found)
	if err != nil {
		return nil, err
	}
	all := make([]vm.Machine, 0, len(found))
	for _, v := range found {
		m := vm.Machine{Name: v.Name, Power: vm.PoweredOff}
		if v.Config != nil {
			says := read(v.Config.Annotation)
			m.Template, m.Mark = says.value(noteTemplate), says.value(noteMark)
		}
		if v.Guest != nil {
			m.Hostname, m.IP = v.Guest.HostName, guestAddress(v.Guest.IpAddress, v.Guest.Net)
		}
		if v.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
			m.Power = vm.PoweredOn
		}
		if v.Runtime.BootTime != nil {
			m.Booted = *v.Runtime.BootTime
		}
		if v.Runtime.Host != nil {
			m.Host = hosts[*v.Runtime.Host]
		}
		all = append(all, m)
	}
	return all, nil
}

// hostNames are the names of the hosts that machines are on.
func hostNames(ctx context.Context, c *vim25.Client, found []mo.VirtualMachine) (map[ref]string, error) {
	names := map[ref]string{}
	var refs []ref
	for _, v := range found {
		if on := v.Runtime.Host; on != nil && !slices.Contains(refs, *on) {
			refs = append(refs, *on)
		}
	}
	hosts, err := retrieve[mo.HostSystem](ctx, c, refs, "name")
	for _, h := range hosts {
		names[h.Self] = h.Name
	}
	return names, err
}
