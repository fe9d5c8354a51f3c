package config

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// extraMost is more files than a configuration is split into.
const extraMost = 32

// extraConfig merges the files that config.extra_config names into the first one.
func (s *vmpoolerSource) extraConfig() error {
	names, at, err := s.extraNames()
	if err != nil {
		return err
	}
	if len(names) > extraMost {
		return at.refuse("", "names too many files")
	}
	for _, name := range names {
		data, err := s.readFile(name)
		if err != nil {
			return at.refuse("", err.Error())
		}
		extra, err := readRuby(name, data)
		if err != nil {
			return err
		}
		if c := extra.get("config"); c != nil && c.get("extra_config") != nil {
			return s.at(c.get("extra_config"), "config.extra_config").refuse("", "only the first file may name more")
		}
		s.merge("", s.root, extra)
	}
	return nil
}

func (s *vmpoolerSource) extraNames() ([]string, origin, error) {
	n := &rubyNode{shape: yaml.ScalarNode, text: s.env["EXTRA_CONFIG"]}
	at := origin{where: "EXTRA_CONFIG"}
	if n.text == "" {
		c := s.root.get("config")
		if c == nil || c.get("extra_config") == nil || c.get("extra_config").shape == 0 {
			return nil, at, nil
		}
		n = c.get("extra_config")
		at = s.at(n, "config.extra_config")
	}
	list, err := asTexts(n)
	if err != nil {
		return nil, at, refuse(err, "", at)
	}
	var names []string
	for _, item := range list.Content {
		for _, name := range strings.Split(item.Value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names, at, nil
}

// merge adds what into lacks: groups are merged, lists joined, and of two values that of the first file stays.
func (s *vmpoolerSource) merge(path string, into, from *rubyNode) {
	switch {
	case from.shape == 0:
	case into.shape == 0:
		*into = *from
	case into.shape == yaml.MappingNode && from.shape == yaml.MappingNode:
		for _, k := range from.keys {
			if there := into.get(k.name); there != nil {
				s.merge(path+"."+k.name, there, k.value)
			} else {
				into.keys = append(into.keys, k)
			}
		}
	case into.shape == yaml.SequenceNode && from.shape == yaml.SequenceNode:
		into.list = append(into.list, from.list...)
	case into.shape != from.shape || into.text != from.text:
		s.note(s.at(from, strings.TrimPrefix(path, ".")), "", "no effect: "+into.file+" has it too")
	}
}
