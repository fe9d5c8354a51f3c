package config

import (
	"fmt"
	"strings"
	"testing"
)

// heketiSSH is a heketi.json with the least that Heketi needs, and a place for more.
func heketiSSH(more string) string {
	return `{"jwt": {"admin": {"key": "a"}, "user": {"key": "u"}}, "glusterfs": {"executor": "ssh", "sshexec": {"keyfile": "/k"}` + more + `}}`
}

const heketiMock = `{"jwt": {"admin": {"key": "a"}, "user": {"key": "u"}}, "glusterfs": {"executor": "mock"}}`

func loadHeketi(json string, env ...string) (Config, Warnings, error) {
	return LoadHeketi("h.json", env, files{"h.json": json, "/k": "key", "/hosts": "h"}.read)
}

func TestHeketiFileIsEnough(t *testing.T) {
	t.Run("ssh", func(t *testing.T) {
		c, w, err := loadHeketi(heketiSSH(""))
		if err != nil {
			t.Fatal(err)
		}
		if c.Heketi.Executor != ExecutorSSH || c.SSH.KeyFile != "/k" || c.SSH.User != "heketi" || c.SSH.HostKeys != HostKeysInsecure {
			t.Errorf("%+v", c.SSH)
		}
		if !c.Metrics.Open || !c.Heketi.OpenHello || c.Dialects.Heketi.Anonymous != AnonymousNone {
			t.Error("not as open as Heketi, or more")
		}
		if len(w) != 2 || !contains(w, "/metrics and /hello") || !contains(w, "host keys") {
			t.Errorf("warnings %q", w)
		}
	})
	t.Run("mock", func(t *testing.T) {
		c, _, err := loadHeketi(heketiMock)
		if err != nil {
			t.Fatal(err)
		}
		if c.Heketi.Executor != ExecutorSim || c.Sim.DeviceSizeGB != 500 || !c.Sim.OnDemand {
			t.Errorf("%+v", c.Sim)
		}
	})
}

