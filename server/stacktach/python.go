package stacktach

import (
	"math"
	"strconv"
	"unicode/utf8"

	"yardmaster/store/events"
)

// value is a piece of JSON that prints itself as Python's json.dumps does: ASCII alone, a blank after every comma and colon, floats
// that show that they are floats.
type value interface {
	print(b []byte) []byte
}

type (
	str    string
	num    int64
	float  float64
	null   struct{}
	list   []value
	object []member
)

// member is one key of an object; objects keep the order of their keys.
type member struct {
	key   string
	value value
}

// maybe is a text, or null where there is none.
func maybe(t events.Text) value {
	if !t.OK {
		return null{}
	}
	return str(t.S)
}

// some is a text, or null if it is empty.
func some(s string) value {
	if s == "" {
		return null{}
	}
	return str(s)
}

// strs is a row of texts.
func strs(texts ...string) list {
	row := make(list, len(texts))
	for i, s := range texts {
		row[i] = str(s)
	}
	return row
}

func (n num) String() string { return strconv.FormatInt(int64(n), 10) }

func (null) print(b []byte) []byte    { return append(b, "null"...) }
func (n num) print(b []byte) []byte   { return strconv.AppendInt(b, int64(n), 10) }
func (s str) print(b []byte) []byte   { return appendASCII(b, string(s)) }
func (f float) print(b []byte) []byte { return appendFloat(b, float64(f)) }

func (l list) print(b []byte) []byte {
	b = append(b, '[')
	for i, v := range l {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = v.print(b)
	}
	return append(b, ']')
}

func (o object) print(b []byte) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendASCII(b, m.key), ": "...)
		b = m.value.print(b)
	}
	return append(b, '}')
}

// appendFloat prints the shortest text that reads back as f, never as an integer.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...) // JSON has no word for it
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	from := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	for _, c := range b[from:] {
		if c == '.' {
			return b
		}
	}
	return append(b, ".0"...)
}

const hexDigits = "0123456789abcdef"

// appendASCII quotes s; what is no UTF-8 comes out as the replacement character.
func appendASCII(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			b = appendByte(b, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if r >= 0x10000 {
			r -= 0x10000
			b = appendUnit(b, 0xd800+r>>10)
			r = 0xdc00 + r&0x3ff
		}
		b = appendUnit(b, r)
	}
	return append(b, '"')
}

func appendByte(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	}
	if c < ' ' || c > '~' {
		return appendUnit(b, rune(c))
	}
	return append(b, c)
}

func appendUnit(b []byte, u rune) []byte {
	return append(b, '\\', 'u', hexDigits[u>>12&15], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}
