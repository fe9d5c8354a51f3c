package expand

import (
	"regexp"
	"slices"
	"strings"
)

// section is one [name] of a storage-schemas.conf, storage-aggregation.conf or index-rules.conf.
type section struct {
	name    string
	line    int
	options map[string]option
}

type option struct {
	value string
	line  int
}

const (
	mostSections = 1000
	mostLine     = 8192
)

// conf is one such text, which faults are told of.
type conf struct {
	field  string
	faults *faults
}

func (c conf) fault(line int, reason string, args ...any) {
	c.faults.at(c.field, line, reason, args...)
}

// sections reads a text. Options must be among the known ones.
func (c conf) sections(text string, known ...string) []section {
	var all []section
	names := map[string]int{}
	n := 0
	for l := range strings.Lines(text) {
		n++
		if len(l) > mostLine {
			c.fault(n, "is longer than %d bytes", mostLine)
			continue
		}
		l = strings.TrimSpace(l)
		switch {
		case l == "" || l[0] == '#' || l[0] == ';':
		case l[0] == '[':
			s := c.header(l, n, names)
			if len(all) == mostSections {
				c.fault(n, "is the beginning of more than %d sections", mostSections)
				return all
			}
			all = append(all, s)
		case len(all) == 0:
			c.fault(n, "stands before the first [section]")
		default:
			c.option(&all[len(all)-1], l, n, known)
		}
	}
	if len(all) == 0 {
		c.fault(0, "needs at least one [section]")
	}
	return all
}

func (c conf) header(l string, n int, names map[string]int) section {
	s := section{line: n, options: map[string]option{}}
	if !strings.HasSuffix(l, "]") || strings.Count(l, "[") != 1 || strings.Count(l, "]") != 1 {
		c.fault(n, "%s is no [section]", quoted(l))
		return s
	}
	s.name = strings.TrimSpace(l[1 : len(l)-1])
	switch first, twice := names[s.name]; {
	case s.name == "" || s.name[0] == '#':
		c.fault(n, "the section has no name")
	case twice:
		c.fault(n, "section %s is there twice, first in line %d", quoted(s.name), first)
	default:
		names[s.name] = n
	}
	return s
}

func (c conf) option(s *section, l string, n int, known []string) {
	name, value, ok := strings.Cut(l, "=")
	name = strings.TrimSpace(name)
	switch _, twice := s.options[name]; {
	case !ok:
		c.fault(n, "%s is no option = value", quoted(l))
	case !slices.Contains(known, name):
		c.fault(n, "option %s is none of %s", quoted(name), strings.Join(known, ", "))
	case twice:
		c.fault(n, "option %s is there twice", name)
	default:
		s.options[name] = option{value: strings.TrimSpace(value), line: n}
	}
}

// need is an option that must be there, if empty then only where an empty one may be.
func (c conf) need(s section, name string, empty bool) (option, bool) {
	o, ok := s.options[name]
	switch {
	case !ok:
		c.fault(s.line, "section %s has no %s", quoted(s.name), name)
	case o.value == "" && !empty:
		c.fault(o.line, "%s is empty", name)
		ok = false
	}
	return o, ok
}

func (c conf) pattern(s section, empty bool) {
	o, ok := c.need(s, "pattern", empty)
	if !ok {
		return
	}
	if _, err := regexp.Compile(o.value); err != nil {
		c.fault(o.line, "pattern %s is no regular expression: %s", quoted(o.value), regexpReason(err))
	}
}

func regexpReason(err error) string {
	_, reason, _ := strings.Cut(err.Error(), "error parsing regexp: ")
	return strings.Trim(quoted(reason), `"`)
}
