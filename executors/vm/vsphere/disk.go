package vsphere

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// diskMost is the largest disk that vSphere has, 62 TB, in GB.
const diskMost = 62000

// AddDisk makes a thin disk in the folder of the machine on its datastore and plugs it in. The file is named after the id.
func (p *Provider) AddDisk(ctx context.Context, pool vm.Pool, name, id string, gb int) error {
	return p.change(ctx, "add disk", name, func(ctx context.Context, c *vim25.Client, own *claim) error {
		if err := checkDisk(id, gb); err != nil {
			return err
		}
		m, err := p.quiet(ctx, c, pool, name)
		if err != nil {
			return err
		}
		v, err := one[mo.VirtualMachine](ctx, c, m, "config.hardware.device", "config.files")
		if err != nil {
			return err
		}
		if v.Config == nil {
			return errHalfMade
		}
		add := disk{file: diskFile(v.Config.Files.VmPathName, id), kilobytes: kilobytes(gb), beside: v.Config.Hardware.Device}
		if hasDisk(add.beside, add.file) {
			return nil
		}
		err = p.plugDisk(ctx, c, own, m, add, true)
		if isFault[*types.FileAlreadyExists](err) { // made by somebody who was cut off before it was plugged in
			err = p.plugDisk(ctx, c, own, m, add, false)
		}
		return err
	})
}

// disk is one to be added.
type disk struct {
	file      string
	kilobytes int64
	beside    object.VirtualDeviceList // what the machine has
}

func checkDisk(id string, gb int) error {
	if gb < 1 || gb > diskMost {
		return wrong("size: %d GB is not from 1 to %d", gb, diskMost)
	}
	ok := id != "" && len(id) <= 64 && id[0] != '.'
	for _, r := range id {
		ok = ok && (r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	}
	if !ok {
		return wrong("disk: %q is no id", id)
	}
	return nil
}

// kilobytes are those of so many GB, in whole MB, which is the server's grain.
func kilobytes(gb int) int64 {
	const mb = 1 << 20
	return (int64(gb)*1e9 + mb - 1) / mb * (mb >> 10)
}

// diskFile is where a disk lies: beside the machine's own files, with a name that none of those has, for it has a dot.
func diskFile(config, id string) string {
	var at object.DatastorePath
	at.FromString(config)
	at.Path = path.Join(path.Dir(at.Path), "disk."+id+".vmdk")
	return at.String()
}

// hasDisk says that a machine has a disk with a file, be it beneath the layers that snapshots put upon it.
func hasDisk(devices object.VirtualDeviceList, file string) bool {
	return slices.ContainsFunc(layers(devices), func(l types.VirtualDeviceFileBackingInfo) bool { return strings.EqualFold(l.FileName, file) })
}

// datastoresOf are those that the disks of a machine lie on, with all that is beneath them.
func datastoresOf(devices object.VirtualDeviceList) []ref {
	var all []ref
	for _, l := range layers(devices) {
		if l.Datastore != nil && !slices.Contains(all, *l.Datastore) {
			all = append(all, *l.Datastore)
		}
	}
	return all
}

// layers are the files that the disks of a machine are made of, of each disk the topmost first.
func layers(devices object.VirtualDeviceList) (all []types.VirtualDeviceFileBackingInfo) {
	for _, d := range devices.SelectByType((*types.VirtualDisk)(nil)) {
		switch b := d.GetVirtualDevice().Backing.(type) {
		case *types.VirtualDiskFlatVer2BackingInfo:
			for ; b != nil; b = b.Parent {
				all = append(all, b.VirtualDeviceFileBackingInfo)
			}
		case *types.VirtualDiskSeSparseBackingInfo:
			for ; b != nil; b = b.Parent {
				all = append(all, b.VirtualDeviceFileBackingInfo)
			}
		case *types.VirtualDiskSparseVer2BackingInfo:
			for ; b != nil; b = b.Parent {
				all = append(all, b.VirtualDeviceFileBackingInfo)
			}
		case types.BaseVirtualDeviceFileBackingInfo:
			all = append(all, *b.GetVirtualDeviceFileBackingInfo())
		}
	}
	return all
}

// plugDisk adds a disk with a file, which is created if fresh.
func (p *Provider) plugDisk(ctx context.Context, c *vim25.Client, own *claim, m ref, add disk, fresh bool) error {
	s, err := free(add.beside)
	if err != nil {
		return err
	}
	change := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: &types.VirtualDisk{
		VirtualDevice: types.VirtualDevice{
			Key: -1, ControllerKey: s.controller, UnitNumber: &s.unit,
			Backing: &types.VirtualDiskFlatVer2BackingInfo{
				VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: add.file},
				DiskMode:                     string(types.VirtualDiskModePersistent),
				ThinProvisioned:              types.NewBool(true),
			},
		},
		CapacityInKB: add.kilobytes,
	}}
	if fresh {
		change.FileOperation = types.VirtualDeviceConfigSpecFileOperationCreate
	}
	changes := deviceChanges{change}
	if s.add != nil {
		changes = deviceChanges{&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: s.add}, change}
	}
	_, err = p.run(ctx, c, own, func(ctx context.Context) (*object.Task, error) {
		return object.NewVirtualMachine(c, m).Reconfigure(ctx, types.VirtualMachineConfigSpec{DeviceChange: changes})
	})
	return err
}
