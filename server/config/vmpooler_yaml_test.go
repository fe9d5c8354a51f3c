package config

import (
	"strings"
	"testing"
)

// sandbox is the least that a vmpooler.yaml with one pool holds, and a place for more.
func sandbox(more string) string {
	return ":config: {}\n:providers: {dummy: {}}\n:pools:\n  - name: a\n    template: t\n    size: 1\n" + more
}

func TestRubyYAMLIsReadAsVMPoolerDid(t *testing.T) {
	for _, c := range []struct{ name, yaml, key, want string }{
		{"with colons", ":config:\n  :prefix: x", "pools.prefix", "x"},
		{"without colons", "config:\n  prefix: x", "pools.prefix", "x"},
		{"symbol as a value", ":config:\n  site_name: :yard", "pools.site_name", "yard"},
		{"quoted symbol", ":config:\n  site_name: :\"my yard\"", "pools.site_name", "my yard"},
		{"text that looks like a symbol", ":config: {site_name: ':yard'}", "pools.site_name", ":yard"},
		{"tagged symbol", ":config: {site_name: !ruby/symbol yard}", "pools.site_name", "yard"},
		{"yes", ":config: {usage_stats: yes}", "pools.usage_stats", "true"},
		{"Off", ":config: {usage_stats: Off}", "pools.usage_stats", "false"},
		{"quoted true", ":config: {usage_stats: 'true'}", "pools.usage_stats", "true"},
		{"octal", ":config: {task_limit: 010}", "pools.task_limit", "8"},
		{"quoted, so not octal", ":config: {task_limit: '010'}", "pools.task_limit", "10"},
		{"hexadecimal", ":config: {task_limit: 0x10}", "pools.task_limit", "16"},
		{"underscores", ":config: {max_lifetime_upper_limit: 1_000}", "pools.max_lifetime_upper_limit", "1000"},
		{"commas", ":config: {max_lifetime_upper_limit: '1,000'}", "pools.max_lifetime_upper_limit", "1000"},
		{"number as text", ":config: {task_limit: '7'}", "pools.task_limit", "7"},
		{"parts of a minute", ":config: {timeout: 1.5}", "pools.timeout", "1m30s"},
		{"null is not set", ":config: {task_limit: ~}", "pools.task_limit", "10"},
		{"empty section", ":config:\n:redis:\n", "pools.task_limit", "10"},
		{"nothing", "", "pools.task_limit", "10"},
		{"alias", ":config: {task_limit: &n 3, migration_limit: *n}", "pools.migration_limit", "3"},
		{"merge key", ":config: &c {task_limit: 3}\n:pools: []\n:redis:\n  <<: {data_ttl: 2}\n", "pools.data_ttl", "2h"},
		{"what is below a merge wins", ":redis:\n  <<: {data_ttl: 2}\n  data_ttl: 3\n", "pools.data_ttl", "3h"},
		{"a merge wins over what is above", ":redis:\n  data_ttl: 3\n  <<: {data_ttl: 2}\n", "pools.data_ttl", "2h"},
		{"the first of several merged wins", ":redis:\n  <<: [{data_ttl: 2}, {data_ttl: 3}]\n", "pools.data_ttl", "2h"},
		{"regular expression", ":tagfilter: {url: !ruby/regexp '/(.*)\\//'}", "pools.tag_filter", `{url: (.*)\/}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := loadVMPooler(c.yaml)
			if err != nil {
				t.Fatal(err)
			}
			if shown := newTable()[c.key].Show(got); shown != c.want {
				t.Errorf("%s is %q, want %q", c.key, shown, c.want)
			}
		})
	}
}

func TestAliasesCannotBlowUp(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString(":a: &a [x, x, x, x, x, x, x, x, x]\n")
	for c := 'b'; c < 'k'; c++ {
		laughs.WriteString(":" + string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 9) + "x]\n")
	}
	for _, c := range []struct{ name, yaml, want string }{
		{"a billion laughs", laughs.String(), "v.yaml:1: is too large once its aliases are followed"},
		{"merged in a circle", ":config: &c\n  <<: *c\n", "v.yaml:1: is nested too deeply, or an alias is inside what it stands for"},
		{"inside itself", ":config: &c {a: *c}", "nested too deeply"},
		{"a list inside itself", ":pools: &p [*p, *p]", "nested too deeply"},
		{"nested without an end", ":pools: " + strings.Repeat("[", 500) + strings.Repeat("]", 500), "nested too deeply"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := loadVMPooler(c.yaml)
			wantError(t, err, c.want)
		})
	}
}
