package vsphere

import (
	"errors"
	"testing"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

func TestWhatAQueryFoundIsReadAsFarAsItIsThere(t *testing.T) {
	machine := func(id string, missing ...types.BaseMethodFault) types.ObjectContent {
		o := types.ObjectContent{Obj: thing("VirtualMachine", id), PropSet: []types.DynamicProperty{{Name: "name", Val: id}}}
		for _, f := range missing {
			o.MissingSet = append(o.MissingSet, types.MissingProperty{Path: "runtime", Fault: types.LocalizedMethodFault{Fault: f}})
		}
		return o
	}
	all, err := every[mo.VirtualMachine]([]types.ObjectContent{
		machine("whole"),
		machine("gone", &types.ManagedObjectNotFound{Obj: thing("VirtualMachine", "gone")}),
		machine("homeless", &types.ManagedObjectNotFound{Obj: thing("HostSystem", "h")}),
		{Obj: thing("Folder", "f")},
	})
	if err != nil || len(all) != 2 || all[0].Name != "whole" || all[1].Name != "homeless" {
		t.Errorf("got %d, %v", len(all), err)
	}
	_, err = every[mo.VirtualMachine]([]types.ObjectContent{machine("hidden", &types.NoPermission{})})
	if !errors.Is(told(err), vm.ErrPermanent) {
		t.Errorf("got %v", err)
	}
}