func TestEveryHeketiKeyIsHonoured(t *testing.T) {
	c, w, err := loadHeketi(`{
 "_port": "a remark", "port": "9090", "use_auth": false, "jwt": {"admin": {"key": "a"}, "user": {"key": "u"}},
 "backup_db_to_kube_secret": true, "enable_tls": false, "cert_file": "/c", "profiling": true, "default_state": "local-client",
 "glusterfs": {
  "db": "/var/lib/heketi/heketi.db", "executor": "inject/ssh", "allocator": "simple", "loglevel": "warning",
  "brick_max_size_gb": 100, "brick_min_size_gb": 2, "max_bricks_per_volume": 12, "average_file_size_kb": 32,
  "pre_request_volume_options": "a.b c", "post_request_volume_options": "d.e f,g h", "zone_checking": "strict", "max_volumes_per_cluster": -7,
  "auto_create_block_hosting_volume": true, "block_hosting_volume_size": 50, "block_hosting_volume_options": "x y",
  "disable_monitor_gluster_nodes": true, "refresh_time_monitor_gluster_nodes": 60, "start_time_monitor_gluster_nodes": 5,
  "max_inflight_operations": 8, "disable_background_cleaner": true, "refresh_time_background_cleaner": 30, "start_time_background_cleaner": 3,
  "operation_retry_limits": {"volume_create": 0},
  "sshexec": {"keyfile": "/k", "user": "storage", "port": "2222", "fstab": "/etc/fstab.h", "mountopts": "rw", "sudo": true, "snapshot_limit": 14,
   "rebalance_on_expansion": false, "backup_lvm_metadata": true, "gluster_cli_timeout": 900, "pv_data_alignment": "1M", "vg_physicalextentsize": "8M",
   "lv_chunksize": "512K", "xfs_sw": 10, "xfs_su": 65536, "debug_umount_failures": true, "block_prealloc": "no", "lvm_wrapper": "/usr/sbin/exec-on-host"},
  "kubeexec": {"namespace": "n", "deep": {"x": [1, {"y": 2}]}}, "injectexec": {}
 }
}`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"listen": ":9090", "profiling": "true", "heketi.default_state": "local-client", "data_dir": "/var/lib/heketi", "heketi.executor": "ssh",
		"log.level": "warn", "heketi.brick_max_size_gb": "100", "heketi.brick_min_size_gb": "2", "heketi.max_bricks_per_volume": "12",
		"heketi.average_file_size_kb": "32", "heketi.pre_request_volume_options": "a.b c", "heketi.post_request_volume_options": "d.e f,g h",
		"heketi.zone_checking": "strict", "heketi.max_volumes_per_cluster": "-1", "heketi.block.auto_create": "true", "heketi.block.size_gb": "50",
		"heketi.block.options": "x y", "heketi.monitor.enabled": "false", "heketi.monitor.refresh": "1m", "heketi.monitor.start": "5s",
		"operations.max_in_flight": "8", "operations.max_in_flight_per_node": "6", "heketi.cleaner.enabled": "false", "heketi.cleaner.refresh": "30s",
		"heketi.cleaner.start": "3s", "heketi.retry_limits.volume_create": "0", "ssh.key_file": "/k", "ssh.user": "storage", "ssh.port": "2222",
		"gluster.fstab": "/etc/fstab.h", "gluster.mount_options": "rw", "ssh.sudo": "true", "gluster.snapshot_limit": "14",
		"gluster.rebalance_on_expansion": "true", "gluster.backup_lvm_metadata": "true", "gluster.cli_timeout": "15m", "gluster.pv_data_alignment": "1M",
		"gluster.vg_physical_extent_size": "8M", "gluster.lv_chunk_size": "512K", "gluster.xfs_sw": "10", "gluster.xfs_su": "65536",
		"gluster.debug_umount_failures": "true", "gluster.block_prealloc": "no", "gluster.lvm_wrapper": "/usr/sbin/exec-on-host",
		"ssh.known_hosts": "/var/lib/heketi/known_hosts", "tls.cert_file": "",
	}
	table := newTable()
	for key, value := range want {
		if got := table[key].Show(c); got != value {
			t.Errorf("%s is %q, want %q", key, got, value)
		}
	}
	for _, part := range []string{"h.json:2: use_auth: no effect", "backup_db_to_kube_secret: no effect", "h.json:3: cert_file: no effect", "h.json:5: glusterfs.db: ",
		"glusterfs.executor: taken as ssh", "glusterfs.allocator: no effect", "sshexec.rebalance_on_expansion: no effect", "glusterfs.kubeexec: no effect",
		"glusterfs.injectexec: no effect"} {
		if !contains(w, part) {
			t.Errorf("no warning says %q in\n%s", part, strings.Join(w, "\n"))
		}
	}
	if len(w) != 11 {
		t.Errorf("%d warnings, want 11:\n%s", len(w), strings.Join(w, "\n"))
	}
}

