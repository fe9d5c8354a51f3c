package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// vmpoolerClasses are the classes of providers that are served, and as what.
var vmpoolerClasses = map[string]ProviderKind{"dummy": ProviderSim, "vsphere": ProviderVSphere}

// vmpoolerProvider is what a provider says of its pools.
type vmpoolerProvider struct {
	domain  string
	skipDNS bool
}

// firstReady is how long vmpooler's dummy takes for its first look at a machine.
const firstReady = "2s"

// providerEntries fills pools.providers.
func (s *vmpoolerSource) providerEntries(items []*rubyNode) (map[string]vmpoolerProvider, error) {
	section, err := s.named("providers")
	if err != nil {
		return nil, err
	}
	var used []string
	for _, item := range items {
		used = append(used, providerOf(item))
	}
	if section, err = s.impliedDummy(section, items); err != nil {
		return nil, err
	}
	out := entries{list: "pools.providers"}
	made := map[string]vmpoolerProvider{}
	for _, k := range section {
		at := s.at(&rubyNode{file: k.value.file, line: k.line}, "providers."+k.name)
		kind, err := s.classOf(k, at, slices.Contains(used, k.name))
		if err != nil {
			return nil, err
		}
		if kind == "" {
			continue
		}
		rows := vmpoolerProviderKeys(kind)
		n, err := s.entry(at, "providers.", k.value, rows)
		if err != nil {
			return nil, err
		}
		s.finishProvider(n, k, kind)
		out.add(n, at, theirNames(rows))
		skip := k.value.get("skip_dns_check_before_creating_vm")
		made[k.name] = vmpoolerProvider{domain: k.value.textOf("domain"), skipDNS: skip != nil && rubyBools[strings.ToLower(skip.text)] == "true"}
	}
	s.unusedShared(out)
	return made, s.set(out)
}

// impliedDummy is the provider of pools that name none, when there is no other: simulated machines must not come unasked.
func (s *vmpoolerSource) impliedDummy(section []rubyKey, items []*rubyNode) ([]rubyKey, error) {
	if slices.ContainsFunc(section, func(k rubyKey) bool { return k.name == defaultProvider }) {
		return section, nil
	}
	for i, item := range items {
		if providerOf(item) != defaultProvider {
			continue
		}
		at := s.at(item, fmt.Sprintf("pools[%d].provider", i))
		if len(section) > 0 {
			return nil, at.refuse("", "is "+defaultProvider+" for a pool that names none, and that is not in providers")
		}
		s.note(at, "", "there are no providers: the machines are simulated, as with vmpooler's "+defaultProvider)
		return []rubyKey{{name: defaultProvider, line: item.line, value: &rubyNode{file: item.file, line: item.line}}}, nil
	}
	return section, nil
}

// classOf is the kind of a provider, or "" for one that is not served and not used.
func (s *vmpoolerSource) classOf(k rubyKey, at origin, used bool) (ProviderKind, error) {
	class := k.value.textOf("provider_class")
	if class == "" {
		class = k.name
	}
	kind, served := vmpoolerClasses[class]
	switch {
	case served:
		return kind, nil
	case used:
		return "", at.refuse("", "a provider of class "+quote(class)+" is not served; want "+orList(keysOf(vmpoolerClasses)))
	}
	s.note(at, "", "no effect: a provider of class "+quote(class)+" is not served, and no pool uses it")
	return "", nil
}

// finishProvider adds what the whole configuration says of all providers.
func (s *vmpoolerSource) finishProvider(n *yaml.Node, k rubyKey, kind ProviderKind) {
	v := &rubyNode{line: k.line}
	addField(n, "name", k.line, ours(v, k.name))
	addField(n, "kind", k.line, ours(v, string(kind)))
	if kind == ProviderSim {
		addField(n, "vmready_first_time", k.line, ours(v, firstReady))
	}
	for _, f := range append(commonFields(), fieldsOfKind(kind)...) {
		if all, ok := s.shared["pools.providers[]."+f.name]; ok && !hasField(n, f.name) {
			addField(n, f.name, k.line, all.value)
		}
	}
}

// unusedShared tells of settings for a vCenter where there is none.
func (s *vmpoolerSource) unusedShared(out entries) {
	for _, n := range out.nodes {
		if scalarOf(n, "kind") == string(ProviderVSphere) {
			return
		}
	}
	for _, f := range vsphereFields() {
		if all, ok := s.shared["pools.providers[]."+f.name]; ok && all.value.Value != "false" {
			s.note(all.at, "", "no effect: no provider is a vCenter")
		}
	}
}
