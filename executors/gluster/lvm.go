package gluster

import (
	"fmt"
	"strings"
)

// lvm is the program that every LVM command goes through.
func (g *Gluster) lvm() string {
	const program = "/usr/sbin/lvm"
	if g.opt.LVMWrapper == "" {
		return program
	}
	return quote(g.opt.LVMWrapper) + " " + program
}

// lvmQuiet are the flags of every LVM command that changes something: no questions, and no backup unless wanted.
func (g *Gluster) lvmQuiet() string {
	if g.opt.BackupLVMMetadata {
		return "-qq"
	}
	return "-qq --autobackup=n"
}

// direct makes lvm put the device nodes of a thin volume in place by itself, instead of waiting for udev to have gone
// through every device below it, which takes several times as long as all the rest. Whatever is made so must be removed
// so: udev would leave the nodes behind. The check of a thin pool's metadata is for pools that have lived.
const direct = `--config 'activation{udev_sync=0 udev_rules=0%s} global{thin_check_executable=""}'`

// lvcreate makes a new pool. Watching over it is begun when the brick is in use (see monitor): it takes a second.
func (g *Gluster) lvcreate() string {
	return g.lvm() + " lvcreate " + g.lvmQuiet() + " " + fmt.Sprintf(direct, " monitoring=0")
}

func (g *Gluster) lvremove() string {
	return g.lvm() + " lvremove " + g.lvmQuiet() + " " + fmt.Sprintf(direct, "") + " -f"
}

// monitor lets lvm's daemon watch over the pools of bricks, in the background: it warns when one runs full.
func (g *Gluster) monitor(bricks []Brick) string {
	var pools []string
	for _, b := range bricks {
		if !b.cloned() {
			pools = append(pools, b.VG+"/"+b.Pool)
		}
	}
	if len(pools) == 0 {
		return ""
	}
	return g.lvm() + " lvchange -qq --monitor y " + strings.Join(pools, " ") + " > /dev/null 2>&1 &\n"
}

// deviceDir is the directory below which all bricks of a volume group are mounted.
func (g *Gluster) deviceDir(vg string) string { return g.opt.MountRoot + "/" + vg }

// lockSeconds is how long a script waits for the one before it.
const lockSeconds = 240

// lockDevice keeps two scripts from working on one volume group at a time, such as the undo of a create whose
// connection was lost and that create itself, still running. The lock ends with the script.
func (g *Gluster) lockDevice(vg string) string { return lock(g.deviceDir(vg), vg) }

// lockFstab keeps an edit of fstab, which replaces the file, from losing a line that another script appends.
func (g *Gluster) lockFstab() string { return lock(g.opt.MountRoot, g.opt.Fstab) }

func lock(dir, what string) string {
	return fmt.Sprintf("exec < %s\nflock -w %d 0 || {\n  echo '%s is busy with another script' >&2\n  exit 75\n}\n", dir, lockSeconds, what)
}

func indent(s string) string {
	if s == "" {
		return ""
	}
	lines, end := s, ""
	if strings.HasSuffix(s, "\n") {
		lines, end = s[:len(s)-1], "\n"
	}
	return "  " + strings.ReplaceAll(lines, "\n", "\n  ") + end
}
