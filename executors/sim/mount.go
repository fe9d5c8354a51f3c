package sim

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// fstabLine is one entry of /etc/fstab.
type fstabLine struct{ Device, Dir, FS, Opts string }

// fstab reads the file of that name on a node.
func (w *world) fstab(host string) []fstabLine {
	var out []fstabLine
	f := w.stat(place{host: host, fsid: rootFS(host), rel: "/etc/fstab"})
	if f == nil {
		return nil
	}
	for _, l := range lines(f.Data) {
		words := strings.Fields(l)
		if len(words) >= 4 && !strings.HasPrefix(words[0], "#") {
			out = append(out, fstabLine{words[0], words[1], words[2], words[3]})
		}
	}
	return out
}

// ordered gives a node's mounts, oldest first.
func (w *world) ordered(host string) []*mounted {
	all := w.mounts.all(host)
	slices.SortStableFunc(all, func(a, b *mounted) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

func (w *world) procMounts(host string) string {
	var out strings.Builder
	out.WriteString("/dev/vda1 / ext4 rw,relatime 0 0\n")
	for _, m := range w.ordered(host) {
		fmt.Fprintf(&out, "%s %s %s %s 0 0\n", m.Device, m.Dir, m.FS, m.Opts)
	}
	return out.String()
}

// attach mounts a device whose file system and directory are known to be good.
func (w *world) attach(host string, d *device, dir, opts string) {
	seq := uint64(0)
	for _, m := range w.mounts.groups[host] {
		seq = max(seq, m.Seq)
	}
	w.mounts.put(host, dir, &mounted{Dir: dir, Device: d.name(), FS: d.fs(), FSID: d.fsid(), Opts: cmp.Or(opts, "rw,relatime"), Seq: seq + 1})
}

func mount(c *call) int {
	flags, operands := options(c.args, "-t -o --types --options")
	switch {
	case has(flags, "-a", "--all"):
		c.w.mountFstab(c.host)
		return 0
	case len(operands) == 0:
		c.printf("/dev/vda1 on / type ext4 (rw,relatime)\n")
		for _, m := range c.w.ordered(c.host) {
			c.printf("%s on %s type %s (%s)\n", m.Device, m.Dir, m.FS, m.Opts)
		}
		return 0
	case len(operands) == 1:
		return c.mountKnown(operands[0])
	}
	return c.mountAt(operands[0], operands[1], first(flags, "-o", "--options"))
}

// mountKnown mounts what fstab says about a directory or a device.
func (c *call) mountKnown(what string) int {
	for _, l := range c.w.fstab(c.host) {
		if path.Clean(l.Dir) == path.Clean(what) || l.Device == what {
			return c.mountAt(l.Device, l.Dir, l.Opts)
		}
	}
	return c.fail(1, "mount: %s: can't find in /etc/fstab.", what)
}

func (c *call) mountAt(source, target, opts string) int {
	dir := c.abs(target)
	at := c.w.stat(c.at(dir))
	if at == nil || !at.Dir {
		return c.fail(32, "mount: %s: mount point does not exist.", target)
	}
	d := c.w.device(c.host, source)
	if d == nil {
		return c.fail(32, "mount: %s: special device %s does not exist.", target, source)
	}
	if d.fs() == "" {
		return c.fail(32, "mount: %s: wrong fs type, bad option, bad superblock on %s, missing codepage or helper program, or other error.", target, source)
	}
	if slices.Contains(c.w.mountsOf(c.host, d.fsid()), dir) {
		return c.fail(32, "mount: %s: %s already mounted on %s.", target, d.name(), dir)
	}
	if c.w.mounts.get(c.host, dir) != nil {
		return c.fail(32, "mount: %s: %s already mounted or mount point busy.", target, source)
	}
	c.w.attach(c.host, d, dir, opts)
	return 0
}

// mountFstab is mount -a, in which what cannot be mounted is passed over.
func (w *world) mountFstab(host string) {
	for _, l := range w.fstab(host) {
		d, f := w.device(host, l.Device), w.stat(w.at(host, l.Dir))
		if d != nil && d.fs() != "" && f != nil && f.Dir && w.mounts.get(host, path.Clean(l.Dir)) == nil {
			w.attach(host, d, path.Clean(l.Dir), l.Opts)
		}
	}
}

func umount(c *call) int {
	flags, operands := options(c.args, "-t -O")
	exit := 0
	for _, target := range operands {
		if e := c.umountOne(target, has(flags, "-l", "--lazy")); e != 0 {
			exit = e
		}
	}
	return exit
}

func (c *call) umountOne(target string, lazy bool) int {
	dir := c.abs(target)
	if d := c.w.device(c.host, dir); d != nil {
		if dirs := c.w.mountsOf(c.host, d.fsid()); len(dirs) > 0 {
			dir = dirs[0]
		}
	}
	m := c.w.mounts.get(c.host, dir)
	switch {
	case m == nil && c.w.stat(c.at(dir)) == nil:
		return c.fail(32, "umount: %s: no mount point specified.", target)
	case m == nil:
		return c.fail(32, "umount: %s: not mounted.", target)
	case !lazy && c.w.busy(c.host, m):
		return c.fail(32, "umount: %s: target is busy.", target)
	}
	c.w.mounts.del(c.host, dir)
	return 0
}

// busy tells whether a brick process of a started volume, or another mount, lives in a mount.
func (w *world) busy(host string, m *mounted) bool {
	for other := range w.mounts.groups[host] {
		if strings.HasPrefix(other, m.Dir+"/") {
			return true
		}
	}
	if n := w.nodes.get("", host); n == nil || n.Down {
		return false
	}
	for rel := range w.files.groups[m.FSID] {
		if v := w.bricks[brickKey{host, path.Join(m.Dir, rel)}]; v != nil && v.State == "Started" {
			return true
		}
	}
	return false
}

func mountpoint(c *call) int {
	flags, operands := options(c.args, "")
	quiet := has(flags, "-q", "--quiet")
	if len(operands) != 1 {
		return c.fail(1, "mountpoint: bad usage")
	}
	dir := c.abs(operands[0])
	said := func(exit int, text string) int {
		if !quiet {
			c.printf("%s %s\n", operands[0], text)
		}
		return exit
	}
	switch {
	case dir == "/" || c.w.mounts.get(c.host, dir) != nil:
		return said(0, "is a mountpoint")
	case c.w.stat(c.at(dir)) == nil:
		if !quiet {
			c.fail(0, "mountpoint: %s: No such file or directory", operands[0])
		}
		return 1
	}
	return said(32, "is not a mountpoint")
}

// findmnt is findmnt [-n] [-r] [-o COLUMNS] [-S SOURCE] [[-M] TARGET|SOURCE].
func findmnt(c *call) int {
	flags, operands := options(c.args, "-o --output -S --source -M --mountpoint -T --target -t --types")
	columns := cmp.Or(first(flags, "-o", "--output"), "TARGET,SOURCE,FSTYPE,OPTIONS")
	want := first(flags, "-S", "--source", "-M", "--mountpoint", "-T", "--target")
	if want == "" && len(operands) > 0 {
		want = operands[0]
	}
	if d := c.w.device(c.host, want); d != nil {
		want = d.name()
	}
	found := 1
	for _, m := range c.w.ordered(c.host) {
		if want != "" && m.Device != want && m.Dir != path.Clean(want) {
			continue
		}
		if found == 1 && !has(flags, "-n", "--noheadings") && !has(flags, "--json", "-J") {
			c.printf("%s\n", strings.ReplaceAll(columns, ",", " "))
		}
		found = 0
		var row []string
		for col := range strings.SplitSeq(strings.ToUpper(columns), ",") {
			row = append(row, map[string]string{"TARGET": m.Dir, "SOURCE": m.Device, "FSTYPE": m.FS, "OPTIONS": m.Opts}[col])
		}
		c.printf("%s\n", strings.Join(row, " "))
	}
	return found
}

// boot brings a node's mounts back: fstab, and what glusterd mounts itself.
func (w *world) boot(n *node) {
	for _, vg := range w.vgs.all(n.Host) {
		for _, lv := range w.lvs.all(n.Host + "/" + vg.Name) {
			if lv.Inactive {
				lv.Inactive = false
				w.lvs.put(n.Host+"/"+vg.Name, lv.Name, lv)
			}
		}
	}
	w.mountFstab(n.Host)
	for _, s := range w.snaps.all(n.Pool) {
		if s.Active {
			w.mountParts(s.Parts, n.Host)
		}
	}
	w.mountClones(n)
}
