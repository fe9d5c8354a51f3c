package sim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// cell is one value of a report: text, or a size in KiB that is shown in the unit asked for.
type cell struct {
	text string
	kib  uint64
	size bool
}

func text(s string) cell    { return cell{text: s} }
func number(n uint64) cell  { return cell{text: strconv.FormatUint(n, 10)} }
func sized(kib uint64) cell { return cell{kib: kib, size: true} }

type reportRow map[string]cell

var (
	pvColumns = []string{"pv_name", "vg_name", "pv_fmt", "pv_attr", "pv_size", "pv_free"}
	vgColumns = []string{"vg_name", "pv_count", "lv_count", "snap_count", "vg_attr", "vg_size", "vg_free"}
	lvColumns = []string{"lv_name", "vg_name", "lv_attr", "lv_size", "pool_lv", "origin", "data_percent", "metadata_percent", "move_pv", "mirror_log", "copy_percent", "convert_lv"}
)

func pvs(c *call) int {
	flags, names := lvmArgs(c.args, "-s", "-a")
	var rows []reportRow
	for _, d := range c.w.disks.all(c.host) {
		if d.PVUUID != "" && len(names) == 0 {
			rows = append(rows, c.pvRow(d))
		}
	}
	exit := 0
	for _, name := range names {
		dev := c.w.device(c.host, name)
		if dev == nil || dev.disk == nil || dev.disk.PVUUID == "" {
			exit = c.fail(5, "  Failed to find physical volume \"%s\".", name)
			continue
		}
		rows = append(rows, c.pvRow(dev.disk))
	}
	return c.report("pv", flags, rows, pvColumns, exit)
}

func (c *call) pvRow(d *disk) reportRow {
	row := reportRow{"pv_name": text(d.Path), "vg_name": text(d.VG), "pv_uuid": text(d.PVUUID), "pv_fmt": text("lvm2"), "pv_attr": text("---"),
		"pv_size": sized(d.SizeKiB - d.MetaKiB - d.AlignKiB), "pv_free": sized(d.SizeKiB - d.MetaKiB - d.AlignKiB), "pv_mda_size": sized(d.MetaKiB), "dev_size": sized(d.SizeKiB)}
	if g := c.w.vgs.get(c.host, d.VG); g != nil {
		row["pv_attr"], row["pv_size"], row["pv_free"] = text("a--"), sized(g.Extents*g.ExtentKiB), sized(g.Free*g.ExtentKiB)
		row["pv_pe_count"], row["pv_pe_alloc_count"] = number(g.Extents), number(g.Extents-g.Free)
		row["vg_uuid"], row["vg_extent_size"], row["vg_free_count"], row["vg_extent_count"] = text(g.UUID), sized(g.ExtentKiB), number(g.Free), number(g.Extents)
		row["vg_size"], row["vg_free"] = row["pv_size"], row["pv_free"]
		row["lv_count"], row["pv_count"] = number(uint64(c.w.lvs.size(c.host+"/"+g.Name))), number(uint64(len(g.PVs)))
	}
	return row
}

func vgs(c *call) int {
	flags, names := lvmArgs(c.args, "-s", "-a")
	exit := 0
	if len(names) == 0 {
		names = sortedKeys(c.w.vgs.groups[c.host])
	}
	var rows []reportRow
	for _, name := range names {
		g := c.w.vgs.get(c.host, name)
		if g == nil {
			exit = c.noVG(name)
			continue
		}
		row := reportRow{"vg_name": text(g.Name), "vg_uuid": text(g.UUID), "vg_attr": text("wz--n-"), "vg_fmt": text("lvm2"),
			"pv_count": number(uint64(len(g.PVs))), "lv_count": number(uint64(c.w.lvs.size(c.host + "/" + g.Name))), "snap_count": number(0),
			"vg_size": sized(g.Extents * g.ExtentKiB), "vg_free": sized(g.Free * g.ExtentKiB), "vg_extent_size": sized(g.ExtentKiB),
			"vg_extent_count": number(g.Extents), "vg_free_count": number(g.Free)}
		options := first(flags, "-o", "--options")
		if strings.Contains(options, "pv_") && !strings.Contains(options, "pv_count") {
			for _, path := range g.PVs {
				rows = append(rows, merge(row, c.pvRow(c.w.disks.get(c.host, path))))
			}
			continue
		}
		rows = append(rows, row)
	}
	return c.report("vg", flags, rows, vgColumns, exit)
}

