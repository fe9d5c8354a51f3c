package config

import (
	"strings"
	"testing"
)

func TestVMPoolerIsAsOpenAsItWas(t *testing.T) {
	c, w, err := loadVMPooler(sandbox(""))
	if err != nil {
		t.Fatal(err)
	}
	if c.Dialects.VMPooler.Anonymous != AnonymousFull || c.Dialects.Native.Anonymous != AnonymousNone || c.Dialects.Heketi.Anonymous != AnonymousNone ||
		c.Listen != ":4567" || c.Pools.Auth.Provider != AuthNone || c.Metrics.Open || !c.Heketi.Closed || c.Pools.Prometheus.Endpoint != "" {
		t.Errorf("%+v %+v listen %s", c.Dialects, c.Pools.Auth, c.Listen)
	}
	if len(w) != 2 || !contains(w, "v.yaml: whoever reaches :4567 may use the vmpooler API without a token") {
		t.Errorf("warnings %q", w)
	}
}

func TestVMPoolerTextComesFromWhereItDid(t *testing.T) {
	disk := files{"flag.yaml": ":config: {prefix: flag}", "ours.yaml": ":config: {prefix: ours}", "theirs.yaml": ":config: {prefix: theirs}"}
	text, file := "VMPOOLER_CONFIG=:config: {prefix: text}", "VMPOOLER_CONFIG_FILE=theirs.yaml"
	for _, c := range []struct {
		name      string
		args, env []string
		want      string
		warned    string
	}{
		{"flag", []string{"--vmpooler-config", "flag.yaml"}, []string{"YARDMASTER_VMPOOLER_CONFIG=ours.yaml", file}, "flag", ""},
		{"our variable", nil, []string{"YARDMASTER_VMPOOLER_CONFIG=ours.yaml", text}, "ours", "VMPOOLER_CONFIG: no effect"},
		{"their variables", nil, []string{text, file}, "text", ""},
		{"their variable of a file", nil, []string{file}, "theirs", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, w, err := Load(c.args, c.env, disk.read)
			if err != nil {
				t.Fatal(err)
			}
			if got.Pools.Prefix != c.want || c.warned != "" && !contains(w, c.warned) {
				t.Errorf("prefix %q, warnings %q", got.Pools.Prefix, w)
			}
		})
	}
	t.Run("lines of the variable", func(t *testing.T) {
		_, _, err := Load(nil, []string{"VMPOOLER_CONFIG=:config:\n  prefx: x"}, disk.read)
		wantError(t, err, "VMPOOLER_CONFIG:2: config.prefx: unknown key")
	})
	t.Run("file that is not there", func(t *testing.T) {
		_, _, err := Load(nil, []string{"VMPOOLER_CONFIG_FILE=none.yaml"}, disk.read)
		wantError(t, err, "VMPOOLER_CONFIG_FILE: open none.yaml")
	})
}

