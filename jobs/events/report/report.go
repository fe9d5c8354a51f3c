package report

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Report is one that was built. Rows encode to the JSON that is stored and shown.
type Report struct {
	Name    string
	Version int
	Start   time.Time
	End     time.Time
	Rows    []any
}

// JSON is the report as it is stored.
func (r Report) JSON() (json.RawMessage, error) { return encode(r.Rows) }

// metadata is row 0. A map encodes with its keys in order.
type metadata map[string]any

// By these row 0 says that there is no table.
const (
	formatKey  = "report_format"
	formatJSON = "json"
)

func newReport(kind Kind, name string, w Period, rows []any) Report {
	return Report{Name: name, Version: kind.Version(), Start: w.Start, End: w.End, Rows: rows}
}

// encode keeps "> 30" readable.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Float is a number that is never written like an integer: readers of another language tell 1 from 1.0.
type Float float64

// MarshalJSON implements json.Marshaler.
func (f Float) MarshalJSON() ([]byte, error) {
	s := strconv.FormatFloat(float64(f), 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return []byte(s), nil
}

// unix is a time as seconds since 1970, with its fraction.
func unix(t time.Time) Float { return Float(float64(t.UnixMicro()) / 1e6) }

// Text is a text that may be missing; the zero value is null.
type Text struct {
	S  string
	OK bool
}

// Some is a text that is there.
func Some(s string) Text { return Text{s, true} }

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if !t.OK {
		return []byte("null"), nil
	}
	return encode(t.S)
}