func TestEveryHeketiVariableIsHonoured(t *testing.T) {
	for _, c := range []struct{ env, key, want string }{
		{"HEKETI_EXECUTOR=mock", "heketi.executor", "sim"},
		{"HEKETI_DB_PATH=/srv/h.db", "data_dir", "/srv"},
		{"HEKETI_GLUSTERAPP_LOGLEVEL=debug", "log.level", "debug"},
		{"HEKETI_AUTO_CREATE_BLOCK_HOSTING_VOLUME=1", "heketi.block.auto_create", "true"},
		{"HEKETI_BLOCK_HOSTING_VOLUME_SIZE=7", "heketi.block.size_gb", "7"},
		{"HEKETI_BLOCK_HOSTING_VOLUME_OPTIONS=a b", "heketi.block.options", "a b"},
		{"HEKETI_GLUSTERAPP_REBALANCE_ON_EXPANSION=false", "gluster.rebalance_on_expansion", "false"},
		{"HEKETI_MAX_INFLIGHT_OPERATIONS=3", "operations.max_in_flight", "3"},
		{"HEKETI_PRE_REQUEST_VOLUME_OPTIONS=a b", "heketi.pre_request_volume_options", "a b"},
		{"HEKETI_POST_REQUEST_VOLUME_OPTIONS=a b", "heketi.post_request_volume_options", "a b"},
		{"HEKETI_ZONE_CHECKING=strict", "heketi.zone_checking", "strict"},
		{"HEKETI_GLUSTER_MAX_VOLUMES_PER_CLUSTER=9", "heketi.max_volumes_per_cluster", "9"},
		{"HEKETI_HTTP_PORT=81", "listen", ":81"},
		{"HEKETI_PROFILING=true", "profiling", "true"},
		{"HEKETI_DEFAULT_STATE=read-only", "heketi.default_state", "read-only"},
		{"HEKETI_JWT_IAT_LEEWAY_SECONDS=0", "heketi.iat_leeway", "0s"},
		{"HEKETI_SSH_KEYFILE=/hosts", "ssh.key_file", "/hosts"},
		{"HEKETI_SSH_USER=x", "ssh.user", "x"},
		{"HEKETI_SSH_PORT=23", "ssh.port", "23"},
		{"HEKETI_FSTAB=/f", "gluster.fstab", "/f"},
		{"HEKETI_MOUNT_OPTS=ro", "gluster.mount_options", "ro"},
		{"HEKETI_SNAPSHOT_LIMIT=5", "gluster.snapshot_limit", "5"},
		{"HEKETI_GLUSTER_CLI_TIMEOUT=42", "gluster.cli_timeout", "42s"},
		{"HEKETI_DEBUG_UMOUNT_FAILURES=true", "gluster.debug_umount_failures", "true"},
		{"HEKETI_BLOCK_VOLUME_DEFAULT_PREALLOC=no", "gluster.block_prealloc", "no"},
		{"HEKETI_LVM_WRAPPER=/w", "gluster.lvm_wrapper", "/w"},
		{"HEKETI_DISABLE_HEALTH_MONITOR=true", "heketi.monitor.enabled", "false"},
		{"HEKETI_DISABLE_BACKGROUND_CLEANER=true", "heketi.cleaner.enabled", "false"},
		{"HEKETI_MOCK_DEVICE_SIZE_GB=20", "sim.device_size_gb", "20"},
		{"SSH_KNOWN_HOSTS=/hosts", "ssh.host_keys", "strict"},
		{"HEKETI_SSH_KNOWN_HOSTS=/hosts", "ssh.known_hosts", "/hosts"},
	} {
		t.Run(c.env, func(t *testing.T) {
			got, _, err := loadHeketi(heketiSSH(""), c.env)
			if err != nil {
				t.Fatal(err)
			}
			if shown := newTable()[c.key].Show(got); shown != c.want {
				t.Errorf("%s is %q, want %q", c.key, shown, c.want)
			}
		})
	}
	t.Run("keys", func(t *testing.T) {
		c, _, err := loadHeketi(`{"glusterfs": {"executor": "mock"}}`, "HEKETI_ADMIN_KEY=x", "HEKETI_USER_KEY=y")
		if err != nil || c.Heketi.AdminKey.Reveal() != "x" || c.Heketi.UserKey.Reveal() != "y" {
			t.Errorf("%v", err)
		}
	})
	for _, env := range []string{"HEKETI_BACKUP_DB_TO_KUBE_SECRET=1", "HEKETI_KUBE_NAMESPACE=n", "HEKETI_KUBE_GLUSTER_DAEMONSET=1", "HEKETI_KUBE_USE_POD_NAMES=1", "HEKETI_KUBE_DB_SECRET_NAME=s"} {
		t.Run(env, func(t *testing.T) {
			_, w, err := loadHeketi(heketiSSH(""), env)
			name, _, _ := strings.Cut(env, "=")
			if err != nil || !contains(w, name+": ") || !contains(w, "no effect") {
				t.Errorf("%q, %v", w, err)
			}
		})
	}
}

