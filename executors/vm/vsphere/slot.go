package vsphere

import (
	"cmp"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// slot is where a disk can be plugged in.
type slot struct {
	controller int32
	unit       int32
	add        types.BaseVirtualDevice // the controller, if it has to be added for it; else nil
}

// What a machine can have: four SCSI controllers, each with the units 0 to 15 but its own.
const (
	controllersMost = 4
	unitsMost       = 16
	controllerUnit  = 7
	newController   = -2 // key of one that is added by the same request
)

// free finds the first free unit of the SCSI controllers in the order of their buses; a new controller has one if none other has.
func free(devices object.VirtualDeviceList) (slot, error) {
	controllers := devices.SelectByType((*types.VirtualSCSIController)(nil))
	scsi := func(d types.BaseVirtualDevice) *types.VirtualSCSIController {
		return d.(types.BaseVirtualSCSIController).GetVirtualSCSIController()
	}
	slices.SortFunc(controllers, func(a, b types.BaseVirtualDevice) int { return cmp.Compare(scsi(a).BusNumber, scsi(b).BusNumber) })
	buses := map[int32]bool{}
	for _, d := range controllers {
		c := scsi(d)
		buses[c.BusNumber] = true
		own := cmp.Or(c.ScsiCtlrUnitNumber, controllerUnit)
		for unit := int32(0); unit < unitsMost; unit++ {
			if unit != own && !plugged(devices, c.Key, unit) {
				return slot{controller: c.Key, unit: unit}, nil
			}
		}
	}
	for bus := int32(0); bus < controllersMost; bus++ {
		if !buses[bus] {
			return slot{controller: newController, add: &types.ParaVirtualSCSIController{VirtualSCSIController: types.VirtualSCSIController{
				SharedBus:         types.VirtualSCSISharingNoSharing,
				VirtualController: types.VirtualController{BusNumber: bus, VirtualDevice: types.VirtualDevice{Key: newController}},
			}}}, nil
		}
	}
	return slot{}, wrong("the machine has no room for another disk")
}

func plugged(devices object.VirtualDeviceList, controller, unit int32) bool {
	return slices.ContainsFunc(devices, func(d types.BaseVirtualDevice) bool {
		v := d.GetVirtualDevice()
		return v.ControllerKey == controller && v.UnitNumber != nil && *v.UnitNumber == unit
	})
}
