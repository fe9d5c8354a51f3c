package heketi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"yardmaster/jobs/volumes"
	"yardmaster/store"
)

// compare puts into words where records and machines differ. What an operation holds is in motion and judged by neither.
// The two lines about whole volume lists are the ones that scripts look for; the others name each thing.
func compare(g harvest, seen map[string]volumes.Examination, inFlight int) []string {
	report := []string{fmt.Sprintf("Examined while %d operations were in flight", inFlight)}
	for _, c := range g.all {
		report = append(report, g.compareCluster(c, seen)...)
	}
	return report
}

func (g harvest) compareCluster(c store.Cluster, seen map[string]volumes.Examination) []string {
	var lines []string
	asked, alike := 0, true
	for _, n := range g.nodes[c.ID] {
		e, answered := seen[n.ID]
		if !answered {
			lines = append(lines, "node "+n.Host()+" did not answer")
		} else {
			asked++
		}
		if strings.TrimSpace(e.Raw["volume info"]) == "" {
			alike = false
			lines = append(lines, "node "+n.ID+" did not tell its volumes")
		} else if differences := g.compareVolumes(c, n, e); len(differences) > 0 {
			alike = false
			lines = append(append(lines, "heketi volume list does not match with volume list of node "+n.ID), differences...)
		}
		if answered {
			lines = append(lines, g.compareBricks(n, e)...)
		}
	}
	switch {
	case asked == 0:
		return append(lines, "no node of cluster "+c.ID+" answered")
	case alike:
		return append(lines, "heketi volume list matches with volume list of all nodes")
	}
	return lines
}

// compareVolumes is the volumes that only one side has.
func (g harvest) compareVolumes(c store.Cluster, n store.Node, e volumes.Examination) []string {
	moving, recorded := map[string]bool{}, map[string]bool{}
	for _, v := range g.hidden[c.ID] {
		moving[v.Name] = true
	}
	for _, v := range g.volumes[c.ID] {
		recorded[v.Name] = true
	}
	found := map[string]bool{}
	for _, v := range e.Volumes {
		found[v.Name] = true
	}
	var lines []string
	for _, name := range missing(recorded, found) {
		lines = append(lines, fmt.Sprintf("volume %s is recorded, and node %s does not know it", name, n.Host()))
	}
	for _, name := range missing(found, recorded) {
		if !moving[name] {
			lines = append(lines, fmt.Sprintf("volume %s is on node %s, and is not recorded", name, n.Host()))
		}
	}
	return lines
}

// lvName is where a brick's logical volume is.
type lvName struct{ vg, lv string }

// traces are what a machine has of one brick.
type traces struct{ lv, mount, fstab bool }

func tracesOn(e volumes.Examination) map[lvName]traces {
	out := map[lvName]traces{}
	for _, b := range e.Bricks {
		out[lvName{b.VG, b.LV}] = traces{b.HasLV, b.Mounted, b.InFstab}
	}
	for _, row := range e.LVs {
		at := lvName{row["vg_name"], row["lv_name"]}
		t := out[at]
		t.lv = true
		out[at] = t
	}
	return out
}

// lacks names what a brick should leave on its machine and has not; gluster mounts the bricks of a clone by itself.
func (t traces) lacks(b store.Brick) []string {
	var out []string
	if !t.lv {
		out = append(out, "logical volume")
	}
	if !b.Cloned && !t.mount {
		out = append(out, "mount")
	}
	if !b.Cloned && !t.fstab {
		out = append(out, "fstab line")
	}
	return out
}

// compareBricks is the bricks that only one side has whole.
func (g harvest) compareBricks(n store.Node, e volumes.Examination) []string {
	found, recorded := tracesOn(e), map[lvName]bool{}
	var lines []string
	for _, d := range g.devices[n.ID] {
		for _, b := range g.onDevice[d.ID] {
			at := lvName{d.VG(), b.LV}
			recorded[at] = true
			if lack := found[at].lacks(b); b.Pending == "" && len(lack) > 0 {
				lines = append(lines, fmt.Sprintf("brick %s is recorded, and node %s has no %s for it", b.ID, n.Host(), strings.Join(lack, ", no ")))
			}
		}
	}
	for _, b := range e.Bricks {
		if !recorded[lvName{b.VG, b.LV}] {
			lines = append(lines, fmt.Sprintf("brick %s/%s is on node %s, and is not recorded", b.VG, b.LV, n.Host()))
		}
	}
	return lines
}

// missing is what only a has, sorted.
func missing(a, b map[string]bool) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if !b[name] {
			out = append(out, name)
		}
	}
	return out
}
