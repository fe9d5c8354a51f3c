package materialize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// decode reads YAML or JSON as kubectl does. Numbers stay as they are written; a key given twice is a fault.
func decode(text string) (any, error) {
	j, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return nil, err
	}
	return decodeJSON(j)
}

func decodeJSON(j []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(j))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return v, nil
}

// object is decode of a text that must be one object in normal form.
func object(text string) (map[string]any, error) {
	v, err := decode(text)
	if err != nil {
		return nil, faultsOf("", 1, err)[0]
	}
	tree, ok := v.(map[string]any)
	if !ok {
		return nil, &Error{Reason: "is " + sortOf(v) + ", no object"}
	}
	return tree, nil
}

// encode writes the normal form.
func encode(v any) (string, error) {
	j, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	text, err := yaml.JSONToYAML(escape(j))
	return string(text), err
}

// escape writes out what JSON may hold as it is and YAML may not.
func escape(j []byte) []byte {
	if bytes.IndexFunc(j, foreign) < 0 {
		return j
	}
	var out bytes.Buffer
	for _, r := range string(j) {
		if foreign(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.Bytes()
}

func foreign(r rune) bool {
	return r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff
}

// sortOf is what a value is called in an error.
func sortOf(v any) string {
	switch v.(type) {
	case nil:
		return "empty"
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	case string:
		return "text"
	case bool:
		return "a truth value"
	}
	return "a number"
}

var yamlLine = regexp.MustCompile(`line (\d+): ([^\n]*)`)

// faultsOf takes the codec's complaint apart. first is the line at which the text that it is about begins.
func faultsOf(file string, first int, err error) []*Error {
	text := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	var all []*Error
	for _, m := range yamlLine.FindAllStringSubmatch(text, maxFaults+1) {
		n, _ := strconv.Atoi(m[1])
		all = append(all, &Error{File: file, Line: first + max(n, 1) - 1, Reason: "is no YAML: " + m[2]})
	}
	if all == nil {
		all = append(all, &Error{File: file, Line: first, Reason: "is no YAML: " + strings.TrimPrefix(text, "yaml: ")})
	}
	return all
}

// at goes down into maps; nil if there is nothing.
func at(v any, path ...string) any {
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// text is at for text; "" if there is something else.
func text(v any, path ...string) string {
	s, _ := at(v, path...).(string)
	return s
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, e := range v {
			c[key] = clone(e)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, e := range v {
			c[i] = clone(e)
		}
		return c
	}
	return v
}