func TestHeketiVariablesNeedAHeketiFile(t *testing.T) {
	c, _ := mustLoad(t, source{yaml: keyed, env: []string{"HEKETI_HTTP_PORT=81"}})
	if c.Listen != ":8080" {
		t.Errorf("listen %q", c.Listen)
	}
}

func TestOursOverridesHeketi(t *testing.T) {
	disk := files{"h.json": heketiSSH(`, "loglevel": "debug"`), "/k": "key", "y.yaml": "log: {level: error}\nssh: {host_keys: accept-new}\nmetrics: {open: false}"}
	c, w, err := Load([]string{"--heketi-config", "h.json", "--config", "y.yaml", "--data-dir", "/d"}, []string{"HEKETI_GLUSTERAPP_LOGLEVEL=info"}, disk.read)
	if err != nil {
		t.Fatal(err)
	}
	if c.Log.Level.String() != "ERROR" || c.SSH.HostKeys != HostKeysAcceptNew || c.Metrics.Open || c.DataDir != "/d" || len(w) != 0 {
		t.Errorf("%+v %+v %q", c.Log, c.SSH, w)
	}
}

func TestHeketiSampleFileOfPlaceholders(t *testing.T) {
	c, w, err := loadHeketi(`{"_port_comment": "Port", "port": 8181, "jwt": {"_admin": "all", "admin": {"key": "My Secret"}, "user": {"key": "My Secret"}},
 "glusterfs": {"executor": "mock", "sshexec": {"keyfile": "path", "port": "Optional: default is 22", "fstab": "Optional: a file"}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":8181" || c.SSH.Port != 22 {
		t.Errorf("listen %q, ssh port %d", c.Listen, c.SSH.Port)
	}
	if !contains(w, "sshexec.port: no effect on the simulated cluster") || !contains(w, "every user can act as admin") || contains(w, "_admin") {
		t.Errorf("warnings %q", w)
	}
}

func TestHeketiUnknownKeysAreNamed(t *testing.T) {
	_, w, err := loadHeketi(heketiSSH(`, "brick_max_size": 5, "zebra": {"a": 1, "b": [2]}`))
	if err != nil {
		t.Fatal(err)
	}
	if !contains(w, "glusterfs.brick_max_size: unknown key, ignored (did you mean glusterfs.brick_max_size_gb?)") ||
		!contains(w, "glusterfs.zebra: unknown key") || contains(w, "zebra.a") {
		t.Errorf("warnings %q", w)
	}
	var many strings.Builder
	for i := range 50 {
		fmt.Fprintf(&many, `, "zebra%d": 1`, i)
	}
	if _, w, _ = loadHeketi(heketiSSH(many.String())); !contains(w, "30 more unknown keys") {
		t.Errorf("warnings %q", w)
	}
}

func TestHeketiRefusals(t *testing.T) {
	for _, c := range []struct {
		name, json, env string
		want            []string
	}{
		{"no admin key", `{"glusterfs": {"executor": "mock"}}`, "", []string{"h.json: jwt.admin.key: Missing JWT information in config file"}},
		{"no user key", `{"jwt": {"admin": {"key": "x"}}, "glusterfs": {"executor": "mock"}}`, "", []string{"jwt.user.key: Missing JWT information in config file"}},
		{"no ssh key", `{"jwt": {"admin": {"key": "a"}, "user": {"key": "u"}}}`, "", []string{"h.json: glusterfs.sshexec.keyfile: is empty"}},
		{"unreadable ssh key", heketiSSH(""), "HEKETI_SSH_KEYFILE=/none", []string{"HEKETI_SSH_KEYFILE", "open /none"}},
		{"kubernetes", `{"glusterfs": {"executor": "kubernetes"}}`, "", []string{"h.json:1: glusterfs.executor", "not served"}},
		{"no such executor", `{"glusterfs": {"executor": "telnet"}}`, "", []string{"glusterfs.executor", "telnet"}},
		{"wrong type", "{\n\"profiling\": \"yes\"}", "", []string{"h.json:2: profiling: want true or false"}},
		{"list for text", `{"port": ["8080"]}`, "", []string{"port: want text"}},
		{"object for text", `{"port": {}}`, "", []string{"port: want text"}},
		{"text for object", `{"jwt": "x"}`, "", []string{"jwt: want an object"}},
		{"fraction", `{"glusterfs": {"executor": "mock", "brick_max_size_gb": 1.5}}`, "", []string{"brick_max_size_gb", "whole number"}},
		{"out of range", `{"glusterfs": {"executor": "mock", "brick_max_size_gb": -1}}`, "", []string{"glusterfs.brick_max_size_gb: -1 is not within"}},
		{"bad level", `{"glusterfs": {"executor": "mock", "loglevel": "loud"}}`, "", []string{"glusterfs.loglevel", "loud"}},
		{"bad port", `{"jwt": {"admin": {"key": "a"}, "user": {"key": "u"}}, "port": "http", "glusterfs": {"executor": "mock"}}`, "", []string{"h.json:1: port", "port number"}},
		{"tls without files", `{"jwt": {"admin": {"key": "a"}, "user": {"key": "u"}}, "enable_tls": true, "glusterfs": {"executor": "mock"}}`, "", []string{"h.json: cert_file: is missing"}},
		{"tls with unreadable files", `{"enable_tls": true, "cert_file": "/c", "key_file": "/c", "jwt": {"admin": {"key": "a"}, "user": {"key": "u"}}, "glusterfs": {"executor": "mock"}}`, "", []string{"h.json:1: cert_file: open /c"}},
		{"broken json", "{\n\"port\": }", "", []string{"h.json:2: "}},
		{"cut off", `{"port": "80`, "", []string{"h.json:1: ends too early"}},
		{"not an object", `[]`, "", []string{"h.json:1: want a JSON object"}},
		{"variable bool", heketiMock, "HEKETI_PROFILING=maybe", []string{"HEKETI_PROFILING: ", "maybe"}},
		{"variable number", heketiMock, "HEKETI_MOCK_DEVICE_SIZE_GB=big", []string{"HEKETI_MOCK_DEVICE_SIZE_GB: ", "big"}},
		{"variable range", heketiMock, "HEKETI_JWT_IAT_LEEWAY_SECONDS=-1", []string{"HEKETI_JWT_IAT_LEEWAY_SECONDS: "}},
		{"variable executor", heketiMock, "HEKETI_EXECUTOR=kubernetes", []string{"HEKETI_EXECUTOR: ", "not served"}},
		{"known hosts unreadable", heketiSSH(""), "SSH_KNOWN_HOSTS=/none", []string{"SSH_KNOWN_HOSTS: ", "open /none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := loadHeketi(c.json, c.env)
			wantError(t, err, c.want...)
		})
	}
	t.Run("no file", func(t *testing.T) {
		_, _, err := LoadHeketi("/none", nil, files{}.read)
		wantError(t, err, "--heketi-config: open /none")
	})
	t.Run("disable-auth needs no keys", func(t *testing.T) {
		_, w, err := Load([]string{"--heketi-config", "h.json", "--disable-auth"}, nil, files{"h.json": `{"glusterfs": {"executor": "mock"}}`}.read)
		if err != nil || !contains(w, "heketi.disable_auth") {
			t.Errorf("%q, %v", w, err)
		}
	})
}

// Every row leads to a key that exists, so that no translation is lost at run time.
func TestHeketiTableIsSound(t *testing.T) {
	table, paths := newTable(), map[string]bool{}
	for _, k := range heketiKeys() {
		if _, ok := table[k.to]; !ok && k.to != "" {
			t.Errorf("%s%s leads to %q, which is no key", k.path, k.env, k.to)
		}
		if k.to == "" && k.note == "" {
			t.Errorf("%s%s has no effect and no reason", k.path, k.env)
		}
		if k.path != "" && paths[k.path] {
			t.Errorf("%s is there twice", k.path)
		}
		paths[k.path] = true
	}
}
