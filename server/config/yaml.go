package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseYAML gives the one document in data, or nil when there is nothing in it.
func parseYAML(data []byte) (*yaml.Node, error) {
	root, err := decodeYAML(data)
	if err != nil || root == nil {
		return nil, err
	}
	return root, refuseAliases(root)
}

// decodeYAML is parseYAML for a reader that follows aliases itself.
func decodeYAML(data []byte) (*yaml.Node, error) {
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one document")
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return nil, nil
	}
	return doc.Content[0], nil
}

// refuseAliases keeps the walk over the document finite and plain.
func refuseAliases(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode {
		return fmt.Errorf("line %d: aliases are not supported", n.Line)
	}
	for _, child := range n.Content {
		if err := refuseAliases(child); err != nil {
			return err
		}
	}
	return nil
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// yamlFile applies the YAML file. Its keys must be in the table.
func (l *loader) yamlFile(name string) error {
	data, err := l.readFile(name)
	if err != nil {
		return &Error{Where: "--" + flagConfig, Reason: err.Error()}
	}
	root, err := parseYAML(data)
	if err != nil {
		return yamlError(name, err)
	}
	if root == nil {
		return nil
	}
	w := yamlWalk{loader: l, file: name, seen: map[string]bool{}}
	return w.group("", root)
}

// yamlError names the line that the parser complains of.
func yamlError(file string, err error) error {
	m := yamlLine.FindStringSubmatch(oneLine(err.Error()))
	return &Error{Where: strings.TrimSuffix(file+":"+m[1], ":"), Reason: m[2]}
}

// yamlWalk follows the groups of a file down to the keys of the table.
type yamlWalk struct {
	*loader
	file string
	seen map[string]bool
}

func (w yamlWalk) at(n *yaml.Node) origin {
	return origin{rank: rankFile, where: fmt.Sprintf("%s:%d", w.file, n.Line), file: w.file}
}

func (w yamlWalk) group(prefix string, n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return w.at(n).refuse(strings.TrimSuffix(prefix, "."), "want a group of keys")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if err := w.pair(prefix, n.Content[i], n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (w yamlWalk) pair(prefix string, name, value *yaml.Node) error {
	if name.Kind != yaml.ScalarNode {
		return w.at(name).refuse(strings.TrimSuffix(prefix, "."), "want plain text as a key")
	}
	key := prefix + name.Value
	if w.seen[key] {
		return w.at(name).refuse(clip(key), "is there twice")
	}
	w.seen[key] = true
	o, known := w.table[key]
	switch {
	case !known && !isGroup(w.table, key):
		return w.at(name).refuse(clip(key), unknownKey(key, keysOf(w.table)))
	case value.Tag == "!!null":
		return nil
	case !known:
		return w.group(key+".", value)
	}
	if err := o.set(&w.cfg, value); err != nil {
		return refuse(err, o.Key, w.at(value))
	}
	w.from[key] = w.at(name)
	delete(w.places, key)
	if value.Kind == yaml.SequenceNode {
		for _, item := range value.Content {
			w.places[key] = append(w.places[key], w.at(item))
		}
	}
	return nil
}
