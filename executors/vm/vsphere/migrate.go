package vsphere

import (
	"context"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// Migrate moves a machine off a host that is overburdened, or should run nothing, to the least used one of the same cluster that can
// run it. If no host has room for it, it stays where it is.
func (p *Provider) Migrate(ctx context.Context, pool vm.Pool, name string) (to string, err error) {
	err = p.change(ctx, "migrate", name, func(ctx context.Context, c *vim25.Client, own *claim) error {
		o, err := p.options(pool)
		if err != nil {
			return err
		}
		at, err := p.datacenter(ctx, c, pool)
		if err != nil {
			return err
		}
		m, err := p.quiet(ctx, c, pool, name)
		if err != nil {
			return err
		}
		v, err := one[mo.VirtualMachine](ctx, c, m, "runtime.host", "config.hardware.device", "config.hardware.memoryMB", "network")
		if err != nil {
			return err
		}
		if v.Runtime.Host == nil || v.Config == nil {
			return errHalfMade
		}
		l, err := p.layout(ctx, c, at, o.hostsMaxAge)
		if err != nil {
			return err
		}
		to, err = p.move(ctx, c, own, l, v, o.usageLimit)
		return err
	})
	return to, err
}

// move gives the name of the host that the machine is on when it returns.
func (p *Provider) move(ctx context.Context, c *vim25.Client, own *claim, l *layout, v mo.VirtualMachine, limit float64) (string, error) {
	n := need{networks: v.Network, datastores: datastoresOf(v.Config.Hardware.Device), memory: int64(v.Config.Hardware.MemoryMB)}
	to, ok := l.relocate(*v.Runtime.Host, n, limit)
	if !ok {
		on, err := one[mo.HostSystem](ctx, c, *v.Runtime.Host, "name")
		return on.Name, err
	}
	_, err := p.run(ctx, c, own, func(ctx context.Context) (*object.Task, error) {
		spec := types.VirtualMachineRelocateSpec{Host: &to.ref}
		return object.NewVirtualMachine(c, v.Self).Relocate(ctx, spec, types.VirtualMachineMovePriorityDefaultPriority)
	})
	if err != nil {
		return "", err
	}
	p.log.Info("machine moved", "name", own.name, "to", to.name)
	return to.name, nil
}
