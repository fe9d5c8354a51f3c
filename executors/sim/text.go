package sim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

func atoi(s string) int {
	n, _ := strconv.Atoi(strings.TrimSpace(s))
	return n
}

// read gives the content of the named files, or standard input without any. A file that cannot be read is told.
func (c *call) read(names []string) (text string, exit int) {
	if len(names) == 0 {
		return c.in, 0
	}
	var all strings.Builder
	for _, name := range names {
		if name == "-" {
			all.WriteString(c.in)
			continue
		}
		f := c.w.stat(c.at(name))
		switch {
		case f == nil:
			exit = c.fail(1, "%s: %s: No such file or directory", c.name, name)
		case f.Dir:
			exit = c.fail(1, "%s: %s: Is a directory", c.name, name)
		case all.Len()+len(f.Data) <= maxFile:
			all.WriteString(f.Data)
		}
	}
	return all.String(), exit
}

// lines splits text without the newlines.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func cat(c *call) int {
	_, names := options(c.args, "")
	text, exit := c.read(names)
	c.out.WriteString(text)
	return exit
}

func tee(c *call) int {
	flags, names := options(c.args, "")
	c.out.WriteString(c.in)
	exit := 0
	for _, name := range names {
		if why := c.writable(name); why != "" {
			exit = c.fail(1, "tee: %s: %s", name, why)
			continue
		}
		text := c.in
		if f := c.w.stat(c.at(name)); f != nil && has(flags, "-a", "--append") {
			text = f.Data + text
		}
		if len(text) <= maxFile && c.abs(name) != "/dev/null" {
			c.w.write(c.at(name), text)
		}
	}
	return exit
}

func head(c *call) int {
	return ends(c, func(all []string, n int) []string { return all[:min(n, len(all))] })
}
func tail(c *call) int {
	return ends(c, func(all []string, n int) []string { return all[max(0, len(all)-n):] })
}

func ends(c *call, pick func([]string, int) []string) int {
	args := slices.Clone(c.args)
	for i, a := range args { // head -1
		if len(a) > 1 && a[0] == '-' && a[1] >= '0' && a[1] <= '9' {
			args[i] = "-n" + a[1:]
		}
	}
	flags, names := options(args, textFlags["head"])
	text, exit := c.read(names)
	n := 10
	if s := first(flags, "-n", "--lines"); s != "" {
		n = max(0, atoi(strings.TrimPrefix(s, "-")))
	}
	if s := first(flags, "-c"); s != "" {
		c.out.WriteString(text[:min(max(0, atoi(s)), len(text))])
		return exit
	}
	for _, l := range pick(lines(text), n) {
		c.printf("%s\n", l)
	}
	return exit
}

func cut(c *call) int {
	flags, names := options(c.args, textFlags["cut"])
	text, exit := c.read(names)
	delim := first(flags, "-d", "--delimiter")
	if delim == "" {
		delim = "\t"
	}
	fields := first(flags, "-f", "--fields")
	for _, l := range lines(text) {
		switch {
		case fields == "":
			c.printf("%s\n", strings.Join(selected(strings.Split(l, ""), first(flags, "-c", "-b")), ""))
		case !strings.Contains(l, delim):
			if !has(flags, "-s") {
				c.printf("%s\n", l)
			}
		default:
			c.printf("%s\n", strings.Join(selected(strings.Split(l, delim), fields), delim))
		}
	}
	return exit
}

// selected picks items by a list such as 1,3-5,7-.
func selected(items []string, list string) []string {
	var out []string
	for i, item := range items {
		for r := range strings.SplitSeq(list, ",") {
			from, to, isRange := strings.Cut(r, "-")
			lo, hi := atoi(from), atoi(to)
			if !isRange {
				hi = lo
			} else if to == "" {
				hi = len(items)
			}
			if i+1 >= lo && i+1 <= hi {
				out = append(out, item)
				break
			}
		}
	}
	return out
}

func tr(c *call) int {
	flags, sets := options(c.args, "")
	if len(sets) == 0 {
		return c.fail(1, "tr: missing operand")
	}
	from := trSet(sets[0])
	to := ""
	if len(sets) > 1 {
		to = trSet(sets[1])
	}
	last := rune(-1)
	for _, r := range c.in {
		at := strings.IndexRune(from, r)
		switch {
		case at >= 0 && has(flags, "-d"):
			continue
		case at >= 0 && to != "":
			r = rune(to[min(at, len(to)-1)])
		}
		if has(flags, "-s") && r == last && strings.ContainsRune(cmp.Or(to, from), r) {
			continue
		}
		last = r
		c.out.WriteRune(r)
	}
	return 0
}

func trSet(s string) string {
	s = strings.NewReplacer(`\n`, "\n", `\t`, "\t", "[:space:]", " \t\n\r", "[:upper:]", "A-Z", "[:lower:]", "a-z", "[:digit:]", "0-9").Replace(s)
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) && s[i+1] == '-' && s[i] <= s[i+2] {
			for b := int(s[i]); b <= int(s[i+2]); b++ {
				out.WriteByte(byte(b))
			}
			i += 2
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

func sortCmd(c *call) int {
	flags, names := options(c.args, textFlags["sort"])
	text, exit := c.read(names)
	all := lines(text)
	slices.SortStableFunc(all, func(a, b string) int {
		if has(flags, "-n") {
			if d := cmp.Compare(atoi(a), atoi(b)); d != 0 {
				return d
			}
		}
		return cmp.Compare(a, b)
	})
	if has(flags, "-r") {
		slices.Reverse(all)
	}
	if has(flags, "-u") {
		all = slices.Compact(all)
	}
	for _, l := range all {
		c.printf("%s\n", l)
	}
	return exit
}

func uniq(c *call) int {
	_, names := options(c.args, "")
	text, exit := c.read(names)
	for _, l := range slices.Compact(lines(text)) {
		c.printf("%s\n", l)
	}
	return exit
}

func wc(c *call) int {
	flags, names := options(c.args, "")
	text, exit := c.read(names)
	switch {
	case has(flags, "-l"):
		c.printf("%d\n", strings.Count(text, "\n"))
	case has(flags, "-c"):
		c.printf("%d\n", len(text))
	case has(flags, "-w"):
		c.printf("%d\n", len(strings.Fields(text)))
	default:
		c.printf("%d %d %d\n", strings.Count(text, "\n"), len(strings.Fields(text)), len(text))
	}
	return exit
}

func rev(c *call) int {
	_, names := options(c.args, "")
	text, exit := c.read(names)
	for _, l := range lines(text) {
		r := []rune(l)
		slices.Reverse(r)
		c.printf("%s\n", string(r))
	}
	return exit
}
