package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// glusterMounts is where glusterd itself mounts the bricks of clones; no line of fstab belongs to them.
const glusterMounts = "/run/gluster/snaps/"

// Differences reads every node of the yard and names all that only one side knows of.
func Differences(ctx context.Context, shell Shell, told Yard) ([]string, error) {
	machines := map[string]Machine{}
	for _, host := range told.Hosts() {
		m, err := Read(ctx, shell, host)
		if err != nil {
			return nil, err
		}
		machines[host] = m
	}
	return told.Compare(machines), nil
}

// Compare names all that only one side knows of. Machines are by the names that nodes are reached by.
func (y Yard) Compare(machines map[string]Machine) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, c := range y.Clusters {
		onDevices := map[string]bool{}
		var volumes []string
		for _, v := range c.Volumes {
			volumes = append(volumes, v.Name)
		}
		slices.Sort(volumes)
		for _, n := range c.Nodes {
			host := n.Hostnames.Manage[0]
			m, read := machines[host]
			if !read {
				say("%s: was not read", host)
				continue
			}
			known := map[string]bool{}
			for _, d := range n.Devices {
				if d.Storage.Free+d.Storage.Used != d.Storage.Total {
					say("%s: device %s has %d free and %d used of %d KiB", host, d.Name, d.Storage.Free, d.Storage.Used, d.Storage.Total)
				}
				for _, b := range d.Bricks {
					onDevices[b.ID] = true
					lv, missing := m.lookFor(b)
					known[lv] = true
					out = append(out, prefixed(host, missing)...)
				}
			}
			out = append(out, prefixed(host, m.unknown(known))...)
			if got := slices.Sorted(slices.Values(m.Volumes)); !slices.Equal(got, volumes) {
				say("%s: gluster knows the volumes %v, the server %v", host, got, volumes)
			}
		}
		for _, v := range c.Volumes {
			for _, b := range v.Bricks {
				if !onDevices[b.ID] {
					say("volume %s has brick %s, which is on no device", v.Name, b.ID)
				}
			}
		}
	}
	return out
}

func prefixed(host string, lines []string) []string {
	for i := range lines {
		lines[i] = host + ": " + lines[i]
	}
	return lines
}

// lookFor finds what has to be there of a brick, and names its logical volume.
func (m Machine) lookFor(b Brick) (lv string, missing []string) {
	lv, mounted := m.Mounts[b.mount()]
	if !mounted {
		return "", []string{fmt.Sprintf("brick %s of volume %s is not mounted at %s", b.ID, b.Volume, b.mount())}
	}
	if !strings.HasPrefix(lv, "vg_"+b.Device+"/") {
		missing = append(missing, fmt.Sprintf("brick %s is on %s, not on its device %s", b.ID, lv, b.Device))
	}
	if _, there := m.LVs[lv]; !there {
		missing = append(missing, fmt.Sprintf("brick %s: no logical volume %s", b.ID, lv))
	}
	if line, there := m.Fstab[b.mount()]; !strings.HasPrefix(b.Path, glusterMounts) && (!there || line != lv) {
		missing = append(missing, fmt.Sprintf("brick %s: fstab has %q for %s", b.ID, line, b.mount()))
	}
	return lv, missing
}

// unknown names what the server does not know of, given the logical volumes that it does.
func (m Machine) unknown(known map[string]bool) []string {
	var out []string
	pools := map[string]bool{}
	for lv, pool := range m.LVs {
		pools[pool] = true
		if !known[lv] {
			out = append(out, "orphan logical volume "+lv)
		}
	}
	for pool := range m.Pools {
		if !pools[pool] {
			out = append(out, "orphan thin pool "+pool)
		}
	}
	for dir, lv := range m.Mounts {
		if !known[lv] {
			out = append(out, "orphan mount of "+lv+" at "+dir)
		}
	}
	for dir, lv := range m.Fstab {
		if !known[lv] {
			out = append(out, "orphan line in fstab for "+lv+" at "+dir)
		}
	}
	for _, s := range m.Snapshots {
		out = append(out, "orphan snapshot "+s)
	}
	slices.Sort(out)
	return out
}

// Emptied names every device that is not free to its last KiB.
func (y Yard) Emptied() []string {
	var out []string
	for _, c := range y.Clusters {
		for _, n := range c.Nodes {
			for _, d := range n.Devices {
				if s := d.Storage; s.Free != s.Total || s.Used != 0 || len(d.Bricks) > 0 {
					out = append(out, fmt.Sprintf("%s %s: %d of %d KiB free, %d used, %d bricks", n.Hostnames.Manage[0], d.Name, s.Free, s.Total, s.Used, len(d.Bricks)))
				}
			}
		}
	}
	return out
}
