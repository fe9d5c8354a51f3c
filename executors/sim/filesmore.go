package sim

import (
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

// target is where cp and mv put a source: in a directory, under its own name.
func (c *call) target(src, dst string) string {
	if f := c.w.stat(c.at(dst)); f != nil && f.Dir {
		return path.Join(c.abs(dst), path.Base(src))
	}
	return c.abs(dst)
}

func cp(c *call) int {
	_, operands := options(c.args, "")
	if len(operands) != 2 {
		return c.fail(1, "cp: missing file operand")
	}
	f := c.w.stat(c.at(operands[0]))
	if f == nil {
		return c.fail(1, "cp: cannot stat '%s': No such file or directory", operands[0])
	}
	if f.Dir {
		return c.fail(1, "cp: -r not specified; omitting directory '%s'", operands[0])
	}
	dst := c.target(operands[0], operands[1])
	if why := c.writable(dst); why != "" {
		return c.fail(1, "cp: cannot create regular file '%s': %s", operands[1], why)
	}
	c.w.write(c.w.at(c.host, dst), f.Data)
	return 0
}

func mv(c *call) int {
	_, operands := options(c.args, "")
	if len(operands) != 2 {
		return c.fail(1, "mv: missing file operand")
	}
	p := c.at(operands[0])
	f := c.w.stat(p)
	if f == nil {
		return c.fail(1, "mv: cannot stat '%s': No such file or directory", operands[0])
	}
	if f.Dir {
		return c.fail(1, "mv: cannot move '%s': Is a directory", operands[0])
	}
	dst := c.target(operands[0], operands[1])
	if why := c.writable(dst); why != "" {
		return c.fail(1, "mv: cannot move '%s' to '%s': %s", operands[0], operands[1], why)
	}
	to := c.w.at(c.host, dst)
	if to == p {
		return c.fail(1, "mv: '%s' and '%s' are the same file", operands[0], operands[1])
	}
	twin := *f
	c.w.files.put(to.fsid, to.rel, &twin)
	c.w.files.del(p.fsid, p.rel)
	return 0
}

func ln(c *call) int { return c.fail(1, "ln: links are not supported by this file system") }

// readlink follows device links; other files are themselves.
func readlink(c *call) int {
	flags, names := options(c.args, "")
	exit := 0
	for _, name := range names {
		full := c.abs(name)
		d := c.w.device(c.host, full)
		switch {
		case d != nil && d.name() != full:
			c.printf("%s\n", d.name())
		case has(flags, "-f", "-m", "-e") || c.name == "realpath":
			if c.w.stat(c.at(full)) == nil && has(flags, "-e") {
				exit = 1
				continue
			}
			c.printf("%s\n", full)
		default:
			exit = 1
		}
	}
	return exit
}

func basename(c *call) int {
	if len(c.args) == 0 {
		return c.fail(1, "basename: missing operand")
	}
	base := path.Base(c.args[0])
	if len(c.args) > 1 && base != c.args[1] {
		base = strings.TrimSuffix(base, c.args[1])
	}
	c.printf("%s\n", base)
	return 0
}

func dirname(c *call) int {
	for _, a := range c.args {
		c.printf("%s\n", path.Dir(a))
	}
	return 0
}

func mktemp(c *call) int {
	flags, _ := options(c.args, "-p -t --tmpdir")
	name := "/tmp/tmp." + strings.ReplaceAll(c.w.uuid(), "-", "")[:10]
	if has(flags, "-d") {
		c.w.mkdir(c.at(name))
	} else {
		c.w.write(c.at(name), "")
	}
	c.printf("%s\n", name)
	return 0
}

func getfattr(c *call) int {
	flags, names := options(c.args, "-n -e -m --name --encoding --match")
	exit := 0
	for _, name := range names {
		f := c.w.stat(c.at(name))
		if f == nil {
			exit = c.fail(1, "getfattr: %s: No such file or directory", name)
			continue
		}
		want := first(flags, "-n", "--name")
		if want != "" && f.Xattr[want] == "" {
			exit = c.fail(1, "%s: %s: No such attribute", name, want)
			continue
		}
		if has(flags, "--only-values") {
			c.printf("%s", f.Xattr[want])
			continue
		}
		c.printf("# file: %s\n", strings.TrimPrefix(name, "/"))
		for _, key := range sortedKeys(f.Xattr) {
			if want == "" || want == key {
				c.printf("%s=0x%s\n", key, hexID(f.Xattr[key]))
			}
		}
		c.printf("\n")
	}
	return exit
}

// hexID shows a value as getfattr -e hex does: a UUID is the bytes that it stands for.
func hexID(s string) string {
	if plain := strings.ReplaceAll(s, "-", ""); len(plain) == 32 {
		return plain
	}
	return hex.EncodeToString([]byte(s))
}

func setfattr(c *call) int {
	flags, names := options(c.args, "-n -v -x --name --value --remove")
	exit := 0
	for _, name := range names {
		p := c.at(name)
		if c.w.stat(p) == nil {
			exit = c.fail(1, "setfattr: %s: No such file or directory", name)
			continue
		}
		if key := first(flags, "-x", "--remove"); key != "" {
			c.w.setXattr(p, key, "")
			continue
		}
		c.w.setXattr(p, first(flags, "-n", "--name"), first(flags, "-v", "--value"))
	}
	return exit
}

// testCmd is test where the shell's own is not reached (xargs test ...): one unary or one binary operator.
func testCmd(c *call) int {
	args := c.args
	if c.name == "[" {
		args = slices.DeleteFunc(slices.Clone(args), func(s string) bool { return s == "]" })
	}
	negate := len(args) > 0 && args[0] == "!"
	if negate {
		args = args[1:]
	}
	if c.holds(args) != negate {
		return 0
	}
	return 1
}

func (c *call) holds(args []string) bool {
	switch len(args) {
	case 1:
		return args[0] != ""
	case 2:
		f := c.w.stat(c.at(args[1]))
		switch args[0] {
		case "-e", "-r", "-w":
			return f != nil
		case "-d":
			return f != nil && f.Dir
		case "-f":
			return f != nil && !f.Dir && f.Mode != deviceMode
		case "-b":
			return f != nil && f.Mode == deviceMode
		case "-s":
			return f != nil && f.Data != ""
		case "-n":
			return args[1] != ""
		case "-z":
			return args[1] == ""
		}
	case 3:
		switch args[1] {
		case "=", "==", "-eq":
			return args[0] == args[2]
		case "!=", "-ne":
			return args[0] != args[2]
		}
	}
	return false
}

// find is find DIR... [-maxdepth N] [-mindepth N] [-type d|f] [-name GLOB].
func find(c *call) int {
	var dirs []string
	at := 0
	for at < len(c.args) && !strings.HasPrefix(c.args[at], "-") {
		dirs = append(dirs, c.args[at])
		at++
	}
	want := map[string]string{}
	for ; at < len(c.args); at++ {
		switch key := c.args[at]; key {
		case "-maxdepth", "-mindepth", "-type", "-name":
			if at++; at < len(c.args) {
				want[key] = c.args[at]
			}
		case "-print", "-xdev":
		default:
			return c.fail(1, "find: unknown predicate '%s'", key)
		}
	}
	exit := 0
	for _, d := range dirs {
		if c.w.stat(c.at(d)) == nil {
			exit = c.fail(1, "find: '%s': No such file or directory", d)
			continue
		}
		c.findIn(d, 0, want)
	}
	return exit
}

func (c *call) findIn(name string, depth int, want map[string]string) {
	f := c.w.stat(c.at(name))
	if f == nil || want["-maxdepth"] != "" && depth > atoi(want["-maxdepth"]) {
		return
	}
	kind := "f"
	if f.Dir {
		kind = "d"
	}
	matches, _ := path.Match(want["-name"], path.Base(name))
	if (want["-type"] == "" || want["-type"] == kind) && (want["-name"] == "" || matches) && depth >= atoi(want["-mindepth"]) {
		c.printf("%s\n", name)
	}
	if f.Dir {
		for _, child := range c.w.children(c.at(name)) {
			c.findIn(path.Join(name, child), depth+1, want)
		}
	}
}

// df tells of mounts, all of them empty.
func df(c *call) int {
	_, names := options(c.args, "")
	c.printf("Filesystem 1K-blocks Used Available Use%% Mounted on\n")
	for _, name := range names {
		p := c.at(name)
		if c.w.stat(p) == nil {
			return c.fail(1, "df: %s: No such file or directory", name)
		}
		dev, dir, size := "/dev/vda1", "/", uint64(20<<20)
		if p.mount != nil {
			dev, dir = p.mount.Device, p.mount.Dir
			if d := c.w.device(c.host, dev); d != nil {
				size = d.sizeKiB()
			}
		}
		c.printf("%s %d 0 %d 0%% %s\n", dev, size, size, dir)
	}
	return 0
}
