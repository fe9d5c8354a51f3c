package config

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rubyNode is a value of a vmpooler.yaml as vmpooler saw it: aliases and merge keys are followed, and a symbol is its name.
type rubyNode struct {
	shape yaml.Kind // ScalarNode, SequenceNode or MappingNode; 0: nothing
	file  string
	line  int
	text  string
	plain bool // without quotes: Ruby guesses what it is
	list  []*rubyNode
	keys  []rubyKey // in the order of the file
}

// rubyKey is one pair of a group.
type rubyKey struct {
	name  string
	line  int
	value *rubyNode
}

// What a vmpooler.yaml may come to once its aliases are followed.
const (
	rubyNodes = 1 << 18
	rubyDepth = 64
)

// rubyReader reads one file.
type rubyReader struct {
	file string
	left int // nodes
}

// readRuby gives the document in data, or a value of nothing.
func readRuby(file string, data []byte) (*rubyNode, error) {
	root, err := decodeYAML(data)
	if err != nil {
		return nil, yamlError(file, err)
	}
	if root == nil {
		return &rubyNode{file: file, line: 1}, nil
	}
	r := &rubyReader{file: file, left: rubyNodes}
	return r.value(root, 0)
}

func (r *rubyReader) refuse(n *yaml.Node, key, reason string) error {
	return &Error{Where: fmt.Sprintf("%s:%d", r.file, n.Line), Key: clip(key), Reason: reason}
}

func (r *rubyReader) value(n *yaml.Node, depth int) (*rubyNode, error) {
	if r.left--; r.left < 0 {
		return nil, r.refuse(n, "", "is too large once its aliases are followed")
	}
	if depth > rubyDepth {
		return nil, r.refuse(n, "", "is nested too deeply, or an alias is inside what it stands for")
	}
	out := &rubyNode{shape: n.Kind, file: r.file, line: n.Line}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.MappingNode:
		return out, r.group(out, n, depth)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			v, err := r.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			out.list = append(out.list, v)
		}
		return out, nil
	}
	return out, r.scalar(out, n)
}

// quotedStyles are those in which Ruby takes a value for text.
const quotedStyles = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

func (r *rubyReader) scalar(out *rubyNode, n *yaml.Node) error {
	out.text, out.plain = n.Value, n.Style&quotedStyles == 0
	switch {
	case n.Tag == "!!null":
		out.shape = 0
	case n.Tag == "!ruby/symbol", n.Tag == "!ruby/sym":
		out.plain = false
	case n.Tag == "!ruby/regexp":
		out.text, out.plain = rubyRegexp(n.Value), false
	case !strings.HasPrefix(n.Tag, "!!") || n.Tag == "!!binary":
		return r.refuse(n, "", "a value of type "+quote(n.Tag)+" is not read")
	case out.plain:
		out.text = symbol(n.Value)
	}
	return nil
}

var rubySymbol = regexp.MustCompile(`^:(?:"([^"\\]*)"|'([^']*)'|([A-Za-z_].*))$`)

// symbol is the name of a Ruby symbol, and any other text as it is.
func symbol(text string) string {
	if m := rubySymbol.FindStringSubmatch(text); m != nil {
		return m[1] + m[2] + m[3]
	}
	return text
}

// rubyRegexp takes the slashes off a regular expression.
func rubyRegexp(text string) string {
	if end := strings.LastIndex(text, "/"); end > 0 && text[0] == '/' {
		return text[1:end]
	}
	return text
}

// group reads the pairs in their order, as Ruby does: what is merged in replaces what stands above it, and gives way to what
// stands below. A key that is written twice is refused, with and without its colon.
func (r *rubyReader) group(out *rubyNode, n *yaml.Node, depth int) error {
	at, written := map[string]int{}, map[string]bool{}
	put := func(k rubyKey) {
		i, there := at[k.name]
		if !there {
			i = len(out.keys)
			at[k.name] = i
			out.keys = append(out.keys, rubyKey{})
		}
		out.keys[i] = k
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		v, err := r.value(value, depth+1)
		if err != nil {
			return err
		}
		if name.Kind != yaml.ScalarNode {
			return r.refuse(name, "", "want plain text as a key")
		}
		if name.Tag == "!!merge" {
			if err := r.merge(v, value, put); err != nil {
				return err
			}
			continue
		}
		key := strings.TrimPrefix(symbol(name.Value), ":")
		if written[key] {
			return r.refuse(name, key, "is there twice")
		}
		written[key] = true
		put(rubyKey{key, name.Line, v})
	}
	return nil
}

func (r *rubyReader) merge(v *rubyNode, n *yaml.Node, put func(rubyKey)) error {
	groups := []*rubyNode{v}
	if v.shape == yaml.SequenceNode { // the first of several wins
		groups = nil
		for _, g := range v.list {
			groups = append([]*rubyNode{g}, groups...)
		}
	}
	for _, g := range groups {
		if g.shape != yaml.MappingNode {
			return r.refuse(n, "<<", "want a group of keys, or a list of them")
		}
		for _, k := range g.keys {
			put(k)
		}
	}
	return nil
}

// get is the value of a key, or nil.
func (n *rubyNode) get(name string) *rubyNode {
	if n == nil {
		return nil
	}
	for _, k := range n.keys {
		if k.name == name {
			return k.value
		}
	}
	return nil
}
