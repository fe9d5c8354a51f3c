package sim

import (
	"fmt"
	"strconv"
	"strings"
)

// lvmCommands are the LVM programs by name; "lvm NAME" is the same.
func lvmCommands() map[string]command {
	return map[string]command{
		"pvcreate": pvcreate, "pvremove": pvremove, "pvs": pvs, "pvdisplay": pvs, "pvresize": succeed,
		"vgcreate": vgcreate, "vgremove": vgremove, "vgs": vgs, "vgdisplay": vgdisplay, "vgmknodes": succeed,
		"vgchange": vgchange, "vgscan": succeed, "pvscan": succeed, "vgcfgbackup": succeed,
		"lvcreate": lvcreate, "lvremove": lvremove, "lvs": lvs, "lvdisplay": lvs, "lvchange": lvchange,
	}
}

func lvm(c *call) int {
	if len(c.args) == 0 {
		return c.fail(3, "  Please provide a command.")
	}
	name := c.args[0]
	if name == "version" {
		c.printf("  LVM version:     2.03.16(2)\n")
		return 0
	}
	prog := c.r.c.programs[name]
	if prog == nil || !prog.lvm {
		return c.fail(2, "  No such command '%s'.  Try 'help'.", name)
	}
	c.args = c.args[1:]
	return prog.run(c)
}

// lvmValued are the flags of all LVM commands that take a value.
const lvmValued = "--metadatasize --dataalignment --physicalextentsize -s --autobackup -A --poolmetadatasize --chunksize -c --size -L --thin -T " +
	"--virtualsize -V --name -n --options -o --reportformat --units --separator --select -S --config --devices --extents -l --type --thinpool --activate -a " +
	"--setactivationskip -k --permission -p --uuid --metadatacopies --pvmetadatacopies --zero -Z --wipesignatures -W --sort -O --addtag --dataalignmentoffset --discards --errorwhenfull --poolmetadata"

// lvmArgs reads an LVM command line. "--thin" and "-T" take a value only where it is the pool's name in front of other
// flags, which is no matter to us: the pool is the operand or that value.
func lvmArgs(args []string, valueless ...string) (flags map[string]string, operands []string) {
	valued := " " + lvmValued + " "
	for _, f := range valueless {
		valued = strings.Replace(valued, " "+f+" ", " ", 1)
	}
	var rest []string
	for _, a := range args {
		if len(a) > 2 && strings.Trim(a, "q") == "-" { // -qq
			continue
		}
		rest = append(rest, a)
	}
	flags, operands = options(rest, strings.TrimSpace(valued))
	for i, a := range rest {
		if a == "--thin" || a == "-T" { // without a value of its own when a flag follows
			if i+1 == len(rest) || strings.HasPrefix(rest[i+1], "-") {
				return thinAlone(rest, i, strings.TrimSpace(valued))
			}
		}
	}
	return flags, operands
}

func thinAlone(rest []string, i int, valued string) (map[string]string, []string) {
	without := append(append([]string{}, rest[:i]...), rest[i+1:]...)
	flags, operands := options(without, valued)
	flags["--thin"] = ""
	return flags, operands
}

// kib reads a size such as 128M, 8192K, 1.5g or, without a unit, MiB.
func kib(s string) (uint64, bool) {
	if s == "" {
		return 0, false
	}
	factor := 1024.0
	switch strings.ToLower(s)[len(s)-1] {
	case 'b':
		s, factor = s[:len(s)-1], 1.0/1024
	case 's':
		s, factor = s[:len(s)-1], 0.5
	case 'k':
		s, factor = s[:len(s)-1], 1
	case 'm':
		s = s[:len(s)-1]
	case 'g':
		s, factor = s[:len(s)-1], 1<<20
	case 't':
		s, factor = s[:len(s)-1], 1<<30
	case 'p':
		s, factor = s[:len(s)-1], 1<<40
	}
	if n, err := strconv.ParseUint(s, 10, 40); err == nil && factor >= 1 {
		return n * uint64(factor), true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f*factor < 1<<50) {
		return 0, false
	}
	return uint64(f * factor), true
}

func ceilTo(n, unit uint64) uint64 {
	if unit == 0 {
		return n
	}
	return (n + unit - 1) / unit * unit
}

// noVG is the refusal of everything that names a volume group which is not there.
func (c *call) noVG(vg string) int {
	return c.fail(5, "  Volume group \"%s\" not found\n  Cannot process volume group %s", vg, vg)
}

// say writes what a successful command says, unless -q or -qq was given.
func (c *call) say(format string, args ...any) {
	for _, a := range c.args {
		if strings.HasPrefix(a, "-q") || a == "--quiet" {
			return
		}
	}
	c.printf("  "+format+"\n", args...)
}

// splitLV cuts vg/lv, /dev/vg/lv or /dev/mapper/vg-lv.
func splitLV(s string) (vg, lv string) {
	if rest, ok := strings.CutPrefix(s, "/dev/mapper/"); ok {
		vg, lv, _ = splitMapper(rest)
		return vg, lv
	}
	vg, lv, _ = strings.Cut(strings.TrimPrefix(s, "/dev/"), "/")
	return vg, lv
}

func validName(s string) bool {
	if s == "" || s[0] == '-' || len(s) > 127 || s == "." || s == ".." {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-") == ""
}

func size(kib uint64) string { return fmt.Sprintf("%d.00 MiB", kib/1024) }
