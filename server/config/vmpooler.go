package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// vmpooler's own variables that hold its whole configuration.
const (
	envVMPoolerText = "VMPOOLER_CONFIG"
	envVMPoolerFile = "VMPOOLER_CONFIG_FILE"
)

// vmpoolerSource is a vmpooler.yaml with its variables on top.
type vmpoolerSource struct {
	*loader
	file   string
	root   *rubyNode
	env    map[string]string
	rows   map[string]vmpoolerKey // by path
	shared map[string]shared      // by where they go: what holds for all entries of a list
	notes  map[string]*repeated   // by what they say
}

// shared is a value for all entries of a list that have none of their own.
type shared struct {
	value *yaml.Node
	at    origin
}

// vmpoolerConfig applies a vmpooler.yaml, if there is one, and the variables that override it.
func (l *loader) vmpoolerConfig(line commandLine, env map[string]string) error {
	name, data, err := l.vmpoolerText(line, env)
	if err != nil || name == "" {
		return err
	}
	root, err := readRuby(name, data)
	if err != nil {
		return err
	}
	l.vmpooler = name
	s := &vmpoolerSource{loader: l, file: name, root: root, env: env, rows: map[string]vmpoolerKey{},
		shared: map[string]shared{}, notes: map[string]*repeated{}}
	for _, k := range vmpoolerKeys() {
		if k.path != "" {
			s.rows[k.path] = k
		}
	}
	for _, step := range []func() error{s.extraConfig, s.asOpenAsVMPooler, s.sections, s.variables, s.auth, s.lists} {
		if err := step(); err != nil {
			return err
		}
	}
	s.tellRepeated()
	s.redis()
	return nil
}

// vmpoolerText is the configuration and what to call it: a file that our flag or variable names, else vmpooler's variables.
func (l *loader) vmpoolerText(line commandLine, env map[string]string) (string, []byte, error) {
	name, named := line.path(flagVMPoolerConfig, env[envVMPoolerConfig]), "--"+flagVMPoolerConfig
	text := env[envVMPoolerText]
	switch {
	case name != "" && text != "":
		l.warn("%s: no effect: %s names a file", envVMPoolerText, named)
	case name == "" && text != "":
		return envVMPoolerText, []byte(text), nil
	case name == "":
		name, named = env[envVMPoolerFile], envVMPoolerFile
	}
	if name == "" {
		return "", nil, nil
	}
	data, err := l.readFile(name)
	if err != nil {
		return "", nil, &Error{Where: named, Reason: err.Error()}
	}
	return name, data, nil
}

// asOpenAsVMPooler sets what vmpooler does without being told.
func (s *vmpoolerSource) asOpenAsVMPooler() error {
	implied := [][2]string{
		{"dialects.vmpooler.anonymous", string(AnonymousFull)},
		{"pools.site_name", "vmpooler"},
		{"pools.auth.provider", AuthNone},
	}
	if s.heketi == "" {
		implied = append(implied, [2]string{"listen", ":4567"})
	}
	if p := s.root.get("prometheus"); p != nil && p.shape != 0 {
		implied = append(implied, [2]string{"pools.prometheus.endpoint", "/prometheus"})
	}
	for _, d := range implied {
		if err := s.put(d[0], d[1], origin{rank: rankVMPoolerFile, where: s.file}); err != nil {
			return err
		}
	}
	return nil
}

// sections applies the file, but for its lists.
func (s *vmpoolerSource) sections() error {
	if s.root.shape == 0 {
		return nil
	}
	if s.root.shape != yaml.MappingNode {
		return s.at(s.root, "").refuse("", "want a group of keys")
	}
	return s.group("", s.root)
}

func (s *vmpoolerSource) at(n *rubyNode, path string) origin {
	return origin{rank: rankVMPoolerFile, where: fmt.Sprintf("%s:%d", n.file, n.line), file: n.file, key: clip(path)}
}

