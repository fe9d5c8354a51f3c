package config

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// sectionLists are the sections that hold entries.
var sectionLists = []string{"pools", "providers", "dns_configs"}

func isList(section string) bool { return slices.Contains(sectionLists, section) }

// lists applies them.
func (s *vmpoolerSource) lists() error {
	domains, err := s.dnsConfigs()
	if err != nil {
		return err
	}
	items, err := s.poolItems()
	if err != nil {
		return err
	}
	made, err := s.providerEntries(items)
	if err != nil {
		return err
	}
	return s.poolEntries(items, made, domains)
}

// entries are those of one section on their way to one of our lists.
type entries struct {
	list   string // ours
	nodes  []*yaml.Node
	places []origin
}

// add takes an entry whose fields its writer knew by other names.
func (e *entries) add(n *yaml.Node, at origin, theirs map[string]string) {
	at.fields = theirs
	e.nodes = append(e.nodes, n)
	e.places = append(e.places, at)
}

// theirNames are those of the fields of ours that rows lead to.
func theirNames(rows []vmpoolerKey) map[string]string {
	names := map[string]string{}
	for _, k := range rows {
		names[k.to] = k.path
	}
	return names
}

// set hands the entries to our list.
func (s *vmpoolerSource) set(e entries) error {
	return s.setEntries(e, origin{rank: rankVMPoolerFile, where: s.file})
}

// setEntries hands entries to our list. What it refuses is told in their writer's words.
func (l *loader) setEntries(e entries, from origin) error {
	if len(e.nodes) == 0 {
		return nil
	}
	l.from[e.list] = from
	l.places[e.list] = e.places
	err := l.table[e.list].set(&l.cfg, &yaml.Node{Kind: yaml.SequenceNode, Content: e.nodes})
	var f *fieldError
	if !errors.As(err, &f) {
		return err
	}
	m := entryAt.FindStringSubmatch(f.at)
	i, _ := strconv.Atoi(m[1])
	e.places[i] = e.places[i].line(f.line)
	return l.refuseEntry(e.list, i, m[2], f.reason)
}

var entryAt = regexp.MustCompile(`^\[(\d+)\]\.?(.*)$`)

// entry translates one entry by its rows, but for those whose aim is no field.
func (s *vmpoolerSource) entry(at origin, kind string, n *rubyNode, rows []vmpoolerKey) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode, Line: n.line}
	if n.shape != 0 && n.shape != yaml.MappingNode {
		return nil, at.refuse("", "want a group of keys")
	}
	for _, key := range n.keys {
		here := s.at(&rubyNode{file: key.value.file, line: key.line}, at.key+"."+key.name)
		row, ok := rowOf(rows, key.name)
		if !ok {
			return nil, here.refuse("", unknownKey(key.name, pathsOf(rows)))
		}
		if key.value.shape == 0 {
			continue
		}
		v, err := row.form(key.value)
		switch {
		case err != nil:
			return nil, refuse(err, "", here)
		case v == nil:
			continue
		case row.to == "":
			s.note(here, kind+key.name, "no effect: "+row.note)
		default:
			if row.tell && v.Value != "false" {
				s.note(here, kind+key.name, row.note)
			}
			s.octal(key.value, v, here)
			addField(out, row.to, key.line, v)
		}
	}
	return out, nil
}

func rowOf(rows []vmpoolerKey, name string) (vmpoolerKey, bool) {
	for _, k := range rows {
		start, open := strings.CutSuffix(k.path, "*")
		if k.path == name || open && strings.HasPrefix(name, start) {
			return k, true
		}
	}
	return vmpoolerKey{}, false
}

func pathsOf(rows []vmpoolerKey) []string {
	out := make([]string, len(rows))
	for i, k := range rows {
		out[i] = k.path
	}
	return out
}

// addField adds a pair, unless its aim is no field of ours.
func addField(n *yaml.Node, name string, line int, v *yaml.Node) {
	if !strings.HasPrefix(name, "(") {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: line}, v)
	}
}

func hasField(n *yaml.Node, name string) bool {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return true
		}
	}
	return false
}

// textOf is the text of a key of an entry; "" if it is not there.
func (n *rubyNode) textOf(name string) string {
	if v := n.get(name); v != nil && v.shape == yaml.ScalarNode {
		return v.text
	}
	return ""
}