func TestEveryVMPoolerVariableIsHonoured(t *testing.T) {
	cases := []struct{ env, key, want string }{
		{"SITE_NAME=x", "pools.site_name", "x"},
		{"PREFIX=x-", "pools.prefix", "x-"},
		{"DOMAIN=x.test", "pools.domain", "x.test"},
		{"CLONE_TARGET=x", "pools.clone_target", "x"},
		{"TIMEOUT=3", "pools.timeout", "3m"},
		{"TIMEOUT_NOTIFICATION=3", "pools.timeout_notification", "3m"},
		{"READY_TTL=3", "pools.ready_ttl", "3m"},
		{"VM_CHECKTIME=3", "pools.check_interval", "3m"},
		{"VM_LIFETIME=3", "pools.vm_lifetime", "3"},
		{"VM_LIFETIME_AUTH=3", "pools.vm_lifetime_auth", "3"},
		{"MAX_LIFETIME_UPPER_LIMIT=3", "pools.max_lifetime_upper_limit", "3"},
		{"MIGRATION_LIMIT=3", "pools.migration_limit", "3"},
		{"EXPERIMENTAL_FEATURES=true", "pools.experimental_features", "true"},
		{"USAGE_STATS=true", "pools.usage_stats", "true"},
		{"REQUEST_LOGGER=true", "pools.request_logger", "true"},
		{"TASK_LIMIT=3", "pools.task_limit", "3"},
		{"ONDEMAND_CLONE_LIMIT=3", "pools.ondemand_clone_limit", "3"},
		{"MAX_ONDEMAND_INSTANCES_PER_REQUEST=3", "pools.max_ondemand_instances_per_request", "3"},
		{"ONDEMAND_REQUEST_TTL=3", "pools.ondemand_request_ttl", "3m"},
		{"MAX_TRIES=4", "pools.max_tries", "4"},
		{"REDIS_DATA_TTL=3", "pools.data_ttl", "3h"},
		{"AUTH_PROVIDER=dummy", "pools.auth.unsafe", "true"},
		{"LDAP_HOST=x", "pools.auth.ldap.host", "x"},
		{"LDAP_PORT=3", "pools.auth.ldap.port", "3"},
		{"LDAP_BASE=ou=a,dc=b ou=c,dc=b", "pools.auth.ldap.base", "[ou=a,dc=b, ou=c,dc=b]"},
		{"LDAP_USER_OBJECT=uid cn", "pools.auth.ldap.user_object", "[uid, cn]"},
	}
	done := map[string]bool{"EXTRA_CONFIG": true, "VMPOOLER_DEBUG": true}
	for _, c := range cases {
		name, _, _ := strings.Cut(c.env, "=")
		done[name] = true
		t.Run(c.env, func(t *testing.T) {
			got, _, err := loadVMPooler(sandbox(""), c.env)
			if err != nil {
				t.Fatal(err)
			}
			if shown := newTable()[c.key].Show(got); shown != c.want {
				t.Errorf("%s is %q, want %q", c.key, shown, c.want)
			}
		})
	}
	vsphere := ":providers:\n  v: {provider_class: vsphere, server: h, username: u, password: p}\n:pools:\n  - {name: a, template: t, provider: v, folder: f}"
	for env, good := range map[string]func(Config) bool{
		"CREATE_LINKED_CLONES=false":        func(c Config) bool { return c.Pools.List[0].FullClone },
		"CREATE_FOLDERS=true":               func(c Config) bool { return c.Pools.Providers[0].VSphere.CreateFolders },
		"CREATE_TEMPLATE_DELTA_DISKS=true":  func(c Config) bool { return c.Pools.Providers[0].VSphere.DeltaDisks },
		"PURGE_UNCONFIGURED_RESOURCES=true": func(c Config) bool { return c.Pools.Providers[0].Purge },
		"PURGE_UNCONFIGURED_FOLDERS=true":   func(c Config) bool { return c.Pools.Providers[0].Purge },
	} {
		name, _, _ := strings.Cut(env, "=")
		done[name] = true
		t.Run(env, func(t *testing.T) {
			got, _, err := loadVMPooler(vsphere, env)
			if err != nil || !good(got) {
				t.Errorf("%+v, %v", got.Pools, err)
			}
		})
	}
	for _, k := range vmpoolerKeys() {
		if k.env == "" || done[k.env] {
			continue
		}
		t.Run(k.env, func(t *testing.T) {
			value := "1"
			if k.env == "VMPOOLER_TRACING_ENABLED" {
				value = "true"
			}
			_, w, err := loadVMPooler(sandbox(""), k.env+"="+value)
			if err != nil || !contains(w, k.env+": "+k.path+": no effect: "+k.note) {
				t.Errorf("%q, %v", w, err)
			}
		})
	}
}

func TestVMPoolerVariablesNeedAVMPoolerFile(t *testing.T) {
	c, w := mustLoad(t, source{yaml: keyed, env: []string{"PREFIX=x", "TIMEOUT=3", "AUTH_PROVIDER=dummy"}})
	if c.Pools.Prefix != "" || c.Pools.Auth.Provider != AuthLocal || len(w) != 0 {
		t.Errorf("%+v %q", c.Pools, w)
	}
}

