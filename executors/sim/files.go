package sim

import (
	"path"
	"strconv"
	"strings"
)

func mkdir(c *call) int {
	flags, dirs := options(c.args, "-m --mode")
	exit := 0
	for _, name := range dirs {
		full := c.abs(name)
		if has(flags, "-p", "--parents") {
			if obstacle := c.w.mkdirAll(c.host, full); obstacle != "" {
				exit = c.fail(1, "mkdir: cannot create directory '%s': Not a directory", name)
			}
			continue
		}
		parent := c.w.stat(c.at(path.Dir(full)))
		switch {
		case c.w.stat(c.at(full)) != nil:
			exit = c.fail(1, "mkdir: cannot create directory '%s': File exists", name)
		case parent == nil:
			exit = c.fail(1, "mkdir: cannot create directory '%s': No such file or directory", name)
		case !parent.Dir:
			exit = c.fail(1, "mkdir: cannot create directory '%s': Not a directory", name)
		default:
			c.w.mkdir(c.at(full))
		}
	}
	return exit
}

// removal says why a directory cannot be removed, or "".
func (c *call) removal(full string) string {
	p := c.at(full)
	f := c.w.stat(p)
	switch {
	case f == nil:
		return "No such file or directory"
	case !f.Dir:
		return "Not a directory"
	case c.w.mounts.get(c.host, full) != nil || p.rel == "/":
		return "Device or resource busy"
	case len(c.w.children(p)) > 0:
		return "Directory not empty"
	}
	return ""
}

func rmdir(c *call) int {
	flags, dirs := options(c.args, "")
	exit := 0
	for _, name := range dirs {
		why := c.removal(c.abs(name))
		switch {
		case why == "":
			c.w.files.del(c.at(name).fsid, c.at(name).rel)
		case why == "Directory not empty" && has(flags, "--ignore-fail-on-non-empty"):
		default:
			exit = c.fail(1, "rmdir: failed to remove '%s': %s", name, why)
		}
	}
	return exit
}

func rm(c *call) int {
	flags, names := options(c.args, "")
	exit := 0
	for _, name := range names {
		full := c.abs(name)
		p := c.at(full)
		f := c.w.stat(p)
		switch {
		case f == nil && has(flags, "-f", "--force"):
		case f == nil:
			exit = c.fail(1, "rm: cannot remove '%s': No such file or directory", name)
		case f.Dir && has(flags, "-d", "--dir") && c.removal(full) == "":
			c.w.files.del(p.fsid, p.rel)
		case f.Dir && !has(flags, "-r", "-R", "--recursive"):
			exit = c.fail(1, "rm: cannot remove '%s': Is a directory", name)
		case f.Dir && c.mountsBelow(full) != "":
			exit = c.fail(1, "rm: cannot remove '%s': Device or resource busy", c.mountsBelow(full))
		default:
			c.w.removeTree(p)
		}
	}
	return exit
}

// mountsBelow gives a mount point at or below a directory.
func (c *call) mountsBelow(dir string) string {
	for m := range c.w.mounts.groups[c.host] {
		if m == dir || strings.HasPrefix(m, strings.TrimSuffix(dir, "/")+"/") {
			return m
		}
	}
	return ""
}

func ls(c *call) int {
	flags, names := options(c.args, "")
	if len(names) == 0 {
		names = []string{"."}
	}
	exit := 0
	for _, name := range names {
		p := c.at(name)
		f := c.w.stat(p)
		switch {
		case f == nil:
			exit = c.fail(2, "ls: cannot access '%s': No such file or directory", name)
		case !f.Dir || has(flags, "-d"):
			c.printf("%s\n", name)
		default:
			if len(names) > 1 {
				c.printf("%s:\n", name)
			}
			for _, child := range c.w.children(p) {
				if !strings.HasPrefix(child, ".") || has(flags, "-a", "-A") {
					c.printf("%s\n", child)
				}
			}
		}
	}
	return exit
}

