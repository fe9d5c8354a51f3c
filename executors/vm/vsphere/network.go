package vsphere

import (
	"context"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// deviceChanges are what a request changes of a machine's hardware.
type deviceChanges = []types.BaseVirtualDeviceConfigSpec

// plug puts the first network card of a machine into a network.
func plug(ctx context.Context, c *vim25.Client, network ref, devices object.VirtualDeviceList) (deviceChanges, error) {
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
	return deviceChanges{&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: cards[0]}}, nil
}
