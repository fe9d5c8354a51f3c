package gluster

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yardmaster/executors"
)

// DeviceInfo is what LVM knows about a device that holds a volume group of ours.
type DeviceInfo struct {
	PVUUID                               string
	Paths                                []string // the device's own name first, then its symlinks
	ExtentKiB, SizeKiB, FreeKiB, UsedKiB uint64
}

// DeviceUnusable tells that a device could not be made ours, and what is on it.
type DeviceUnusable struct {
	Device string
	PVUUID string // of the physical volume that is on it, if any
	VG     string // that the physical volume belongs to, if any
	Unsafe bool   // destroying it was asked for and refused
	Err    error
}

func (e *DeviceUnusable) Error() string {
	if e.Unsafe {
		return fmt.Sprintf("Can not destroy device, destroy may not be safe: %v", e.Err)
	}
	if e.PVUUID != "" {
		return fmt.Sprintf("Initializing device %s failed (aleady contains Physical Volume %s): %v", e.Device, e.PVUUID, e.Err)
	}
	return fmt.Sprintf("Initializing device %s failed (already initialized or contains data?): %v", e.Device, e.Err)
}

func (e *DeviceUnusable) Unwrap() error { return e.Err }

// DeviceSetup makes a whole device one physical volume in the volume group vg and reads it. Where that very group is
// on that device already it only reads. Anything else on it is a *DeviceUnusable, unless destroy is set; and even
// then a volume group with logical volumes in it is left alone.
func (g *Gluster) DeviceSetup(ctx context.Context, host, device, vg string, destroy bool) (DeviceInfo, error) {
	if err := errors.Join(checkPath("device", device), checkName("volume group", vg)); err != nil {
		return DeviceInfo{}, err
	}
	found, err := g.onDevice(ctx, host, device)
	if err != nil {
		return DeviceInfo{}, err
	}
	switch {
	case found.VG == vg:
		return g.readDevice(ctx, host, device, vg)
	case found.VG != "" && !destroy:
		err := fmt.Errorf("it belongs to the volume group %s", found.VG)
		return DeviceInfo{}, &DeviceUnusable{Device: device, PVUUID: found.UUID, VG: found.VG, Err: err}
	case found.VG != "" && (found.LVs != "0" || found.PVs != "1"):
		err := fmt.Errorf("the volume group %s on %s holds %s logical volumes on %s devices", found.VG, device, found.LVs, found.PVs)
		return DeviceInfo{}, &DeviceUnusable{Device: device, PVUUID: found.UUID, VG: found.VG, Unsafe: true, Err: err}
	}
	if _, err := g.call(ctx, host, "initialize device", lvmLimit, g.deviceScript(device, vg, destroy)); err != nil {
		var exit *executors.ExitError
		if errors.As(err, &exit) {
			err = &DeviceUnusable{Device: device, PVUUID: found.UUID, VG: found.VG, Err: err}
		}
		return DeviceInfo{}, err
	}
	return g.readDevice(ctx, host, device, vg)
}

// onDevice looks for a physical volume on the device. A refusal means that there is none, or no device: then the
// command that wants to write to it will say so better.
func (g *Gluster) onDevice(ctx context.Context, host, device string) (pvRow, error) {
	script := fmt.Sprintf("%s pvs --reportformat json --options pv_name,pv_uuid,vg_name,lv_count,pv_count %s 2> /dev/null || :\n", g.lvm(), device)
	out, err := g.call(ctx, host, "look at device", lvmLimit, script)
	if err != nil {
		return pvRow{}, err
	}
	rows, err := parseReport(out, "pv")
	if err != nil {
		return pvRow{}, fmt.Errorf("look at device %s on %s: %w", device, host, err)
	}
	if len(rows) == 0 {
		return pvRow{}, nil
	}
	return newPVRow(rows[0]), nil
}

func (g *Gluster) deviceScript(device, vg string, destroy bool) string {
	pvcreate := fmt.Sprintf("%s pvcreate -qq --metadatasize=128M --dataalignment=%s %s", g.lvm(), quote(g.opt.PVDataAlignment), device)
	var s strings.Builder
	s.WriteString("set -e\n")
	if destroy {
		fmt.Fprintf(&s, "%s || {\n  wipefs --all %s\n  %s\n}\n", pvcreate, device, pvcreate)
	} else {
		s.WriteString(pvcreate + "\n")
	}
	fmt.Fprintf(&s, "%s vgcreate %s --physicalextentsize=%s %s %s || {\n  %s pvremove -qq %s || :\n  exit 5\n}\n",
		g.lvm(), g.lvmQuiet(), quote(g.opt.VGExtentSize), vg, device, g.lvm(), device)
	return s.String()
}

