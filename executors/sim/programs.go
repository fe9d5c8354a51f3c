package sim

import (
	"slices"
	"strings"
)

// programs are all the commands that a node has.
func programs() map[string]*program {
	all := map[string]*program{
		"sudo": {wrap: wrapPlain("-u -g -h -p -U -C")}, "nohup": {wrap: wrapPlain("")}, "setsid": {wrap: wrapPlain("")},
		"ionice": {wrap: wrapPlain("-c -n")}, "nice": {wrap: wrapPlain("-n")}, "env": {wrap: wrapPlain("-u")}, "stdbuf": {wrap: wrapPlain("-o -e -i")},
		"bash": {wrap: wrapShell}, "sh": {wrap: wrapShell}, "timeout": {wrap: wrapTimeout}, "sleep": {wrap: wrapSleep},
		"xargs": {wrap: wrapXargs}, "flock": {wrap: wrapFlock},
		"lvm": {run: lvm}, "gluster": {run: gluster}, "gluster-block": {run: glusterBlock},
		"builtin-type": {run: typeOf}, "type": {run: typeOf}, "which": {run: which},
	}
	for name, run := range plainPrograms() {
		all[name] = &program{run: run}
	}
	for name, run := range lvmCommands() {
		all[name] = &program{run: run, lvm: true}
	}
	for name, run := range textPrograms() {
		all[name] = &program{run: run, stdin: readsInput(name)}
	}
	return all
}

func plainPrograms() map[string]command {
	return map[string]command{
		"true": succeed, "false": func(*call) int { return 1 }, "sync": syncDisks, "udevadm": udevadm, "modprobe": succeed,
		"echo": echo, "printf": printfCmd,
		"hostname": hostname, "uname": uname, "date": date, "id": id, "whoami": func(c *call) int { c.printf("root\n"); return 0 },
		"systemctl": systemctl, "service": service, "pidof": pidof, "pgrep": pidof,
		"mkdir": mkdir, "rmdir": rmdir, "rm": rm, "ls": ls, "touch": touch, "chmod": chmod, "chown": chown, "chgrp": chown, "stat": statCmd,
		"cp": cp, "mv": mv, "ln": ln, "readlink": readlink, "realpath": readlink, "basename": basename, "dirname": dirname, "mktemp": mktemp,
		"getfattr": getfattr, "setfattr": setfattr, "test": testCmd, "[": testCmd, "find": find, "df": df,
		"mount": mount, "umount": umount, "mountpoint": mountpoint, "findmnt": findmnt, "lsof": lsof, "fuser": lsof, "lsblk": lsblk,
		"mkfs.xfs": mkfsXFS, "mkfs.ext4": mkfsExt4, "blkid": blkid, "wipefs": wipefs, "xfs_info": xfsInfo, "xfs_growfs": succeed, "blockdev": blockdev,
		"dmsetup": dmsetup, "fstrim": succeed, "partprobe": succeed,
	}
}

func textPrograms() map[string]command {
	return map[string]command{
		"cat": cat, "tee": tee, "grep": grep, "egrep": grep, "fgrep": grep, "sed": sed, "awk": awk, "cut": cut, "tr": tr,
		"head": head, "tail": tail, "sort": sortCmd, "uniq": uniq, "wc": wc, "rev": rev,
	}
}

// readsInput tells for a text program whether its arguments leave it with standard input.
func readsInput(name string) func(args []string) bool {
	return func(args []string) bool {
		if slices.Contains(args, "-") {
			return true
		}
		_, operands := options(args, textFlags[name])
		switch name {
		case "tee", "tr":
			return true
		case "grep", "egrep", "fgrep":
			flags, _ := options(args, textFlags[name])
			if has(flags, "-e", "--regexp", "-f") {
				return len(operands) == 0
			}
			return len(operands) <= 1
		case "sed":
			flags, _ := options(args, textFlags[name])
			if has(flags, "-e", "--expression") {
				return len(operands) == 0
			}
			return len(operands) <= 1
		case "awk":
			return len(operands) <= 1 && !strings.HasPrefix(strings.TrimSpace(strings.Join(operands, "")), "BEGIN")
		}
		return len(operands) == 0
	}
}

// textFlags are the flags of the text programs that take a value.
var textFlags = map[string]string{
	"grep": "-e -f -m -A -B -C --regexp", "egrep": "-e -f -m -A -B -C --regexp", "fgrep": "-e -f -m -A -B -C --regexp", "sed": "-e --expression", "awk": "-F -v", "cut": "-d -f -c -b --delimiter --fields",
	"head": "-n -c --lines", "tail": "-n -c --lines", "sort": "-k -t -o",
}

func succeed(*call) int { return 0 }

func typeOf(c *call) int {
	args, exit := c.args, 0
	terse := len(args) > 0 && strings.HasPrefix(args[0], "-")
	if terse {
		args = args[1:]
	}
	for _, a := range args {
		switch {
		case c.r.c.program(a) == nil:
			exit = 1
			if !terse {
				c.fail(1, "bash: type: %s: not found", a)
			}
		case terse:
			c.printf("/usr/bin/%s\n", strings.TrimPrefix(a, "/usr/bin/"))
		default:
			c.printf("%s is /usr/bin/%s\n", a, a)
		}
	}
	return exit
}

func which(c *call) int {
	exit := 0
	for _, a := range c.args {
		if c.r.c.program(a) == nil {
			exit = 1
			continue
		}
		c.printf("/usr/bin/%s\n", a)
	}
	return exit
}
