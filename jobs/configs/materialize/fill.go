package materialize

import (
	"fmt"
	"slices"
	"strings"
)

// Fill puts values, texts or truths, in for the placeholders of an object in normal form. A text stays one whatever the value looks like.
// Where a truth's placeholder is all there is, it is a truth unless its place is known to want text. Errors are *Error and never have a
// value in them.
func Fill(object string, values map[string]any) (string, error) {
	tree, err := decode(object)
	if err != nil {
		return "", faultsOf("", 1, err)[0]
	}
	f := filler{values: values, of: Object{APIVersion: text(tree, "apiVersion"), Kind: text(tree, "kind")}}
	v, m := f.fill(tree, nil)
	if m == nil {
		m = unfit(v)
	}
	if m != nil {
		return "", m.in("", object, 1)
	}
	return encode(v)
}

// unfit says which name of an object is none now that it is filled in. What it became may not be told.
func unfit(v any) *misfit {
	tree, _ := v.(map[string]any)
	o, m := identity(tree)
	if m == nil {
		m = o.valid(nil)
	}
	if m == nil {
		return nil
	}
	return &misfit{path: m.path, reason: strings.Join(m.path, ".") + " is no valid one once its placeholders are filled in"}
}

// filler fills in one object.
type filler struct {
	values map[string]any
	of     Object
}

func (f *filler) fill(v any, path []string) (any, *misfit) {
	switch v := v.(type) {
	case map[string]any:
		return f.fields(v, path)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var m *misfit
			if out[i], m = f.fill(e, append(slices.Clip(path), index(i))); m != nil {
				return nil, m
			}
		}
		return out, nil
	case string:
		if truth, all := f.truth(v); all && !f.wantsText(path) {
			return truth, nil
		}
		return f.text(v, path)
	}
	return v, nil
}

func (f *filler) fields(tree map[string]any, path []string) (any, *misfit) {
	out := make(map[string]any, len(tree))
	for _, key := range sortedKeys(tree) {
		at := append(slices.Clip(path), key)
		name, m := f.text(key, at)
		if m != nil {
			return nil, m
		}
		if _, twice := out[name]; twice {
			return nil, &misfit{path: at, reason: "two names of a map become the same once their placeholders are filled in"}
		}
		if out[name], m = f.fill(tree[key], at); m != nil {
			return nil, m
		}
	}
	return out, nil
}

// truth is the one that a text is the placeholder of, and nothing else.
func (f *filler) truth(s string) (truth, all bool) {
	m := placeholder.FindStringSubmatchIndex(s)
	if m == nil || m[0] != 0 || m[1] != len(s) {
		return false, false
	}
	name, _ := placeholderName(s, m)
	truth, all = f.values[name].(bool)
	return truth, all
}

// text is a text with all of its placeholders filled in. Those of others stay.
func (f *filler) text(s string, path []string) (string, *misfit) {
	var out strings.Builder
	done := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(s, -1) {
		name, ours := placeholderName(s, m)
		value, known := f.values[name]
		switch {
		case !known && ours:
			return "", &misfit{path: path, reason: "placeholder " + shorten(s[m[0]:m[1]]) + " has no value"}
		case known:
			out.WriteString(s[done:m[0]])
			fmt.Fprint(&out, value)
			done = m[1]
		}
	}
	out.WriteString(s[done:])
	return out.String(), nil
}

// wantsText says that a place is known to be one of text.
func (f *filler) wantsText(path []string) bool {
	if len(path) > 2 && path[0] == "metadata" {
		return true // of kinds without a schema, too
	}
	return shapeOf(f.of).below(path).textual()
}
