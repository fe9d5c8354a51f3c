package sim

import (
	"regexp"
	"strings"
)

var (
	awkAppend = regexp.MustCompile(`^\s*BEGIN\s*\{\s*print\s+"((?:[^"\\]|\\.)*)"\s*(?:>>\s*"([^"]*)")?\s*;?\s*\}\s*$`)
	awkPrint  = regexp.MustCompile(`^\s*(?:/((?:[^/\\]|\\.)*)/|\$(\d+)\s*(==|!=|~)\s*(?:"([^"]*)"|/([^/]*)/))?\s*(?:\{\s*print\s*([^}]*?)\s*;?\s*\})?\s*$`)
)

// awk plays two forms: BEGIN {print "text" >> "file"} and [condition] {print $1,$2}. Anything else is a syntax error.
func awk(c *call) int {
	flags, operands := options(c.args, textFlags["awk"])
	if len(operands) == 0 {
		return c.fail(1, "usage: awk [-F fs][-v var=value][prog | -f progfile][file ...]")
	}
	if m := awkAppend.FindStringSubmatch(operands[0]); m != nil {
		return c.awkBegin(m[1], m[2])
	}
	m := awkPrint.FindStringSubmatch(operands[0])
	if m == nil || operands[0] == "" {
		return c.fail(2, "awk: syntax error at source line 1")
	}
	text, exit := c.read(operands[1:])
	split := strings.Fields
	if f := first(flags, "-F"); f != "" && f != " " {
		split = func(s string) []string { return strings.Split(s, f) }
	}
	for _, l := range lines(text) {
		fields := split(l)
		if hit, err := awkHit(m, l, fields); err != nil {
			return c.fail(2, "awk: syntax error in regular expression")
		} else if hit {
			c.printf("%s\n", awkFields(m[6], l, fields))
		}
	}
	return exit * 2
}

func (c *call) awkBegin(text, target string) int {
	text = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\n`, "\n", `\t`, "\t").Replace(text)
	if target == "" {
		c.printf("%s\n", text)
		return 0
	}
	if why := c.writable(target); why != "" {
		return c.fail(2, "awk: can't redirect to %s (%s)", target, why)
	}
	old := ""
	if f := c.w.stat(c.at(target)); f != nil {
		old = f.Data
	}
	c.w.write(c.at(target), old+text+"\n")
	return 0
}

func awkField(n int, line string, fields []string) string {
	switch {
	case n == 0:
		return line
	case n <= len(fields):
		return fields[n-1]
	}
	return ""
}

// awkHit judges the condition of a program that awkPrint took apart.
func awkHit(m []string, line string, fields []string) (bool, error) {
	if m[1] != "" {
		re, err := regexp.Compile(m[1])
		return err == nil && re.MatchString(line), err
	}
	value := awkField(atoi(m[2]), line, fields)
	switch m[3] {
	case "==":
		return value == m[4], nil
	case "!=":
		return value != m[4], nil
	case "~":
		re, err := regexp.Compile(m[4] + m[5])
		return err == nil && re.MatchString(value), err
	}
	return true, nil
}

func awkFields(list, line string, fields []string) string {
	if list == "" {
		return line
	}
	var out []string
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		switch {
		case item == "$NF":
			out = append(out, awkField(len(fields), line, fields))
		case strings.HasPrefix(item, "$"):
			out = append(out, awkField(atoi(item[1:]), line, fields))
		default:
			out = append(out, strings.Trim(item, `"`))
		}
	}
	return strings.Join(out, " ")
}