func merge(a, b reportRow) reportRow {
	out := reportRow{}
	for k, v := range b {
		out[k] = v
	}
	for k, v := range a {
		out[k] = v
	}
	return out
}

func lvs(c *call) int {
	flags, names := lvmArgs(c.args, "-s", "-a")
	exit := 0
	var rows []reportRow
	if len(names) == 0 {
		names = sortedKeys(c.w.vgs.groups[c.host])
	}
	for _, name := range names {
		vg, lvName := splitLV(name)
		g := c.w.vgs.get(c.host, vg)
		lv := c.w.lvs.get(c.host+"/"+vg, lvName)
		switch {
		case g == nil:
			exit = c.noVG(vg)
		case lvName == "":
			for _, lv := range c.w.lvs.all(c.host + "/" + vg) {
				rows = append(rows, c.lvRow(g, lv))
			}
		case lv == nil:
			exit = c.fail(5, "  Failed to find logical volume \"%s/%s\"", vg, lvName)
		default:
			rows = append(rows, c.lvRow(g, lv))
		}
	}
	return c.report("lv", flags, rows, lvColumns, exit)
}

func (c *call) lvRow(g *volumeGroup, lv *logicalVolume) reportRow {
	attr := map[string]string{lvPool: "twi-aotz--", lvThin: "Vwi-aotz--", lvLinear: "-wi-a-----"}[lv.Kind]
	active := "active"
	if lv.Inactive {
		attr, active = attr[:4]+"-"+attr[5:], ""
	}
	row := reportRow{"lv_name": text(lv.Name), "vg_name": text(lv.VG), "lv_uuid": text(lv.UUID), "lv_attr": text(attr), "lv_size": sized(lv.SizeKiB),
		"pool_lv": text(lv.Pool), "origin": text(lv.Origin), "lv_full_name": text(lv.VG + "/" + lv.Name), "lv_active": text(active),
		"lv_path": text("/dev/" + lv.VG + "/" + lv.Name), "lv_dm_path": text(mapperName(lv.VG, lv.Name)), "thin_count": text(""), "lv_layout": text(lv.Kind),
		"lv_metadata_size": cell{}, "chunk_size": cell{}, "data_percent": text(""), "metadata_percent": text(""), "segtype": text(lv.Kind),
		"vg_uuid": text(g.UUID), "vg_extent_size": sized(g.ExtentKiB), "vg_free": sized(g.Free * g.ExtentKiB), "vg_size": sized(g.Extents * g.ExtentKiB)}
	switch lv.Kind {
	case lvPool:
		row["thin_count"], row["lv_metadata_size"], row["chunk_size"] = number(uint64(lv.Thins)), sized(lv.MetaKiB), sized(lv.ChunkKiB)
		row["data_percent"], row["metadata_percent"], row["segtype"] = text("0.00"), text("10.00"), text("thin-pool")
		row["lv_path"] = text("")
	case lvThin:
		row["data_percent"] = text("0.00")
	}
	return row
}

// columns gives the fields asked for: "-o a,b", "-o +c" behind the usual ones.
func columns(flags map[string]string, usual []string) []string {
	asked := first(flags, "-o", "--options")
	if asked == "" {
		return usual
	}
	more, plus := strings.CutPrefix(asked, "+")
	list := strings.Split(more, ",")
	if plus {
		return append(append([]string{}, usual...), list...)
	}
	return list
}

// shortNames are other names of columns.
var shortNames = map[string]string{"name": "lv_name", "size": "lv_size", "attr": "lv_attr", "uuid": "lv_uuid", "lv": "lv_name", "vg": "vg_name", "pv": "pv_name"}

