package materialize

import (
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// misfit is a fault at a place within one document.
type misfit struct {
	path   []string // map keys and list indexes, from the top
	reason string
	cause  error
}

// Error is the reason alone: who knows more makes an Error of it.
func (m *misfit) Error() string { return m.reason }

// in makes an Error of a misfit in a document that begins at a line.
func (m *misfit) in(file, document string, first int) *Error {
	return &Error{File: file, Line: max(first, 1) - 1 + lineOf(document, m.path), Reason: m.reason, Cause: m.cause}
}

// lineOf is the line of a place in a document, from 1, or that of the nearest place above it. It is for errors: it reads all again.
func lineOf(document string, path []string) int {
	var root yaml.Node
	if yaml.Unmarshal([]byte(document), &root) != nil || len(root.Content) == 0 {
		return 1
	}
	node, line := root.Content[0], root.Content[0].Line
	for _, step := range path {
		key, next := child(node, step)
		if next == nil {
			break
		}
		node, line = next, key.Line
	}
	return max(line, 1)
}

// itemLines are the lines of the items of a list kind, from 1.
func itemLines(document string) []int {
	var root yaml.Node
	if yaml.Unmarshal([]byte(document), &root) != nil || len(root.Content) == 0 {
		return nil
	}
	_, items := child(root.Content[0], "items")
	if items == nil || items.Kind != yaml.SequenceNode {
		return nil
	}
	lines := make([]int, len(items.Content))
	for i, item := range items.Content {
		lines[i] = item.Line
	}
	return lines
}

// child is a part of a node, and the node that shows where it begins.
func child(node *yaml.Node, step string) (key, value *yaml.Node) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i], node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(node.Content) {
			return node.Content[i], node.Content[i]
		}
	}
	return nil, nil
}
