package vsphere

import (
	"context"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// start runs a machine; one that runs already is left alone.
func (p *Provider) start(ctx context.Context, c *vim25.Client, own *claim, m ref) error {
	_, err := p.run(ctx, c, own, object.NewVirtualMachine(c, m).PowerOn)
	if alreadyIs(err, types.VirtualMachinePowerStatePoweredOn) {
		return nil
	}
	return err
}

// stop pulls the plug of a machine; one that is off already is left alone.
func (p *Provider) stop(ctx context.Context, c *vim25.Client, own *claim, m ref) error {
	_, err := p.run(ctx, c, own, object.NewVirtualMachine(c, m).PowerOff)
	if alreadyIs(err, types.VirtualMachinePowerStatePoweredOff) {
		return nil
	}
	return err
}

// alreadyIs says that a change of power was refused because there is nothing to change.
func alreadyIs(err error, state types.VirtualMachinePowerState) bool {
	f, ok := faultOf(err).(*types.InvalidPowerState)
	return ok && f.ExistingState == state
}
