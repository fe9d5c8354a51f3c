package gluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errAnswer: a command succeeded and answered what cannot be read.
var errAnswer = errors.New("answer not understood")

// divider separates the answers of the commands of one script.
const divider = "==== yardmaster ===="

// sections splits an answer at its dividers, and refuses another number of parts than expected.
func sections(out string, n int) ([]string, error) {
	parts := strings.Split(out, divider+"\n")
	if len(parts) != n {
		return nil, fmt.Errorf("%w: %d parts of %d", errAnswer, len(parts), n)
	}
	return parts, nil
}

// parseReport reads the rows of one kind ("pv", "vg", "lv") in a JSON report of LVM.
func parseReport(out, kind string) ([]map[string]string, error) {
	if strings.TrimSpace(out) == "" {
		return nil, nil
	}
	var doc struct {
		Report []map[string][]map[string]string `json:"report"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		return nil, fmt.Errorf("%w: %s report: %w", errAnswer, kind, err)
	}
	var rows []map[string]string
	for _, r := range doc.Report {
		rows = append(rows, r[kind]...)
	}
	return rows, nil
}

// pvRow is one physical volume and the group that it belongs to.
type pvRow struct{ Name, UUID, VG, LVs, PVs string }

func newPVRow(row map[string]string) pvRow {
	return pvRow{row["pv_name"], row["pv_uuid"], row["vg_name"], row["lv_count"], row["pv_count"]}
}

// parseDevice reads the three answers about one device.
func parseDevice(out, vg string) (DeviceInfo, error) {
	parts, err := sections(out, 3)
	if err != nil {
		return DeviceInfo{}, err
	}
	rows, err := parseReport(parts[0], "pv")
	if err != nil {
		return DeviceInfo{}, err
	}
	if len(rows) != 1 {
		return DeviceInfo{}, fmt.Errorf("%w: %d physical volumes", errAnswer, len(rows))
	}
	pv := newPVRow(rows[0])
	if pv.VG != vg {
		return DeviceInfo{}, fmt.Errorf("the device belongs to the volume group %q, not to %s", pv.VG, vg)
	}
	info, err := parseVGDisplay(parts[2], vg)
	if err != nil {
		return DeviceInfo{}, err
	}
	info.PVUUID = pv.UUID
	info.Paths = []string{pv.Name}
	for _, link := range strings.Fields(parts[1]) {
		info.Paths = append(info.Paths, "/dev/"+link)
	}
	return info, nil
}

// parseVGDisplay reads the colon-separated line of "vgdisplay -c": fields 13 to 16 are the extent's size in KiB and
// the numbers of all, allocated and free extents.
func parseVGDisplay(out, vg string) (DeviceInfo, error) {
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 16 || f[0] != vg {
			continue
		}
		var n [4]uint64
		for i := range n {
			v, err := strconv.ParseUint(f[12+i], 10, 40)
			if err != nil {
				return DeviceInfo{}, fmt.Errorf("%w: vgdisplay: %w", errAnswer, err)
			}
			n[i] = v
		}
		if n[0] > 1<<22 || n[1] > 1<<40 || n[2] > n[1] || n[3] > n[1] {
			return DeviceInfo{}, fmt.Errorf("%w: vgdisplay: %q", errAnswer, line)
		}
		return DeviceInfo{ExtentKiB: n[0], SizeKiB: n[0] * n[1], UsedKiB: n[0] * n[2], FreeKiB: n[0] * n[3]}, nil
	}
	return DeviceInfo{}, fmt.Errorf("%w: vgdisplay has no line of %s", errAnswer, vg)
}
