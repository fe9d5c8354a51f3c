package config

// heketiKey is one row of the translation of heketi.json and its variables.
type heketiKey struct {
	path  string     // in heketi.json; empty: a variable only
	env   string     // overrides the file; empty: none
	to    string     // our key; empty: no effect here
	form  heketiForm // how the value is read
	note  string     // why it has no effect, or what is different
	ssh   bool       // counts only where nodes are reached over SSH
	group bool       // path names a whole object
}

// heketiKeys is everything that Heketi's configuration can hold.
func heketiKeys() []heketiKey {
	rows := []heketiKey{
		{path: "port", env: "HEKETI_HTTP_PORT", to: "listen", form: heketiPort},
		{path: "use_auth", form: heketiBool, note: "tokens are always checked unless --disable-auth is given"},
		{path: "jwt.admin.key", env: "HEKETI_ADMIN_KEY", to: "heketi.admin_key", form: heketiText},
		{path: "jwt.user.key", env: "HEKETI_USER_KEY", to: "heketi.user_key", form: heketiText},
		{path: "backup_db_to_kube_secret", env: "HEKETI_BACKUP_DB_TO_KUBE_SECRET", form: heketiAny, note: "no Kubernetes secret is written; back up with GET /backup/db or yardmaster backup"},
		{path: "enable_tls", form: heketiBool, note: "cert_file and key_file are read only with it"},
		{path: "cert_file", to: "tls.cert_file", form: heketiText},
		{path: "key_file", to: "tls.key_file", form: heketiText},
		{path: "profiling", env: "HEKETI_PROFILING", to: "profiling", form: heketiBool},
		{path: "default_state", env: "HEKETI_DEFAULT_STATE", to: "heketi.default_state", form: heketiText},
		{env: "HEKETI_JWT_IAT_LEEWAY_SECONDS", to: "heketi.iat_leeway", form: heketiSeconds},
	}
	rows = append(rows, heketiGlusterKeys()...)
	return append(rows, heketiNodeKeys()...)
}

func heketiGlusterKeys() []heketiKey {
	return []heketiKey{
		{path: "glusterfs.executor", env: "HEKETI_EXECUTOR", to: "heketi.executor", form: heketiExecutor, note: "mock is the simulated cluster; kubernetes is not served"},
		{path: "glusterfs.db", env: "HEKETI_DB_PATH", to: "data_dir", form: heketiFolder, note: "its folder holds the databases here; the file itself is neither read nor changed"},
		{path: "glusterfs.db_read_only", to: "heketi.default_state", form: heketiReadOnly, note: "starts in the admin state read-only"},
		{path: "glusterfs.allocator", form: heketiText, note: "there is one allocator"},
		{path: "glusterfs.loglevel", env: "HEKETI_GLUSTERAPP_LOGLEVEL", to: "log.level", form: heketiLevel, note: "critical and none become error"},
		{path: "glusterfs.brick_max_size_gb", to: "heketi.brick_max_size_gb", form: heketiCount},
		{path: "glusterfs.brick_min_size_gb", to: "heketi.brick_min_size_gb", form: heketiCount},
		{path: "glusterfs.max_bricks_per_volume", to: "heketi.max_bricks_per_volume", form: heketiCount},
		{path: "glusterfs.average_file_size_kb", to: "heketi.average_file_size_kb", form: heketiCount},
		{path: "glusterfs.pre_request_volume_options", env: "HEKETI_PRE_REQUEST_VOLUME_OPTIONS", to: "heketi.pre_request_volume_options", form: heketiText},
		{path: "glusterfs.post_request_volume_options", env: "HEKETI_POST_REQUEST_VOLUME_OPTIONS", to: "heketi.post_request_volume_options", form: heketiText},
		{path: "glusterfs.zone_checking", env: "HEKETI_ZONE_CHECKING", to: "heketi.zone_checking", form: heketiText},
		{path: "glusterfs.max_volumes_per_cluster", env: "HEKETI_GLUSTER_MAX_VOLUMES_PER_CLUSTER", to: "heketi.max_volumes_per_cluster", form: heketiLimit, note: "every negative number means no limit"},
		{path: "glusterfs.auto_create_block_hosting_volume", env: "HEKETI_AUTO_CREATE_BLOCK_HOSTING_VOLUME", to: "heketi.block.auto_create", form: heketiBool},
		{path: "glusterfs.block_hosting_volume_size", env: "HEKETI_BLOCK_HOSTING_VOLUME_SIZE", to: "heketi.block.size_gb", form: heketiCount},
		{path: "glusterfs.block_hosting_volume_options", env: "HEKETI_BLOCK_HOSTING_VOLUME_OPTIONS", to: "heketi.block.options", form: heketiText},
		{path: "glusterfs.disable_monitor_gluster_nodes", env: "HEKETI_DISABLE_HEALTH_MONITOR", to: "heketi.monitor.enabled", form: heketiNot},
		{path: "glusterfs.refresh_time_monitor_gluster_nodes", to: "heketi.monitor.refresh", form: heketiPeriod},
		{path: "glusterfs.start_time_monitor_gluster_nodes", to: "heketi.monitor.start", form: heketiPeriod},
		{path: "glusterfs.max_inflight_operations", env: "HEKETI_MAX_INFLIGHT_OPERATIONS", to: "operations.max_in_flight", form: heketiCount},
		{path: "glusterfs.disable_background_cleaner", env: "HEKETI_DISABLE_BACKGROUND_CLEANER", to: "heketi.cleaner.enabled", form: heketiNot},
		{path: "glusterfs.refresh_time_background_cleaner", to: "heketi.cleaner.refresh", form: heketiPeriod},
		{path: "glusterfs.start_time_background_cleaner", to: "heketi.cleaner.start", form: heketiPeriod},
		{path: "glusterfs.operation_retry_limits.volume_create", to: "heketi.retry_limits.volume_create", form: heketiNumber},
		{env: "HEKETI_MOCK_DEVICE_SIZE_GB", to: "sim.device_size_gb", form: heketiCount},
		{env: "HEKETI_KUBE_DB_SECRET_NAME", form: heketiText, note: "no Kubernetes secret is written"},
	}
}

