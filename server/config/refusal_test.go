package config

import (
	"strings"
	"testing"
)

// pooled is a server for pools, with a simulated provider and more.
func pooled(more string) string { return "pools:\n  providers: [{name: sim, kind: sim}]\n  " + more }

// vcenter is one with pools on a vCenter.
func vcenter(pools string) string {
	return "pools: {providers: [{name: x, kind: vsphere, server: h, username: u, password: p}], list: [" + pools + "]}"
}

// ldap is one with users in a directory.
func ldap(more string) string {
	return "pools: {auth: {provider: ldap, ldap: {host: h, base: b, user_object: uid, " + more + "}}}"
}

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
		{"unserved dialect", source{yaml: "dialects: {stacky: {anonymous: full}}"}, []string{"dialects.stacky: unknown key"}},
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
		{"pools not a list", source{yaml: pooled("list: {name: a}")}, []string{"y.yaml:3: pools.list: want a list"}},
		{"pool without a name", source{yaml: pooled("list: [{template: t}]")}, []string{"y.yaml:3: pools.list[0].name: is empty"}},
		{"pool with a bad name", source{yaml: pooled("list: [{name: a b, template: t}]")}, []string{"pools.list[0].name", `"a b"`}},
		{"pool without a template", source{yaml: pooled("list: [{name: a, template: t}, {name: b}]")}, []string{"pools.list[1].template: is empty"}},
		{"pool twice", source{yaml: pooled("list: [{name: a, template: t}, {name: a, template: t}]")}, []string{"pools.list[1].name", "twice"}},
		{"pool with an unknown key", source{yaml: pooled("list:\n    - name: a\n      templat: t")}, []string{"y.yaml:5: pools.list[0].templat: unknown key (did you mean template?)"}},
		{"pool with an unknown key below", source{yaml: pooled("list: [{name: a, template: t, ready: {prt: 1}}]")}, []string{"pools.list[0].ready.prt: unknown key (did you mean ready.port?)"}},
		{"pool with a flat ready", source{yaml: pooled("list: [{name: a, template: t, ready: tcp}]")}, []string{"pools.list[0].ready: want a group"}},
		{"pool with a key twice", source{yaml: pooled("list: [{name: a, name: b}]")}, []string{"pools.list[0].name: is there twice"}},
		{"pool of negative size", source{yaml: pooled("list:\n    - {name: a, template: t}\n    - {name: b, template: t}\n    - name: c\n      size: -1")}, []string{"y.yaml:7: pools.list[2].size: -1 is not within"}},
		{"pool with a bare timeout", source{yaml: pooled("list: [{name: a, template: t, timeout: 15}]")}, []string{"pools.list[0].timeout", "15s"}},
		{"pool with a bad alias", source{yaml: pooled("list: [{name: a, template: t, aliases: [ok, 'not ok']}]")}, []string{"pools.list[0].aliases[1]", "not ok"}},
		{"pool with a bad option", source{yaml: pooled("list: [{name: a, template: t, options: {x: [1]}}]")}, []string{"pools.list[0].options.x: want a single value"}},
		{"pool without a provider", source{yaml: "pools: {list: [{name: a, template: t}]}"}, []string{"y.yaml:1: pools.list[0].provider: there is none"}},
		{"pool that must choose", source{yaml: "pools: {providers: [{name: x, kind: sim}, {name: y, kind: sim}], list: [{name: a, template: t}]}"}, []string{"pools.list[0].provider: is empty; want x or y"}},
		{"pool of an unknown provider", source{yaml: pooled("list:\n    - name: a\n      template: t\n      provider: simm")}, []string{"y.yaml:4: pools.list[0].provider", "did you mean sim?"}},
		{"provider of no kind", source{yaml: "pools: {providers: [{name: x}]}"}, []string{"pools.providers[0].kind", "sim, libvirt or vsphere"}},
		{"provider with another's key", source{yaml: "pools: {providers: [{name: x, kind: sim, server: h}]}"}, []string{"pools.providers[0].server: is a key of providers of kind vsphere"}},
		{"provider with an unknown key", source{yaml: "pools: {providers: [{name: x, kind: sim, hots: 1}]}"}, []string{"pools.providers[0].hots: unknown key (did you mean hosts?)"}},
		{"provider with a bad pattern", source{yaml: "pools: {providers: [{name: x, kind: sim, allow: ['a[']}]}"}, []string{"pools.providers[0].allow[0]", "pattern"}},
		{"too many percent", source{yaml: "pools: {providers: [{name: x, kind: sim, createvm_fail_percent: 101}]}"}, []string{"pools.providers[0].createvm_fail_percent"}},
		{"vcenter without a password", source{yaml: "pools: {providers: [{name: x, kind: vsphere, server: h, username: u}]}"}, []string{"pools.providers[0].password: is empty"}},
		{"vcenter with two passwords", source{yaml: "pools: {providers: [{name: x, kind: vsphere, server: h, username: u, password: pw@, password_file: /k}]}"}, []string{"pools.providers[0].password_file", "not both"}},
		{"vcenter with an unreadable password", source{yaml: "pools:\n  providers:\n    - {name: x, kind: vsphere, server: h, username: u, password_file: /k}"}, []string{"y.yaml:3: pools.providers[0].password_file: open /k"}},
		{"vcenter with an empty password file", source{yaml: "pools: {providers: [{name: x, kind: vsphere, server: h, username: u, password_file: /k}]}", files: files{"/k": "\n"}}, []string{"password_file: the file is empty"}},
		{"vcenter pool without a folder", source{yaml: vcenter("{name: a, template: t}")}, []string{"pools.list[0].folder: is empty"}},
		{"vcenter pools in one folder", source{yaml: vcenter("{name: a, template: t, folder: f}, {name: b, template: t, folder: f}")}, []string{"pools.list[1].folder", `pool "a"`}},
		{"hypervisors without ssh", source{yaml: "pools: {providers: [{name: x, kind: libvirt, hosts: [h]}]}"}, []string{"ssh.key_file: is empty", "libvirt"}},
		{"hypervisors without hosts", source{yaml: "pools: {providers: [{name: x, kind: libvirt}]}"}, []string{"pools.providers[0].hosts: is empty"}},
		{"address from nowhere", source{yaml: "pools: {providers: [{name: x, kind: libvirt, hosts: [h], address_sources: [dns]}]}"}, []string{"pools.providers[0].address_sources[0]", "lease, agent or arp"}},
		{"pools in a variable", source{yaml: pooled("prefix: x-"), env: []string{"YARDMASTER_POOLS_LIST=[{name: a, template: t, size: x}]"}}, []string{"YARDMASTER_POOLS_LIST: pools.list[0].size"}},
		{"pools of a variable, not of the file", source{yaml: pooled("list: [{name: a, template: t}]"), env: []string{"YARDMASTER_POOLS_LIST=[{name: a, template: t, provider: x}]"}}, []string{"YARDMASTER_POOLS_LIST: pools.list[0].provider"}},
		{"provider lost to a variable", source{yaml: pooled("list: [{name: a, template: t, provider: sim}]"), env: []string{"YARDMASTER_POOLS_PROVIDERS=[]"}}, []string{"y.yaml:3: pools.list[0].provider: \"sim\" is not in"}},
		{"bad expression", source{yaml: "pools:\n  tag_filter:\n    ok: x\n    url: '(*'"}, []string{"y.yaml:4: pools.tag_filter.url", "missing argument"}},
		{"no lifetime", source{yaml: "pools: {tag_lifetimes: {keep: 0}}"}, []string{`pools.tag_lifetimes.keep`}},
		{"bad weight", source{yaml: "pools: {backend_weight: {a: heavy}}"}, []string{`pools.backend_weight.a: "heavy" is not a whole number`}},
		{"bad prefix", source{yaml: "pools: {prefix: 'a.b'}"}, []string{"pools.prefix"}},
		{"bad domain", source{yaml: "pools: {domain: '-x'}"}, []string{"pools.domain"}},
		{"bad metrics path", source{yaml: "pools: {prometheus: {endpoint: metrics}}"}, []string{"pools.prometheus.endpoint"}},
		{"dummy by accident", source{yaml: "pools: {auth: {provider: dummy}}"}, []string{"pools.auth.provider: dummy takes any password", "pools.auth.unsafe"}},
		{"ldap without a host", source{yaml: "pools: {auth: {provider: ldap}}"}, []string{"pools.auth.ldap.host: is empty"}},
		{"ldap without a base", source{yaml: "pools: {auth: {provider: ldap, ldap: {host: h}}}"}, []string{"pools.auth.ldap.base: is empty"}},
		{"ldap without an attribute", source{yaml: "pools: {auth: {provider: ldap, ldap: {host: h, base: b}}}"}, []string{"pools.auth.ldap.user_object: is empty"}},
		{"ldap with half an account", source{yaml: ldap("service_account: {user_dn: d}")}, []string{"pools.auth.ldap.service_account.password: is empty"}},
		{"ldap with the other half", source{yaml: ldap("service_account: {password: pw@}")}, []string{"pools.auth.ldap.service_account.user_dn: is empty"}},
		{"ldap without its authorities", source{yaml: ldap("ca_file: /ca")}, []string{"pools.auth.ldap.ca_file: open /ca"}},
		{"ldap without any authority", source{yaml: ldap("ca_file: /ca"), files: files{"/ca": "x"}}, []string{"pools.auth.ldap.ca_file: holds no certificate"}},

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
