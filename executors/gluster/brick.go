package gluster

import (
	"errors"
	"fmt"
	"strings"
)

// Brick is one brick and everything under it: an XFS file system on a thin volume of its own thin pool.
type Brick struct {
	ID      string
	Host    string // where commands run
	Storage string // the name that gluster knows the node by
	VG      string // vg_{device id}
	Pool    string // tp_{id}
	LV      string // brick_{id}
	Path    string // MountRoot/VG/LV/brick, or below /run/gluster/snaps for a clone
	SizeKiB uint64 // the virtual size of LV
	PoolKiB uint64
	MetaKiB uint64
	GID     int64 // when above 0 the brick belongs to this group
	Arbiter bool
}

// snapRoot is where glusterd itself mounts the bricks of snapshots and clones.
const snapRoot = "/run/gluster/snaps/"

// cloned tells that glusterd, not our fstab, mounts the brick.
func (b Brick) cloned() bool { return strings.HasPrefix(b.Path, snapRoot) }

// address is the brick in gluster's words.
func (b Brick) address() string { return b.Storage + ":" + b.Path }

// device is the path that the device mapper gives the logical volume.
func (b Brick) device() string { return mapperPath(b.VG, b.LV) }

// mount is the directory on which the brick's file system is mounted.
func (b Brick) mount() string { return b.Path[:strings.LastIndex(b.Path, "/")] }

// check refuses a brick whose names could not be put into a script.
func (b Brick) check() error {
	err := errors.Join(
		checkHost(b.Host), checkHost(b.Storage), checkPath("brick path", b.Path),
		checkName("volume group", b.VG), checkName("thin pool", b.Pool), checkName("logical volume", b.LV),
	)
	if err == nil && strings.Count(b.Path, "/") < 3 {
		err = fmt.Errorf("brick path %q: %w", b.Path, ErrName)
	}
	return err
}

// mapperPath gives the device mapper's name for a logical volume: hyphens inside a name are doubled.
func mapperPath(vg, lv string) string {
	double := func(s string) string { return strings.ReplaceAll(s, "-", "--") }
	return "/dev/mapper/" + double(vg) + "-" + double(lv)
}

// splitMapper is the inverse of mapperPath.
func splitMapper(device string) (vg, lv string, ok bool) {
	s, ok := strings.CutPrefix(device, "/dev/mapper/")
	if !ok {
		return "", "", false
	}
	s = strings.ReplaceAll(s, "--", "\x00")
	vg, lv, ok = strings.Cut(s, "-")
	if !ok || vg == "" || lv == "" {
		return "", "", false
	}
	single := func(s string) string { return strings.ReplaceAll(s, "\x00", "-") }
	return single(vg), single(lv), true
}
