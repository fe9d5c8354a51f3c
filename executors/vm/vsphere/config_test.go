package vsphere

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/vm"
)

func TestWhatAServerIsCalled(t *testing.T) {
	for in, want := range map[string]string{
		"vc.example.com":              "https://vc.example.com/sdk",
		"vc.example.com:8443":         "https://vc.example.com:8443/sdk",
		"https://vc.example.com/":     "https://vc.example.com/sdk",
		"https://vc.example.com/sdk/": "https://vc.example.com/sdk",
		"http://127.0.0.1:8989/sdk":   "http://127.0.0.1:8989/sdk",
		"[2001:db8::1]":               "https://[2001:db8::1]/sdk",
	} {
		if u, err := address(in); err != nil || u.String() != want {
			t.Errorf("%s: got %v, %v", in, u, err)
		}
	}
}

func TestAConfigurationThatCannotWorkIsRefusedByField(t *testing.T) {
	good := Config{Server: "vc", Username: "u", Password: "p4ssw0rd"}
	tests := []struct {
		field  string
		change func(*Config)
	}{
		{"server", func(c *Config) { c.Server = "" }},
		{"server", func(c *Config) { c.Server = "ftp://vc" }},
		{"server", func(c *Config) { c.Server = "https://" }},
		{"server", func(c *Config) { c.Server = "u:p4ssw0rd@vc" }},
		{"server", func(c *Config) { c.Server = "https://u:p4ssw0rd%zz@vc" }},
		{"server", func(c *Config) { c.Server = "https://vc/sdk?password=p4ssw0rd" }},
		{"username", func(c *Config) { c.Username = "" }},
		{"password", func(c *Config) { c.Password = "" }},
		{"utilization_limit", func(c *Config) { c.UsageLimit = 101 }},
		{"utilization_limit", func(c *Config) { c.UsageLimit = -1 }},
		{"concurrent requests", func(c *Config) { c.Requests = -1 }},
		{"call timeout", func(c *Config) { c.CallTimeout = -time.Second }},
	}
	for _, tt := range tests {
		c := good
		tt.change(&c)
		_, err := New(c)
		if err == nil || !strings.Contains(err.Error(), tt.field) || strings.Contains(err.Error(), "p4ssw0rd") {
			t.Errorf("%s: got %v", tt.field, err)
		}
	}
	p, err := New(good)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("again: %v", err)
	}
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"vc", "vc:1", "https://u:p@vc", "https://vc/sdk", "://", "[::1", "http://%zz", "a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, server string) {
		u, err := address(server)
		if err != nil {
			return
		}
		if u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" || u.Path == "" {
			t.Fatalf("%q became %q", server, u)
		}
		if again, err := address(u.String()); err != nil || again.String() != u.String() {
			t.Fatalf("%q became %q, then %v, %v", server, u, again, err)
		}
	})
}

func TestPoolOptions(t *testing.T) {
	p, err := New(Config{Server: "vc", Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	pool := vm.Pool{Template: "t", Folder: "f"}
	for name, bad := range map[string]string{
		"create_folders": "yes", "create_template_delta_disks": "", "manage_host_selection": "1", "utilization_limit": "NaN",
		"host_selection_max_age": "-1", "snapshot_mainMem_": "x", "colour": "red",
	} {
		pool.Options = map[string]string{name: bad}
		if err := p.Check(pool); !errors.Is(err, vm.ErrPermanent) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: got %v", name, bad, err)
		}
	}
	pool.Options = map[string]string{
		"create_folders": "true", "create_template_delta_disks": "true", "manage_host_selection": "true", "utilization_limit": "75.5",
		"host_selection_max_age": "30", "snapshot_mainMem_iowait": "0",
	}
	o, err := p.options(pool)
	want := options{true, true, true, 75.5, 30 * time.Second, map[string]string{"iowait": "0"}}
	if err != nil || !reflect.DeepEqual(o, want) {
		t.Errorf("got %+v, %v", o, err)
	}
	for field, bad := range map[string]vm.Pool{"template": {Folder: "f"}, "folder": {Template: "t", Folder: "a/../b"}} {
		if err := p.Check(bad); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
}
