package vmpooler

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// member is one key of an object.
type member struct {
	key   string
	value any
}

// object is a JSON object whose keys keep the order in which they were set, since clients and people read it so. Values are
// objects, arrays, []string, string, bool, int, float64 or nil.
type object []member

// array is a JSON array.
type array []any

// set adds a key, or gives one that is there another value, as Ruby's hashes do.
func (o *object) set(key string, value any) {
	for i := range *o {
		if (*o)[i].key == key {
			(*o)[i].value = value
			return
		}
	}
	*o = append(*o, member{key, value})
}

// get is the value of a key; false if there is no such key.
func (o object) get(key string) (any, bool) {
	for _, m := range o {
		if m.key == key {
			return m.value, true
		}
	}
	return nil, false
}

// pretty writes JSON as Ruby's JSON.pretty_generate did for as long as the old server was built on it: two spaces, no line end
// after the last bracket, and empty objects and arrays over several lines.
func pretty(v any) []byte { return appendValue(nil, v, 0) }

func appendValue(b []byte, v any, depth int) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case float64:
		return append(b, floatText(v)...)
	case string:
		return appendText(b, v)
	case object:
		return appendObject(b, v, depth)
	case array:
		return appendArray(b, v, depth, appendValue)
	case []string:
		return appendArray(b, v, depth, func(b []byte, s string, _ int) []byte { return appendText(b, s) })
	}
	panic(fmt.Sprintf("no JSON form for %T", v))
}

func appendObject(b []byte, o object, depth int) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendLine(b, depth+1)
		b = appendText(b, m.key)
		b = append(b, ": "...)
		b = appendValue(b, m.value, depth+1)
	}
	return append(appendLine(b, depth), '}')
}

func appendArray[T any](b []byte, all []T, depth int, one func([]byte, T, int) []byte) []byte {
	b = append(b, '[')
	if len(all) == 0 {
		b = append(b, '\n')
	}
	for i, v := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendLine(b, depth+1)
		b = one(b, v, depth+1)
	}
	return append(appendLine(b, depth), ']')
}

func appendLine(b []byte, depth int) []byte {
	b = append(b, '\n')
	for range depth {
		b = append(b, "  "...)
	}
	return b
}

// appendText escapes what JSON demands and nothing else.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for _, c := range s { // what is no UTF-8 comes as U+FFFD
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', byte(c))
		case c >= ' ':
			b = utf8.AppendRune(b, c)
		default:
			b = append(b, control(byte(c))...)
		}
	}
	return append(b, '"')
}

func control(c byte) string {
	switch c {
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	return fmt.Sprintf(`\u%04x`, c)
}
