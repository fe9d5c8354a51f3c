package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPoolsNeedNothingElse(t *testing.T) {
	c, w := mustLoad(t, source{yaml: pooled("list: [{name: a, template: t}]")})
	if !c.Heketi.Closed || c.Dialects.VMPooler.Anonymous != AnonymousNone || c.Listen != ":8080" {
		t.Errorf("closed %v, anonymous %s, listen %s", c.Heketi.Closed, c.Dialects.VMPooler.Anonymous, c.Listen)
	}
	if len(w) != 2 || !contains(w, "nobody may use the Heketi API") || !contains(w, "only users that were added to the store can check a machine out") {
		t.Errorf("warnings %q", w)
	}
}

func TestHeketiIsClosedOnlyIfNothingOfItIsConfigured(t *testing.T) {
	for _, c := range []struct {
		name, yaml string
		closed     bool
		refusal    string
	}{
		{"pools alone", pooled("prefix: x"), true, ""},
		{"the door of the dialect alone", "dialects: {vmpooler: {anonymous: read}}", true, ""},
		{"pools and ssh for hypervisors", pooled("prefix: x") + "\nssh: {agent: true}", true, ""},
		{"all keys at their defaults, and a pool", pooled("list: [{name: a, template: t}]") + "\nheketi: {executor: ssh, disable_auth: false}", true, ""},
		{"pools on this machine's hypervisor", "pools: {providers: [{name: l, kind: libvirt, hosts: [localhost]}]}", true, ""},
		{"a platform alone", "configs: {simulate: true}", true, ""},
		{"a platform of a kubeconfig alone", "configs: {kubeconfig: /k}", true, ""},
		{"instances alone", "instances: {in_cluster: true}", true, ""},
		{"the door of their dialect alone", "dialects: {hmapi: {anonymous: read}}", true, ""},
		{"how a platform would be worked on, and none", "configs: {parallel: 2}", false, "heketi.admin_key: is empty"},
		{"pools and heketi", keyed + pooled("prefix: x"), false, ""},
		{"heketi alone", keyed, false, ""},
		{"heketi without its keys", pooled("prefix: x") + "\nheketi: {executor: sim}", false, "heketi.admin_key: is empty"},
		{"gluster without the keys", pooled("prefix: x") + "\ngluster: {fstab: /f}", false, "heketi.admin_key: is empty"},
		{"nothing at all", "listen: ':1'", false, "heketi.admin_key: is empty"},
		{"no pools", "pools: {prefix: ''}", false, "heketi.admin_key: is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := source{yaml: c.yaml}.load()
			if c.refusal != "" {
				wantError(t, err, c.refusal)
				return
			}
			if err != nil || got.Heketi.Closed != c.closed {
				t.Errorf("closed %v, %v", got.Heketi.Closed, err)
			}
		})
	}
}

func TestPoolsAreReadWhole(t *testing.T) {
	c, _ := mustLoad(t, source{yaml: `
pools:
  domain: all.test
  clone_target: everywhere
  timeout: 20m
  ready_ttl: 2h
  allowed_tags: [project]
  tag_filter: {url: '(.*)/'}
  backend_weight: {a: 3}
  tag_lifetimes: {project=nightly: 6, keep: 200}
  providers:
    - {name: v, kind: vsphere, server: h, username: u, password: p, utilization_limit: 70, purge: true, allow: [keep-*]}
    - {name: s, kind: sim, createvm_max_time: 3s, vmready_fail_percent: 5}
    - {name: l, kind: libvirt, hosts: [h1, h2], clusters: {both: [h1, h2]}, memory_mib: 512}
  list:
    - {name: plain, template: t, provider: s}
    - name: full
      aliases: [f, plain]
      template: dir/t
      size: 3
      provider: v
      domain: own.test
      clone_target: here
      folder: dir/full
      datastore: ds
      datacenter: dc
      network: net
      full_clone: true
      timeout: 1m
      timeout_notification: 0s
      ready_ttl: 0s
      vm_lifetime: 1
      vm_lifetime_auth: 2
      quota_per_user: 4
      check_hostname: false
      skip_dns_check: true
      ready: {check: ssh, port: 2222, timeout: 3s}
      options: {create_folders: "true"}
ssh: {agent: true}
`})
	want := []Pool{
		{Name: "plain", Template: "t", Provider: "s", Domain: "all.test", CloneTarget: "everywhere", Timeout: 20 * time.Minute,
			TimeoutNotification: 5 * time.Minute, ReadyTTL: 2 * time.Hour, CheckHostname: true, Ready: Readiness{"tcp", 22, 5 * time.Second}},
		{Name: "full", Aliases: []string{"f", "plain"}, Template: "dir/t", Size: 3, Provider: "v", Domain: "own.test", CloneTarget: "here",
			Folder: "dir/full", Datastore: "ds", Datacenter: "dc", Network: "net", FullClone: true, Timeout: time.Minute, VMLifetime: 1,
			VMLifetimeAuth: 2, QuotaPerUser: 4, SkipDNSCheck: true, Ready: Readiness{"ssh", 2222, 3 * time.Second},
			Options: map[string]string{"create_folders": "true"}},
	}
	if diff := cmp.Diff(want, c.Pools.List); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	if c.Pools.TagFilter["url"].String() != "(.*)/" || c.Pools.BackendWeight["a"] != 3 ||
		c.Pools.TagLifetimes["project=nightly"] != 6 || c.Pools.TagLifetimes["keep"] != 200 || c.Pools.AllowedTags[0] != "project" {
		t.Errorf("%+v", c.Pools)
	}
	v, s, l := c.Pools.Providers[0], c.Pools.Providers[1], c.Pools.Providers[2]
	if v.Kind != ProviderVSphere || v.VSphere.UsageLimit != 70 || v.VSphere.Requests != 8 || v.VSphere.Password.Reveal() != "p" || !v.Purge || v.Allow[0] != "keep-*" {
		t.Errorf("%+v", v)
	}
	if s.Kind != ProviderSim || s.Sim.CreateMost != 3*time.Second || s.Sim.ReadyFail != 5 || s.Sim.Hosts != 4 {
		t.Errorf("%+v", s)
	}
	if l.Kind != ProviderLibvirt || l.Libvirt.MemoryMiB != 512 || l.Libvirt.URI != "qemu:///system" || len(l.Libvirt.AddressSources) != 3 || len(l.Libvirt.Clusters["both"]) != 2 {
		t.Errorf("%+v", l)
	}
}

