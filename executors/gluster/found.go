package gluster

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// FoundBrick is something under our naming that a machine holds: a logical volume, a mount, an fstab line, or all
// three. A thin pool in which no brick lives has an empty LV.
type FoundBrick struct {
	VG, LV, Pool string
	Device       string // /dev/mapper/...
	Mount        string // the directory, empty when nothing says where
	SizeKiB      uint64
	HasLV        bool
	Mounted      bool
	InFstab      bool
}

// ListBricks lists what host holds of bricks, whole or in pieces, ordered by volume group and name.
func (g *Gluster) ListBricks(ctx context.Context, host string) ([]FoundBrick, error) {
	script := fmt.Sprintf("set -e\n%s\necho '%s'\nmount\necho '%s'\ncat %s\n", g.lvsCommand(), divider, divider, g.opt.Fstab)
	out, err := g.call(ctx, host, "list bricks", lvmLimit, script)
	if err != nil {
		return nil, err
	}
	parts, err := sections(out, 3)
	if err == nil {
		var found []FoundBrick
		if found, err = g.findBricks(parts[0], parts[1], parts[2]); err == nil {
			return found, nil
		}
	}
	return nil, fmt.Errorf("list bricks on %s: %w", host, err)
}

func (g *Gluster) lvsCommand() string {
	return g.lvm() + " lvs --reportformat json --units k --options vg_name,lv_name,pool_lv,lv_size,lv_attr"
}

var (
	ourVG = regexp.MustCompile(`^vg_[0-9a-f]{32}$`)
	ourLV = regexp.MustCompile(`^(brick_[0-9a-f]{32}|[0-9a-f]{32}_[0-9]+)$`)
	ourTP = regexp.MustCompile(`^tp_[0-9a-f]{32}$`)
)

// findBricks joins what LVM, the kernel and fstab each know.
func (g *Gluster) findBricks(lvs, mounts, fstab string) ([]FoundBrick, error) {
	rows, err := parseReport(lvs, "lv")
	if err != nil {
		return nil, err
	}
	found := map[string]*FoundBrick{}
	at := func(vg, lv string) *FoundBrick {
		f := found[vg+"/"+lv]
		if f == nil {
			f = &FoundBrick{VG: vg, LV: lv, Device: mapperPath(vg, lv)}
			found[vg+"/"+lv] = f
		}
		return f
	}
	lived := map[string]bool{}
	for _, r := range rows {
		if ourVG.MatchString(r["vg_name"]) && ourLV.MatchString(r["lv_name"]) {
			f := at(r["vg_name"], r["lv_name"])
			f.HasLV, f.Pool, f.SizeKiB = true, r["pool_lv"], parseKiB(r["lv_size"])
			lived[f.VG+"/"+f.Pool] = true
		}
	}
	for _, r := range rows {
		if vg, tp := r["vg_name"], r["lv_name"]; ourVG.MatchString(vg) && ourTP.MatchString(tp) && !lived[vg+"/"+tp] {
			found[vg+"/"+tp] = &FoundBrick{VG: vg, Pool: tp, Device: mapperPath(vg, tp), HasLV: true, SizeKiB: parseKiB(r["lv_size"])}
		}
	}
	for _, m := range append(parseMounts(mounts), parseFstab(fstab)...) {
		vg, lv, ok := splitMapper(m.device)
		if !ok || !ourVG.MatchString(vg) || !ourLV.MatchString(lv) {
			continue
		}
		f := at(vg, lv)
		f.Mount = m.dir
		f.Mounted = f.Mounted || m.mounted
		f.InFstab = f.InFstab || !m.mounted
	}
	out := make([]FoundBrick, 0, len(found))
	for _, f := range found {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b FoundBrick) int {
		return cmp.Or(cmp.Compare(a.VG, b.VG), cmp.Compare(a.LV, b.LV), cmp.Compare(a.Pool, b.Pool))
	})
	return out, nil
}

// mountLine is one line of the kernel's mounts or of fstab.
type mountLine struct {
	device, dir string
	mounted     bool
}

// parseMounts reads the lines of mount(8): "DEVICE on DIR type TYPE (OPTIONS)".
func parseMounts(out string) []mountLine {
	var lines []mountLine
	for line := range strings.Lines(out) {
		device, rest, ok := strings.Cut(line, " on ")
		if !ok {
			continue
		}
		if i := strings.LastIndex(rest, " type "); i > 0 {
			lines = append(lines, mountLine{device: device, dir: rest[:i], mounted: true})
		}
	}
	return lines
}

// parseFstab reads the device and the directory of each line that is not a comment.
func parseFstab(out string) []mountLine {
	var lines []mountLine
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) >= 3 && !strings.HasPrefix(f[0], "#") {
			lines = append(lines, mountLine{device: f[0], dir: f[1]})
		}
	}
	return lines
}

// parseKiB reads a size that LVM printed in KiB ("1048576.00k"), 0 when it is none.
func parseKiB(s string) uint64 {
	v, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(s), "k"), 64)
	if err != nil || v < 0 || v > 1<<60 {
		return 0
	}
	return uint64(v)
}
