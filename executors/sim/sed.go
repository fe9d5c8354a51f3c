package sim

import (
	"fmt"
	"regexp"
	"strings"
)

// edit is one sed command: an address and d, p or s.
type edit struct {
	match  matcher // nil: every line
	line   int     // a line's number, 0 when there is none
	negate bool
	op     byte
	re     *regexp.Regexp
	with   string
	global bool
}

// sed knows [-n] [-E] [-i[SUFFIX]] [-e] with /re/d, \,re,d, Nd, /re/!d, /re/p, s/re/with/[g], joined by ";".
func sed(c *call) int {
	inPlace, suffix := false, ""
	var args []string
	for _, a := range c.args {
		if s, ok := strings.CutPrefix(a, "-i"); ok {
			inPlace, suffix = true, s
			continue
		}
		if s, ok := strings.CutPrefix(a, "--in-place"); ok {
			inPlace, suffix = true, strings.TrimPrefix(s, "=")
			continue
		}
		args = append(args, a)
	}
	flags, operands := options(args, textFlags["sed"])
	script := first(flags, "-e", "--expression")
	if script == "" {
		if len(operands) == 0 {
			return c.fail(1, "Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...")
		}
		script, operands = operands[0], operands[1:]
	}
	edits, err := parseSed(script, has(flags, "-E", "-r"))
	if err != nil {
		return c.fail(1, "sed: -e expression #1, char %d: %v", len(script), err)
	}
	if !inPlace {
		text, exit := c.read(operands)
		c.out.WriteString(applySed(edits, text, has(flags, "-n")))
		return exit * 2
	}
	return c.sedInPlace(operands, edits, suffix, has(flags, "-n"))
}

func (c *call) sedInPlace(names []string, edits []edit, suffix string, quiet bool) int {
	exit := 0
	for _, name := range names {
		f := c.w.stat(c.at(name))
		if f == nil || f.Dir {
			exit = c.fail(2, "sed: can't read %s: No such file or directory", name)
			continue
		}
		old := f.Data
		if suffix != "" {
			c.w.write(c.at(name+suffix), old)
		}
		if text := applySed(edits, old, quiet); text != old {
			c.w.write(c.at(name), text)
		}
	}
	return exit
}

func parseSed(script string, extended bool) ([]edit, error) {
	var edits []edit
	for script = strings.TrimLeft(script, "; \t\n"); script != ""; script = strings.TrimLeft(script, "; \t\n") {
		e, rest, err := parseEdit(script, extended)
		if err != nil {
			return nil, err
		}
		edits = append(edits, e)
		script = rest
	}
	return edits, nil
}

func parseEdit(s string, extended bool) (e edit, rest string, err error) {
	switch {
	case s[0] == '/' || s[0] == '\\' && len(s) > 1:
		delim := byte('/')
		if s[0] == '\\' {
			delim, s = s[1], s[1:]
		}
		pattern, after, ok := untilDelim(s[1:], delim)
		if !ok {
			return e, "", fmt.Errorf("unterminated address regex")
		}
		if e.match, _, err = compile(pattern, extended, false); err != nil {
			return e, "", err
		}
		s = after
	case s[0] >= '0' && s[0] <= '9':
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		e.line, s = atoi(s[:n]), s[n:]
	}
	s = strings.TrimLeft(s, " ")
	if strings.HasPrefix(s, "!") {
		e.negate, s = true, s[1:]
	}
	if s == "" {
		return e, "", fmt.Errorf("missing command")
	}
	e.op, s = s[0], s[1:]
	switch e.op {
	case 'd', 'p':
		return e, s, nil
	case 's':
		return parseSubstitute(e, s, extended)
	}
	return e, "", fmt.Errorf("unknown command: `%c'", e.op)
}

func parseSubstitute(e edit, s string, extended bool) (edit, string, error) {
	if s == "" {
		return e, "", fmt.Errorf("unterminated `s' command")
	}
	delim := s[0]
	pattern, after, ok1 := untilDelim(s[1:], delim)
	with, after, ok2 := untilDelim(after, delim)
	if !ok1 || !ok2 {
		return e, "", fmt.Errorf("unterminated `s' command")
	}
	if !extended {
		pattern = basic(pattern)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return e, "", err
	}
	with = strings.ReplaceAll(with, "$", "$$")
	e.re, e.with = re, backReference.ReplaceAllString(strings.ReplaceAll(with, "&", "${0}"), "$${$1}")
	if strings.HasPrefix(after, "g") {
		e.global, after = true, after[1:]
	}
	return e, after, nil
}

var backReference = regexp.MustCompile(`\\([0-9])`)

// untilDelim cuts at the delimiter; one behind a backslash is part of the text.
func untilDelim(s string, delim byte) (text, rest string, ok bool) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == delim:
			i++
			out.WriteByte(delim)
		case s[i] == '\\' && i+1 < len(s):
			out.WriteString(s[i : i+2])
			i++
		case s[i] == delim:
			return out.String(), s[i+1:], true
		default:
			out.WriteByte(s[i])
		}
	}
	return "", "", false
}

func applySed(edits []edit, text string, quiet bool) string {
	var out strings.Builder
	out.Grow(len(text))
	for n, l := range lines(text) {
		if l, kept := editLine(edits, l, n+1, &out); kept && !quiet {
			out.WriteString(l)
			out.WriteByte('\n')
		}
	}
	return out.String()
}

func editLine(edits []edit, l string, n int, out *strings.Builder) (string, bool) {
	for _, e := range edits {
		hit := (e.match == nil || e.match(l)) && (e.line == 0 || e.line == n)
		if hit == e.negate {
			continue
		}
		switch e.op {
		case 'd':
			return "", false
		case 'p':
			out.WriteString(l + "\n")
		case 's':
			l = substitute(e, l)
		}
	}
	return l, true
}

func substitute(e edit, l string) string {
	if e.global {
		return e.re.ReplaceAllString(l, e.with)
	}
	at := e.re.FindStringSubmatchIndex(l)
	if at == nil {
		return l
	}
	return string(e.re.ExpandString([]byte(l[:at[0]]), e.with, l, at)) + l[at[1]:]
}
