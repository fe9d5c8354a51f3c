package config

import (
	"fmt"
	"strings"
)

// heketiSource is a heketi.json with its variables on top.
type heketiSource struct {
	*loader
	file   string
	leaves map[string]jsonValue
	env    map[string]string
}

// heketiFile applies a heketi.json and the variables that override it.
func (l *loader) heketiFile(name string, env map[string]string) error {
	data, err := l.readFile(name)
	if err != nil {
		return &Error{Where: "--" + flagHeketiConfig, Reason: err.Error()}
	}
	leaves, line, err := readJSON(data)
	if err != nil {
		return &Error{Where: fmt.Sprintf("%s:%d", name, line), Reason: err.Error()}
	}
	l.heketi = name
	s := &heketiSource{loader: l, file: name, leaves: map[string]jsonValue{}, env: env}
	for _, leaf := range leaves {
		s.leaves[leaf.path] = leaf
	}
	l.wantTLS = s.leaves["enable_tls"].value == true
	if err := s.asOpenAsHeketi(); err != nil {
		return err
	}
	rows := heketiKeys()
	if err := s.strangers(rows); err != nil {
		return err
	}
	if err := s.translate(rows); err != nil {
		return err
	}
	if l.cfg.Heketi.Executor == ExecutorSim {
		return s.implied("sim.on_demand", "true")
	}
	return nil
}

// asOpenAsHeketi sets what Heketi does without being told.
func (s *heketiSource) asOpenAsHeketi() error {
	for _, d := range [][2]string{
		{"metrics.open", "true"},
		{"heketi.open_hello", "true"},
		{"ssh.user", "heketi"},
		{"ssh.host_keys", string(HostKeysInsecure)},
	} {
		if err := s.implied(d[0], d[1]); err != nil {
			return err
		}
	}
	for _, k := range heketiKeys() {
		if _, told := s.from[k.to]; !told && k.to != "" && k.path != "" {
			s.from[k.to] = origin{where: s.file, key: k.path}
		}
	}
	return nil
}

func (s *heketiSource) implied(key, value string) error {
	return s.put(key, value, origin{rank: rankHeketiFile, where: s.file})
}

// translate applies the rows in the order of the table, which has the executor
// ahead of the keys that depend on it.
func (s *heketiSource) translate(rows []heketiKey) error {
	for _, k := range rows {
		if k.group {
			continue
		}
		if leaf, ok := s.leaves[k.path]; ok && k.path != "" {
			at := origin{rank: rankHeketiFile, where: fmt.Sprintf("%s:%d", s.file, leaf.line), key: k.path}
			if err := s.row(k, leaf.value, at); err != nil {
				return err
			}
		}
		if err := s.variable(k); err != nil {
			return err
		}
	}
	return nil
}

func (s *heketiSource) variable(k heketiKey) error {
	text, ok := s.env[k.env]
	if !ok || k.env == "" {
		return nil
	}
	at := origin{rank: rankHeketiEnv, where: k.env, key: k.path}
	v, err := k.form.fromEnv(text)
	if err != nil {
		return at.refuse(k.to, err.Error())
	}
	return s.row(k, v, at)
}

// row applies one value, or says why it has no effect.
func (s *heketiSource) row(k heketiKey, v any, at origin) error {
	if k.ssh && s.cfg.Heketi.Executor != ExecutorSSH {
		s.note(at, "no effect on the simulated cluster")
		return nil
	}
	value, err := k.form.text(v)
	if err != nil {
		return at.refuse(k.to, err.Error())
	}
	switch {
	case value == "", k.path == "enable_tls":
		return nil
	case k.to == "":
		s.note(at, "no effect: "+k.note)
		return nil
	case strings.HasPrefix(k.to, "tls.") && !s.wantTLS:
		s.note(at, "no effect: enable_tls is not true")
		return nil
	}
	s.remark(k, v, at)
	if err := s.put(k.to, value, at); err != nil {
		return err
	}
	if k.form == heketiKnownHosts {
		return s.put("ssh.host_keys", string(HostKeysStrict), at)
	}
	return nil
}

// remark tells what a value means here when that is not what it says.
func (s *heketiSource) remark(k heketiKey, v any, at origin) {
	text, _ := v.(string)
	switch {
	case k.form == heketiExecutor && strings.HasPrefix(text, "inject/"):
		s.note(at, "taken as "+strings.TrimPrefix(text, "inject/")+": no faults are injected")
	case k.form == heketiLevel && (text == "none" || text == "critical"):
		s.note(at, quote(text)+" is taken as error")
	case k.form == heketiFolder, k.form == heketiReadOnly:
		s.note(at, k.note)
	}
}

func (s *heketiSource) note(at origin, text string) {
	if at.key != "" {
		text = at.key + ": " + text
	}
	s.warn("%s: %s", at.where, text)
}
