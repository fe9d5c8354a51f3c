package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readJSONTree reads one JSON value into the form in which the lists of a configuration are read; line is where an error was met.
// Keys that begin with "_" are remarks.
func readJSONTree(data []byte) (root *yaml.Node, line int, err error) {
	r := newJSONReader(data)
	root, err = r.node(0)
	if err == nil {
		if _, more := r.token(); !errors.Is(more, io.EOF) {
			err = errors.New("holds more than one value")
		}
	}
	return root, r.line, endless(err)
}

func (r *jsonReader) node(depth int) (*yaml.Node, error) {
	t, err := r.token()
	if err != nil {
		return nil, err
	}
	if depth >= jsonDepth {
		return nil, errors.New("is nested too deeply")
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: r.line}
	switch t := t.(type) {
	case json.Delim:
		return n, r.inside(n, t, depth+1)
	case string:
		n.Tag, n.Value = "!!str", t
	case bool:
		n.Tag, n.Value = "!!bool", fmt.Sprint(t)
	case json.Number:
		n.Tag, n.Value = "!!int", t.String()
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case nil:
		n.Tag = "!!null"
	}
	return n, nil
}

// inside reads to the closing bracket.
func (r *jsonReader) inside(n *yaml.Node, open json.Delim, depth int) error {
	n.Kind = yaml.SequenceNode
	if open == '{' {
		n.Kind = yaml.MappingNode
	}
	for r.dec.More() {
		if n.Kind == yaml.MappingNode {
			key, err := r.token()
			if err != nil {
				return err
			}
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: fmt.Sprint(key), Line: r.line})
		}
		v, err := r.node(depth)
		if err != nil {
			return err
		}
		n.Content = append(n.Content, v)
		if last := len(n.Content) - 2; n.Kind == yaml.MappingNode && strings.HasPrefix(n.Content[last].Value, "_") {
			n.Content = n.Content[:last]
		}
	}
	_, err := r.token()
	return err
}
