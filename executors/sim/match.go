package sim

import (
	"regexp"
	"strings"
)

// matcher tells whether a line holds a pattern.
type matcher func(line string) bool

// basic turns a basic regular expression into Go's syntax: \( \) \{ \} \+ \? \| are operators and the plain ones are not.
func basic(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == '\\' && i+1 < len(s):
			i++
			switch s[i] {
			case '(', ')', '{', '}', '+', '?', '|':
				out.WriteByte(s[i])
			case '<', '>':
				out.WriteString(`\b`)
			default:
				out.WriteByte('\\')
				out.WriteByte(s[i])
			}
		case strings.IndexByte("(){}+?|", b) >= 0:
			out.WriteByte('\\')
			out.WriteByte(b)
		case b == '[':
			end := bracketEnd(s, i)
			out.WriteString(s[i:end])
			i = end - 1
		case b == '*' && i == 0, b == '*' && i == 1 && s[0] == '^':
			out.WriteString(`\*`)
		default:
			out.WriteByte(b)
		}
	}
	return out.String()
}

// bracketEnd gives the index behind a bracket expression that begins at i.
func bracketEnd(s string, i int) int {
	j := i + 1
	if j < len(s) && s[j] == '^' {
		j++
	}
	if j < len(s) && s[j] == ']' {
		j++
	}
	for j < len(s) && s[j] != ']' {
		if strings.HasPrefix(s[j:], "[:") {
			if at := strings.Index(s[j:], ":]"); at > 0 {
				j += at + 1
			}
		}
		j++
	}
	return min(j+1, len(s))
}

// compile makes a matcher of a pattern. Plain text needs no regular expression, which is what fstab lines are found by.
func compile(pattern string, extended, fold bool) (matcher, *regexp.Regexp, error) {
	if !fold && !strings.ContainsAny(pattern, `\.[]*^$(){}+?|`) {
		return func(l string) bool { return strings.Contains(l, pattern) }, nil, nil
	}
	if rest, anchored := strings.CutPrefix(pattern, "^"); anchored && !fold && !strings.ContainsAny(rest, `\.[]*^$(){}+?|`) {
		return func(l string) bool { return strings.HasPrefix(l, rest) }, nil, nil
	}
	if !extended {
		pattern = basic(pattern)
	}
	if fold {
		pattern = "(?i)" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, nil, err
	}
	return re.MatchString, re, nil
}

// literal makes a matcher of one or more lines of plain text.
func literal(pattern string, whole, fold bool) matcher {
	wants := strings.Split(pattern, "\n")
	return func(l string) bool {
		for _, want := range wants {
			if fold {
				l, want = strings.ToLower(l), strings.ToLower(want)
			}
			if whole && l == want || !whole && strings.Contains(l, want) {
				return true
			}
		}
		return false
	}
}

// grep knows -q -s -c -v -i -l -o -n -E -F -x -w -m -a -h and -e.
func grep(c *call) int {
	flags, operands := options(c.args, textFlags["grep"])
	pattern, given := first(flags, "-e", "--regexp"), has(flags, "-e", "--regexp")
	if !given {
		if len(operands) == 0 {
			return c.fail(2, "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.")
		}
		pattern, operands = operands[0], operands[1:]
	}
	match, re, err := c.grepMatcher(flags, pattern)
	if err != nil {
		return c.fail(2, "grep: Invalid regular expression")
	}
	before := c.err.Len()
	text, readExit := c.read(operands)
	if has(flags, "-s", "--no-messages") {
		c.err.Truncate(before)
	}
	found := c.grepLines(flags, text, match, re)
	switch {
	case found > 0 && (readExit == 0 || has(flags, "-q", "--quiet")):
		return 0
	case readExit != 0:
		return 2
	}
	return 1
}

func (c *call) grepMatcher(flags map[string]string, pattern string) (matcher, *regexp.Regexp, error) {
	fold := has(flags, "-i", "--ignore-case")
	if has(flags, "-F", "--fixed-strings") || c.name == "fgrep" {
		return literal(pattern, has(flags, "-x", "--line-regexp"), fold), nil, nil
	}
	extended := has(flags, "-E", "--extended-regexp", "-P") || c.name == "egrep"
	if has(flags, "-x", "--line-regexp") || has(flags, "-w", "--word-regexp") || has(flags, "-o") {
		if !extended {
			pattern = basic(pattern)
		}
		switch {
		case has(flags, "-x", "--line-regexp"):
			pattern = "^(?:" + pattern + ")$"
		case has(flags, "-w", "--word-regexp"):
			pattern = `(?:^|\W)(?:` + pattern + `)(?:$|\W)`
		}
		if fold {
			pattern = "(?i)" + pattern
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, nil, err
		}
		return re.MatchString, re, nil
	}
	return compile(pattern, extended, fold)
}

func (c *call) grepLines(flags map[string]string, text string, match matcher, re *regexp.Regexp) (found int) {
	quiet, limit := has(flags, "-q", "--quiet", "-c", "--count", "-l"), atoi(first(flags, "-m"))
	for n, l := range lines(text) {
		if match(l) == has(flags, "-v", "--invert-match") {
			continue
		}
		found++
		switch {
		case quiet:
		case has(flags, "-o") && re != nil:
			for _, m := range re.FindAllString(l, -1) {
				c.printf("%s\n", m)
			}
		case has(flags, "-n"):
			c.printf("%d:%s\n", n+1, l)
		default:
			c.printf("%s\n", l)
		}
		if limit > 0 && found == limit {
			break
		}
	}
	switch {
	case has(flags, "-c", "--count"):
		c.printf("%d\n", found)
	case has(flags, "-l") && found > 0:
		_, operands := options(c.args, textFlags["grep"])
		c.printf("%s\n", operands[len(operands)-1])
	}
	return found
}