func (s *vmpoolerSource) group(prefix string, n *rubyNode) error {
	for _, k := range n.keys {
		path := prefix + k.name
		row, known := s.rows[path]
		group := isGroup(s.rows, path)
		at := s.at(&rubyNode{file: k.value.file, line: k.line}, path)
		switch {
		case prefix == "" && isList(k.name):
			continue
		case !known && !group:
			return at.refuse(path, unknownKey(path, s.near(prefix)))
		case k.value.shape == 0:
			continue
		case group && k.value.shape == yaml.MappingNode:
			if err := s.group(path+".", k.value); err != nil {
				return err
			}
		case !known:
			return at.refuse(path, "want a group of keys")
		default:
			if err := s.row(row, k.value, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// near are the keys and groups below a prefix, and all keys besides.
func (s *vmpoolerSource) near(prefix string) []string {
	known := append(keysOf(s.rows), sectionLists...)
	for path := range s.rows {
		if rest, below := strings.CutPrefix(path, prefix); below {
			name, _, _ := strings.Cut(rest, ".")
			known = append(known, prefix+name)
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// variables applies vmpooler's variables, which are stronger than its file.
func (s *vmpoolerSource) variables() error {
	for _, k := range vmpoolerKeys() {
		text, ok := s.env[k.env]
		if !ok || k.env == "" {
			continue
		}
		at := origin{rank: rankVMPoolerEnv, where: k.env, key: k.path}
		if err := s.row(k, &rubyNode{shape: yaml.ScalarNode, text: text, plain: true}, at); err != nil {
			return err
		}
	}
	return nil
}

// row applies one value, or says why it has no effect.
func (s *vmpoolerSource) row(k vmpoolerKey, n *rubyNode, at origin) error {
	v, err := k.form(n)
	if err != nil {
		return refuse(err, k.to, at)
	}
	s.octal(n, v, at)
	switch {
	case v == nil:
		return nil
	case k.to == "":
		s.note(at, k.path, "no effect: "+k.note)
		return nil
	case k.tell && v.Value != "false":
		s.note(at, k.path, k.note)
	}
	switch {
	case strings.HasPrefix(k.to, "("):
		return nil
	case strings.Contains(k.to, "[]"):
		s.shared[k.to] = shared{v, at}
		return nil
	}
	return s.putNode(k.to, v, at)
}

// octal tells of a number that is not what it looks like.
func (s *vmpoolerSource) octal(n *rubyNode, v *yaml.Node, at origin) {
	if v != nil && v.Kind == yaml.ScalarNode && v.Value != "" && v.Value != n.text && n.plain && rubyOctal.MatchString(n.text) {
		s.note(at, "", n.text+" is octal, and "+v.Value+", as in Ruby")
	}
}

// putNode sets a key and remembers its origin.
func (l *loader) putNode(key string, v *yaml.Node, from origin) error {
	o := l.table[key]
	if err := o.set(&l.cfg, v); err != nil {
		return refuse(err, key, from)
	}
	l.from[key] = from
	return nil
}

// auth checks what the section leaves open.
func (s *vmpoolerSource) auth() error {
	a, section := s.cfg.Pools.Auth, s.root.get("auth")
	if a.Provider != AuthLDAP && a.LDAP.Host != "" {
		s.note(s.from["pools.auth.ldap.host"], "", "no effect: auth.provider is not ldap")
	}
	switch {
	case a.Provider == AuthDummy:
		return s.put("pools.auth.unsafe", "true", s.from["pools.auth.provider"])
	case a.Provider == AuthNone && section != nil && section.shape != 0:
		return s.at(section, "auth.provider").refuse("", "is missing")
	case a.Provider == AuthNone:
		return nil
	}
	if encryption := section.get("ldap").get("encryption"); encryption != nil && encryption.get("tls_options") == nil && a.LDAP.Encryption != "none" {
		s.note(s.at(encryption, "auth.ldap.encryption"), "", "the server's certificate is checked, which vmpooler did not without tls_options; pools.auth.ldap.insecure: true takes any")
	}
	return nil
}

// redis notes where vmpooler's own data is.
func (s *vmpoolerSource) redis() {
	get := func(name, fallback string) string {
		row := s.rows["redis."+name]
		if v, ok := s.env[row.env]; ok && row.env != "" {
			return v
		}
		if r := s.root.get("redis"); r != nil {
			if v := r.get(name); v != nil && v.text != "" {
				return v.text
			}
		}
		return fallback
	}
	port := get("port", "6379")
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		port = "6379" // Kubernetes sets REDIS_PORT to a URL
	}
	u := url.URL{Scheme: "redis", Host: net.JoinHostPort(get("server", "localhost"), port)}
	if password := get("password", ""); password != "" {
		u.User = url.UserPassword(get("username", ""), password)
	}
	s.cfg.VMPooler.Redis = Secret(u.String())
}