func touch(c *call) int {
	_, names := options(c.args, "-d -t -r")
	exit := 0
	for _, name := range names {
		if c.w.stat(c.at(name)) != nil {
			continue
		}
		if why := c.writable(name); why != "" {
			exit = c.fail(1, "touch: cannot touch '%s': %s", name, why)
			continue
		}
		c.w.write(c.at(name), "")
	}
	return exit
}

// writable says why a file cannot be written, or "".
func (c *call) writable(name string) string {
	full := c.abs(name)
	if f := c.w.stat(c.at(full)); f != nil && f.Dir {
		return "Is a directory"
	}
	if parent := c.w.stat(c.at(path.Dir(full))); parent == nil || !parent.Dir {
		return "No such file or directory"
	}
	return ""
}

// change applies fn to a copy of a file and puts it.
func (c *call) change(name string, fn func(*file)) bool {
	p := c.at(name)
	f := c.w.stat(p)
	if f == nil {
		return false
	}
	twin := *f
	fn(&twin)
	c.w.files.put(p.fsid, p.rel, &twin)
	return true
}

func chmod(c *call) int {
	_, operands := options(c.args, "")
	if len(operands) < 2 {
		return c.fail(1, "chmod: missing operand")
	}
	mode, err := strconv.ParseUint(operands[0], 8, 12)
	if err != nil && !strings.ContainsAny(operands[0], "+-=") {
		return c.fail(1, "chmod: invalid mode: '%s'", operands[0])
	}
	exit := 0
	for _, name := range operands[1:] {
		done := c.change(name, func(f *file) {
			if err == nil {
				f.Mode = uint32(mode)
			}
		})
		if !done {
			exit = c.fail(1, "chmod: cannot access '%s': No such file or directory", name)
		}
	}
	return exit
}

func chown(c *call) int {
	_, operands := options(c.args, "")
	if len(operands) < 2 {
		return c.fail(1, "%s: missing operand", c.name)
	}
	owner, group, both := strings.Cut(operands[0], ":")
	if c.name == "chgrp" {
		owner, group, both = "", operands[0], true
	}
	exit := 0
	for _, name := range operands[1:] {
		done := c.change(name, func(f *file) {
			if owner != "" {
				f.Owner = owner
			}
			if both {
				f.Group = group
			}
		})
		if !done {
			exit = c.fail(1, "%s: cannot access '%s': No such file or directory", c.name, name)
		}
	}
	return exit
}

func statCmd(c *call) int {
	flags, names := options(c.args, "-c --format --printf")
	format, exit := first(flags, "-c", "--format", "--printf"), 0
	for _, name := range names {
		f := c.w.stat(c.at(name))
		if f == nil {
			exit = c.fail(1, "stat: cannot statx '%s': No such file or directory", name)
			continue
		}
		if format == "" {
			c.printf("  File: %s\n  Size: %d\n", name, len(f.Data))
			continue
		}
		c.printf("%s\n", c.statFormat(format, name, f))
	}
	return exit
}

func (c *call) statFormat(format, name string, f *file) string {
	orRoot := func(s, root string) string {
		if s == "" {
			return root
		}
		return s
	}
	kind := "regular file"
	switch {
	case f.Dir:
		kind = "directory"
	case f.Mode == deviceMode:
		kind = "block special file"
	}
	fs := "ext4"
	if m := c.at(name).mount; m != nil {
		fs = m.FS
	}
	return strings.NewReplacer("%n", name, "%s", strconv.Itoa(len(f.Data)), "%a", strconv.FormatUint(uint64(f.Mode&0o7777), 8), "%F", kind, "%T", fs,
		"%U", orRoot(f.Owner, "root"), "%G", orRoot(f.Group, "root"), "%u", orRoot(f.Owner, "0"), "%g", orRoot(f.Group, "0"), "%d", c.at(name).fsid).Replace(format)
}
