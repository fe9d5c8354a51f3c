package vsphere

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
	"yardmaster/executors/vm/vmtest"
)

func TestConformance(t *testing.T) {
	vmtest.Conformance(t, vmtest.Suite{New: func(t *testing.T) vmtest.World {
		w := newWorld(t)
		p, err := New(w.config())
		w.must(err)
		other, missing := w.pool, w.pool
		other.Name, other.Folder = "other", "pools/b"
		missing.Name, missing.Template = "missing", "templates/none"
		return vmtest.World{
			Provider: p, Pool: w.pool, Other: other, Missing: missing,
			Foreign: w.foreign, Vanish: w.vanish, PowerOff: w.powerOff, Disks: w.disks, Snapshots: w.snapshots, Left: w.left, HalfMade: w.halfMade,
			Hang: func(*testing.T) func() { return w.gate.hang() },
			Down: func(*testing.T) func() { return w.gate.down() },
		}
	}})
}

func (w *world) foreign(t *testing.T, p vm.Pool) string {
	t.Helper()
	name := "somebodys"
	w.done(w.vm("DC0_H0_VM0").Clone(t.Context(), w.at(p.Folder), name, types.VirtualMachineCloneSpec{}))
	return name
}

func (w *world) vanish(t *testing.T, p vm.Pool, name string) {
	t.Helper()
	w.powerOff(t, p, name)
	w.done(w.vm(path.Join(p.Folder, name)).Destroy(t.Context()))
}

func (w *world) powerOff(t *testing.T, p vm.Pool, name string) {
	t.Helper()
	w.done(w.vm(path.Join(p.Folder, name)).PowerOff(t.Context()))
}

func (w *world) look(p vm.Pool, name string) (v mo.VirtualMachine) {
	w.t.Helper()
	w.must(w.vm(path.Join(p.Folder, name)).Properties(w.t.Context(), w.find(path.Join(p.Folder, name)), nil, &v))
	return v
}

// disks are the files of the disks that were added to a machine.
func (w *world) disks(t *testing.T, p vm.Pool, name string) (found []string) {
	t.Helper()
	devices := object.VirtualDeviceList(w.look(p, name).Config.Hardware.Device)
	for _, l := range layers(devices) {
		if strings.HasPrefix(path.Base(l.FileName), "disk.") {
			found = append(found, l.FileName)
		}
	}
	return found
}

func (w *world) snapshots(t *testing.T, p vm.Pool, name string) (ids []string) {
	t.Helper()
	var walk func([]types.VirtualMachineSnapshotTree)
	walk = func(tree []types.VirtualMachineSnapshotTree) {
		for _, s := range tree {
			ids = append(ids, s.Name)
			walk(s.ChildSnapshotList)
		}
	}
	if s := w.look(p, name).Snapshot; s != nil {
		walk(s.RootSnapshotList)
	}
	return ids
}

// left is what the datastores and the whole inventory have of a machine.
func (w *world) left(t *testing.T, _ vm.Pool, name string) []string {
	t.Helper()
	found := w.files(name)
	there, err := called(t.Context(), w.admin.Client, place{datacenter: "/DC0"}, name)
	w.must(err)
	for _, r := range there {
		found = append(found, fmt.Sprint(r))
	}
	return found
}

// halfMade lets the start of a machine fail.
func (w *world) halfMade(_ *testing.T, _ vm.Pool, name string) (undo func()) {
	w.set(func() {
		w.refuse = func(method string, on mo.Reference) types.BaseMethodFault {
			if e, ok := on.(mo.Entity); ok && method == "PowerOnVM_Task" && e.Entity().Name == name {
				return &types.InsufficientResourcesFault{}
			}
			return nil
		}
	})
	return func() { w.set(func() { w.refuse = nil }) }
}
