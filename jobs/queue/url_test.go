package queue

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURL(t *testing.T) {
	for url, want := range map[string]target{
		"embedded":                        {},
		"redis://h":                       {kind: single, addrs: []string{"h:6379"}},
		"redis://h:1/":                    {kind: single, addrs: []string{"h:1"}},
		"redis://:p%40ss@h:1/3":           {kind: single, addrs: []string{"h:1"}, password: "p@ss", db: 3},
		"rediss://u:p:q@[::1]:7/0":        {kind: single, addrs: []string{"[::1]:7"}, user: "u", password: "p:q", tls: true},
		"redis://[fe80::1]":               {kind: single, addrs: []string{"[fe80::1]:6379"}},
		"unix:///run/redis.sock":          {kind: single, addrs: []string{"/run/redis.sock"}},
		"unix://:pw@/run/redis.sock?db=2": {kind: single, addrs: []string{"/run/redis.sock"}, password: "pw", db: 2},
		"redis-cluster://h1:1,h2":         {kind: cluster, addrs: []string{"h1:1", "h2:6379"}},
		"redis-cluster://u@h1/?tls=true":  {kind: cluster, addrs: []string{"h1:6379"}, user: "u", tls: true},
		"redis-sentinel://h1?master=yard": {kind: sentinel, addrs: []string{"h1:26379"}, master: "yard"},
		"redis-sentinel://:pw@h1:1,h2:2,h3/4?master=m&sentinel-password=s": {
			kind: sentinel, addrs: []string{"h1:1", "h2:2", "h3:26379"}, password: "pw", db: 4, master: "m", sentinelPassword: "s"},
	} {
		got, err := parseURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(target{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", url, diff)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, url := range []string{
		"", "redis", "localhost:6379", "http://h", "redis://", "redis://h/x", "redis://h/-1", "redis://h1,h2", "redis://h:0",
		"redis://h:65536", "redis://h:port", "redis://h?db=1", "redis://a b", "redis://%zz@h", "redis://:p%zz@h", "redis://::1",
		"unix://", "unix:///", "unix://relative", "unix:///s?db=x", "unix:///s?x=1", "redis-sentinel://h", "redis-sentinel://?master=m",
		"redis-sentinel://h,?master=m", "redis-sentinel://h?master=m&master=n", "redis-sentinel://h?master=m&tls=perhaps",
		"redis-cluster://h/1", "redis-cluster://", "redis-cluster://h?%zz", "Redis://h",
	} {
		if got, err := parseURL(url); err == nil {
			t.Errorf("%q: accepted as %+v", url, got)
		}
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	for _, url := range []string{
		"redis://u:hunter2@h:port", "redis://u:hunter2%zz@h", "redis://u:hunter2@h/x", "redis-sentinel://h?sentinel-password=hunter2",
		"hunter2://h", "unix://:hunter2@relative", "redis://hunter2", "redis-sentinel://h?master=m&hunter2=1",
	} {
		_, err := Open(t.Context(), Options{URL: url + "\x00"})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: error %v", url, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{"embedded", "redis://u:p@h:1/2", "unix:///s?db=1", "redis-sentinel://a,b:2?master=m",
		"redis-cluster://[::1]:1,h", "redis://[", "redis://@", "redis://h:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		got, err := parseURL(url)
		if err != nil {
			if text := err.Error(); len(text) > 200 {
				t.Errorf("error repeats its input: %s", text)
			}
			return
		}
		if url != Embedded && len(got.addrs) == 0 {
			t.Errorf("%q: no address", url)
		}
		if got.kind == sentinel && got.master == "" {
			t.Errorf("%q: no master", url)
		}
	})
}
