package vmpooler

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Clients compare and parse what the old server printed, so values are written here as Ruby writes them.

// floatText is Float#to_s: never without a decimal point, in scientific form from 1e16 on and below 1e-4, and in a word where a
// number is too large for a float.
func floatText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if a := math.Abs(f); a != 0 && (a >= 1e16 || a < 1e-4) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		return mantissa + "e" + exponent
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// round is Float#round to so many places.
func round(f float64, places int) float64 {
	scale := math.Pow10(places)
	return math.Round(f*scale) / scale
}

// hours is how many of them a duration has, to two places.
func hours(d time.Duration) float64 { return round(d.Hours(), 2) }

// stamp is Time#to_s.
func (a *API) stamp(t time.Time) string { return t.In(a.zone).Format("2006-01-02 15:04:05 -0700") }

// rfc3339 is DateTime#rfc3339, which has no Z.
func (a *API) rfc3339(t time.Time) string { return t.In(a.zone).Format("2006-01-02T15:04:05-07:00") }

// toI is to_i of a value that came as JSON; false for what has no such method.
func toI(v any) (int, bool) {
	switch v := v.(type) {
	case nil:
		return 0, true
	case string:
		return leadingInt(v), true
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 0); err == nil {
			return int(n), true
		}
		f, _ := v.Float64()
		return clampInt(f), true
	}
	return 0, false
}

// clampInt cuts the fraction off, and what no int can hold down to what it can.
func clampInt(f float64) int {
	switch {
	case math.IsNaN(f):
		return 0
	case f >= math.MaxInt:
		return math.MaxInt
	case f <= math.MinInt:
		return math.MinInt
	}
	return int(f)
}

// leadingInt is String#to_i: the number that a text begins with, or 0.
func leadingInt(s string) int {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	end := 0
	if end < len(s) && (s[end] == '-' || s[end] == '+') {
		end++
	}
	start := end
	for end < len(s) && (isDigit(s[end]) || s[end] == '_' && end > start && s[end-1] != '_') {
		end++
	}
	n, _ := strconv.ParseInt(strings.ReplaceAll(s[:end], "_", ""), 10, 0) // out of range it is the nearest, without digits 0
	return int(n)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// toS is how a value reads when Ruby puts it into a text.
func toS(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return inspect(v)
}

// inspect is Object#inspect.
func inspect(v any) string {
	var b strings.Builder
	writeInspect(&b, v)
	return b.String()
}

func writeInspect(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("nil")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case json.Number:
		b.WriteString(numberText(v))
	case string:
		writeQuoted(b, v)
	case array:
		b.WriteByte('[')
		for i, e := range v {
			separate(b, i)
			writeInspect(b, e)
		}
		b.WriteByte(']')
	case object:
		b.WriteByte('{')
		for i, m := range v {
			separate(b, i)
			writeQuoted(b, m.key)
			b.WriteString("=>")
			writeInspect(b, m.value)
		}
		b.WriteByte('}')
	}
}

func separate(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

func numberText(n json.Number) string {
	if !strings.ContainsAny(n.String(), ".eE") {
		return n.String()
	}
	f, _ := n.Float64()
	return floatText(f)
}

var rubyEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\v': `\v`, '\b': `\b`, '\a': `\a`,
	0x1b: `\e`, 0x7f: `\x7F`}

func writeQuoted(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i, c := range s {
		escaped, special := rubyEscapes[c]
		switch {
		case special:
			b.WriteString(escaped)
		case c == '#' && i+1 < len(s) && strings.IndexByte("{$@", s[i+1]) >= 0:
			b.WriteString(`\#`)
		case unicode.IsPrint(c):
			b.WriteRune(c)
		case c > 0xffff:
			fmt.Fprintf(b, `\u{%X}`, c)
		default:
			fmt.Fprintf(b, `\u%04X`, c)
		}
	}
	b.WriteByte('"')
}
