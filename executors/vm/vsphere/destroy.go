package vsphere

import (
	"context"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// Destroy stops a machine and removes it with its disks and snapshots. It never removes a template.
func (p *Provider) Destroy(ctx context.Context, pool vm.Pool, name string) error {
	return p.change(ctx, "destroy", name, func(ctx context.Context, c *vim25.Client, own *claim) error {
		m, err := p.quiet(ctx, c, pool, name)
		if err == nil {
			err = p.remove(ctx, c, own, pool, m)
		}
		if isMissing(err) {
			return nil
		}
		return err
	})
}

func (p *Provider) remove(ctx context.Context, c *vim25.Client, own *claim, pool vm.Pool, m ref) error {
	v, err := one[mo.VirtualMachine](ctx, c, m, "config.template", "runtime.powerState", "runtime.connectionState")
	if err != nil {
		return err
	}
	if v.Config != nil && v.Config.Template {
		return wrong("it is a template")
	}
	if err := p.isNotTemplateOf(ctx, c, pool, m); err != nil {
		return err
	}
	machine := object.NewVirtualMachine(c, m)
	if v.Runtime.ConnectionState == types.VirtualMachineConnectionStateOrphaned {
		return machine.Unregister(ctx) // its host has lost it: nothing is left that could be destroyed
	}
	if v.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		if err := p.stop(ctx, c, own, m); err != nil {
			return err
		}
	}
	_, err = p.run(ctx, c, own, machine.Destroy)
	return err
}

// isNotTemplateOf spares a pool's template that is not marked as one, and lies in the folder of the pool.
func (p *Provider) isNotTemplateOf(ctx context.Context, c *vim25.Client, pool vm.Pool, m ref) error {
	t, err := p.pathOfTemplate(ctx, c, pool)
	if err == nil && t != nil && *t == m {
		return wrong("it is the template of the pool")
	}
	return err
}
