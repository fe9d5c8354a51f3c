package sim

import (
	"cmp"
	"strings"
)

// lvWish is what an lvcreate command line asks for.
type lvWish struct {
	vg, pool, name, origin       string
	poolKiB, metaKiB, virtualKiB uint64
	chunkKiB                     uint64
	thin, snapshot               bool
	flags                        map[string]string
}

// lvcreate makes a thin pool, a thin volume, both at once, a snapshot of a thin volume, or a plain volume.
func lvcreate(c *call) int {
	wish, exit := c.lvWish()
	if exit != 0 {
		return exit
	}
	g := c.w.vgs.get(c.host, wish.vg)
	if g == nil {
		return c.noVG(wish.vg)
	}
	switch {
	case wish.snapshot:
		return c.lvSnapshot(g, wish)
	case wish.thin:
		return c.lvThin(g, wish)
	}
	return c.lvLinear(g, wish)
}

func (c *call) lvWish() (lvWish, int) {
	flags, operands := lvmArgs(c.args, "-s", "--thin", "-T")
	wish := lvWish{flags: flags, chunkKiB: 64, name: first(flags, "--name", "-n"), thin: has(flags, "--thin", "-T", "--virtualsize", "-V") || first(flags, "--type") == "thin"}
	wish.snapshot = has(flags, "-s", "--snapshot")
	for _, size := range []struct {
		into  *uint64
		names []string
	}{
		{&wish.poolKiB, []string{"--size", "-L"}}, {&wish.metaKiB, []string{"--poolmetadatasize"}},
		{&wish.virtualKiB, []string{"--virtualsize", "-V"}}, {&wish.chunkKiB, []string{"--chunksize", "-c"}},
	} {
		if s := first(flags, size.names...); s != "" {
			n, ok := kib(s)
			if !ok {
				return wish, c.fail(3, "  Invalid argument for %s: %s\n  Error during parsing of command line.", size.names[0], s)
			}
			*size.into = n
		}
	}
	if len(operands) == 0 {
		return wish, c.fail(3, "  Please provide a volume group name\n  Run `lvcreate --help' for more information.")
	}
	wish.vg, wish.pool = splitLV(operands[0])
	wish.pool = cmp.Or(wish.pool, first(flags, "--thinpool"))
	if wish.snapshot {
		wish.origin, wish.pool = wish.pool, ""
	}
	if wish.name != "" && !validName(wish.name) {
		return wish, c.fail(3, "  Logical volume name \"%s\" is invalid.\n  Run `lvcreate --help' for more information.", wish.name)
	}
	return wish, 0
}

func (c *call) taken(vg, name string) bool { return c.w.lvs.get(c.host+"/"+vg, name) != nil }

func (c *call) exists(vg, name string) int {
	return c.fail(5, "  Logical Volume \"%s\" already exists in volume group \"%s\"", name, vg)
}

// take allocates extents or tells that they are not there.
func (c *call) take(g *volumeGroup, kib uint64) int {
	need := ceilTo(kib, g.ExtentKiB) / g.ExtentKiB
	if need > g.Free {
		return c.fail(5, "  Volume group \"%s\" has insufficient free space (%d extents): %d required.", g.Name, g.Free, need)
	}
	g.Free -= need
	c.w.vgs.put(c.host, g.Name, g)
	return 0
}

func (c *call) lvThin(g *volumeGroup, wish lvWish) int {
	group := c.host + "/" + g.Name
	if wish.virtualKiB > 0 && wish.name == "" {
		wish.name = "lvol0"
	}
	if wish.virtualKiB == 0 && wish.pool == "" {
		wish.pool = wish.name
	}
	pool := c.w.lvs.get(group, wish.pool)
	switch {
	case wish.pool == "" || !validName(wish.pool):
		return c.fail(3, "  Please specify name of existing thin pool.")
	case wish.poolKiB > 0 && pool != nil:
		return c.exists(g.Name, wish.pool)
	case wish.virtualKiB > 0 && c.taken(g.Name, wish.name) || wish.virtualKiB > 0 && wish.name == wish.pool:
		return c.exists(g.Name, wish.name)
	case wish.poolKiB == 0 && pool == nil:
		return c.fail(5, "  Thin pool %s/%s not found.", g.Name, wish.pool)
	case pool != nil && pool.Kind != lvPool:
		return c.fail(5, "  Logical volume %s/%s is not a thin pool.", g.Name, wish.pool)
	}
	if pool == nil {
		made, exit := c.makePool(g, wish)
		if exit != 0 {
			return exit
		}
		pool = made
	}
	if wish.virtualKiB == 0 {
		return 0
	}
	c.addThin(pool, &logicalVolume{Name: wish.name, VG: g.Name, UUID: c.w.lvmID(), Kind: lvThin, SizeKiB: ceilTo(wish.virtualKiB, g.ExtentKiB), Pool: wish.pool})
	if wish.virtualKiB > pool.SizeKiB {
		c.fail(0, "  WARNING: Sum of all thin volume sizes (%s) exceeds the size of thin pool %s/%s (%s).", size(wish.virtualKiB), g.Name, pool.Name, size(pool.SizeKiB))
	}
	c.say("Logical volume \"%s\" created.", wish.name)
	return 0
}