func TestVariablesOfVMPoolerBeatItsFile(t *testing.T) {
	c, _, err := loadVMPooler(":config: {task_limit: 1, create_folders: true}", "TASK_LIMIT=2")
	if err != nil || c.Pools.TaskLimit != 2 {
		t.Errorf("%d, %v", c.Pools.TaskLimit, err)
	}
}

func TestExtraFilesAreMerged(t *testing.T) {
	disk := files{
		"v.yaml": ":config: {extra_config: 'a.yaml, b.yaml', task_limit: 1}\n:redis: ~\n" + sandbox("")[len(":config: {}\n"):],
		"a.yaml": ":config: {task_limit: 2, max_tries: 5}\n:pools: [{name: b, template: t}]",
		"b.yaml": ":redis: {data_ttl: 3}\n:pools: [{name: c, template: t}]\n:config: ~",
	}
	c, w, err := LoadVMPooler("v.yaml", nil, disk.read)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Pools.List) != 3 || c.Pools.TaskLimit != 1 || c.Pools.MaxTries != 5 || c.Pools.DataTTL.Hours() != 3 {
		t.Errorf("%+v", c.Pools)
	}
	if !contains(w, "a.yaml:1: config.task_limit: no effect: v.yaml has it too") {
		t.Errorf("warnings %q", w)
	}
}

func TestOursOverridesVMPooler(t *testing.T) {
	disk := files{"v.yaml": sandbox(""), "y.yaml": "listen: ':1'\npools: {auth: {provider: local}, task_limit: 7}"}
	c, w, err := Load([]string{"--vmpooler-config", "v.yaml", "--config", "y.yaml"},
		[]string{"TASK_LIMIT=3", "YARDMASTER_DIALECTS_VMPOOLER_ANONYMOUS=none", "YARDMASTER_POOLS_LIST=[{name: z, template: t}]"}, disk.read)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":1" || c.Pools.TaskLimit != 7 || c.Dialects.VMPooler.Anonymous != AnonymousNone || len(c.Pools.List) != 1 ||
		c.Pools.List[0].Name != "z" || c.Pools.List[0].Provider != "dummy" || contains(w, "whoever reaches") {
		t.Errorf("%+v %q", c.Pools, w)
	}
}

func TestBothPredecessorsAtOnce(t *testing.T) {
	disk := files{"h.json": heketiMock, "v.yaml": sandbox("")}
	c, w, err := Load([]string{"--heketi-config", "h.json", "--vmpooler-config", "v.yaml"}, nil, disk.read)
	if err != nil {
		t.Fatal(err)
	}
	if c.Heketi.Closed || c.Heketi.AdminKey == "" || len(c.Pools.List) != 1 || c.Dialects.VMPooler.Anonymous != AnonymousFull || c.Listen != ":8080" {
		t.Errorf("listen %s, closed %v, %d pools", c.Listen, c.Heketi.Closed, len(c.Pools.List))
	}
	if !contains(w, "v.yaml: listens on :8080, as for Heketi; vmpooler's clients may expect port 4567") {
		t.Errorf("warnings %q", w)
	}
	_, _, err = Load([]string{"--heketi-config", "h.json", "--vmpooler-config", "v.yaml"}, []string{"YARDMASTER_HEKETI_OPEN_HELLO=false"},
		files{"h.json": "{}", "v.yaml": sandbox("")}.read)
	wantError(t, err, heketiMissingKey)
}

func TestVMPoolerWithoutPoolsIsAnEmptyYard(t *testing.T) {
	c, w, err := loadVMPooler(":config: {prefix: x}")
	if err != nil || len(c.Pools.List) != 0 || !contains(w, "there are no pools; vmpooler would read them from its Redis") {
		t.Errorf("%+v %q %v", c.Pools.List, w, err)
	}
}

