package materialize

import (
	"regexp"
	"strings"
)

var (
	userinfo   = regexp.MustCompile(`(://[^/\s:@]*:)([^/\s"'<>]+|[^/\s@]+)@`)
	privateKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`)
	assignment = regexp.MustCompile(`(\\*["'])?([A-Za-z0-9_.-]+)(\\*["'])?[ \t]*([=:])`)
	lineLead   = regexp.MustCompile(`^[ \t#>-]*((export|set|declare)[ \t]+)?$`)
	mapLine    = regexp.MustCompile(`^(-[ \t]+)*["']?[A-Za-z0-9_.-]+["']?[ \t]*[:=]([ \t]|$)`)
	plainWord  = regexp.MustCompile(`^(true|false|null|~)\b`)
)

// longestLead bounds how far the beginning of a line is looked for.
const longestLead = 200

// maskText hides secrets within a text of whatever sort: name=value and "name": value anywhere, name: value where a line or a flow map
// has it, with what stands indented below; passwords in URLs; private keys. Each is handed to hidden. Where the end of a value cannot be
// told, the rest of its line is hidden.
func maskText(s string, hidden func(string)) string {
	if privateKey.MatchString(s) {
		hidden(s)
		return masked
	}
	if !strings.ContainsAny(s, "=:") {
		return s
	}
	for _, m := range userinfo.FindAllStringSubmatch(s, -1) {
		hidden(m[2])
	}
	t := textMask{text: userinfo.ReplaceAllString(s, "${1}"+masked+"@"), hidden: hidden}
	for m := t.next(); m != nil; m = t.next() {
		if a := t.assigned(m); fieldSecret(a.name) {
			t.value(a)
		}
	}
	t.out.WriteString(t.text[t.done:])
	return t.out.String()
}

// textMask goes through one text.
type textMask struct {
	text   string
	at     int // looked at until here
	done   int // written until here
	out    strings.Builder
	hidden func(string)
}

func (t *textMask) next() []int {
	m := assignment.FindStringSubmatchIndex(t.text[t.at:])
	for i := range m {
		if m[i] >= 0 {
			m[i] += t.at
		}
	}
	return m
}

// assigned is a name to which a text gives a value.
type assigned struct {
	name   string
	quote  string // before it, with what escapes it
	quoted bool   // it ends with one, too
	equals bool   // by = and not by :
	line   bool   // nothing is before it on its line
	flow   bool   // it is in braces, or begins a text in quotes
	indent int
}

func (t *textMask) assigned(m []int) assigned {
	a := assigned{name: t.text[m[4]:m[5]], quoted: m[6] >= 0, equals: t.text[m[8]] == '='}
	if m[2] >= 0 {
		a.quote = t.text[m[2]:m[3]]
	}
	if m[0] > 0 && a.quote == "" && t.text[m[0]-1] == '\\' {
		a.name = a.name[1:] // the letter of an escape
	}
	lead := t.text[max(0, m[0]-longestLead):m[0]]
	lead = lead[strings.LastIndexByte(lead, '\n')+1:]
	before := strings.TrimRight(lead, " \t")
	a.line = a.quote == "" && lineLead.MatchString(lead)
	a.flow = a.quote != "" || before != "" && strings.ContainsRune("{[(,", rune(before[len(before)-1]))
	a.indent = len(lead)
	t.at = m[1]
	return a
}

// value hides what is given to a secret's name.
func (t *textMask) value(a assigned) {
	blank := " \t"
	if a.quoted && !a.equals {
		blank = " \t\r\n" // JSON goes on behind a line break
	}
	rest := strings.TrimLeft(t.text[t.at:], blank)
	apart := len(rest) < len(t.text)-t.at || rest == "" || rest[0] == '\n' || rest[0] == '\r'
	if !a.equals && !a.quoted && (!apart || !a.line && !a.flow) {
		return // no property, but a word before a colon
	}
	from := len(t.text) - len(rest)
	bare := strings.TrimLeft(rest, `\`)
	switch {
	case !a.equals && plainWord.MatchString(rest):
	case strings.HasPrefix(bare, `"`), strings.HasPrefix(bare, "'"):
		t.hideQuoted(from, len(rest)-len(bare))
	case a.quote != "" && !a.quoted:
		t.hide(from, "\n"+a.quote[len(a.quote)-1:])
	case !a.equals && strings.HasPrefix(rest, "{"):
	case !a.equals && strings.HasPrefix(rest, "["):
		if !strings.HasPrefix(strings.TrimLeft(rest, "[ \t\r\n"), "{") {
			t.hide(from+1, "]\n")
		}
	case a.line && !a.equals && (rest == "" || strings.ContainsRune("|>\r\n", rune(rest[0]))):
		t.hideBelow(a.indent, rest != "" && (rest[0] == '|' || rest[0] == '>'))
	case a.line:
		t.hide(from, "\r\n")
	case a.equals:
		t.hide(from, " \t\r\n\"'&;,")
	default:
		t.hide(from, ",}]\r\n")
	}
}

// hide hides what stands from there to the first of these letters, or to the end.
func (t *textMask) hide(from int, ends string) {
	to := len(t.text)
	if n := strings.IndexAny(t.text[from:], ends); n >= 0 {
		to = from + n
	}
	t.put(from, to)
}

// hideQuoted hides what stands in quotes that so many backslashes escape, as in JSON within JSON. Without an end it hides the line.
func (t *textMask) hideQuoted(from, escapes int) {
	quote := t.text[from+escapes]
	from += escapes + 1
	run := 0
	for to := from; to < len(t.text) && t.text[to] != '\n'; to++ {
		switch c := t.text[to]; {
		case c == '\\':
			run++
			continue
		case c == quote && quote == '\'' && escapes == 0:
			if !strings.HasPrefix(t.text[to:], "''") {
				t.put(from, to)
				return
			}
			to++
		case c == quote && run%(2*escapes+2) == escapes:
			t.put(from, to-escapes)
			return
		}
		run = 0
	}
	t.hide(from, "\n")
}

// hideBelow hides the lines that are indented deeper: a block of text, or else what is no map.
func (t *textMask) hideBelow(indent int, block bool) {
	at := t.at
	for n := strings.IndexByte(t.text[at:], '\n'); n >= 0; n = strings.IndexByte(t.text[at:], '\n') {
		at += n + 1
		line, _, _ := strings.Cut(t.text[at:], "\n")
		content := strings.TrimSpace(line)
		deep := len(line) - len(strings.TrimLeft(line, " \t"))
		item := !block && strings.HasPrefix(content, "- ")
		switch {
		case content == "":
		case deep < indent, deep == indent && !item, !block && mapLine.MatchString(content):
			return
		case item:
			t.put(at+deep+2, at+len(line))
		default:
			t.put(at+deep, at+len(line))
		}
	}
}

func (t *textMask) put(from, to int) {
	if from < to {
		t.hidden(t.text[from:to])
		t.out.WriteString(t.text[t.done:from])
		t.out.WriteString(masked)
		t.done, t.at = to, to
	}
}
