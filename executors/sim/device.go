package sim

import (
	"path"
	"strings"
)

// device is a disk or a logical volume, found by any of its names.
type device struct {
	host string
	disk *disk
	lv   *logicalVolume
}

// name is what mount and blkid show.
func (d *device) name() string {
	if d.disk != nil {
		return d.disk.Path
	}
	return mapperName(d.lv.VG, d.lv.Name)
}

func (d *device) fs() string {
	if d.disk != nil {
		return d.disk.FS
	}
	return d.lv.FS
}

func (d *device) fsid() string {
	if d.disk != nil {
		return d.disk.FSID
	}
	return d.lv.FSID
}

func (d *device) sizeKiB() uint64 {
	if d.disk != nil {
		return d.disk.SizeKiB
	}
	return d.lv.SizeKiB
}

// format puts a file system on the device, or takes it off; what was on it is gone.
func (d *device) format(w *world, fs, fsid string) {
	if old := d.fsid(); old != "" {
		w.files.drop(old)
	}
	if d.disk != nil {
		d.disk.FS, d.disk.FSID = fs, fsid
		w.disks.put(d.host, d.disk.Path, d.disk)
		return
	}
	d.lv.FS, d.lv.FSID = fs, fsid
	w.lvs.put(d.host+"/"+d.lv.VG, d.lv.Name, d.lv)
}

func mapperName(vg, lv string) string {
	return "/dev/mapper/" + strings.ReplaceAll(vg, "-", "--") + "-" + strings.ReplaceAll(lv, "-", "--")
}

// splitMapper is the inverse of mapperName for the part below /dev/mapper.
func splitMapper(s string) (vg, lv string, ok bool) {
	vg, lv, ok = strings.Cut(strings.ReplaceAll(s, "--", "\x00"), "-")
	return strings.ReplaceAll(vg, "\x00", "-"), strings.ReplaceAll(lv, "\x00", "-"), ok && vg != "" && lv != ""
}

const byPVUUID = "/dev/disk/by-id/lvm-pv-uuid-"

// device finds a device node; an inactive logical volume has none.
func (w *world) device(host, name string) *device {
	name = path.Clean(name)
	if d := w.disks.get(host, name); d != nil {
		return &device{host: host, disk: d}
	}
	if rest, ok := strings.CutPrefix(name, "/dev/mapper/"); ok {
		vg, lv, _ := splitMapper(rest)
		return w.lvDevice(host, vg, lv)
	}
	if uuid, ok := strings.CutPrefix(name, byPVUUID); ok {
		return w.pvDevice(host, uuid)
	}
	if rest, ok := strings.CutPrefix(name, "/dev/"); ok {
		vg, lv, _ := strings.Cut(rest, "/")
		return w.lvDevice(host, vg, lv)
	}
	return nil
}

func (w *world) pvDevice(host, uuid string) *device {
	for _, d := range w.disks.groups[host] {
		if d.PVUUID == uuid && uuid != "" {
			return &device{host: host, disk: d}
		}
	}
	return nil
}

func (w *world) lvDevice(host, vg, name string) *device {
	lv := w.lvs.get(host+"/"+vg, name)
	if lv == nil || lv.Inactive || lv.Kind == lvPool {
		return nil
	}
	return &device{host: host, lv: lv}
}

// deviceNames lists the device nodes of a host for directory listings.
func (w *world) deviceNames(host string) []string {
	var names []string
	for name, d := range w.disks.groups[host] {
		names = append(names, name)
		if d.PVUUID != "" {
			names = append(names, byPVUUID+d.PVUUID)
		}
	}
	for _, vg := range w.vgs.all(host) {
		for _, lv := range w.lvs.all(host + "/" + vg.Name) {
			if w.lvDevice(host, vg.Name, lv.Name) != nil {
				names = append(names, mapperName(vg.Name, lv.Name), "/dev/"+vg.Name, "/dev/"+vg.Name+"/"+lv.Name)
			}
		}
	}
	return names
}

// spring finds a disk and, where nodes are made up, makes one up.
func (c *call) spring(name string) *disk {
	d := c.w.device(c.host, name)
	if d != nil {
		return d.disk
	}
	if !c.auto || !strings.HasPrefix(name, "/") || strings.HasPrefix(name, "/dev/mapper/") || strings.HasPrefix(name, byPVUUID) {
		return nil
	}
	name = path.Clean(name)
	c.w.disks.put(c.host, name, &disk{Path: name, SizeKiB: c.autoKiB})
	return c.w.disks.get(c.host, name)
}

// mountsOf gives the directories on which a file system is mounted.
func (w *world) mountsOf(host, fsid string) []string {
	var dirs []string
	if fsid == "" {
		return nil
	}
	for dir, m := range w.mounts.groups[host] {
		if m.FSID == fsid {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