func (c *call) makePool(g *volumeGroup, wish lvWish) (*logicalVolume, int) {
	data := ceilTo(wish.poolKiB, g.ExtentKiB)
	meta := wish.metaKiB
	if meta == 0 {
		meta = max(2048, data/wish.chunkOr(64)*64/1024)
	}
	meta = ceilTo(max(meta, 2048), g.ExtentKiB)
	switch chunk := wish.chunkOr(64); {
	case meta > 16<<20:
		return nil, c.fail(5, "  Maximum size for pool metadata is 15.81 GiB.")
	case chunk < 64 || chunk > 1<<20 || chunk%64 != 0:
		return nil, c.fail(5, "  Chunk size must be in the range 64.00 KiB to 1.00 GiB in multiples of 64 KiB.")
	}
	if exit := c.take(g, data+meta); exit != 0 {
		return nil, exit
	}
	pool := &logicalVolume{Name: wish.pool, VG: g.Name, UUID: c.w.lvmID(), Kind: lvPool, SizeKiB: data, MetaKiB: meta, ChunkKiB: wish.chunkKiB}
	c.w.lvs.put(c.host+"/"+g.Name, pool.Name, pool)
	return pool, 0
}

func (w lvWish) chunkOr(def uint64) uint64 {
	if w.chunkKiB == 0 {
		return def
	}
	return w.chunkKiB
}

func (c *call) addThin(pool, lv *logicalVolume) { c.w.addThin(c.host, pool, lv) }

func (w *world) addThin(host string, pool, lv *logicalVolume) {
	group := host + "/" + lv.VG
	pool.Thins++
	w.lvs.put(group, pool.Name, pool)
	w.lvs.put(group, lv.Name, lv)
}

func (c *call) lvSnapshot(g *volumeGroup, wish lvWish) int {
	origin := c.w.lvs.get(c.host+"/"+g.Name, wish.origin)
	switch {
	case origin == nil:
		return c.fail(5, "  Failed to find logical volume \"%s/%s\"", g.Name, wish.origin)
	case origin.Kind != lvThin:
		return c.fail(5, "  Snapshots of %s/%s need a thin volume.", g.Name, wish.origin)
	case wish.name == "":
		return c.fail(3, "  Please specify a name of the snapshot.")
	case c.taken(g.Name, wish.name):
		return c.exists(g.Name, wish.name)
	}
	c.w.thinSnapshot(c.host, origin, wish.name)
	c.say("Logical volume \"%s\" created.", wish.name)
	return 0
}

// thinSnapshot makes a thin volume that shares its origin's pool and begins with its content.
func (w *world) thinSnapshot(host string, origin *logicalVolume, name string) *logicalVolume {
	lv := &logicalVolume{Name: name, VG: origin.VG, UUID: w.lvmID(), Kind: lvThin, SizeKiB: origin.SizeKiB, Pool: origin.Pool, Origin: origin.Name, FS: origin.FS}
	if origin.FS != "" {
		lv.FSID = w.uuid()
		w.copyFS(origin.FSID, lv.FSID)
	}
	w.addThin(host, w.lvs.get(host+"/"+origin.VG, origin.Pool), lv)
	return lv
}

