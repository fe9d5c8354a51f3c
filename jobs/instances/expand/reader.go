package expand

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// reader reads JSON into values and collects what does not fit, each fault with its path.
type reader struct{ faults }

// field reads the value at a path. A value null is left as it is.
type field func(path string, raw json.RawMessage)

type fields map[string]field

// object reads an object of which all fields are known; false if it is none.
func (r *reader) object(path string, raw []byte, known fields) bool {
	return r.members(path, raw, func(name string) string { return under(path, name) }, func(name, at string, raw json.RawMessage) {
		read, ok := known[name]
		switch {
		case !ok:
			r.add(under(path, shown(name)), "is no field that is known here")
		case !isNull(raw):
			read(at, raw)
		}
	})
}

// each reads an object whose fields have names of the user's choice; false if it is none.
func (r *reader) each(path string, raw []byte, read func(name, path string, raw json.RawMessage)) bool {
	return r.members(path, raw, func(name string) string { return under(path, shown(name)) }, read)
}

func (r *reader) members(path string, raw []byte, place func(name string) string, read func(name, path string, raw json.RawMessage)) bool {
	if isNull(raw) {
		return false
	}
	all, err := members(raw)
	if err != nil {
		r.add(path, "%v", err)
		return false
	}
	seen := map[string]bool{}
	for _, m := range all {
		if seen[m.name] {
			r.add(path, "holds a field twice")
			continue
		}
		seen[m.name] = true
		read(m.name, place(m.name), m.raw)
	}
	return true
}

type member struct {
	name string
	raw  json.RawMessage
}

// members are the fields of a JSON object in their order.
func members(raw []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		if err != nil {
			return nil, notJSON(err)
		}
		return nil, errors.New("must be an object, is " + sort(raw))
	}
	var all []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, notJSON(err)
		}
		m := member{name: name.(string)}
		if err := d.Decode(&m.raw); err != nil {
			return nil, notJSON(err)
		}
		all = append(all, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, notJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("is followed by more than one JSON value may hold")
	}
	return all, nil
}

func notJSON(err error) error {
	var s *json.SyntaxError
	if errors.As(err, &s) {
		return fmt.Errorf("is not JSON: %w, at byte %d", err, s.Offset)
	}
	return errors.New("is not JSON: it ends too early")
}

func (r *reader) in(known fields) field {
	return func(path string, raw json.RawMessage) { r.object(path, raw, known) }
}

func (r *reader) text(to *string) field {
	return func(path string, raw json.RawMessage) {
		if json.Unmarshal(raw, to) != nil {
			r.add(path, "must be a text, is %s", sort(raw))
		}
	}
}

// scalar reads a text, a number or a boolean as a text.
func (r *reader) scalar(to *string) field {
	return func(path string, raw json.RawMessage) {
		switch raw[0] {
		case '{', '[':
			r.add(path, "must be a text, is %s", sort(raw))
		case '"':
			r.text(to)(path, raw)
		default:
			*to = string(raw)
		}
	}
}

func (r *reader) whole(to *int) field {
	return func(path string, raw json.RawMessage) {
		var f float64
		if err := json.Unmarshal(raw, &f); err != nil || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
			r.add(path, "must be a whole number of at most %d, is %s", math.MaxInt32, sort(raw))
			return
		}
		*to = int(f)
	}
}

func (r *reader) pointer(to **int) field {
	return func(path string, raw json.RawMessage) {
		var n int
		before := len(r.all)
		if r.whole(&n)(path, raw); len(r.all) == before {
			*to = &n
		}
	}
}

func (r *reader) number(to *float64) field {
	return func(path string, raw json.RawMessage) {
		if json.Unmarshal(raw, to) != nil {
			r.add(path, "must be a number, is %s", sort(raw))
		}
	}
}

// texts reads a map of texts; numbers and booleans are taken as they are written.
func (r *reader) texts(to *map[string]string) field {
	return func(path string, raw json.RawMessage) {
		all := map[string]string{}
		there := r.each(path, raw, func(name, path string, raw json.RawMessage) {
			var v string
			if !isNull(raw) {
				r.scalar(&v)(path, raw)
			}
			all[name] = v
		})
		if there {
			*to = all
		}
	}
}

func (r *reader) list(to *[]string) field {
	return func(path string, raw json.RawMessage) {
		var all []string
		if json.Unmarshal(raw, &all) != nil {
			r.add(path, "must be a list of texts, is %s", sort(raw))
			return
		}
		*to = all
	}
}

func isNull(raw []byte) bool { return string(bytes.TrimSpace(raw)) == "null" }

func under(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// shown is a name of the user's choice in a path.
func shown(name string) string {
	if len(name) < 64 && strconv.Quote(name) == `"`+name+`"` {
		return name
	}
	return quoted(name)
}

// sort is what a JSON value is, in words.
func sort(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "another number"
	}
}
