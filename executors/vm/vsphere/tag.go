package vsphere

import (
	"context"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// Tag writes the user of a machine into its annotation.
func (p *Provider) Tag(ctx context.Context, pool vm.Pool, name, user string) error {
	return p.change(ctx, "tag", name, func(ctx context.Context, c *vim25.Client, own *claim) error {
		m, err := p.quiet(ctx, c, pool, name)
		if err != nil {
			return err
		}
		v, err := one[mo.VirtualMachine](ctx, c, m, "config.annotation")
		if err != nil {
			return err
		}
		was := ""
		if v.Config != nil {
			was = v.Config.Annotation
		}
		now := tagged(was, user)
		if now == was {
			return nil
		}
		_, err = p.run(ctx, c, own, func(ctx context.Context) (*object.Task, error) {
			return object.NewVirtualMachine(c, m).Reconfigure(ctx, types.VirtualMachineConfigSpec{Annotation: now})
		})
		return err
	})
}