func TestListsAreVariablesToo(t *testing.T) {
	c, _ := mustLoad(t, source{yaml: keyed, env: []string{
		"YARDMASTER_POOLS_PROVIDERS=[{name: s, kind: sim}]", "YARDMASTER_POOLS_LIST=[{name: a, template: t, aliases: b}]",
		"YARDMASTER_POOLS_ALLOWED_TAGS=project", "YARDMASTER_POOLS_AUTH_LDAP_BASE=ou=a,dc=b", "YARDMASTER_POOLS_TAG_FILTER={url: x}",
	}})
	if len(c.Pools.List) != 1 || c.Pools.List[0].Provider != "s" || c.Pools.List[0].Aliases[0] != "b" || c.Pools.AllowedTags[0] != "project" ||
		c.Pools.Auth.LDAP.Base[0] != "ou=a,dc=b" || c.Pools.TagFilter["url"] == nil {
		t.Errorf("%+v", c.Pools)
	}
}

func TestPasswordsOfProvidersComeFromFilesAndNeverShow(t *testing.T) {
	const word = "hunter2"
	c, _ := mustLoad(t, source{
		yaml: `
pools:
  auth: {provider: ldap, ldap: {host: h, base: b, user_object: uid, service_account: {user_dn: d, password_file: /l}}}
  providers:
    - {name: a, kind: vsphere, server: h, username: u, password_file: /v}
    - {name: b, kind: vsphere, server: h, username: u, password: ` + word + `C}
`, files: files{"/l": word + "A\n", "/v": word + "B\n"}})
	for _, got := range []struct {
		secret Secret
		want   string
	}{{c.Pools.Auth.LDAP.ServiceAccount.Password, "A"}, {c.Pools.Providers[0].VSphere.Password, "B"}, {c.Pools.Providers[1].VSphere.Password, "C"}} {
		if got.secret.Reveal() != word+got.want {
			t.Errorf("password is %q", got.secret.Reveal())
		}
	}
	if shown := fmt.Sprintf("%v %+v %#v", c, c, c) + portrait(c, nil); strings.Contains(shown, word) {
		t.Errorf("a password shows in %s", shown)
	}
}

func TestUnsafeChoicesAreWarnedOf(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"dummy", "pools: {auth: {provider: dummy, unsafe: true}}", "DUMMY TAKES EVERY PASSWORD"},
		{"ldap in clear", ldap("encryption: none"), "passwords go to h in clear"},
		{"ldap unverified", ldap("insecure: true"), "passwords go to whoever says to be h"},
		{"vcenter unverified", "pools: {providers: [{name: x, kind: vsphere, server: h, username: u, password: p, insecure: true}]}", "pools.providers[0].insecure"},
		{"open door", pooled("prefix: x") + "\ndialects: {vmpooler: {anonymous: full}}", "dialects.vmpooler.anonymous: full lets whoever reaches :8080"},
		{"no door", pooled("list: [{name: a, template: t}]"), "only users that were added"},
		{"no door at all", pooled("auth: {provider: none}\n  list: [{name: a, template: t}]"), "nobody can check a machine out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, w := mustLoad(t, source{yaml: c.yaml}); !contains(w, c.want) {
				t.Errorf("warnings %q", w)
			}
		})
	}
}

func TestWorkersKnowProviders(t *testing.T) {
	c, w, err := LoadWorker([]string{"--redis", "redis://h:6379", "--config", "y.yaml"}, nil, files{"y.yaml": pooled("list: [{name: a, template: t}]")}.read)
	if err != nil || len(w) != 0 || len(c.Pools.Providers) != 1 || !c.Heketi.Closed {
		t.Errorf("%+v, %q, %v", c.Pools.Providers, w, err)
	}
}
