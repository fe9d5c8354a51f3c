package expand

import (
	"fmt"
	"regexp"
)

const (
	masked       = "***"
	maskedBefore = "*** (before)"
	maskedAfter  = "*** (after)"
)

var secretWord = regexp.MustCompile(`(?i)passw|secret|token|credential|private|(^|[_-])(pass|pw|key|apikey)($|[_-])`)

// secretName tells of a variable whether its value may be secret.
func secretName(name string) bool { return secretWord.MatchString(name) }

// spot is the place of a value that is not to be shown.
type spot struct {
	in  m
	key string
}

// veil masks the secrets of both sides of an object, so that one can still tell whether they differ.
func veil(kind string, was, is m) {
	a, b := map[string]spot{}, map[string]spot{}
	spots(a, "", was)
	spots(b, "", is)
	if kind == "Secret" || was["kind"] == "Secret" || is["kind"] == "Secret" {
		for _, field := range []string{"data", "stringData"} {
			inside(a, field, was)
			inside(b, field, is)
		}
	}
	for id, before := range a {
		after, both := b[id]
		if !both || same(before.in[before.key], after.in[after.key]) {
			continue
		}
		before.in[before.key], after.in[after.key] = maskedBefore, maskedAfter
		delete(a, id)
		delete(b, id)
	}
	for _, all := range []map[string]spot{a, b} {
		for _, s := range all {
			s.in[s.key] = masked
		}
	}
}

func same(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// inside finds every value of a map.
func inside(to map[string]spot, field string, o m) {
	switch v := o[field].(type) {
	case nil:
	case m:
		for k := range v {
			to[field+" "+k] = spot{v, k}
		}
	default:
		to[field] = spot{o, field}
	}
}

// spots finds the values of variables with names that look secret, under the names of what they are in.
func spots(to map[string]spot, path string, v any) {
	switch v := v.(type) {
	case m:
		if name, ok := v["name"].(string); ok {
			path += "/" + name
			if _, ok := v["value"]; ok && secretName(name) {
				to[path] = spot{v, "value"}
			}
		}
		for k, v := range v {
			spots(to, path+"."+k, v)
		}
	case []any:
		for n, v := range v {
			at := path
			if o, ok := v.(m); !ok || o["name"] == nil {
				at = fmt.Sprintf("%s[%d]", path, n)
			}
			spots(to, at, v)
		}
	}
}