func TestWhereVMPoolersRedisIs(t *testing.T) {
	for _, c := range []struct{ name, yaml, env, want string }{
		{"not told", ":config: {}", "", "redis://localhost:6379"},
		{"server", ":redis: {server: h}", "", "redis://h:6379"},
		{"all", ":redis: {server: h, port: 1, password: p}", "", "redis://:p@h:1"},
		{"variable", ":redis: {server: h, port: 1}", "REDIS_SERVER=e", "redis://e:1"},
		{"a Kubernetes service called redis", ":redis: {server: h}", "REDIS_PORT=tcp://10.0.0.1:6379", "redis://h:6379"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := loadVMPooler(c.yaml, c.env)
			if err != nil || got.VMPooler.Redis.Reveal() != c.want {
				t.Errorf("%q, %v", got.VMPooler.Redis.Reveal(), err)
			}
		})
	}
	if c, _ := mustLoad(t, source{yaml: keyed}); c.VMPooler.Redis != "" {
		t.Error("there is one without a vmpooler.yaml")
	}
}

func TestLDAPOfVMPooler(t *testing.T) {
	for _, c := range []struct{ name, encryption, want, warned string }{
		{"not told", "", "start_tls", ""},
		{"a word", "    encryption: simple_tls\n", "simple_tls", "certificate is checked"},
		{"a group", "    encryption:\n      :method: :start_tls\n", "start_tls", "certificate is checked"},
		{"with options", "    encryption:\n      method: start_tls\n      tls_options: {ssl_version: TLSv1}\n", "start_tls", "TLS 1.2 and newer"},
		{"unverified", "    encryption:\n      method: start_tls\n      tls_options: {verify_mode: 0}\n", "start_tls", "passwords go to whoever says to be h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, w, err := loadVMPooler(":auth:\n  provider: ldap\n  :ldap:\n    host: h\n    base: dc=b\n    user_object: uid\n" + c.encryption)
			if err != nil || got.Pools.Auth.LDAP.Encryption != c.want || !strings.Contains(strings.Join(w, "\n"), c.warned) {
				t.Errorf("%+v %q %v", got.Pools.Auth, w, err)
			}
			if c.warned == "" && contains(w, "certificate") {
				t.Errorf("warnings %q", w)
			}
		})
	}
	_, w, err := loadVMPooler(":auth:\n  provider: dummy\n  ldap: {host: h}")
	if err != nil || !contains(w, "auth.ldap.host: no effect: auth.provider is not ldap") {
		t.Errorf("%q %v", w, err)
	}
}

// Every row leads to a key that exists, so that no translation is lost at run time.
func TestVMPoolerTablesAreSound(t *testing.T) {
	table, paths := newTable(), map[string]bool{}
	for _, k := range vmpoolerKeys() {
		list, field, entry := strings.Cut(k.to, "[].")
		switch {
		case k.to == "" && k.note == "":
			t.Errorf("%s%s has no effect and no reason", k.path, k.env)
		case k.to == "" || strings.HasPrefix(k.to, "("):
		case entry && !hasPart(table[list], field):
			t.Errorf("%s%s leads to a field that is none: %s", k.path, k.env, k.to)
		case !entry && table[k.to].Key == "":
			t.Errorf("%s%s leads to %q, which is no key", k.path, k.env, k.to)
		}
		if k.path != "" && paths[k.path] {
			t.Errorf("%s is there twice", k.path)
		}
		paths[k.path] = true
	}
	for list, rows := range map[string][]vmpoolerKey{
		"pools.list": vmpoolerPoolKeys(), "pools.providers": append(vmpoolerProviderKeys(ProviderSim), vmpoolerProviderKeys(ProviderVSphere)...),
	} {
		for _, k := range rows {
			if k.to == "" && k.note == "" || k.to != "" && !strings.HasPrefix(k.to, "(") && !hasPart(table[list], k.to) {
				t.Errorf("%s: %s leads to %q", list, k.path, k.to)
			}
		}
	}
}

func hasPart(o Option, name string) bool {
	for _, p := range o.parts {
		if p.name == name {
			return true
		}
	}
	return false
}
