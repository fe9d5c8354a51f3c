// Package inventory looks at what a yard's storage nodes really hold, with their own tools, and compares it with what the
// server says. It serves simulated nodes and real ones alike, and it changes nothing.
package inventory

import (
	"context"
	"fmt"
	"strings"
)

// Shell runs a script on a node and gives its standard output.
type Shell func(ctx context.Context, host, script string) (string, error)

// Machine is what one node holds of what a server may have made there.
type Machine struct {
	Pools     map[string]bool   // "vg/name"
	LVs       map[string]string // "vg/name" -> its thin pool
	Mounts    map[string]string // directory -> "vg/name", for the file systems of LVs
	Fstab     map[string]string // the same for the lines of fstab
	Volumes   []string          // that gluster knows on this node
	Snapshots []string
}

const divider = "==== inventory ===="

// script ends well where gluster has nothing to list, and where there is no volume group yet.
const script = `set -e
/usr/sbin/lvm lvs --noheadings --separator : --options vg_name,lv_name,pool_lv
echo '` + divider + `'
cat /proc/mounts
echo '` + divider + `'
cat /etc/fstab
echo '` + divider + `'
gluster --mode=script volume list
echo '` + divider + `'
gluster --mode=script snapshot list
`

// Read lists one node.
func Read(ctx context.Context, shell Shell, host string) (Machine, error) {
	out, err := shell(ctx, host, script)
	if err != nil {
		return Machine{}, fmt.Errorf("inventory of %s: %w", host, err)
	}
	parts := strings.Split(out, divider+"\n")
	if len(parts) != 5 {
		return Machine{}, fmt.Errorf("inventory of %s: %d parts of 5 in %q", host, len(parts), out)
	}
	m := Machine{Pools: map[string]bool{}, LVs: map[string]string{}, Mounts: fileSystems(parts[1]), Fstab: fileSystems(parts[2]),
		Volumes: names(parts[3]), Snapshots: names(parts[4])}
	m.readLVs(parts[0])
	return m, nil
}

// readLVs tells pools from the volumes in them by what lies in a pool: only those name one.
func (m Machine) readLVs(report string) {
	for line := range strings.Lines(report) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 || !strings.HasPrefix(f[0], "vg_") {
			continue
		}
		if f[2] == "" {
			m.Pools[f[0]+"/"+f[1]] = true
		} else {
			m.LVs[f[0]+"/"+f[1]] = f[0] + "/" + f[2]
		}
	}
}

// fileSystems reads lines of "device directory ..." and keeps those on logical volumes of ours.
func fileSystems(table string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		if lv := logicalVolume(f[0]); strings.HasPrefix(lv, "vg_") {
			out[f[1]] = lv
		}
	}
	return out
}

// logicalVolume turns /dev/mapper/vg-lv and /dev/vg/lv into "vg/lv". No name of ours holds a hyphen.
func logicalVolume(device string) string {
	if name, ok := strings.CutPrefix(device, "/dev/mapper/"); ok {
		return strings.Replace(name, "-", "/", 1)
	}
	return strings.TrimPrefix(device, "/dev/")
}

// names keeps the lines that are one word: gluster says in many that there is nothing.
func names(list string) []string {
	var out []string
	for line := range strings.Lines(list) {
		if f := strings.Fields(line); len(f) == 1 {
			out = append(out, f[0])
		}
	}
	return out
}
