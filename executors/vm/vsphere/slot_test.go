package vsphere

import (
	"errors"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

func scsi(key, bus int32) types.BaseVirtualDevice {
	return &types.ParaVirtualSCSIController{VirtualSCSIController: types.VirtualSCSIController{
		VirtualController: types.VirtualController{BusNumber: bus, VirtualDevice: types.VirtualDevice{Key: key}}, ScsiCtlrUnitNumber: 7,
	}}
}

// disksOn fills units of a controller.
func disksOn(controller int32, units ...int32) (all object.VirtualDeviceList) {
	for _, u := range units {
		all = append(all, &types.VirtualDisk{VirtualDevice: types.VirtualDevice{Key: 2000 + u, ControllerKey: controller, UnitNumber: &u}})
	}
	return all
}

func upTo(n int32) (units []int32) {
	for u := range n {
		if u != 7 {
			units = append(units, u)
		}
	}
	return units
}

func TestADiskGoesToTheFirstFreeUnit(t *testing.T) {
	join := func(lists ...object.VirtualDeviceList) (all object.VirtualDeviceList) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	a, b := scsi(1000, 0), scsi(1001, 1)
	sata := &types.VirtualAHCIController{}
	sata.Key = 15000
	tests := []struct {
		name       string
		devices    object.VirtualDeviceList
		controller int32
		unit       int32
		newBus     int32 // -1: no new controller
		err        error
	}{
		{"after the first disk", join(object.VirtualDeviceList{a}, disksOn(1000, 0)), 1000, 1, -1, nil},
		{"into a gap", join(object.VirtualDeviceList{a}, disksOn(1000, 0, 2)), 1000, 1, -1, nil},
		{"past the controller's own unit", join(object.VirtualDeviceList{a}, disksOn(1000, upTo(7)...)), 1000, 8, -1, nil},
		{"the last one", join(object.VirtualDeviceList{a}, disksOn(1000, upTo(15)...)), 1000, 15, -1, nil},
		{"on the next controller", join(object.VirtualDeviceList{b, a}, disksOn(1000, upTo(16)...)), 1001, 0, -1, nil},
		{"the first bus before the second", object.VirtualDeviceList{b, a}, 1000, 0, -1, nil},
		{"units of other controllers do not count", join(object.VirtualDeviceList{a, sata}, disksOn(15000, 0, 1)), 1000, 0, -1, nil},
		{"on a new controller when all are full", join(object.VirtualDeviceList{a}, disksOn(1000, upTo(16)...)), newController, 0, 1, nil},
		{"on a new controller when there is no SCSI", object.VirtualDeviceList{sata}, newController, 0, 0, nil},
		{"nowhere", join(object.VirtualDeviceList{scsi(1, 0), scsi(2, 1), scsi(3, 2), scsi(4, 3)},
			disksOn(1, upTo(16)...), disksOn(2, upTo(16)...), disksOn(3, upTo(16)...), disksOn(4, upTo(16)...)), 0, 0, -1, vm.ErrPermanent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := free(tt.devices)
			bus := int32(-1)
			if got.add != nil {
				bus = got.add.(*types.ParaVirtualSCSIController).BusNumber
			}
			if !errors.Is(err, tt.err) || got.controller != tt.controller || got.unit != tt.unit || bus != tt.newBus {
				t.Errorf("got controller %d unit %d new bus %d, %v", got.controller, got.unit, bus, err)
			}
		})
	}
}
