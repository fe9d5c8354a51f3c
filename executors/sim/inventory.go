package sim

import (
	"fmt"
	"slices"
	"strings"
)

// World is all that the nodes hold, in a form that tests compare: lists of plain text, ordered.
type World struct {
	Nodes     map[string]Node
	Volumes   []string // pool's first node/name state bricks
	Snapshots []string
	Blocks    []string
	Peers     [][]string // the trusted pools of more than one node, by storage name
}

// Node is what one machine holds.
type Node struct {
	Devices []string // path size, and the physical volume's group
	VGs     []string // name free/total extents
	Pools   []string // vg/name size
	LVs     []string // vg/name size
	Mounts  []string // device directory
	Fstab   []string // the lines behind those of a new machine
	Dirs    []string // directories that were made and that a boot does not clear away
	Bricks  []string // directories that gluster has marked
}

// Inventory lists everything there is.
func (c *Cluster) Inventory() World {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.w
	out := World{Nodes: map[string]Node{}}
	pools := map[string][]string{}
	for _, n := range w.nodes.all("") {
		out.Nodes[n.Host] = w.inventory(n)
		pools[n.Pool] = append(pools[n.Pool], n.Storage)
	}
	for _, pool := range sortedKeys(pools) {
		members := pools[pool]
		slices.Sort(members)
		if len(members) > 1 {
			out.Peers = append(out.Peers, members)
		}
		for _, v := range w.volumes.all(pool) {
			names := make([]string, len(v.Bricks))
			for i, b := range v.Bricks {
				names[i] = b.String()
			}
			out.Volumes = append(out.Volumes, fmt.Sprintf("%s/%s %s %s", members[0], v.Name, v.State, strings.Join(names, " ")))
			for _, b := range w.blocks.all(pool + "/" + v.Name) {
				out.Blocks = append(out.Blocks, fmt.Sprintf("%s/%s %s", v.Name, b.Name, humanGiB(b.GiB)))
			}
		}
		for _, s := range w.snaps.all(pool) {
			out.Snapshots = append(out.Snapshots, fmt.Sprintf("%s/%s of %s", members[0], s.Name, s.Volume))
		}
	}
	slices.Sort(out.Volumes)
	slices.Sort(out.Snapshots)
	slices.Sort(out.Blocks)
	slices.SortFunc(out.Peers, slices.Compare)
	return out
}

func (w *world) inventory(n *node) Node {
	var out Node
	for _, d := range w.disks.all(n.Host) {
		line := fmt.Sprintf("%s %dK", d.Path, d.SizeKiB)
		if kind, _ := (&device{disk: d}).signature(); kind != "" {
			line += " " + kind
		}
		if d.VG != "" {
			line += " " + d.VG
		}
		out.Devices = append(out.Devices, line)
	}
	for _, g := range w.vgs.all(n.Host) {
		out.VGs = append(out.VGs, fmt.Sprintf("%s %d/%d", g.Name, g.Free, g.Extents))
		for _, lv := range w.lvs.all(n.Host + "/" + g.Name) {
			line := fmt.Sprintf("%s/%s %dK", g.Name, lv.Name, lv.SizeKiB)
			if lv.Kind == lvPool {
				out.Pools = append(out.Pools, line)
			} else {
				out.LVs = append(out.LVs, line)
			}
		}
	}
	for _, m := range w.mounts.all(n.Host) {
		out.Mounts = append(out.Mounts, m.Device+" "+m.Dir)
	}
	root := rootFS(n.Host)
	if f := w.files.get(root, "/etc/fstab"); f != nil {
		out.Fstab = lines(strings.Replace(f.Data, freshFiles["/etc/fstab"], "", 1))
	}
	for _, name := range sortedKeys(w.files.groups[root]) {
		if w.files.get(root, name).Dir && !strings.HasPrefix(name, "/run/") {
			out.Dirs = append(out.Dirs, name)
		}
	}
	out.Bricks = w.marked(n.Host)
	return out
}

// marked gives the directories of a node's mounts and root that carry a volume's id.
func (w *world) marked(host string) []string {
	var out []string
	add := func(fsid, under string) {
		for name, f := range w.files.groups[fsid] {
			if f.Xattr[volumeIDAttr] != "" {
				out = append(out, strings.TrimSuffix(under, "/")+name)
			}
		}
	}
	add(rootFS(host), "")
	for _, m := range w.mounts.groups[host] {
		add(m.FSID, m.Dir)
	}
	slices.Sort(out)
	return out
}

// Orphans names everything that belongs to a logical volume which known denies: the volume, its mount, its fstab line,
// as "host: lv vg/name", "host: pool vg/name", "host: mount ...", "host: fstab ...". known is asked for the plain name,
// which for mounts and lines is that of the device.
func (c *Cluster) Orphans(known func(lv string) bool) []string {
	inv := c.Inventory()
	var out []string
	for _, host := range sortedKeys(inv.Nodes) {
		n := inv.Nodes[host]
		for _, l := range n.LVs {
			out = append(out, orphan(host, "lv", l, afterSlash(l), known)...)
		}
		for _, l := range n.Pools {
			out = append(out, orphan(host, "pool", l, afterSlash(l), known)...)
		}
		for _, l := range n.Mounts {
			out = append(out, orphan(host, "mount", l, mapped(l), known)...)
		}
		for _, l := range n.Fstab {
			out = append(out, orphan(host, "fstab", l, mapped(l), known)...)
		}
	}
	return out
}

func orphan(host, kind, line, name string, known func(string) bool) []string {
	if known(name) {
		return nil
	}
	return []string{host + ": " + kind + " " + line}
}

func afterSlash(line string) string {
	name, _, _ := strings.Cut(line, " ")
	return name[strings.Index(name, "/")+1:]
}

// mapped gives the name of the logical volume in a line that begins with its device.
func mapped(line string) string {
	dev, _, _ := strings.Cut(line, " ")
	_, lv := splitLV(dev)
	return lv
}

// UsedKiB is how much of a device its volume group has given away, so that tests can compare bookkeeping.
func (c *Cluster) UsedKiB(host, dev string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.w.findNode(host)
	if n == nil {
		return 0
	}
	d := c.w.device(n.Host, dev)
	if d == nil || d.disk == nil {
		return 0
	}
	g := c.w.vgs.get(n.Host, d.disk.VG)
	if g == nil {
		return 0
	}
	return (g.Extents - g.Free) * g.ExtentKiB
}
