package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestSecretsNeverShow(t *testing.T) {
	const word = "hunter2"
	c, _ := mustLoad(t, source{
		yaml: "heketi: {admin_key: " + word + "A, user_key: " + word + "U, executor: sim}\n",
		env:  []string{"YARDMASTER_REDIS_URL=redis://yard:" + word + "@h:6379/1"},
	})
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", c, "key", c.Heketi.AdminKey)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", c, "key", c.Heketi.AdminKey)
	asJSON, _ := json.Marshal(c)
	asYAML, _ := yaml.Marshal(c)
	shown := []string{log.String(), string(asJSON), string(asYAML)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, c), fmt.Sprintf(verb, c.Heketi.AdminKey))
	}
	for _, o := range Options() {
		shown = append(shown, o.Show(c))
	}
	for _, s := range shown {
		if strings.Contains(s, word) || strings.Contains(s, fmt.Sprintf("%x", word)) {
			t.Errorf("secret shows in %s", s)
		}
	}
	if c.Heketi.AdminKey.Reveal() != word+"A" {
		t.Error("the secret itself is lost")
	}
}

func TestSecretFileAgainstSecret(t *testing.T) {
	disk := files{"/k": "fromfile\n"}
	for _, c := range []struct {
		name, yaml string
		env        []string
		want       string
	}{
		{"file alone", "heketi: {admin_key_file: /k, user_key: u, executor: sim}", nil, "fromfile"},
		{"stronger secret", "heketi: {admin_key_file: /k, user_key: u, executor: sim}", []string{"YARDMASTER_HEKETI_ADMIN_KEY=direct"}, "direct"},
		{"stronger file", "heketi: {admin_key: direct, user_key: u, executor: sim}", []string{"YARDMASTER_HEKETI_ADMIN_KEY_FILE=/k"}, "fromfile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := mustLoad(t, source{yaml: c.yaml, env: c.env, files: disk})
			if got.Heketi.AdminKey.Reveal() != c.want {
				t.Errorf("admin key %q, want %q", got.Heketi.AdminKey.Reveal(), c.want)
			}
		})
	}
}

func TestRedisPasswordLeavesTheURL(t *testing.T) {
	for _, c := range []struct{ name, given, shown, dial string }{
		{"embedded", "embedded", "embedded", "embedded"},
		{"none", "redis://h:6379/1", "redis://h:6379/1", "redis://h:6379/1"},
		{"password", "redis://:pw@h:6379/1", "redis://h:6379/1", "redis://:pw@h:6379/1"},
		{"user too", "rediss://yard:pw@h:6379", "rediss://yard@h:6379", "rediss://yard:pw@h:6379"},
		{"sentinels", "redis-sentinel://:pw@a:1,b:2?master=m", "redis-sentinel://a:1,b:2?master=m", "redis-sentinel://:pw@a:1,b:2?master=m"},
		{"cluster", "redis-cluster://a:1,b:2", "redis-cluster://a:1,b:2", "redis-cluster://a:1,b:2"},
		{"socket", "unix://:pw@/run/r.sock?db=1", "unix:///run/r.sock?db=1", "unix://:pw@/run/r.sock?db=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := mustLoad(t, source{yaml: keyed, args: []string{"--redis", c.given}})
			if got.Redis.URL != c.shown || got.Redis.Dial().Reveal() != c.dial {
				t.Errorf("shows %q, dials %q; want %q, %q", got.Redis.URL, got.Redis.Dial().Reveal(), c.shown, c.dial)
			}
		})
	}
}
