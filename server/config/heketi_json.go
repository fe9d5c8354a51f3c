package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// jsonValue is one value inside a JSON object.
type jsonValue struct {
	path  string // lower case, joined with dots
	value any    // string, bool, json.Number, nil, jsonList or jsonObject
	line  int
}

// What stands for a list, and for an object beside the leaves inside it.
type (
	jsonList   struct{}
	jsonObject struct{}
)

// jsonDepth is more nesting than a configuration has.
const jsonDepth = 32

// jsonReader flattens one JSON object and keeps count of lines.
type jsonReader struct {
	dec    *json.Decoder
	data   []byte
	offset int64
	line   int
	leaves []jsonValue
}

// readJSON lists the values of the object in data; line is where an error was met.
// What follows the object is not looked at, as in Heketi.
func readJSON(data []byte) (leaves []jsonValue, line int, err error) {
	r := newJSONReader(data)
	t, err := r.token()
	if err == nil && t != json.Delim('{') {
		err = errors.New("want a JSON object")
	}
	if err == nil {
		err = r.object("", 1)
	}
	return r.leaves, r.line, endless(err)
}

func newJSONReader(data []byte) *jsonReader {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(data)), data: data, line: 1}
	r.dec.UseNumber()
	return r
}

// endless puts the end of a file that should go on into words.
func endless(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("ends too early")
	}
	return err
}

func (r *jsonReader) token() (json.Token, error) {
	t, err := r.dec.Token()
	to := min(r.dec.InputOffset(), int64(len(r.data)))
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		to = min(max(to, syntax.Offset), int64(len(r.data)))
	}
	r.line += bytes.Count(r.data[r.offset:to], []byte("\n"))
	r.offset = to
	return t, err
}

// object reads to the closing brace. Keys that begin with "_" are remarks.
func (r *jsonReader) object(prefix string, depth int) error {
	for {
		t, err := r.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return nil
		}
		path := prefix + strings.ReplaceAll(strings.ToLower(key), ".", `\.`)
		kept := len(r.leaves)
		if err := r.value(path, depth); err != nil {
			return err
		}
		if strings.HasPrefix(key, "_") {
			r.leaves = r.leaves[:kept]
		}
	}
}

func (r *jsonReader) value(path string, depth int) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	if depth >= jsonDepth {
		return errors.New("is nested too deeply")
	}
	switch t {
	case json.Delim('{'):
		r.leaves = append(r.leaves, jsonValue{path, jsonObject{}, r.line})
		return r.object(path+".", depth+1)
	case json.Delim('['):
		r.leaves = append(r.leaves, jsonValue{path, jsonList{}, r.line})
		return r.list(path, depth+1)
	}
	r.leaves = append(r.leaves, jsonValue{path, t, r.line})
	return nil
}

// list is read to its end and forgotten: no key of Heketi's is a list.
func (r *jsonReader) list(path string, depth int) error {
	kept := len(r.leaves)
	for r.dec.More() {
		if err := r.value(path, depth); err != nil {
			return err
		}
	}
	r.leaves = r.leaves[:kept]
	_, err := r.token()
	return err
}
