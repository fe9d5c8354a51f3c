package config

import (
	"strings"
	"testing"
)

func TestRefusalsNameTheKeyAndThePlace(t *testing.T) {
	for _, c := range []struct {
		name string
		in   source
		want []string
	}{
		{"unknown key", source{yaml: keyed + "redis:\n  ur: x\n"}, []string{"y.yaml:3: redis.ur: unknown key", "redis.url?"}},
		{"key without its group", source{yaml: "admin_key: x"}, []string{"y.yaml:1: admin_key", "heketi.admin_key?"}},
		{"flat spelling", source{yaml: "data-dir: x"}, []string{"data_dir?"}},
		{"unknown key without likeness", source{yaml: "zebra: 1"}, []string{"y.yaml:1: zebra: unknown key"}},
		{"twice", source{yaml: "listen: a\nlisten: b"}, []string{"y.yaml:2: listen: is there twice"}},
		{"group wanted", source{yaml: "redis: embedded"}, []string{"y.yaml:1: redis: want a group"}},
		{"value wanted", source{yaml: "listen:\n  - a\n"}, []string{"y.yaml:2: listen: want a single value"}},
		{"list document", source{yaml: "- a"}, []string{"y.yaml:1: want a group"}},
		{"two documents", source{yaml: "listen: a\n---\nlisten: b"}, []string{"y.yaml: ", "more than one document"}},
		{"alias", source{yaml: "listen: &a x\ndata_dir: *a"}, []string{"y.yaml:2: aliases"}},
		{"broken yaml", source{yaml: "listen: [\n"}, []string{"y.yaml"}},
		{"bare number as duration", source{yaml: "shutdown_timeout: 15"}, []string{"y.yaml:1: shutdown_timeout", "15s"}},
		{"number out of range", source{yaml: "ssh: {port: 70000}"}, []string{"ssh.port: 70000 is not within 1 to 65535"}},
		{"not a number", source{yaml: "ssh: {port: x}"}, []string{`ssh.port: "x"`}},
		{"not a choice", source{yaml: "log: {format: xml}"}, []string{`log.format: "xml" is not json or text`}},
		{"not a bool", source{yaml: "profiling: yes"}, []string{"profiling"}},
		{"not a size", source{yaml: "http: {max_body: 8}"}, []string{"http.max_body", "KiB"}},
		{"shell in a path", source{yaml: "gluster: {fstab: '/etc/fstab; reboot'}"}, []string{"gluster.fstab"}},
		{"shell in an option", source{yaml: "heketi: {block: {options: ['a $(b)']}}"}, []string{"heketi.block.options"}},
		{"unserved dialect", source{yaml: "dialects: {vmpooler: {anonymous: full}}"}, []string{"dialects.vmpooler: unknown key"}},
		{"list field", source{yaml: "auth:\n  tokens:\n    - name: ci\n      sha: x\n"}, []string{"y.yaml:4: auth.tokens[0].sha: unknown key"}},
		{"list value", source{yaml: "auth: {tokens: [{name: ci, sha256: " + hex64("a") + ", role: boss}]}"}, []string{"auth.tokens[0].role", `"boss" is not admin, user or reader`}},
		{"list names twice", source{yaml: "auth: {tokens: [{name: ci, sha256: " + hex64("a") + ", role: user}, {name: ci, sha256: " + hex64("b") + ", role: user}]}"}, []string{"auth.tokens[1].name", "twice"}},

		{"variable", source{yaml: keyed, env: []string{"YARDMASTER_SSH_PORT=x"}}, []string{"YARDMASTER_SSH_PORT: ssh.port"}},
		{"flag value", source{yaml: keyed, args: []string{"--log-level", "loud"}}, []string{"--log-level: log.level"}},
		{"flag name", source{yaml: keyed, args: []string{"--lisen", "x"}}, []string{"--lisen: unknown flag", "--listen?"}},
		{"flag without value", source{yaml: keyed, args: []string{"--listen"}}, []string{"--listen: needs a value"}},
		{"stray word", source{yaml: keyed, args: []string{"now"}}, []string{`"now"`}},

		{"no admin key", source{yaml: ""}, []string{"heketi.admin_key: is empty"}},
		{"no user key", source{yaml: "heketi: {admin_key: x}"}, []string{"heketi.user_key: is empty"}},
		{"no way to nodes", source{yaml: keyed, args: []string{"--executor", "ssh"}}, []string{"ssh.key_file: is empty"}},
		{"unreadable key", source{yaml: keyed + "ssh: {key_file: /k}", args: []string{"--executor", "ssh"}}, []string{"y.yaml:2: ssh.key_file: open /k: file does not exist"}},
		{"unreadable known hosts", source{yaml: keyed + "ssh: {agent: true, known_hosts: /h}", args: []string{"--executor", "ssh"}}, []string{"ssh.known_hosts: open /h"}},
		{"unreadable secret", source{yaml: "heketi: {admin_key_file: /k}"}, []string{"y.yaml:1: heketi.admin_key_file: open /k"}},
		{"empty secret", source{yaml: "heketi: {admin_key_file: /k}", files: files{"/k": "\n"}}, []string{"heketi.admin_key_file: the file is empty"}},
		{"secret of two lines", source{yaml: "heketi: {admin_key_file: /k}", files: files{"/k": "a\nb"}}, []string{"heketi.admin_key_file", "one line"}},
		{"secret and its file", source{yaml: "heketi: {admin_key: x, admin_key_file: /k}"}, []string{"not both"}},
		{"tls key alone", source{yaml: keyed + "tls: {key_file: /k}"}, []string{"tls.key_file: tls.cert_file is missing"}},
		{"tls cert alone", source{yaml: keyed + "tls: {cert_file: /k}"}, []string{"tls.cert_file: tls.key_file is missing"}},
		{"tls unreadable", source{yaml: keyed + "tls: {cert_file: /c, key_file: /k}"}, []string{"tls.cert_file: open /c"}},
		{"tls not pem", source{yaml: keyed + "tls: {cert_file: /c, key_file: /k}", files: files{"/c": "x", "/k": "y"}}, []string{"tls.key_file: does not go with"}},
		{"listen without port", source{yaml: keyed + "listen: '8080'"}, []string{"y.yaml:2: listen", "host:port"}},
		{"listen with a word", source{yaml: keyed + "listen: ':http'"}, []string{"port number"}},
		{"takeover too eager", source{yaml: keyed + "operations: {takeover_after: 3s}"}, []string{"operations.takeover_after"}},
		{"per node above all", source{yaml: keyed + "operations: {max_in_flight_per_node: 65}"}, []string{"operations.max_in_flight_per_node"}},
		{"bricks upside down", source{yaml: keyed + "heketi.brick_min_size_gb: 5000"}, []string{"heketi.brick_min_size_gb"}},
		{"half a stripe", source{yaml: keyed + "ssh: {agent: true}\ngluster: {xfs_su: 4096}", args: []string{"--executor", "ssh"}}, []string{"gluster.xfs_s"}},
		{"redis scheme", source{yaml: "redis: {url: 'http://:pw@h'}"}, []string{"redis.url: want embedded"}},
		{"sentinel without master", source{yaml: "redis: {url: 'redis-sentinel://:pw@h:1'}"}, []string{"master"}},
		{"two redis passwords", source{yaml: keyed + "redis: {url: 'redis://:pw@h:1', password: pw}"}, []string{"redis.url: holds a password"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := c.in.load()
			wantError(t, err, c.want...)
			if err != nil && strings.Contains(err.Error(), "pw@") {
				t.Errorf("error shows a password: %v", err)
			}
		})
	}
	t.Run("config file", func(t *testing.T) {
		_, _, err := Load([]string{"--config", "/none"}, nil, files{}.read)
		wantError(t, err, "--config: open /none")
	})
}
