package openstack

import (
	"encoding/json"
	"strconv"
	"time"
)

// document is JSON that is being written, spaced as Python does. Fields come in the order in which they are written.
type document struct{ b []byte }

func (d *document) comma() {
	if n := len(d.b); n > 0 && d.b[n-1] != '{' && d.b[n-1] != '[' {
		d.b = append(d.b, ", "...)
	}
}

func (d *document) name(k string) {
	d.comma()
	d.b = append(append(append(d.b, '"'), k...), `": `...)
}

func (d *document) text(k, v string) {
	d.name(k)
	d.b = appendText(d.b, v)
}

// textOrNull writes null for the empty text.
func (d *document) textOrNull(k, v string) {
	if v == "" {
		d.raw(k, "null")
		return
	}
	d.text(k, v)
}

func (d *document) number(k string, n int64) {
	d.name(k)
	d.b = strconv.AppendInt(d.b, n, 10)
}

// raw writes a value that is JSON already.
func (d *document) raw(k, v string) {
	d.name(k)
	d.b = append(d.b, v...)
}

func (d *document) object(k string, fields func()) {
	d.name(k)
	d.b = append(d.b, '{')
	fields()
	d.b = append(d.b, '}')
}

// list writes n objects.
func (d *document) list(k string, n int, fields func(i int)) {
	d.name(k)
	d.b = append(d.b, '[')
	for i := range n {
		d.comma()
		d.b = append(d.b, '{')
		fields(i)
		d.b = append(d.b, '}')
	}
	d.b = append(d.b, ']')
}

func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			quoted, _ := json.Marshal(s) // no text is beyond it
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// Dates as Nova and Glance write them; "" for none.

func blankDate(t time.Time) string  { return date(t, "2006-01-02 15:04:05.000000") }
func secondDate(t time.Time) string { return date(t, "2006-01-02 15:04:05") }
func letterDate(t time.Time) string { return date(t, "2006-01-02T15:04:05.000000") }
func imageDate(t time.Time) string  { return date(t, "2006-01-02T15:04:05") }

func date(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(layout)
}