func (c *call) lvLinear(g *volumeGroup, wish lvWish) int {
	name := cmp.Or(wish.name, "lvol0")
	switch {
	case wish.poolKiB == 0:
		return c.fail(3, "  Please specify either size or extents\n  Run `lvcreate --help' for more information.")
	case c.taken(g.Name, name):
		return c.exists(g.Name, name)
	}
	data := ceilTo(wish.poolKiB, g.ExtentKiB)
	if exit := c.take(g, data); exit != 0 {
		return exit
	}
	c.w.lvs.put(c.host+"/"+g.Name, name, &logicalVolume{Name: name, VG: g.Name, UUID: c.w.lvmID(), Kind: lvLinear, SizeKiB: data})
	c.say("Logical volume \"%s\" created.", name)
	return 0
}

func lvremove(c *call) int {
	flags, names := lvmArgs(c.args)
	if len(names) == 0 {
		return c.fail(3, "  Please enter one or more logical volume paths.")
	}
	exit := 0
	for _, name := range names {
		vg, lvName := splitLV(name)
		lv := c.w.lvs.get(c.host+"/"+vg, lvName)
		switch {
		case c.w.vgs.get(c.host, vg) == nil:
			exit = c.noVG(vg)
		case lvName == "" && has(flags, "-f", "--force", "-y", "--yes"):
			exit = max(exit, c.dropLVs(vg))
		case lv == nil:
			exit = c.fail(5, "  Failed to find logical volume \"%s/%s\"", vg, lvName)
		case !has(flags, "-f", "--force", "-y", "--yes"):
			exit = c.fail(5, "Do you really want to remove active logical volume %s/%s? [y/n]: [n]\n  Logical volume %s/%s not removed.", vg, lvName, vg, lvName)
		default:
			exit = max(exit, c.removeLV(lv, true))
		}
	}
	return exit
}

// removeLV removes a volume, and with a pool all that lives in it. Snapshots outlive their origin.
func (c *call) removeLV(lv *logicalVolume, tell bool) int {
	group := c.host + "/" + lv.VG
	if lv.Kind == lvPool {
		for _, thin := range c.w.lvs.all(group) {
			if thin.Kind == lvThin && thin.Pool == lv.Name {
				if exit := c.removeLV(thin, tell); exit != 0 {
					return exit
				}
			}
		}
	}
	if dirs := c.w.mountsOf(c.host, lv.FSID); len(dirs) > 0 {
		return c.fail(5, "  Logical volume %s/%s contains a filesystem in use.", lv.VG, lv.Name)
	}
	c.w.dropLV(c.host, lv)
	if tell {
		c.say("Logical volume \"%s\" successfully removed.", lv.Name)
	}
	return 0
}

// dropLV takes a volume that is not in use out of its group.
func (w *world) dropLV(host string, lv *logicalVolume) {
	group := host + "/" + lv.VG
	if lv.FSID != "" {
		w.files.drop(lv.FSID)
	}
	w.lvs.del(group, lv.Name)
	if pool := w.lvs.get(group, lv.Pool); lv.Kind == lvThin && pool != nil {
		pool.Thins--
		w.lvs.put(group, pool.Name, pool)
	}
	if g := w.vgs.get(host, lv.VG); g != nil && lv.Kind != lvThin {
		g.Free += (ceilTo(lv.SizeKiB, g.ExtentKiB) + ceilTo(lv.MetaKiB, g.ExtentKiB)) / g.ExtentKiB
		w.vgs.put(host, lv.VG, g)
	}
}

func lvchange(c *call) int {
	flags, names := lvmArgs(c.args)
	on := first(flags, "-a", "--activate")
	for _, name := range names {
		vg, lvName := splitLV(name)
		if c.w.vgs.get(c.host, vg) == nil {
			return c.noVG(vg)
		}
		lv := c.w.lvs.get(c.host+"/"+vg, lvName)
		if lv == nil {
			return c.fail(5, "  Failed to find logical volume \"%s/%s\"", vg, lvName)
		}
		off := strings.HasSuffix(on, "n")
		if off && len(c.w.mountsOf(c.host, lv.FSID)) > 0 {
			return c.fail(5, "  Logical volume %s/%s contains a filesystem in use.", vg, lvName)
		}
		if on != "" && lv.Inactive != off {
			lv.Inactive = off
			c.w.lvs.put(c.host+"/"+vg, lvName, lv)
		}
	}
	return 0
}
