package config

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is one key of the records in a list; a dot in its name is a level of YAML.
type field[T any] struct {
	part
	set func(*T, *yaml.Node) error
}

// part is what the reference page tells of a field.
type part struct{ name, def, kind, help string }

// fieldOf makes a field; def is its value in a record that leaves it out, "" the record's own.
func fieldOf[T, V any](name, def string, k kind[V], at func(*T) *V, help string) field[T] {
	return field[T]{part{name, def, k.name, help}, func(v *T, n *yaml.Node) error {
		parsed, err := k.parse(n)
		if err == nil {
			*at(v) = parsed
		}
		return err
	}}
}

// record describes the mappings of a list.
type record[T any] struct {
	name   string
	all    []field[T]                           // every field there is
	fields func(*yaml.Node) ([]field[T], error) // those of this mapping; nil: all
	blank  T
	check  func(T) (field string, err error)
	label  func(T) string // no two records have the same
	id     string         // the field that the label is of; "": name
}

// list is the kind of a list of such records.
func (r record[T]) list() kind[[]T] {
	parts := make([]part, len(r.all))
	for i, f := range r.all {
		parts[i] = f.part
	}
	return kind[[]T]{
		name: r.name, structured: true, parts: parts, parse: r.parse,
		format: func(v []T) string {
			names := make([]string, len(v))
			for i, item := range v {
				names[i] = r.label(item)
			}
			return "[" + strings.Join(names, ", ") + "]"
		},
	}
}

func (r record[T]) parse(n *yaml.Node) ([]T, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, errors.New("want a list")
	}
	var out []T
	seen := map[string]bool{}
	for i, item := range n.Content {
		at := fmt.Sprintf("[%d]", i)
		v, err := r.one(item, at)
		if err != nil {
			return nil, err
		}
		if name, err := r.check(v); err != nil {
			return nil, within(at+"."+name, item.Line, err)
		}
		if seen[r.label(v)] {
			return nil, &fieldError{at + "." + cmp.Or(r.id, "name"), item.Line, quote(r.label(v)) + " is there twice"}
		}
		seen[r.label(v)] = true
		out = append(out, v)
	}
	return out, nil
}

func (r record[T]) one(n *yaml.Node, at string) (T, error) {
	v := r.blank
	if n.Kind != yaml.MappingNode {
		return v, &fieldError{at, n.Line, "want a group of keys"}
	}
	fields := r.all
	if r.fields != nil {
		var err error
		if fields, err = r.fields(n); err != nil {
			return v, within(at, n.Line, err)
		}
	}
	w := recordWalk[T]{into: &v, at: at, fields: map[string]field[T]{}, seen: map[string]bool{}}
	for _, f := range fields {
		w.fields[f.name] = f
		if f.def == "" {
			continue
		}
		def, err := parseYAML([]byte(f.def))
		if err == nil {
			err = f.set(&v, def)
		}
		if err != nil {
			panic("config: default of " + r.name + " " + f.name + ": " + err.Error())
		}
	}
	return v, w.group("", n)
}

// recordWalk follows the groups of one record down to its fields.
type recordWalk[T any] struct {
	into   *T
	at     string
	fields map[string]field[T]
	seen   map[string]bool
}

func (w recordWalk[T]) group(prefix string, n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return &fieldError{w.at + "." + strings.TrimSuffix(prefix, "."), n.Line, "want a group of keys"}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if err := w.pair(prefix, n.Content[i], n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (w recordWalk[T]) pair(prefix string, key, value *yaml.Node) error {
	name := prefix + key.Value
	where := w.at + "." + clip(name)
	if w.seen[name] {
		return &fieldError{where, key.Line, "is there twice"}
	}
	w.seen[name] = true
	f, known := w.fields[name]
	switch {
	case !known && !isGroup(w.fields, name):
		return &fieldError{where, key.Line, unknownKey(name, keysOf(w.fields))}
	case value.Tag == "!!null":
		return nil
	case !known:
		return w.group(name+".", value)
	}
	if err := f.set(w.into, value); err != nil {
		return within(where, value.Line, err)
	}
	return nil
}

// within puts the part of a list in front of what was refused inside it.
func within(at string, line int, err error) error {
	var f *fieldError
	if errors.As(err, &f) {
		return &fieldError{at + f.at, f.line, f.reason}
	}
	return &fieldError{at, line, err.Error()}
}

// isGroup tells whether keys lie below the name.
func isGroup[V any](keys map[string]V, name string) bool {
	for k := range keys {
		if strings.HasPrefix(k, name+".") {
			return true
		}
	}
	return false
}