func (c *call) report(kind string, flags map[string]string, rows []reportRow, usual []string, exit int) int {
	cols := columns(flags, usual)
	for i, col := range cols {
		if full := shortNames[col]; full != "" {
			cols[i] = strings.Replace(full, "lv_", kind+"_", 1)
		}
		if !reportColumn[cols[i]] {
			return c.fail(3, "  Unrecognised field: %s", col)
		}
	}
	rows = selectRows(flags, rows)
	unit, suffix := first(flags, "--units"), !has(flags, "--nosuffix")
	if first(flags, "--reportformat") == "json" {
		return c.reportJSON(kind, cols, rows, unit, suffix, exit)
	}
	separator, padded := flags["--separator"]
	if !padded {
		separator = " "
	}
	if !has(flags, "--noheadings") && len(rows) > 0 {
		c.printf("  %s\n", strings.Join(cols, separator))
	}
	for _, row := range rows {
		cells := make([]string, len(cols))
		for i, col := range cols {
			cells[i] = row[col].in(unit, suffix)
		}
		end := ""
		if !padded {
			end = " " // columns are padded to the width of the widest, headings included
		}
		c.printf("  %s%s\n", strings.Join(cells, separator), end)
	}
	return exit
}

// selectRows plays "-S field=value"; anything else selects all.
func selectRows(flags map[string]string, rows []reportRow) []reportRow {
	field, want, ok := strings.Cut(first(flags, "-S", "--select"), "=")
	if !ok {
		return rows
	}
	want = strings.Trim(strings.TrimSpace(want), `"'`)
	var out []reportRow
	for _, row := range rows {
		if row[strings.TrimSpace(field)].text == want {
			out = append(out, row)
		}
	}
	return out
}

func (c *call) reportJSON(kind string, cols []string, rows []reportRow, unit string, suffix bool, exit int) int {
	var out strings.Builder
	fmt.Fprintf(&out, "  {\n      \"report\": [\n          {\n              \"%s\": [\n", kind)
	for i, row := range rows {
		out.WriteString("                  {")
		for j, col := range cols {
			if j > 0 {
				out.WriteString(", ")
			}
			value, _ := json.Marshal(row[col].in(unit, suffix)) // a string always encodes
			fmt.Fprintf(&out, "%q:%s", col, value)
		}
		out.WriteString("}")
		if i+1 < len(rows) {
			out.WriteString(",")
		}
		out.WriteString("\n")
	}
	out.WriteString("              ]\n          }\n      ]\n  }\n")
	c.out.WriteString(out.String())
	return exit
}

// in shows a cell in a unit: "k", "b", "m", "g"; without one as people read it.
func (v cell) in(unit string, suffix bool) string {
	if !v.size {
		return v.text
	}
	if unit == "" || unit == "h" || unit == "r" {
		switch {
		case v.kib >= 1<<20:
			return fmt.Sprintf("%.2fg", float64(v.kib)/(1<<20))
		case v.kib >= 1<<10:
			return fmt.Sprintf("%.2fm", float64(v.kib)/(1<<10))
		}
		return fmt.Sprintf("%.2fk", float64(v.kib))
	}
	var s string
	switch strings.ToLower(unit) {
	case "b":
		s = strconv.FormatUint(v.kib<<10, 10)
	case "s":
		s = strconv.FormatUint(v.kib<<1, 10)
	case "m":
		s = fmt.Sprintf("%.2f", float64(v.kib)/(1<<10))
	case "g":
		s = fmt.Sprintf("%.2f", float64(v.kib)/(1<<20))
	case "t":
		s = fmt.Sprintf("%.2f", float64(v.kib)/(1<<30))
	default:
		s = fmt.Sprintf("%d.00", v.kib)
	}
	if suffix {
		s += unit
	}
	return s
}

// reportColumn are the columns that any report knows.
var reportColumn = func() map[string]bool {
	known := map[string]bool{}
	for _, list := range [][]string{pvColumns, vgColumns, lvColumns, {
		"pv_uuid", "pv_used", "pv_mda_size", "dev_size", "pv_pe_count", "pv_pe_alloc_count", "vg_uuid", "vg_extent_size", "vg_extent_count", "vg_free_count", "vg_fmt", "vg_tags",
		"lv_uuid", "lv_full_name", "lv_active", "lv_path", "lv_dm_path", "thin_count", "lv_layout", "lv_metadata_size", "chunk_size", "segtype", "lv_tags", "pv_tags", "lv_role",
	}} {
		for _, col := range list {
			known[col] = true
		}
	}
	return known
}()
