package sim

import (
	"fmt"
	"strings"
)

func mkfsXFS(c *call) int  { return c.mkfs("xfs") }
func mkfsExt4(c *call) int { return c.mkfs("ext4") }

// minXFS is the smallest device that this sort of mkfs takes: arbiter bricks of 16 MiB must pass.
const minXFS = 16 << 10

func (c *call) mkfs(fs string) int {
	flags, operands := options(c.args, "-i -n -d -l -s -L -m -b -p -r -t -E -O -N -I")
	if len(operands) == 0 {
		return c.fail(1, "no device name given in argument list")
	}
	name := operands[0]
	d := c.w.device(c.host, name)
	switch {
	case d == nil && c.spring(name) != nil:
		d = c.w.device(c.host, name)
	case d == nil:
		return c.fail(1, "Error accessing specified device %s: No such file or directory", name)
	}
	switch {
	case len(c.w.mountsOf(c.host, d.fsid())) > 0:
		return c.fail(1, "mkfs.%s: %s contains a mounted filesystem", fs, name)
	case d.disk != nil && d.disk.PVUUID != "" && !has(flags, "-f", "-F"):
		return c.fail(1, "mkfs.%s: %s appears to contain an existing filesystem (LVM2_member).\nmkfs.%s: Use the -f option to force overwrite.", fs, name, fs)
	case d.disk != nil && d.disk.VG != "":
		return c.fail(1, "mkfs.%s: cannot open %s: Device or resource busy", fs, name)
	case d.fs() != "" && !has(flags, "-f", "-F"):
		return c.fail(1, "mkfs.%s: %s appears to contain an existing filesystem (%s).\nmkfs.%s: Use the -f option to force overwrite.", fs, name, d.fs(), fs)
	case fs == "xfs" && d.sizeKiB() < minXFS:
		return c.fail(1, "size %d of data subvolume is too small, minimum 4096 blocks", d.sizeKiB()/4)
	}
	if d.disk != nil {
		d.disk.PVUUID = ""
	}
	d.format(c.w, fs, c.w.uuid())
	if !has(flags, "-q") {
		c.printf("meta-data=%s isize=512\ndata     =                       bsize=4096   blocks=%d\n", name, d.sizeKiB()/4)
	}
	return 0
}

// signature is the type and the id that blkid and wipefs find on a device.
func (d *device) signature() (kind, id string) {
	if d.disk != nil && d.disk.PVUUID != "" {
		return "LVM2_member", d.disk.PVUUID
	}
	return d.fs(), d.fsid()
}

func blkid(c *call) int {
	flags, operands := options(c.args, "-o -s -t -U -L --output --match-tag")
	if len(operands) == 0 {
		for _, d := range c.w.disks.all(c.host) {
			operands = append(operands, d.Path)
		}
	}
	found := 2
	for _, name := range operands {
		d := c.w.device(c.host, name)
		if d == nil {
			continue
		}
		kind, id := d.signature()
		if kind == "" {
			continue
		}
		found = 0
		value := map[string]string{"TYPE": kind, "UUID": id}
		tag := first(flags, "-s", "--match-tag")
		switch {
		case first(flags, "-o", "--output") == "value" && tag != "":
			c.printf("%s\n", value[tag])
		case first(flags, "-o", "--output") == "value":
			c.printf("%s\n%s\n", id, kind)
		case tag != "":
			c.printf("%s: %s=\"%s\"\n", name, tag, value[tag])
		default:
			c.printf("%s: UUID=\"%s\" TYPE=\"%s\"\n", name, id, kind)
		}
	}
	return found
}

func wipefs(c *call) int {
	flags, operands := options(c.args, "-t -o --types --offset --output -O")
	exit := 0
	for _, name := range operands {
		c.spring(name)
		d := c.w.device(c.host, name)
		if d == nil {
			exit = c.fail(1, "wipefs: error: %s: probing initialization failed: No such file or directory", name)
			continue
		}
		kind, id := d.signature()
		if !has(flags, "-a", "--all") {
			if kind != "" {
				c.printf("DEVICE OFFSET TYPE UUID LABEL\n%s 0x0 %s %s\n", strings.TrimPrefix(name, "/dev/"), kind, id)
			}
			continue
		}
		exit = max(exit, c.wipe(d, name, kind, has(flags, "-f", "--force")))
	}
	return exit
}

