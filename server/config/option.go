package config

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// Option is one row of the table: a key and everything that is known about it.
type Option struct {
	Key     string // path in the YAML file, "redis.url"
	Flag    string // name without dashes; empty: no flag
	Default string // as one would write it in YAML
	Type    string // for people: "duration", "json or text"
	Help    string
	Secret  bool // never shown, not even in an error

	structured bool   // a list of mappings rather than a scalar
	boolean    bool   // the flag needs no value
	parts      []part // the keys of its records
	set        func(*Config, *yaml.Node) error
	show       func(*Config) string
}

// Env is the environment variable of the key.
func (o Option) Env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(o.Key, ".", "_"))
}

// Show gives the value in c as one would write it in YAML; secrets stay hidden.
func (o Option) Show(c Config) string { return o.show(&c) }

// Options is the table, in the order in which people should read it.
func Options() []Option {
	rows := append(serverOptions(), storageOptions()...)
	rows = append(rows, poolsOptions()...)
	rows = append(rows, eventsOptions()...)
	rows = append(rows, configsOptions()...)
	return append(rows, instancesOptions()...)
}

func option[T any](key, def string, k kind[T], at func(*Config) *T, help string) Option {
	return Option{
		Key: key, Default: def, Type: k.name, Help: help,
		Secret: k.secret, structured: k.structured, boolean: k.boolean, parts: k.parts,
		set: func(c *Config, n *yaml.Node) error {
			v, err := k.parse(n)
			if err != nil {
				return err
			}
			*at(c) = v
			return nil
		},
		show: func(c *Config) string { return k.format(*at(c)) },
	}
}

func (o Option) withFlag(name string) Option {
	o.Flag = name
	return o
}

// fromText reads a value that came without YAML around it: an environment
// variable or a flag. Only structured values are written as YAML there too.
func (o Option) fromText(c *Config, text string) error {
	if !o.structured {
		return o.set(c, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text})
	}
	n, err := parseYAML([]byte(text))
	if err != nil {
		return err
	}
	if n == nil {
		return nil
	}
	return o.set(c, n)
}

// table finds options by key.
type table map[string]Option

func newTable() table {
	t := table{}
	for _, o := range Options() {
		t[o.Key] = o
	}
	return t
}

// defaults is the configuration of an empty file.
func (t table) defaults() Config {
	var c Config
	for _, o := range t {
		if err := o.fromText(&c, o.Default); err != nil {
			panic("config: default of " + o.Key + ": " + err.Error())
		}
	}
	return c
}

// fileTwin is the key whose file holds the value of a secret, if there is one.
func (t table) fileTwin(o Option) (Option, bool) {
	if !o.Secret {
		return Option{}, false
	}
	twin, ok := t[o.Key+"_file"]
	return twin, ok
}
