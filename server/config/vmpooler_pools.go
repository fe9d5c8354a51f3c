package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// dynamicDNS is the class of dns_configs whose records make themselves.
const dynamicDNS = "dynamic-dns"

// dnsConfigs gives the domain of each entry.
func (s *vmpoolerSource) dnsConfigs() (map[string]string, error) {
	domains := map[string]string{}
	section, err := s.named("dns_configs")
	if err != nil {
		return nil, err
	}
	for _, k := range section {
		at := s.at(&rubyNode{file: k.value.file, line: k.line}, "dns_configs."+k.name)
		rows, known := vmpoolerDNSKeys(), k.value
		if class := k.value.textOf("dns_class"); class != "" && class != dynamicDNS {
			s.note(at, "", "no effect but for its domain: "+quote(class)+" would make DNS records, which are not made here")
			known = only(k.value, pathsOf(rows))
		}
		if _, err := s.entry(at, "", known, rows); err != nil {
			return nil, err
		}
		domains[k.name] = k.value.textOf("domain")
	}
	return domains, nil
}

// only is a group without the keys of plugins that nobody here knows.
func only(n *rubyNode, names []string) *rubyNode {
	out := *n
	out.keys = nil
	for _, k := range n.keys {
		if slices.Contains(names, k.name) {
			out.keys = append(out.keys, k)
		}
	}
	return &out
}

// named are the entries of a section that is a group of groups.
func (s *vmpoolerSource) named(section string) ([]rubyKey, error) {
	n := s.root.get(section)
	switch {
	case n == nil || n.shape == 0:
		return nil, nil
	case n.shape != yaml.MappingNode:
		return nil, s.at(n, section).refuse("", "want a group of keys")
	}
	return n.keys, nil
}

// poolItems are the entries of :pools:.
func (s *vmpoolerSource) poolItems() ([]*rubyNode, error) {
	n := s.root.get("pools")
	switch {
	case n == nil || n.shape == 0:
		s.note(origin{where: s.file}, "", "there are no pools; vmpooler would read them from its Redis")
		return nil, nil
	case n.shape != yaml.SequenceNode:
		return nil, s.at(n, "pools").refuse("", "want a list")
	}
	for i, item := range n.list {
		if item.shape != yaml.MappingNode {
			return nil, s.at(item, fmt.Sprintf("pools[%d]", i)).refuse("", "want a group of keys")
		}
	}
	return n.list, nil
}

// defaultProvider is that of a pool which names none.
const defaultProvider = "dummy"

func providerOf(pool *rubyNode) string {
	if name := pool.textOf("provider"); name != "" {
		return name
	}
	return defaultProvider
}

// poolEntries fills pools.list.
func (s *vmpoolerSource) poolEntries(items []*rubyNode, made map[string]vmpoolerProvider, domains map[string]string) error {
	rows := vmpoolerPoolKeys()
	out := entries{list: "pools.list"}
	for i, item := range items {
		at := s.at(item, fmt.Sprintf("pools[%d]", i))
		n, err := s.entry(at, "pools.", item, rows)
		if err != nil {
			return err
		}
		provider, err := s.providerFor(item, at, made)
		if err != nil {
			return err
		}
		addField(n, "provider", item.line, ours(item, providerOf(item)))
		domain, err := s.domainFor(item, at, provider, domains)
		if err != nil {
			return err
		}
		if domain != "" {
			addField(n, "domain", item.line, ours(item, domain))
		}
		s.finishPool(n, item, provider)
		out.add(n, at, theirNames(rows))
	}
	return s.set(out)
}

func (s *vmpoolerSource) providerFor(item *rubyNode, at origin, made map[string]vmpoolerProvider) (vmpoolerProvider, error) {
	name := providerOf(item)
	p, ok := made[name]
	if !ok {
		if v := item.get("provider"); v != nil {
			at = s.at(v, at.key)
		}
		at.key += ".provider"
		return p, at.refuse("", quote(name)+" is not in providers"+meant(name, keysOf(made)))
	}
	return p, nil
}

// domainFor is that of the pool's dns_plugin, else that of its provider.
func (s *vmpoolerSource) domainFor(item *rubyNode, at origin, p vmpoolerProvider, domains map[string]string) (string, error) {
	plugin := item.get("dns_plugin")
	if plugin == nil || plugin.shape == 0 {
		return p.domain, nil
	}
	domain, ok := domains[plugin.text]
	if !ok {
		return "", s.at(plugin, at.key+".dns_plugin").refuse("", quote(plugin.text)+" is not in dns_configs"+meant(plugin.text, keysOf(domains)))
	}
	return domain, nil
}

// finishPool adds what the pool's provider and the whole configuration say of it.
func (s *vmpoolerSource) finishPool(n *yaml.Node, item *rubyNode, p vmpoolerProvider) {
	if p.skipDNS {
		addField(n, "skip_dns_check", item.line, ours(item, "true"))
	}
	for _, name := range []string{"check_hostname", "full_clone"} {
		if all, ok := s.shared["pools.list[]."+name]; ok && !hasField(n, name) {
			addField(n, name, item.line, all.value)
		}
	}
	memory := &yaml.Node{Kind: yaml.MappingNode, Line: item.line}
	for _, k := range item.keys {
		if strings.HasPrefix(k.name, memoryOptions) && k.value.shape == yaml.ScalarNode {
			addField(memory, k.name, k.line, ours(k.value, k.value.text))
		}
	}
	if len(memory.Content) > 0 {
		addField(n, "options", item.line, memory)
	}
}
