package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// testdataFile is a real file of the folder testdata.
func testdataFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func loadVMPooler(text string, env ...string) (Config, Warnings, error) {
	return LoadVMPooler("v.yaml", env, files{"v.yaml": text}.read)
}

// portrait is a configuration and its warnings as far as they are not the default, for comparing.
func portrait(c Config, w Warnings) string {
	var b strings.Builder
	plain := newTable().defaults()
	for _, o := range Options() {
		if len(o.parts) == 0 && o.Show(c) != o.Show(plain) {
			fmt.Fprintf(&b, "%s: %s\n", o.Key, o.Show(c))
		}
	}
	fmt.Fprintf(&b, "heketi closed: %v\n", c.Heketi.Closed)
	for _, p := range c.Pools.Providers {
		switch p.Kind {
		case ProviderSim:
			fmt.Fprintf(&b, "\nprovider %s: %s, purge %v, allow %q\n  %+v\n", p.Name, p.Kind, p.Purge, p.Allow, p.Sim)
		case ProviderVSphere:
			fmt.Fprintf(&b, "\nprovider %s: %s, purge %v, allow %q\n  %+v\n", p.Name, p.Kind, p.Purge, p.Allow, p.VSphere)
		}
	}
	for _, p := range c.Pools.List {
		fmt.Fprintf(&b, "\npool %+v\n", p)
	}
	b.WriteString("\n" + strings.Join(w, "\n") + "\n")
	return b.String()
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile("testdata/"+name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := testdataFile(t, name); got != want {
		t.Errorf("not as in testdata/%s; go test ./server/config -update writes it\n%s", name, got)
	}
}

func TestVMPoolerFileIsEnough(t *testing.T) {
	c, w, err := loadVMPooler(testdataFile(t, "vmpooler.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "vmpooler.golden", portrait(c, w))
	if c.VMPooler.Redis.Reveal() != "redis://localhost:6379" {
		t.Errorf("redis at %q", c.VMPooler.Redis.Reveal())
	}
}

func TestEveryVMPoolerKeyIsHonouredOrNamed(t *testing.T) {
	text := testdataFile(t, "vmpooler-rich.yaml")
	disk := files{"v.yaml": text, "extra.yaml": testdataFile(t, "vmpooler-extra.yaml"), "/etc/ssl/foundry.pem": testdataFile(t, "ca.pem")}
	c, w, err := LoadVMPooler("v.yaml", nil, disk.read)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "vmpooler-rich.golden", portrait(c, w))
	if c.VMPooler.Redis.Reveal() != "redis://pooler:queue%2Fsecret@redis.foundry.test:6380" {
		t.Errorf("redis at %q", c.VMPooler.Redis.Reveal())
	}
	if c.Pools.Auth.LDAP.ServiceAccount.Password.Reveal() != "ldap-secret" || c.Pools.Providers[0].VSphere.Password.Reveal() != "vcenter-secret" {
		t.Error("a password is lost")
	}
	for _, k := range vmpoolerKeys() {
		name := k.path[strings.LastIndex(k.path, ".")+1:]
		if k.path != "" && k.to == "" && k.path != "config.purge_enabled" && !contains(w, k.path+": no effect") &&
			!strings.HasPrefix(k.path, "auth.ldap.encryption.tls_options.m") {
			t.Errorf("no warning says that %s has no effect", k.path)
		}
		if k.path != "" && !strings.Contains(text, name) && !strings.HasSuffix(name, "_version") && name != "purge_unconfigured_folders" {
			t.Errorf("%s is not in the example", k.path)
		}
	}
}
