package vmpooler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"yardmaster/server/rest"
)

// mostDepth is how deep JSON may be nested.
const mostDepth = 100

// parse reads one JSON value with its keys in order; the last of two equal keys counts, in the place of the first. Numbers are
// json.Number.
func parse(body []byte) (any, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(whole))
	dec.UseNumber()
	return parseValue(dec, 0)
}

var errTooDeep = fmt.Errorf("nested more than %d deep", mostDepth)

func parseValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	open, nests := token.(json.Delim)
	switch {
	case !nests:
		return token, nil
	case depth >= mostDepth:
		return nil, errTooDeep
	case open == '{':
		return parseObject(dec, depth)
	}
	all := array{}
	for dec.More() {
		v, err := parseValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	_, err = dec.Token()
	return all, err
}

func parseObject(dec *json.Decoder, depth int) (any, error) {
	o := object{}
	at := map[string]int{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		v, err := parseValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		if i, twice := at[key]; twice {
			o[i].value = v
			continue
		}
		at[key] = len(o)
		o = append(o, member{key, v})
	}
	_, err := dec.Token()
	return o, err
}

// nesting counts the levels of a value.
func nesting(v any) int {
	deepest := 0
	switch v := v.(type) {
	case object:
		for _, m := range v {
			deepest = max(deepest, nesting(m.value))
		}
	case array:
		for _, e := range v {
			deepest = max(deepest, nesting(e))
		}
	default:
		return 0
	}
	return deepest + 1
}

// What the third version bounds of every body.
const (
	strictDepth = 5
	strictBytes = 10 << 10
)

// The ways in which a body is no JSON object.
var (
	errNull = errors.New("the body is null")
	//lint:ignore ST1005 the text that clients know
	errNotObject = errors.New("Request body must be a JSON object")
	//lint:ignore ST1005 the text that clients know
	errComplex = errors.New("Request body too complex")
	//lint:ignore ST1005 the text that clients know
	errLong = errors.New("Request body too large")
)

// syntaxError is a body that is no JSON at all.
type syntaxError struct{ err error }

func (e *syntaxError) Error() string { return "Invalid JSON: " + e.err.Error() }
func (e *syntaxError) Unwrap() error { return e.err }

// body reads the JSON object that a route needs. Its errors are the four above, *syntaxError, and those of reading. The first two
// versions tell null (and false) apart; the third has bounds, and takes no body for an empty object.
func (e edition) body(r *http.Request) (object, error) {
	raw, err := rest.ReadBody(r)
	if err != nil {
		return nil, err
	}
	if e.strict && len(raw) == 0 {
		return object{}, nil
	}
	v, err := parse(raw)
	if err != nil {
		return nil, &syntaxError{err}
	}
	o, ok := v.(object)
	switch {
	case ok && e.strict && nesting(o) > strictDepth:
		return nil, errComplex
	case ok && e.strict && len(raw) > strictBytes:
		return nil, errLong
	case ok:
		return o, nil
	case !e.strict && (v == nil || v == false):
		return nil, errNull
	}
	return nil, errNotObject
}