// DeviceInfo reads the device that holds vg, by the id of its physical volume when that is known.
func (g *Gluster) DeviceInfo(ctx context.Context, host, vg, pvUUID string) (DeviceInfo, error) {
	if err := checkName("volume group", vg); err != nil {
		return DeviceInfo{}, err
	}
	if pvUUID != "" {
		if err := checkName("physical volume", pvUUID); err != nil {
			return DeviceInfo{}, err
		}
		info, err := g.readDevice(ctx, host, "/dev/disk/by-id/lvm-pv-uuid-"+pvUUID, vg)
		var exit *executors.ExitError
		if !errors.As(err, &exit) {
			return info, err
		}
	}
	script := fmt.Sprintf("%s vgs --reportformat json --options pv_name,pv_uuid,vg_name %s\n", g.lvm(), vg)
	out, err := g.call(ctx, host, "find device", lvmLimit, script)
	if err != nil {
		return DeviceInfo{}, err
	}
	rows, err := parseReport(out, "vg")
	if err != nil || len(rows) == 0 {
		return DeviceInfo{}, fmt.Errorf("volume group %s on %s: no device found: %w", vg, host, errors.Join(err, errAnswer))
	}
	return g.readDevice(ctx, host, rows[0]["pv_name"], vg)
}

// readDevice reads the physical volume, the symlinks and the volume group of a device in one session.
func (g *Gluster) readDevice(ctx context.Context, host, device, vg string) (DeviceInfo, error) {
	if err := checkPath("device", device); err != nil {
		return DeviceInfo{}, err
	}
	script := fmt.Sprintf("set -e\n%s pvs --reportformat json --options pv_name,pv_uuid,vg_name %s\necho '%s'\nudevadm info --query=symlink --name=%s || :\necho '%s'\n%s vgdisplay -c %s\n",
		g.lvm(), device, divider, device, divider, g.lvm(), vg)
	out, err := g.call(ctx, host, "read device", lvmLimit, script)
	if err != nil {
		return DeviceInfo{}, err
	}
	info, err := parseDevice(out, vg)
	if err != nil {
		return DeviceInfo{}, fmt.Errorf("read device %s on %s: %w", device, host, err)
	}
	return info, nil
}

// DeviceTeardown removes vg and the physical volume under it. What is gone already is no error; with forceForget
// nothing that the machine says is, nor its silence. A physical volume that is in no group is removed only if it has
// the id pvUUID: without the group, nothing else says that it was ours.
func (g *Gluster) DeviceTeardown(ctx context.Context, host, device, vg, pvUUID string, forceForget bool) error {
	errs := []error{checkPath("device", device), checkName("volume group", vg)}
	if pvUUID != "" {
		errs = append(errs, checkName("physical volume", pvUUID))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if forceForget {
		_, err := g.call(ctx, host, "forget device", lvmLimit, g.forgetScript(device, vg))
		if err != nil && ctx.Err() == nil {
			return nil
		}
		return err
	}
	_, err := g.call(ctx, host, "remove device", lvmLimit, g.teardownScript(device, vg, pvUUID))
	return err
}

func (g *Gluster) forgetScript(device, vg string) string {
	return fmt.Sprintf("%s pvremove -qq %s || :\n%s vgremove -qq %s || :\n%s", g.lvm(), device, g.lvm(), vg, g.removeDeviceDir(vg))
}

// removeDeviceDir removes the directory of a volume group, and those of bricks in it whose removal a power cut undid.
// A directory that holds anything stays.
func (g *Gluster) removeDeviceDir(vg string) string {
	return fmt.Sprintf("rmdir %s/brick_* %s 2> /dev/null || :\n", g.deviceDir(vg), g.deviceDir(vg))
}

func (g *Gluster) teardownScript(device, vg, pvUUID string) string {
	pvremove := tolerate(fmt.Sprintf("%s pvremove -qq %s", g.lvm(), device), "No PV")
	var s strings.Builder
	s.WriteString("set -e\nours=yes\n")
	s.WriteString(otherwise(fmt.Sprintf("%s vgremove -qq %s", g.lvm(), vg), "ours=", "not found"))
	if pvUUID != "" {
		s.WriteString("if [ -z \"$ours\" ]; then\n")
		s.WriteString(otherwise(fmt.Sprintf("%s pvs --noheadings --options pv_uuid,vg_name %s", g.lvm(), device), "out=", "ailed to find", "o device found"))
		fmt.Fprintf(&s, "set -- $out\nif [ $# = 1 ] && [ \"$1\" = %s ]; then\nours=yes\nfi\nfi\n", pvUUID)
	}
	fmt.Fprintf(&s, "if [ -n \"$ours\" ]; then\n%sfi\n%s", pvremove, g.removeDeviceDir(vg))
	return s.String()
}

// tolerate runs a command and forgives a refusal that contains the phrase.
func tolerate(command, phrase string) string { return otherwise(command, ":", phrase) }

// otherwise runs a command, keeps its words in $out, and does something else when it is refused with one of the phrases.
func otherwise(command, instead string, phrases ...string) string {
	return fmt.Sprintf("out=$(%s 2>&1) || case \"$out\" in\n*'%s'*) %s ;;\n*)\n  printf '%%s\\n' \"$out\" >&2\n  exit 5 ;;\nesac\n",
		command, strings.Join(phrases, "'* | *'"), instead)
}
