package sim

// The defaults of a physical volume in KiB.
const (
	defaultMetaKiB  = 1 << 10
	defaultAlignKiB = 1 << 10
	defaultExtent   = 4 << 10
)

func pvcreate(c *call) int {
	flags, names := lvmArgs(c.args, "-s")
	meta, align := uint64(defaultMetaKiB), uint64(defaultAlignKiB)
	for flag, into := range map[string]*uint64{"--metadatasize": &meta, "--dataalignment": &align} {
		if s, given := flags[flag]; given {
			n, ok := kib(s)
			if !ok {
				return c.fail(3, "  Invalid argument for %s: %s\n  Error during parsing of command line.", flag, s)
			}
			*into = n
		}
	}
	if len(names) == 0 {
		return c.fail(3, "  Please enter a physical volume path.")
	}
	for _, name := range names {
		if exit := c.pvcreateOne(name, meta, align, flags); exit != 0 {
			return exit
		}
	}
	return 0
}

func (c *call) pvcreateOne(name string, meta, align uint64, flags map[string]string) int {
	force := has(flags, "-f", "--force", "-y", "--yes")
	d := c.spring(name)
	switch {
	case d == nil:
		return c.fail(5, "  No device found for %s.", name)
	case d.VG != "" && !has(flags, "-ff"):
		return c.fail(5, "  Can't initialize physical volume \"%s\" of volume group \"%s\" without -ff\n  %s: physical volume not initialized.", name, d.VG, name)
	case len(c.w.mountsOf(c.host, d.FSID)) > 0:
		return c.fail(5, "  Can't open %s exclusively.  Mounted filesystem?\n  Can't open %s exclusively.  Mounted filesystem?", name, name)
	case d.FS != "" && !force:
		return c.fail(5, "WARNING: %s signature detected on %s at offset 0. Wipe it? [y/n]: [n]\n  Aborted wiping of %s.\n  1 existing signature left on the device.\n  Failed to wipe signatures on device %s.", d.FS, name, d.FS, name)
	case d.SizeKiB < meta+2*align:
		return c.fail(5, "  Data alignment or metadata is too large for device %s.\n  Failed to write physical volume \"%s\".", name, name)
	}
	if d.FSID != "" {
		c.w.files.drop(d.FSID)
	}
	d.FS, d.FSID = "", ""
	d.PVUUID, d.MetaKiB, d.AlignKiB = c.w.lvmID(), meta, align
	c.w.disks.put(c.host, d.Path, d)
	c.say("Physical volume \"%s\" successfully created.", name)
	return 0
}

func pvremove(c *call) int {
	_, names := lvmArgs(c.args)
	exit := 0
	for _, name := range names {
		dev := c.w.device(c.host, name)
		switch {
		case dev == nil || dev.disk == nil:
			exit = c.fail(5, "  No device found for %s.", name)
		case dev.disk.PVUUID == "":
			exit = c.fail(5, "  No PV found on device %s.", name)
		case dev.disk.VG != "":
			exit = c.fail(5, "  PV %s is used by VG %s so please use vgreduce first.\n  (If you are certain you need pvremove, then confirm by using --force twice.)\n  %s: physical volume label not removed.", name, dev.disk.VG, name)
		default:
			c.forgetPV(dev.disk)
			c.say("Labels on physical volume \"%s\" successfully wiped.", name)
		}
	}
	return exit
}

func vgcreate(c *call) int {
	flags, operands := lvmArgs(c.args)
	if len(operands) < 2 {
		return c.fail(3, "  Please enter physical volume name(s)")
	}
	vg, names := operands[0], operands[1:]
	extent := uint64(defaultExtent)
	if s := first(flags, "--physicalextentsize", "-s"); s != "" {
		n, ok := kib(s)
		if !ok || n == 0 {
			return c.fail(3, "  Invalid argument for --physicalextentsize: %s\n  Error during parsing of command line.", s)
		}
		extent = n
	}
	switch {
	case !validName(vg):
		return c.fail(3, "  New volume group name \"%s\" is invalid.\n  Run `vgcreate --help' for more information.", vg)
	case c.w.vgs.get(c.host, vg) != nil:
		return c.fail(5, "  A volume group called %s already exists.", vg)
	}
	g := &volumeGroup{Name: vg, UUID: c.w.lvmID(), ExtentKiB: extent}
	var disks []*disk
	for _, name := range names {
		d, exit := c.usablePV(name, vg)
		if exit != 0 {
			return exit
		}
		disks = append(disks, d)
	}
	for _, d := range disks {
		d.VG = vg
		g.PVs = append(g.PVs, d.Path)
		if head := d.MetaKiB + d.AlignKiB; d.SizeKiB > head {
			g.Extents += (d.SizeKiB - head) / extent
		}
		c.w.disks.put(c.host, d.Path, d)
	}
	g.Free = g.Extents
	c.w.vgs.put(c.host, vg, g)
	c.say("Volume group \"%s\" successfully created", vg)
	return 0
}