func (c *call) wipe(d *device, name, kind string, force bool) int {
	held := d.disk != nil && d.disk.VG != "" && c.activeIn(d.disk.VG)
	if len(c.w.mountsOf(c.host, d.fsid())) > 0 || held && !force {
		return c.fail(1, "wipefs: error: %s: probing initialization failed: Device or resource busy", name)
	}
	if kind == "" {
		return 0
	}
	if d.disk != nil && d.disk.PVUUID != "" {
		c.forgetPV(d.disk)
	}
	d.format(c.w, "", "")
	c.printf("%s: 8 bytes were erased at offset 0x00000218 (%s): 4c 56 4d 32 20 30 30 31\n", name, kind)
	return 0
}

// forgetPV takes a physical volume off a disk; a volume group without any left is gone with it.
func (c *call) forgetPV(d *disk) {
	if d.VG != "" {
		c.w.lvs.drop(c.host + "/" + d.VG)
		c.w.vgs.del(c.host, d.VG)
	}
	d.PVUUID, d.VG = "", ""
	c.w.disks.put(c.host, d.Path, d)
}

// activeIn tells whether logical volumes hold a volume group's devices open.
func (c *call) activeIn(vg string) bool { return c.w.lvs.size(c.host+"/"+vg) > 0 }

func xfsInfo(c *call) int {
	_, operands := options(c.args, "")
	if len(operands) == 0 {
		return c.fail(2, "Usage: xfs_info [-V] [-t mtab] [mountpoint|device|file]")
	}
	d := c.w.device(c.host, operands[0])
	if m := c.w.mounts.get(c.host, c.abs(operands[0])); m != nil {
		d = c.w.device(c.host, m.Device)
	}
	if d == nil || d.fs() != "xfs" {
		return c.fail(1, "%s: cannot open %s: No such file or directory", "xfs_info", operands[0])
	}
	c.printf("meta-data=%s isize=512\ndata     = bsize=4096 blocks=%d\n", d.name(), d.sizeKiB()/4)
	return 0
}

func blockdev(c *call) int {
	flags, operands := options(c.args, "")
	for _, name := range operands {
		d := c.w.device(c.host, name)
		if d == nil {
			return c.fail(1, "blockdev: cannot open %s: No such file or directory", name)
		}
		switch {
		case has(flags, "--getsize64"):
			c.printf("%d\n", d.sizeKiB()*1024)
		case has(flags, "--getsz", "--getsize"):
			c.printf("%d\n", d.sizeKiB()*2)
		}
	}
	return 0
}

func lsblk(c *call) int {
	flags, operands := options(c.args, "-o --output -t")
	if len(operands) == 0 {
		for _, d := range c.w.disks.all(c.host) {
			operands = append(operands, d.Path)
		}
	}
	if !has(flags, "-n", "--noheadings") {
		c.printf("NAME SIZE TYPE FSTYPE\n")
	}
	for _, name := range operands {
		d := c.w.device(c.host, name)
		if d == nil {
			return c.fail(32, "lsblk: %s: not a block device", name)
		}
		kind, _ := d.signature()
		c.printf("%s\n", strings.TrimSpace(fmt.Sprintf("%s %dK disk %s", strings.TrimPrefix(name, "/dev/"), d.sizeKiB(), kind)))
	}
	return 0
}

// dmsetup lists the active logical volumes.
func dmsetup(c *call) int {
	if len(c.args) == 0 {
		return c.fail(1, "No command specified.")
	}
	_, operands := options(c.args[1:], "-c -o --columns")
	switch c.args[0] {
	case "ls", "info":
		for _, vg := range c.w.vgs.all(c.host) {
			for _, lv := range c.w.lvs.all(c.host + "/" + vg.Name) {
				name := strings.TrimPrefix(mapperName(vg.Name, lv.Name), "/dev/mapper/")
				if !lv.Inactive && (len(operands) == 0 || operands[0] == name) {
					c.printf("%s\t(254:1)\n", name)
				}
			}
		}
		return 0
	case "remove", "udevcomplete_all", "mknodes", "status", "table":
		return 0
	}
	return c.fail(1, "Unknown command.")
}

// lsof tells of the brick processes under a mount, as far as they are simulated.
func lsof(c *call) int {
	_, operands := options(c.args, "-p -u")
	for _, name := range operands {
		m := c.w.mounts.get(c.host, c.abs(name))
		if m != nil && c.w.busy(c.host, m) {
			c.printf("COMMAND PID USER FD TYPE NAME\nglusterfs 4321 root cwd DIR %s\n", name)
			return 0
		}
	}
	return 1
}