// heketiNodeKeys are the keys of the executors.
func heketiNodeKeys() []heketiKey {
	over := func(name, env, to string, form heketiForm) heketiKey {
		k := heketiKey{env: env, to: to, form: form, ssh: true}
		if name != "" {
			k.path = "glusterfs.sshexec." + name
		}
		return k
	}
	known := func(env string) heketiKey {
		k := over("", env, "ssh.known_hosts", heketiKnownHosts)
		k.note = "makes ssh.host_keys strict"
		return k
	}
	rebalance := over("rebalance_on_expansion", "", "", heketiBool)
	rebalance.note = "Heketi never minded this key; HEKETI_GLUSTERAPP_REBALANCE_ON_EXPANSION and gluster.rebalance_on_expansion count"
	rows := []heketiKey{
		over("keyfile", "HEKETI_SSH_KEYFILE", "ssh.key_file", heketiText),
		over("user", "HEKETI_SSH_USER", "ssh.user", heketiText),
		over("port", "HEKETI_SSH_PORT", "ssh.port", heketiPlainPort),
		over("fstab", "HEKETI_FSTAB", "gluster.fstab", heketiText),
		over("mountopts", "HEKETI_MOUNT_OPTS", "gluster.mount_options", heketiText),
		over("sudo", "", "ssh.sudo", heketiBool),
		over("snapshot_limit", "HEKETI_SNAPSHOT_LIMIT", "gluster.snapshot_limit", heketiCount),
		rebalance,
		over("", "HEKETI_GLUSTERAPP_REBALANCE_ON_EXPANSION", "gluster.rebalance_on_expansion", heketiBool),
		over("backup_lvm_metadata", "", "gluster.backup_lvm_metadata", heketiBool),
		over("gluster_cli_timeout", "HEKETI_GLUSTER_CLI_TIMEOUT", "gluster.cli_timeout", heketiPeriod),
		over("pv_data_alignment", "", "gluster.pv_data_alignment", heketiText),
		over("vg_physicalextentsize", "", "gluster.vg_physical_extent_size", heketiText),
		over("lv_chunksize", "", "gluster.lv_chunk_size", heketiText),
		over("xfs_sw", "", "gluster.xfs_sw", heketiCount),
		over("xfs_su", "", "gluster.xfs_su", heketiCount),
		over("debug_umount_failures", "HEKETI_DEBUG_UMOUNT_FAILURES", "gluster.debug_umount_failures", heketiBool),
		over("block_prealloc", "HEKETI_BLOCK_VOLUME_DEFAULT_PREALLOC", "gluster.block_prealloc", heketiText),
		over("lvm_wrapper", "HEKETI_LVM_WRAPPER", "gluster.lvm_wrapper", heketiText),
		known("SSH_KNOWN_HOSTS"),
		known("HEKETI_SSH_KNOWN_HOSTS"),
		{path: "glusterfs.kubeexec", group: true, note: "nodes are reached over SSH only"},
		{path: "glusterfs.injectexec", group: true, note: "no faults are injected"},
	}
	for _, env := range []string{"HEKETI_KUBE_NAMESPACE", "HEKETI_KUBE_GLUSTER_DAEMONSET", "HEKETI_KUBE_USE_POD_NAMES"} {
		rows = append(rows, heketiKey{env: env, form: heketiText, note: "nodes are reached over SSH only"})
	}
	return rows
}