// usablePV finds a physical volume that is in no group; a blank device is made one, as vgcreate does.
func (c *call) usablePV(name, vg string) (*disk, int) {
	d := c.spring(name)
	switch {
	case d == nil:
		return nil, c.fail(5, "  No device found for %s.", name)
	case d.VG != "":
		return nil, c.fail(5, "  Physical volume '%s' is already in volume group '%s'\n  Unable to add physical volume '%s' to volume group '%s'\n  %s: physical volume not initialized.", name, d.VG, name, vg, name)
	case d.PVUUID == "":
		return d, c.pvcreateOne(name, defaultMetaKiB, defaultAlignKiB, nil)
	}
	return d, 0
}

func vgremove(c *call) int {
	flags, names := lvmArgs(c.args)
	exit := 0
	for _, name := range names {
		g := c.w.vgs.get(c.host, name)
		left := c.w.lvs.size(c.host + "/" + name)
		switch {
		case g == nil:
			exit = c.noVG(name)
			continue
		case left > 0 && !has(flags, "-f", "--force", "-y", "--yes"):
			exit = c.fail(5, "Do you really want to remove volume group \"%s\" containing %d logical volumes? [y/n]: [n]\n  Volume group \"%s\" not removed", name, left, name)
			continue
		}
		if exit = c.dropLVs(name); exit != 0 {
			continue
		}
		for _, path := range g.PVs {
			if d := c.w.disks.get(c.host, path); d != nil {
				d.VG = ""
				c.w.disks.put(c.host, path, d)
			}
		}
		c.w.vgs.del(c.host, name)
		c.say("Volume group \"%s\" successfully removed", name)
	}
	return exit
}

// dropLVs removes all logical volumes of a group.
func (c *call) dropLVs(vg string) int {
	for _, lv := range c.w.lvs.all(c.host + "/" + vg) {
		if c.w.lvs.get(c.host+"/"+vg, lv.Name) == nil {
			continue // went with its pool
		}
		if exit := c.removeLV(lv, false); exit != 0 {
			return exit
		}
	}
	return 0
}

// vgdisplay is vgdisplay -c [VG...]: fields 12 to 16 are extent size, extents, allocated, free, id.
func vgdisplay(c *call) int {
	flags, names := lvmArgs(c.args, "-c")
	if len(names) == 0 {
		for _, g := range c.w.vgs.all(c.host) {
			names = append(names, g.Name)
		}
	}
	for _, name := range names {
		g := c.w.vgs.get(c.host, name)
		if g == nil {
			return c.noVG(name)
		}
		if !has(flags, "-c", "--colon") {
			c.printf("  --- Volume group ---\n  VG Name               %s\n  PE Size               %s\n  Total PE              %d\n  Alloc PE              %d\n  Free  PE              %d\n  VG UUID               %s\n",
				g.Name, size(g.ExtentKiB), g.Extents, g.Extents-g.Free, g.Free, g.UUID)
			continue
		}
		n := c.w.lvs.size(c.host + "/" + name)
		c.printf("  %s:r/w:772:-1:0:%d:0:-1:0:%d:%d:%d:%d:%d:%d:%d:%s\n", g.Name, n, len(g.PVs), len(g.PVs),
			g.Extents*g.ExtentKiB, g.ExtentKiB, g.Extents, g.Extents-g.Free, g.Free, g.UUID)
	}
	return 0
}

func vgchange(c *call) int {
	_, names := lvmArgs(c.args)
	for _, name := range names {
		if c.w.vgs.get(c.host, name) == nil {
			return c.noVG(name)
		}
	}
	return 0
}
