package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// exception is what a notification of an error says of it: an object as a rule, at times a mere text.
type exception struct {
	raw    json.RawMessage // nil: there is none
	fields map[string]any
	text   string
}

const (
	longestException = 16 << 10 // bytes shown of one; a longer one is shown as text, cut
	longestMessage   = 2000     // bytes of the text that failures are counted by
)

// payload is that of a stored body, [routing key, notification]; nil if the body has another form.
func payload(body []byte) json.RawMessage {
	var pair []json.RawMessage
	if json.Unmarshal(body, &pair) != nil || len(pair) < 2 {
		return nil
	}
	var n struct {
		Payload json.RawMessage `json:"payload"`
	}
	if json.Unmarshal(pair[1], &n) != nil {
		return nil
	}
	return n.Payload
}

// parseException finds the exception of a legacy notification, or the fault of a versioned one.
func parseException(body []byte) exception {
	var p struct {
		Exception json.RawMessage `json:"exception"`
		Versioned struct {
			Fault struct {
				Data json.RawMessage `json:"nova_object.data"`
			} `json:"fault"`
		} `json:"nova_object.data"`
	}
	if json.Unmarshal(payload(body), &p) != nil {
		return exception{}
	}
	x := exception{raw: p.Exception}
	if len(x.raw) == 0 {
		x.raw = p.Versioned.Fault.Data
	}
	switch v := decode(x.raw).(type) {
	case map[string]any:
		x.fields = v
	case string:
		x.text = v
	}
	if len(x.fields) == 0 && x.text == "" {
		return exception{}
	}
	return x
}

// decode keeps numbers as they are written.
func decode(raw json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// code is the number that the exception was raised with, also written in hexadecimal, and as it is written.
func (x exception) code() (int64, any) {
	kwargs, _ := x.fields["kwargs"].(map[string]any)
	if blank(kwargs["code"]) {
		return 0, nil
	}
	s := strings.TrimSpace(plain(kwargs["code"]))
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return n, kwargs["code"]
	}
	f, _ := strconv.ParseFloat(s, 64)
	return int64(f), kwargs["code"]
}

// shown is the exception as a report carries it.
func (x exception) shown() any {
	if len(x.raw) > longestException {
		return cut(string(x.raw), longestException)
	}
	return x.raw
}

// message puts together what is worth counting of an exception. The parts keep one order, so that equals count as one.
func (x exception) message() string {
	if x.fields == nil {
		return cut(x.text, longestMessage)
	}
	var m message
	kwargs, _ := x.fields["kwargs"].(map[string]any)
	if v := plain(kwargs["value"]); v != "" {
		if i := strings.LastIndex(v, "Traceback"); i > 0 {
			v = v[:i] + "$TRACEBACK"
		}
		m.say("value", v)
	}
	m.tell(kwargs, "reason", "method", "topic", "exc_type", "actual", "code")
	if expected, ok := kwargs["expected"].([]any); ok && len(expected) > 0 {
		m.say("expected", plain(expected[0]))
	}
	switch details := x.fields["details"].(type) {
	case []any:
		for _, d := range details {
			m = append(m, plain(d))
		}
	case map[string]any:
		m.tell(details, slices.Sorted(maps.Keys(details))...)
	case string:
		if details != "" {
			m = append(m, details)
		}
	}
	m.tell(x.fields, "message", "cmd", "stderr", "exit_code", "code", "description", "stdout")
	if len(m) == 0 {
		m.tell(x.fields, slices.Sorted(maps.Keys(x.fields))...)
	}
	return cut(strings.Join(m, ", "), longestMessage)
}

// message is its parts.
type message []string

func (m *message) say(key, value string) { *m = append(*m, key+": "+value) }

func (m *message) tell(from map[string]any, keys ...string) {
	for _, k := range keys {
		if !blank(from[k]) {
			m.say(k, plain(from[k]))
		}
	}
}

// blank says that a value tells nothing.
func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case json.Number:
		return v == "0"
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// plain is a value as text: texts without quotes, all others as JSON.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := encode(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// cut bounds a text, and never ends within a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

var masks = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`req-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}`), "$1"},
	{regexp.MustCompile(`[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}`), "$2"},
	{regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`), "$3"},
	{regexp.MustCompile(`\b\d{4,}\b`), "$4"},
}

// Mask puts $1 for the ids of requests, $2 for UUIDs, $3 for IPv4 addresses and $4 for numbers of four digits and more, so that the
// same fault at two instances reads the same.
func Mask(s string) string {
	for _, m := range masks {
		s = m.find.ReplaceAllLiteralString(s, m.put)
	}
	return s
}
