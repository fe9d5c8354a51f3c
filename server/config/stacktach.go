package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// envStackTachFile is StackTach's own variable that names its deployments.
const envStackTachFile = "STACKTACH_DEPLOYMENTS_FILE"

// stacktachSource is StackTach's deployments.
type stacktachSource struct {
	*loader
	file    string
	unknown int
}

// stacktachConfig applies StackTach's deployments, if there is a file of them: one that our flag or variable names, else StackTach's.
func (l *loader) stacktachConfig(line commandLine, env map[string]string) error {
	name, named := line.path(flagStackTachConfig, env[envStackTachConfig]), "--"+flagStackTachConfig
	if name == "" {
		name, named = env[envStackTachFile], envStackTachFile
	}
	if name == "" {
		return nil
	}
	data, err := l.readFile(name)
	if err != nil {
		return &Error{Where: named, Reason: err.Error()}
	}
	root, at, err := readJSONTree(data)
	if err != nil {
		return &Error{Where: fmt.Sprintf("%s:%d", name, at), Reason: err.Error()}
	}
	l.stacktach = name
	s := &stacktachSource{loader: l, file: name}
	if err := s.put("dialects.stacktach.anonymous", string(AnonymousFull), origin{rank: rankStackTach, where: name}); err != nil {
		return err
	}
	if err := s.top(root); err != nil {
		return err
	}
	if s.unknown > strangersNamed {
		s.warn("%s: %d more unknown keys, ignored", s.file, s.unknown-strangersNamed)
	}
	return nil
}

func (s *stacktachSource) at(n *yaml.Node, key string) origin {
	return origin{rank: rankStackTach, where: fmt.Sprintf("%s:%d", s.file, n.Line), file: s.file, key: clip(key)}
}

// top reads the object that the file is.
func (s *stacktachSource) top(root *yaml.Node) error {
	if root.Kind != yaml.MappingNode {
		return s.at(root, "").refuse("", "want a JSON object")
	}
	var list, workers *yaml.Node
	for key, v := range pairs(root) {
		switch key.Value {
		case "deployments":
			list = v
		case "workers":
			workers = v
		default:
			s.stranger(key, key.Value, []string{"deployments", "workers"})
		}
	}
	switch {
	case list == nil:
		return s.at(root, "deployments").refuse("", "is missing")
	case list.Kind != yaml.SequenceNode:
		return s.at(list, "deployments").refuse("", "want a list")
	case len(list.Content) == 0:
		s.note(s.at(list, "deployments"), "is empty: no notifications are consumed")
	}
	if err := s.deployments(list); err != nil {
		return err
	}
	s.workers(workers)
	return nil
}

func (s *stacktachSource) workers(n *yaml.Node) {
	if n == nil {
		return
	}
	for key := range pairs(n) {
		if key.Value != "process_timeout" {
			s.stranger(key, "workers."+key.Value, []string{"workers.process_timeout"})
			continue
		}
		s.note(s.at(key, "workers.process_timeout"), "no effect: "+noWatchdog)
	}
}

func (s *stacktachSource) deployments(list *yaml.Node) error {
	out, theirs := entries{list: "events.deployments"}, map[string]string{}
	for _, k := range stacktachKeys() {
		theirs[k.to] = k.path
	}
	for i, item := range list.Content {
		at := s.at(item, fmt.Sprintf("deployments[%d]", i))
		if item.Kind != yaml.MappingNode {
			return at.refuse("", "want an object")
		}
		n, err := s.deployment(at, item)
		if err != nil {
			return err
		}
		out.add(n, at, theirs)
	}
	return s.setEntries(out, origin{rank: rankStackTach, where: s.file})
}

// deployment is an entry in our words.
func (s *stacktachSource) deployment(at origin, item *yaml.Node) (*yaml.Node, error) {
	rows := stacktachKeys()
	out := &yaml.Node{Kind: yaml.MappingNode, Line: item.Line}
	told := map[string]bool{}
	for key, v := range pairs(item) {
		i := slices.IndexFunc(rows, func(k stacktachKey) bool { return k.path == key.Value })
		switch {
		case i < 0:
			s.stranger(key, at.key+"."+key.Value, stacktachNames())
			continue
		case rows[i].to == "":
			s.note(s.at(key, at.key+"."+key.Value), "no effect: "+rows[i].note)
			continue
		case key.Value == "topics":
			var err error
			if v, err = s.topics(at.key+".topics", v); err != nil {
				return nil, err
			}
		}
		if v.Tag == "!!null" {
			continue
		}
		told[key.Value] = true
		addField(out, rows[i].to, key.Line, v)
	}
	for _, k := range rows {
		if k.def != "" && !told[k.path] {
			addField(out, k.to, item.Line, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: k.def, Line: item.Line})
		}
	}
	return out, nil
}

// topics makes a list of what is an object there, in its order.
func (s *stacktachSource) topics(path string, n *yaml.Node) (*yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, s.at(n, path).refuse("", "want an object of exchanges")
	}
	out := &yaml.Node{Kind: yaml.SequenceNode, Line: n.Line}
	for exchange, queues := range pairs(n) {
		here := path + "." + exchange.Value
		if queues.Kind != yaml.SequenceNode {
			return nil, s.at(queues, here).refuse("", "want a list of queues")
		}
		known := &yaml.Node{Kind: yaml.SequenceNode, Line: queues.Line}
		for i, q := range queues.Content {
			b, err := s.binding(fmt.Sprintf("%s[%d]", here, i), q)
			if err != nil {
				return nil, err
			}
			known.Content = append(known.Content, b)
		}
		topic := &yaml.Node{Kind: yaml.MappingNode, Line: exchange.Line}
		addField(topic, "exchange", exchange.Line, exchange)
		addField(topic, "queues", queues.Line, known)
		out.Content = append(out.Content, topic)
	}
	return out, nil
}

// binding is a queue without the keys that nobody reads.
func (s *stacktachSource) binding(path string, n *yaml.Node) (*yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, s.at(n, path).refuse("", "want an object with queue and routing_key")
	}
	out := &yaml.Node{Kind: yaml.MappingNode, Line: n.Line}
	fields := []string{"queue", "routing_key"}
	for key, v := range pairs(n) {
		if !slices.Contains(fields, key.Value) {
			s.stranger(key, path+"."+key.Value, fields)
			continue
		}
		addField(out, key.Value, key.Line, v)
	}
	for _, name := range fields {
		if !hasField(out, name) {
			return nil, s.at(n, path+"."+name).refuse("", "is missing")
		}
	}
	return out, nil
}

// stranger warns of a key that StackTach never read.
func (s *stacktachSource) stranger(key *yaml.Node, path string, known []string) {
	if s.unknown++; s.unknown <= strangersNamed {
		s.note(s.at(key, path), "unknown key, ignored"+meant(key.Value, known))
	}
}

func (s *stacktachSource) note(at origin, text string) {
	s.warn("%s: %s", at.where, strings.Join([]string{at.key, text}, ": "))
}

// pairs are the keys and values of a mapping; there are none in anything else.
func pairs(n *yaml.Node) func(func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}
