package config

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// texts is a list of text; a single value is a list of one.
func texts(name string, item kind[string]) kind[[]string] {
	return kind[[]string]{
		name: name, structured: true,
		parse: func(n *yaml.Node) ([]string, error) {
			if n.Kind != yaml.SequenceNode {
				one, err := item.parse(n)
				if err != nil {
					return nil, err
				}
				return []string{one}, nil
			}
			var out []string
			for i, entry := range n.Content {
				v, err := item.parse(entry)
				if err != nil {
					return nil, &fieldError{fmt.Sprintf("[%d]", i), entry.Line, err.Error()}
				}
				out = append(out, v)
			}
			return out, nil
		},
		format: func(v []string) string { return "[" + strings.Join(v, ", ") + "]" },
	}
}

// mapping is a group whose keys the operator chooses; each value is of one kind.
func mapping[V any](name string, value kind[V]) kind[map[string]V] {
	return kind[map[string]V]{
		name: name, structured: true,
		parse: func(n *yaml.Node) (map[string]V, error) { return parseMapping(n, value) },
		format: func(m map[string]V) string {
			pairs := make([]string, 0, len(m))
			for _, k := range keysOf(m) {
				pairs = append(pairs, k+": "+value.format(m[k]))
			}
			return "{" + strings.Join(pairs, ", ") + "}"
		},
	}
}

func parseMapping[V any](n *yaml.Node, value kind[V]) (map[string]V, error) {
	if n.Kind != yaml.MappingNode {
		return nil, errors.New("want a group of keys")
	}
	out := map[string]V{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, entry := n.Content[i], n.Content[i+1]
		at := "." + clip(key.Value)
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			return nil, &fieldError{"", key.Line, "want plain text as a key"}
		}
		if _, twice := out[key.Value]; twice {
			return nil, &fieldError{at, key.Line, "is there twice"}
		}
		v, err := value.parse(entry)
		if err != nil {
			return nil, within(at, entry.Line, err)
		}
		out[key.Value] = v
	}
	return out, nil
}
