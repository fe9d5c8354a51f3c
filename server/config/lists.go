package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// volumeOptions is a list of "name value" pairs for gluster volume set; text
// is split at commas, as Heketi does.
func volumeOptions() kind[[]string] {
	return kind[[]string]{
		name:   "list of volume options",
		parse:  parseVolumeOptions,
		format: func(v []string) string { return strings.Join(v, ",") },
	}
}

var volumeOption = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]* [A-Za-z0-9._:/%*+=@ -]+$`)

func parseVolumeOptions(n *yaml.Node) ([]string, error) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var out []string
	for _, item := range items {
		text, err := scalarText(item)
		if err != nil {
			return nil, err
		}
		for _, part := range strings.Split(text, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			if !volumeOption.MatchString(part) {
				return nil, fmt.Errorf("%s is not an option and its value, as in %q", quote(part), "performance.cache-size 64MB")
			}
			out = append(out, part)
		}
	}
	return out, nil
}

// fieldError names the part of a list item that was refused, and its line.
type fieldError struct {
	at     string
	line   int
	reason string
}

func (e *fieldError) Error() string { return e.at + ": " + e.reason }

// records is a list of mappings whose fields are all text.
func records[T any](name string, fields func(*T) map[string]*string, check func(T) (string, error), label func(T) string) kind[[]T] {
	return kind[[]T]{
		name: name, structured: true,
		parse: func(n *yaml.Node) ([]T, error) { return parseRecords(n, fields, check, label) },
		format: func(v []T) string {
			names := make([]string, len(v))
			for i, item := range v {
				names[i] = label(item)
			}
			return "[" + strings.Join(names, ", ") + "]"
		},
	}
}

func parseRecords[T any](n *yaml.Node, fields func(*T) map[string]*string, check func(T) (string, error), label func(T) string) ([]T, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, errors.New("want a list")
	}
	var out []T
	seen := map[string]bool{}
	for i, item := range n.Content {
		var v T
		at := fmt.Sprintf("[%d]", i)
		if err := fillRecord(item, at, fields(&v)); err != nil {
			return nil, err
		}
		if field, err := check(v); err != nil {
			return nil, &fieldError{at + "." + field, item.Line, err.Error()}
		}
		if seen[label(v)] {
			return nil, &fieldError{at + ".name", item.Line, quote(label(v)) + " is there twice"}
		}
		seen[label(v)] = true
		out = append(out, v)
	}
	return out, nil
}

func fillRecord(n *yaml.Node, at string, fields map[string]*string) error {
	if n.Kind != yaml.MappingNode {
		return &fieldError{at, n.Line, "want a group of keys"}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		into, ok := fields[key.Value]
		where := at + "." + clip(key.Value)
		switch {
		case !ok:
			return &fieldError{where, key.Line, unknownKey(key.Value, keysOf(fields))}
		case seen[key.Value]:
			return &fieldError{where, key.Line, "is there twice"}
		}
		seen[key.Value] = true
		text, err := scalarText(value)
		if err != nil {
			return &fieldError{where, value.Line, err.Error()}
		}
		*into = text
	}
	return nil
}
