package config

import "testing"

func TestVMPoolerRefusals(t *testing.T) {
	for _, c := range []struct {
		name, yaml, env string
		want            []string
	}{
		{"unknown section", ":confg: {}", "", []string{"v.yaml:1: confg: unknown key (did you mean config?)"}},
		{"unknown key", ":config:\n  task_limit: 1\n  tsk_limit: 2", "", []string{"v.yaml:3: config.tsk_limit: unknown key (did you mean config.task_limit?)"}},
		{"unknown key below", ":auth:\n  provider: ldap\n  :ldap:\n    hots: x", "", []string{"v.yaml:4: auth.ldap.hots: unknown key"}},
		{"unknown key of a pool", sandbox("    flavour: x\n"), "", []string{"v.yaml:7: pools[0].flavour: unknown key"}},
		{"unknown key of a provider", ":providers:\n  :dummy:\n    filenam: x\n" + ":pools: []", "", []string{"v.yaml:3: providers.dummy.filenam: unknown key (did you mean filename?)"}},
		{"unknown key of dns", ":dns_configs: {x: {dns_class: dynamic-dns, zone: y}}", "", []string{"v.yaml:1: dns_configs.x.zone: unknown key"}},
		{"twice", ":config: {prefix: a, prefix: b}", "", []string{"v.yaml:1: prefix: is there twice"}},
		{"twice, with and without a colon", ":config: {prefix: a}\nconfig: {prefix: b}", "", []string{"v.yaml:2: config: is there twice"}},
		{"group for a value", ":config: {prefix: {a: b}}", "", []string{"config.prefix: want a single value"}},
		{"value for a group", ":config: 5", "", []string{"v.yaml:1: config: want a group of keys"}},
		{"list document", "- a", "", []string{"v.yaml:1: want a group of keys"}},
		{"two documents", ":config: {}\n---\n:config: {}", "", []string{"more than one document"}},
		{"broken", ":config: [", "", []string{"v.yaml"}},
		{"ruby object", ":config: {prefix: !ruby/object:File x}", "", []string{"v.yaml:1: a value of type"}},
		{"merged text", ":config: {<<: x}", "", []string{"want a group of keys"}},
		{"not a number", ":config: {task_limit: many}", "", []string{`v.yaml:1: config.task_limit: "many" is not a number`}},
		{"half a number", ":config: {task_limit: 1.5}", "", []string{"config.task_limit", "whole number"}},
		{"not octal", ":config: {task_limit: 08}", "", []string{"config.task_limit", "not a number"}},
		{"clock", ":config: {timeout: '1:30'}", "", []string{"config.timeout", "not a number"}},
		{"negative", ":config: {timeout: -1}", "", []string{"config.timeout: -1m is less than"}},
		{"endless", ":config: {timeout: 99999999999}", "", []string{"config.timeout", "too much"}},
		{"not a bool", ":config: {usage_stats: 2}", "", []string{"config.usage_stats", "neither true nor false"}},
		{"bad weight", ":config: {backend_weight: {a: x}}", "", []string{"config.backend_weight.a"}},
		{"bad expression", ":tagfilter:\n  url: '(?<!a)b'", "", []string{"v.yaml:2: tagfilter.url", "invalid"}},
		{"auth without a provider", ":auth: {ldap: {host: h}}", "", []string{"v.yaml:1: auth.provider: is missing"}},
		{"unknown auth", ":auth: {provider: kerberos}", "", []string{"v.yaml:1: auth.provider", "dummy or ldap"}},
		{"ldap without a host", ":auth: {provider: ldap}", "", []string{"ldap.host: is empty"}},
		{"pool without a template", ":providers: {dummy: {}}\n:pools:\n  - name: a\n    size: 1", "", []string{"v.yaml:3: pools[0].template: is empty"}},
		{"pool with a bad size", sandbox("") + "  - name: b\n    template: t\n    size: -1\n", "", []string{"v.yaml:9: pools[1].size: -1 is not within"}},
		{"pool with a bad alias", sandbox("    alias: [a/b]\n"), "", []string{"pools[0].alias[0]", "a/b"}},
		{"pool with a flag that is none", sandbox("    create_linked_clone: maybe\n"), "", []string{"v.yaml:7: pools[0].create_linked_clone", "neither"}},
		{"pool twice", sandbox("") + "  - name: a\n    template: t\n", "", []string{"v.yaml:7: pools[1].name", "twice"}},
		{"pool of no provider", sandbox("    provider: vsphere\n"), "", []string{"v.yaml:7: pools[0].provider: \"vsphere\" is not in providers"}},
		{"pool of a provider that is not served", ":providers: {gce: {}}\n:pools: [{name: a, template: t, provider: gce}]", "", []string{"v.yaml:1: providers.gce", "is not served", "dummy or vsphere"}},
		{"pool that would be simulated unasked", ":providers: {vsphere: {server: h, username: u, password: p}}\n:pools: [{name: a, template: t}]", "", []string{"v.yaml:2: pools[0].provider: is dummy for a pool that names none"}},
		{"pool of an unknown dns", sandbox("    dns_plugin: x\n"), "", []string{"v.yaml:7: pools[0].dns_plugin: \"x\" is not in dns_configs"}},
		{"pools that are no list", ":pools: {a: b}", "", []string{"v.yaml:1: pools: want a list"}},
		{"pool that is no group", ":pools: [a]", "", []string{"v.yaml:1: pools[0]: want a group of keys"}},
		{"vcenter without a user", ":providers:\n  :vsphere: {server: h, password: p}", "", []string{"v.yaml:2: providers.vsphere.username: is empty"}},
		{"vcenter pool without a folder", ":providers: {vsphere: {server: h, username: u, password: p}}\n:pools: [{name: a, template: t, provider: vsphere}]", "", []string{"v.yaml:2: pools[0].folder: is empty"}},
		{"bad domain of dns", ":dns_configs: {x: {domain: 'a b'}}", "", []string{"v.yaml:1: dns_configs.x.domain"}},
		{"extra file", ":config: {extra_config: 'none.yaml'}", "", []string{"v.yaml:1: config.extra_config: open none.yaml"}},
		{"variable", sandbox(""), "TASK_LIMIT=many", []string{"TASK_LIMIT: config.task_limit", "many"}},
		{"variable out of range", sandbox(""), "TASK_LIMIT=0", []string{"TASK_LIMIT: config.task_limit: 0 is not within"}},
		{"extra file by variable", sandbox(""), "EXTRA_CONFIG=none.yaml", []string{"EXTRA_CONFIG: open none.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := loadVMPooler(c.yaml, c.env)
			wantError(t, err, c.want...)
		})
	}
	t.Run("no file", func(t *testing.T) {
		_, _, err := LoadVMPooler("/none", nil, files{}.read)
		wantError(t, err, "--vmpooler-config: open /none")
	})
	t.Run("extra file of an extra file", func(t *testing.T) {
		disk := files{"v.yaml": ":config: {extra_config: e.yaml}", "e.yaml": ":config:\n  extra_config: f.yaml"}
		_, _, err := LoadVMPooler("v.yaml", nil, disk.read)
		wantError(t, err, "e.yaml:2: config.extra_config")
	})
	t.Run("pool of an extra file", func(t *testing.T) {
		disk := files{"v.yaml": sandbox(""), "e.yaml": ":pools:\n  - name: b\n    template: t\n    size: x"}
		_, _, err := LoadVMPooler("v.yaml", []string{"EXTRA_CONFIG=e.yaml"}, disk.read)
		wantError(t, err, "e.yaml:4: pools[1].size")
	})
}
