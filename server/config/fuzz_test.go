package config

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// checkOutcome holds what every outcome of a load must keep to.
func checkOutcome(t *testing.T, w Warnings, err error) {
	t.Helper()
	for _, line := range w {
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("warning of more than one line: %q", line)
		}
	}
	var e *Error
	switch {
	case err == nil:
	case !errors.As(err, &e):
		t.Errorf("error is a %T: %v", err, err)
	case err.Error() == "" || strings.ContainsAny(err.Error(), "\r\n"):
		t.Errorf("error is not one line: %q", err)
	case len(err.Error()) > 2000:
		t.Errorf("error has %d bytes", len(err.Error()))
	}
}

func FuzzYAML(f *testing.F) {
	for _, seed := range []string{"", keyed, "listen: &a x\ndata_dir: *a", "a: [", "auth: {users: [{name: x}]}", "? {a: b}\n: c", "<<: {listen: a}",
		"redis:\n  url: \"redis://:p\\nw@h\"\n", "!!binary listen: x", "listen: !!null x", "- - - a", "%YAML 1.2\n---\n", "\xff\xfe", "a: &x [*x]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, w, err := source{yaml: text}.load()
		checkOutcome(t, w, err)
	})
}

func FuzzHeketiJSON(f *testing.F) {
	for _, seed := range []string{"", "{}", heketiMock, heketiSSH(""), `{"port": 1e9}`, `{"a.b": {"c": [[[]]]}}`, `{"jwt": null}`,
		`{"\n": "\n", "glusterfs": {"kubeexec": 1}}`, `{"port": "\u2028"}`, `{} trailing`, `{"glusterfs": {"executor": "mock\n"}}`} {
		f.Add(seed, "HEKETI_EXECUTOR=mock")
	}
	f.Fuzz(func(t *testing.T, text, env string) {
		_, w, err := loadHeketi(text, env)
		checkOutcome(t, w, err)
	})
}

func FuzzVMPoolerYAML(f *testing.F) {
	for _, seed := range []string{"", sandbox(""), testdataSeed(f, "vmpooler.yaml"), testdataSeed(f, "vmpooler-rich.yaml"), ":config: &c\n  <<: *c\n",
		":config: {<<: [{a: b}, 1]}", ":a: &a [*a]", ":pools: [{name: !ruby/object:X {}}]", ":config:\n  ? [a]\n  : b", ":providers:\n  :dummy:\n:pools: [~]",
		":config: {task_limit: 0_7, timeout: 1e400}", "\xff", ":tagfilter: {a: '('}", ":config: {extra_config: v.yaml}", ":auth: {ldap: [1]}", ":redis: x"} {
		f.Add(seed, "TASK_LIMIT=3")
	}
	f.Fuzz(func(t *testing.T, text, env string) {
		_, w, err := loadVMPooler(text, env)
		checkOutcome(t, w, err)
	})
}

func FuzzPools(f *testing.F) {
	for _, seed := range []string{"", "[]", "[{name: a, template: t}]", "[{name: a, template: t, ready: {check: ssh}, options: {a: b}}]", "{}", "[[]]",
		"[{ready: {check: {}}}]", "[{? [a] : b}]", "[~]", "[{name: a, template: t, aliases: a, size: 1e3}]"} {
		f.Add(seed, "[{name: x, kind: sim, createvm_max_time: 1s}]")
		f.Add(seed, "[{name: x, kind: vsphere, server: h, username: u, password: p}]")
		f.Add(seed, "[{name: x, kind: libvirt, hosts: [h], clusters: {a: [h]}}]")
	}
	f.Fuzz(func(t *testing.T, pools, providers string) {
		_, w, err := Load(nil, []string{"YARDMASTER_POOLS_LIST=" + pools, "YARDMASTER_POOLS_PROVIDERS=" + providers}, files{}.read)
		checkOutcome(t, w, err)
	})
}

func testdataSeed(f *testing.F, name string) string {
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		f.Fatal(err)
	}
	return string(data)
}
