package config

import (
	"errors"
	"flag"
	"log/slog"
	"testing"
	"time"
)

func TestStrongerSourceWins(t *testing.T) {
	layers := source{yaml: keyed + "listen: \":1\"\n"}
	for _, step := range []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"file over default", nil, nil, ":1"},
		{"variable over file", []string{"YARDMASTER_LISTEN=:2"}, nil, ":2"},
		{"flag over variable", []string{"YARDMASTER_LISTEN=:2"}, []string{"--listen", ":3"}, ":3"},
		{"last flag counts", nil, []string{"--listen=:3", "-listen=:4"}, ":4"},
		{"empty variable is not set", []string{"YARDMASTER_LISTEN="}, nil, ":1"},
	} {
		t.Run(step.name, func(t *testing.T) {
			s := layers
			s.env, s.args = step.env, step.args
			if c, _ := mustLoad(t, s); c.Listen != step.want {
				t.Errorf("listen is %q, want %q", c.Listen, step.want)
			}
		})
	}
}

func TestDefaultsComeFromTheTable(t *testing.T) {
	c, w := mustLoad(t, source{yaml: keyed})
	if len(w) != 0 {
		t.Errorf("warnings: %q", w)
	}
	for _, o := range Options() {
		switch o.Key {
		case "heketi.admin_key", "heketi.user_key", "heketi.executor", "ssh.known_hosts", "secret_key_file", "operations.max_in_flight_per_node",
			"operations.max_in_flight_per_provider", "configs.export_dir":
			continue
		}
		var d Config
		if err := o.fromText(&d, o.Default); err != nil {
			t.Errorf("%s: default: %v", o.Key, err)
		}
		if got, want := o.Show(c), o.Show(d); got != want {
			t.Errorf("%s is %q, want %q", o.Key, got, want)
		}
	}
	if c.SSH.KnownHosts != "/var/lib/yardmaster/known_hosts" {
		t.Errorf("known hosts at %q", c.SSH.KnownHosts)
	}
	if c.SecretKeyFile != "/var/lib/yardmaster/secret.key" {
		t.Errorf("secret key at %q", c.SecretKeyFile)
	}
	if c.Operations.MaxInFlightPerNode != 48 {
		t.Errorf("in flight per node: %d, want three quarters of 64", c.Operations.MaxInFlightPerNode)
	}
	if c.Operations.MaxInFlightPerProvider != 64 {
		t.Errorf("in flight per provider: %d, want all 64: there is none", c.Operations.MaxInFlightPerProvider)
	}
}

func TestEachProviderHasItsShareOfTheWorkers(t *testing.T) {
	for _, tt := range []struct{ workers, providers, want int }{{64, 0, 64}, {64, 1, 32}, {64, 3, 16}, {0, 3, 16}, {2, 9, 1}} {
		c := Config{Workers: Workers{Concurrency: tt.workers}}
		c.Pools.Providers = make([]Provider, tt.providers)
		if got := c.share(); got != tt.want {
			t.Errorf("%d workers, %d providers: got %d, want %d", tt.workers, tt.providers, got, tt.want)
		}
	}
}

func TestTableIsSound(t *testing.T) {
	seen := map[string]string{}
	once := func(name, key string) {
		if other, ok := seen[name]; ok {
			t.Errorf("%s stands for %s and %s", name, other, key)
		}
		seen[name] = key
	}
	for _, o := range Options() {
		once(o.Key, o.Key)
		once(o.Env(), o.Key)
		if o.Flag != "" {
			once("--"+o.Flag, o.Key)
		}
		if o.Secret && o.Flag != "" {
			t.Errorf("%s: a secret must not be a flag, everyone can list processes", o.Key)
		}
		if o.Help == "" || o.Type == "" {
			t.Errorf("%s: no help or type", o.Key)
		}
	}
}

