package notice

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ordinary are the bytes of a text that stand for themselves.
var ordinary = func() (table [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// run is how many ordinary bytes come first.
func run(b []byte) int {
	for i, c := range b {
		if !ordinary[c] {
			return i
		}
	}
	return len(b)
}

// text takes the text that comes next.
func (s *scanner) text() value {
	s.pos++
	from, plain := s.pos, true
	for {
		s.pos += run(s.data[s.pos:])
		if s.pos >= len(s.data) {
			s.fail("a text does not end")
			return value{}
		}
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return value{raw: s.data[from : s.pos-1], kind: text, plain: plain}
		case c == '\\':
			plain = false
			s.escape()
		case c < ' ':
			s.fail("a control character in a text")
		default:
			plain = false
			s.pos++
		}
	}
}

func (s *scanner) escape() {
	if s.pos+1 >= len(s.data) {
		s.fail("a text does not end")
		return
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
	case 'u':
		if s.pos+6 > len(s.data) || hex(s.data[s.pos+2:s.pos+6]) < 0 {
			s.fail("a character is not written in four hexadecimal digits")
			return
		}
		s.pos += 6
	default:
		s.fail("an escape that is none")
	}
}

// hex is the number that four digits write; -1 if one is no digit.
func hex(digits []byte) rune {
	var r rune
	for _, c := range digits {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20-'a' <= 5:
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// string is the text itself, with a replacement character for all that is not Unicode.
func (v value) string() string {
	if v.plain {
		return string(v.raw)
	}
	return string(appendText(make([]byte, 0, len(v.raw)), v.raw))
}

// appendText appends a checked text without its escapes.
func appendText(to, raw []byte) []byte {
	for i := 0; i < len(raw); {
		n := run(raw[i:])
		to = append(to, raw[i:i+n]...)
		if i += n; i == len(raw) {
			break
		}
		switch c := raw[i]; {
		case c == '\\' && raw[i+1] == 'u':
			r := hex(raw[i+2 : i+6])
			i += 6
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if i+6 <= len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					pair = utf16.DecodeRune(r, hex(raw[i+2:i+6]))
				}
				if r = pair; pair != utf8.RuneError {
					i += 6
				}
			}
			to = utf8.AppendRune(to, r)
		case c == '\\':
			to = append(to, escapes[raw[i+1]])
			i += 2
		default:
			r, size := utf8.DecodeRune(raw[i:])
			to = utf8.AppendRune(to, r)
			i += size
		}
	}
	return to
}

// escapes are the characters that one letter after a backslash writes.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// quote appends a text as JSON.
func quote(to []byte, s string) []byte {
	const digits = "0123456789abcdef"
	to = append(to, '"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			to = append(to, '\\', byte(r))
		case r < ' ':
			to = append(to, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		default:
			to = utf8.AppendRune(to, r)
		}
	}
	return append(to, '"')
}
