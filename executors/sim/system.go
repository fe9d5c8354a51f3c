package sim

import (
	"strings"
	"time"
)

func echo(c *call) int {
	args, end := c.args, "\n"
	if len(args) > 0 && args[0] == "-n" {
		args, end = args[1:], ""
	}
	c.printf("%s%s", strings.Join(args, " "), end)
	return 0
}

// printfCmd is the external printf, which only nohup and its like meet: the plain %s form.
func printfCmd(c *call) int {
	if len(c.args) == 0 {
		return c.fail(1, "printf: missing operand")
	}
	format := strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(c.args[0])
	if !strings.Contains(format, "%s") {
		c.printf("%s", format)
		return 0
	}
	for _, a := range c.args[1:] {
		c.printf("%s", strings.Replace(format, "%s", a, 1))
	}
	return 0
}

func hostname(c *call) int {
	c.printf("%s\n", c.host)
	return 0
}

func uname(c *call) int {
	if strings.Contains(strings.Join(c.args, " "), "-n") {
		return hostname(c)
	}
	c.printf("Linux\n")
	return 0
}

func date(c *call) int {
	now := time.Now().UTC()
	for _, a := range c.args {
		switch {
		case a == "+%s":
			c.printf("%d\n", now.Unix())
			return 0
		case strings.HasPrefix(a, "+%s"):
			c.printf("%d\n", now.UnixNano())
			return 0
		}
	}
	c.printf("%s\n", now.Format(time.UnixDate))
	return 0
}

func id(c *call) int {
	if len(c.args) > 0 && strings.HasPrefix(c.args[0], "-") {
		if strings.Contains(c.args[0], "n") {
			c.printf("root\n")
		} else {
			c.printf("0\n")
		}
		return 0
	}
	c.printf("uid=0(root) gid=0(root) groups=0(root)\n")
	return 0
}

// syncDisks is sync: everything is durable already, but what is named must be there.
func syncDisks(c *call) int {
	_, files := options(c.args, "")
	exit := 0
	for _, f := range files {
		if c.w.stat(c.at(f)) == nil {
			exit = c.fail(1, "sync: error opening '%s': No such file or directory", f)
		}
	}
	return exit
}

// udevadm answers "info --query=symlink --name=DEV" and lets settle and trigger pass.
func udevadm(c *call) int {
	if len(c.args) == 0 || c.args[0] != "info" {
		return 0
	}
	flags, operands := options(c.args[1:], "-q -n --query --name")
	name := first(flags, "-n", "--name")
	if name == "" && len(operands) > 0 {
		name = operands[0]
	}
	if !strings.HasPrefix(name, "/dev/") {
		name = "/dev/" + name
	}
	c.spring(name)
	d := c.w.device(c.host, name)
	if d == nil {
		return c.fail(4, "Unknown device \"%s\": No such device", name)
	}
	switch first(flags, "-q", "--query") {
	case "name":
		c.printf("%s\n", strings.TrimPrefix(d.name(), "/dev/"))
	case "symlink":
		c.printf("%s\n", strings.Join(symlinks(d), " "))
	default:
		c.printf("N: %s\n", strings.TrimPrefix(d.name(), "/dev/"))
		for _, s := range symlinks(d) {
			c.printf("S: %s\n", s)
		}
	}
	return 0
}

func symlinks(d *device) []string {
	if d.disk == nil {
		return []string{d.lv.VG + "/" + d.lv.Name, strings.TrimPrefix(d.name(), "/dev/")}
	}
	links := []string{"disk/by-path/sim-" + strings.ReplaceAll(strings.Trim(d.disk.Path, "/"), "/", "-")}
	if d.disk.PVUUID != "" {
		links = append([]string{"disk/by-id/lvm-pv-uuid-" + d.disk.PVUUID}, links...)
	}
	return links
}

func systemctl(c *call) int {
	flags, operands := options(c.args, "-n -o -p --property")
	if len(operands) == 0 {
		return 0
	}
	verb, unit := operands[0], "glusterd"
	if len(operands) > 1 {
		unit = strings.TrimSuffix(operands[1], ".service")
	}
	known := map[string]bool{"glusterd": true, "gluster-blockd": true, "gluster-block-target": true, "sshd": true, "ssh": true}
	if !known[unit] {
		switch verb {
		case "status":
			return c.fail(4, "Unit %s.service could not be found.", unit)
		case "is-active":
			c.printf("inactive\n")
			return 3
		case "daemon-reload":
			return 0
		}
		return c.fail(5, "Failed to %s %s.service: Unit %s.service not found.", verb, unit, unit)
	}
	return unitVerb(c, verb, unit, has(flags, "--quiet", "-q"))
}

func unitVerb(c *call, verb, unit string, quiet bool) int {
	n := c.node()
	up := n.glusterd() || !strings.HasPrefix(unit, "gluster")
	switch verb {
	case "is-active":
		return sayState(c, up, quiet, "active\n", "inactive\n")
	case "status":
		return sayState(c, up, quiet, "● "+unit+".service\n     Active: active (running)\n", "● "+unit+".service\n     Active: inactive (dead)\n")
	case "start", "restart", "stop":
		if unit == "glusterd" {
			n.NoGlusterd = verb == "stop"
			c.w.nodes.put("", n.Host, n)
		}
	case "is-enabled":
		c.printf("enabled\n")
	}
	return 0
}

func sayState(c *call, up, quiet bool, yes, no string) int {
	text, exit := no, 3
	if up {
		text, exit = yes, 0
	}
	if !quiet {
		c.printf("%s", text)
	}
	return exit
}

func service(c *call) int {
	if len(c.args) == 2 {
		c.args = []string{c.args[1], c.args[0]}
	}
	return systemctl(c)
}

func pidof(c *call) int {
	if c.node().glusterd() && strings.Contains(strings.Join(c.args, " "), "glusterd") {
		c.printf("1234\n")
		return 0
	}
	return 1
}