func TestEveryKeyIsAVariable(t *testing.T) {
	for _, o := range Options() {
		l := newLoader(files{}.read)
		value := o.Default
		if value == "" {
			value = "/some/thing"
		}
		switch o.Key {
		case "heketi.pre_request_volume_options", "heketi.post_request_volume_options":
			value = "a.b c"
		case "pools.prefix", "pools.domain":
			value = "some"
		}
		if err := l.environment(map[string]string{o.Env(): value}); err != nil {
			t.Errorf("%s=%s: %v", o.Env(), value, err)
		}
		if l.from[o.Key].rank != rankEnv {
			t.Errorf("%s did not set %s", o.Env(), o.Key)
		}
	}
}

func TestValuesAreRead(t *testing.T) {
	c, _ := mustLoad(t, source{
		yaml: keyed + `
log: {level: warn, format: text}
http: {max_body: 8MiB}
operations: {retention: 24h, max_in_flight: 4}
gluster: {lvm_wrapper: "/usr/bin/nsenter -t 1"}
auth:
  users: [{name: alice, password_hash: "` + bcryptLike() + `", role: admin}]
`,
		env: []string{"YARDMASTER_AUTH_TOKENS=[{name: ci, sha256: " + hex64("A") + ", role: user}]",
			"YARDMASTER_HEKETI_PRE_REQUEST_VOLUME_OPTIONS=performance.cache-size 64MB, user.x y"},
		args: []string{"--disable-auth"},
	})
	switch {
	case c.Log.Level != slog.LevelWarn, c.Log.Format != "text":
		t.Errorf("log: %+v", c.Log)
	case c.HTTP.MaxBody != 8<<20:
		t.Errorf("max body %d", c.HTTP.MaxBody)
	case c.Operations.Retention != 24*time.Hour, c.Operations.MaxInFlightPerNode != 3:
		t.Errorf("operations: %+v", c.Operations)
	case len(c.Auth.Users) != 1 || c.Auth.Users[0].PasswordHash.Reveal() != bcryptLike():
		t.Errorf("users: %+v", c.Auth.Users)
	case len(c.Auth.Tokens) != 1 || c.Auth.Tokens[0].SHA256.Reveal() != hex64("a"):
		t.Errorf("tokens: %+v", c.Auth.Tokens)
	case len(c.Heketi.PreRequestVolumeOptions) != 2 || c.Heketi.PreRequestVolumeOptions[1] != "user.x y":
		t.Errorf("volume options: %q", c.Heketi.PreRequestVolumeOptions)
	case !c.Heketi.DisableAuth:
		t.Error("--disable-auth did nothing")
	}
}

func TestVariablesOfOthersAreNotFatal(t *testing.T) {
	_, w := mustLoad(t, source{yaml: keyed, env: []string{
		"YARDMASTER_PORT=tcp://10.0.0.1:8080", "YARDMASTER_SERVICE_HOST=10.0.0.1", "YARDMASTER_PORT_8080_TCP_ADDR=10.0.0.1",
		"YARDMASTER_LISTN=:9"}})
	if len(w) != 1 || !contains(w, "YARDMASTER_LISTN") || !contains(w, "YARDMASTER_LISTEN?") {
		t.Errorf("warnings %q, want one that names the misspelt variable", w)
	}
}

func TestCommandsNeedWhatTheyUse(t *testing.T) {
	none := files{}
	t.Run("store needs no keys and leaves words", func(t *testing.T) {
		c, w, err := LoadStore([]string{"--data-dir", "/d", "out.db"}, []string{"YARDMASTER_HEKETI_ADMIN_KEY_FILE=/none"}, none.read)
		if err != nil || len(w) != 0 || c.DataDir != "/d" || len(c.Args) != 1 || c.Args[0] != "out.db" {
			t.Errorf("%+v, %q, %v", c.Args, w, err)
		}
	})
	t.Run("worker needs a shared redis", func(t *testing.T) {
		_, _, err := LoadWorker([]string{"--executor", "sim"}, nil, none.read)
		wantError(t, err, "redis.url", "worker")
	})
	t.Run("worker needs no client keys", func(t *testing.T) {
		if _, _, err := LoadWorker([]string{"--executor", "sim", "--redis", "redis://h:6379"}, nil, none.read); err != nil {
			t.Error(err)
		}
	})
	t.Run("help is asked for", func(t *testing.T) {
		if _, _, err := Load([]string{"--help"}, nil, none.read); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("got %v", err)
		}
	})
}
