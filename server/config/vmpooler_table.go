package config

// vmpoolerKey is one row of the translation of a vmpooler.yaml and its variables.
type vmpoolerKey struct {
	path string // without colons, joined with dots; empty: a variable only
	env  string // overrides the file; empty: none
	to   string // our key, or a field of all entries of a list; empty: no effect here
	form vmpoolerForm
	note string // why it has no effect, or what is different
	tell bool   // the note is a warning, though the key counts
}

// purgeNote says what a purge is here.
const purgeNote = "machines in the pools' own folders that were not made here are destroyed, folders beside them are not; import what vmpooler made first"

// vmpoolerKeys is what vmpooler's configuration can hold, but for the entries of its lists.
func vmpoolerKeys() []vmpoolerKey {
	rows := append(vmpoolerYardKeys(), vmpoolerCloneKeys()...)
	rows = append(rows, vmpoolerQueueKeys()...)
	rows = append(rows, vmpoolerAuthKeys()...)
	return append(rows, vmpoolerMetricKeys()...)
}

func vmpoolerYardKeys() []vmpoolerKey {
	return []vmpoolerKey{
		{path: "config.site_name", env: "SITE_NAME", to: "pools.site_name", form: asText},
		{path: "config.logfile", env: "LOGFILE", form: asText, note: "the log goes to stderr"},
		{path: "config.extra_config", env: "EXTRA_CONFIG", form: asTexts, to: "(more files)", note: "groups are merged, lists joined; of two values that of the first file stays"},
		{path: "config.prefix", env: "PREFIX", to: "pools.prefix", form: asText},
		{path: "config.domain", env: "DOMAIN", to: "pools.domain", form: asText},
		{path: "config.clone_target", env: "CLONE_TARGET", to: "pools.clone_target", form: asText},
		{path: "config.timeout", env: "TIMEOUT", to: "pools.timeout", form: asMinutes},
		{path: "config.timeout_notification", env: "TIMEOUT_NOTIFICATION", to: "pools.timeout_notification", form: asMinutes},
		{path: "config.ready_ttl", env: "READY_TTL", to: "pools.ready_ttl", form: asMinutes},
		{path: "config.vm_checktime", env: "VM_CHECKTIME", to: "pools.check_interval", form: asMinutes},
		{path: "config.vm_lifetime", env: "VM_LIFETIME", to: "pools.vm_lifetime", form: asLifetime, note: "0 is a century"},
		{path: "config.vm_lifetime_auth", env: "VM_LIFETIME_AUTH", to: "pools.vm_lifetime_auth", form: asLifetime, note: "0 is a century"},
		{path: "config.max_lifetime_upper_limit", env: "MAX_LIFETIME_UPPER_LIMIT", to: "pools.max_lifetime_upper_limit", form: asNumber},
		{path: "config.allowed_tags", to: "pools.allowed_tags", form: asTexts},
		{path: "config.backend_weight", to: "pools.backend_weight", form: groupOf(asNumber)},
		{path: "config.migration_limit", env: "MIGRATION_LIMIT", to: "pools.migration_limit", form: asNumber},
		{path: "config.experimental_features", env: "EXPERIMENTAL_FEATURES", to: "pools.experimental_features", form: asBool},
		{path: "config.usage_stats", env: "USAGE_STATS", to: "pools.usage_stats", form: asBool},
		{path: "config.rate_limiting_enabled", to: "pools.rate_limiting", form: asBool},
		{path: "config.request_logger", env: "REQUEST_LOGGER", to: "pools.request_logger", form: asBool},
		{path: "tagfilter", to: "pools.tag_filter", form: groupOf(asText)},
	}
}

func vmpoolerCloneKeys() []vmpoolerKey {
	loop := "pools are looked at when something changes, and every pools.check_interval"
	return []vmpoolerKey{
		{path: "config.task_limit", env: "TASK_LIMIT", to: "pools.task_limit", form: asNumber, note: "for each provider"},
		{path: "config.ondemand_clone_limit", env: "ONDEMAND_CLONE_LIMIT", to: "pools.ondemand_clone_limit", form: asNumber, note: "for each provider"},
		{path: "config.max_ondemand_instances_per_request", env: "MAX_ONDEMAND_INSTANCES_PER_REQUEST", to: "pools.max_ondemand_instances_per_request", form: asNumber},
		{path: "config.ondemand_request_ttl", env: "ONDEMAND_REQUEST_TTL", to: "pools.ondemand_request_ttl", form: asMinutes},
		{path: "config.max_tries", env: "MAX_TRIES", to: "pools.max_tries", form: asNumber},
		{path: "config.max_vm_retries", to: "pools.max_vm_retries", form: asNumber},
		{path: "config.retry_factor", env: "RETRY_FACTOR", form: asNumber, note: "each kind of operation has its own time between tries"},
		{path: "config.check_loop_delay_min", form: asNumber, note: loop},
		{path: "config.check_loop_delay_max", form: asNumber, note: loop},
		{path: "config.check_loop_delay_decay", form: asAnything, note: loop},
		{path: "config.check_ready_vm_hostname_for_mismatch", to: "pools.list[].check_hostname", form: asBool},
		{path: "config.create_linked_clones", form: asLinked, note: "vmpooler never minded a false here; CREATE_LINKED_CLONES and a pool's create_linked_clone count"},
		{env: "CREATE_LINKED_CLONES", to: "pools.list[].full_clone", form: asOpposite},
		{path: "config.create_folders", env: "CREATE_FOLDERS", to: "pools.providers[].create_folders", form: asBool},
		{path: "config.create_template_delta_disks", env: "CREATE_TEMPLATE_DELTA_DISKS", to: "pools.providers[].create_template_delta_disks", form: asBool},
		{path: "config.manage_host_selection", to: "pools.providers[].manage_host_selection", form: asBool},
		{path: "config.host_selection_max_age", to: "pools.providers[].host_selection_max_age", form: asSeconds},
		{path: "config.utilization_limit", to: "pools.providers[].utilization_limit", form: asNumber},
		{path: "config.purge_unconfigured_resources", env: "PURGE_UNCONFIGURED_RESOURCES", to: "pools.providers[].purge", form: asBool, note: purgeNote, tell: true},
		{path: "config.purge_unconfigured_folders", env: "PURGE_UNCONFIGURED_FOLDERS", to: "pools.providers[].purge", form: asBool, note: purgeNote, tell: true},
	}
}

// vmpoolerQueueKeys are what vmpooler has around its Redis.
func vmpoolerQueueKeys() []vmpoolerKey {
	imported := "the queue here is redis.url; vmpooler's own Redis is only read by yardmaster import vmpooler"
	failed := "failed operations are kept with their reasons for operations.retention"
	stale := "no entry here outlives what it stands for"
	health := "/readyz and the metrics tell of health"
	rows := []vmpoolerKey{
		{path: "redis.server", env: "REDIS_SERVER", form: asText, note: imported},
		{path: "redis.port", env: "REDIS_PORT", form: asAnything, note: imported},
		{path: "redis.username", form: asText, note: imported},
		{path: "redis.password", env: "REDIS_PASSWORD", form: asText, note: imported},
		{path: "redis.data_ttl", env: "REDIS_DATA_TTL", to: "pools.data_ttl", form: asHours},
		{path: "redis.connection_pool_size", env: "REDIS_CONNECTION_POOL_SIZE", form: asNumber, note: imported},
		{path: "redis.connection_pool_timeout", env: "REDIS_CONNECTION_POOL_TIMEOUT", form: asNumber, note: imported},
		{path: "redis.reconnect_attempts", env: "REDIS_RECONNECT_ATTEMPTS", form: asAnything, note: imported},
		{path: "config.dlq_enabled", form: asSwitch, note: failed},
		{path: "config.dlq_ttl", form: asNumber, note: failed},
		{path: "config.dlq_max_entries", form: asNumber, note: failed},
		{path: "config.purge_enabled", form: asSwitch, note: stale},
		{path: "config.purge_dry_run", form: asSwitch, note: stale},
		{path: "config.purge_interval", form: asNumber, note: stale},
		{path: "config.max_pending_age", form: asNumber, note: stale},
		{path: "config.max_ready_age", form: asNumber, note: stale},
		{path: "config.max_completed_age", form: asNumber, note: stale},
		{path: "config.max_orphaned_age", form: asNumber, note: stale},
		{path: "config.health_check_enabled", form: asSwitch, note: health},
		{path: "config.health_check_interval", form: asNumber, note: health},
	}
	for _, name := range []string{"pending_queue_max", "ready_queue_max", "dlq_max_warning", "dlq_max_critical",
		"stuck_vm_age_threshold", "stuck_vm_max_warning", "stuck_vm_max_critical"} {
		rows = append(rows, vmpoolerKey{path: "config.health_thresholds." + name, form: asNumber, note: health})
	}
	return rows
}

func vmpoolerAuthKeys() []vmpoolerKey {
	const ldap, tls = "auth.ldap.", "auth.ldap.encryption.tls_options."
	negotiated := "TLS 1.2 and newer are spoken"
	return []vmpoolerKey{
		{path: "auth.provider", env: "AUTH_PROVIDER", to: "pools.auth.provider", form: asAuthProvider, note: "without auth it is none; dummy sets pools.auth.unsafe too"},
		{path: ldap + "host", env: "LDAP_HOST", to: "pools.auth.ldap.host", form: asText},
		{path: ldap + "port", env: "LDAP_PORT", to: "pools.auth.ldap.port", form: asNumber},
		{path: ldap + "base", env: "LDAP_BASE", to: "pools.auth.ldap.base", form: asWords},
		{path: ldap + "user_object", env: "LDAP_USER_OBJECT", to: "pools.auth.ldap.user_object", form: asWords},
		{path: ldap + "encryption", to: "pools.auth.ldap.encryption", form: asText},
		{path: ldap + "encryption.method", to: "pools.auth.ldap.encryption", form: asText},
		{path: tls + "ca_file", to: "pools.auth.ldap.ca_file", form: asText},
		{path: tls + "verify_mode", to: "pools.auth.ldap.insecure", form: asUnverified, note: "0 takes any certificate; without it the certificate is checked"},
		{path: tls + "ssl_version", form: asText, note: negotiated},
		{path: tls + "min_version", form: asAnything, note: negotiated},
		{path: tls + "max_version", form: asAnything, note: negotiated},
		{path: ldap + "service_account_hash.user_dn", to: "pools.auth.ldap.service_account.user_dn", form: asText},
		{path: ldap + "service_account_hash.password", to: "pools.auth.ldap.service_account.password", form: asText},
		{env: "VMPOOLER_DEBUG", to: "(nothing)", form: asAnything, note: "vmpooler wanted it for the provider dummy"},
	}
}

func vmpoolerMetricKeys() []vmpoolerKey {
	pushed := "metrics are read from here, under vmpooler's names with pools.prometheus.endpoint, and not sent"
	graphs := "no Graphite is asked; the dashboard shows what this server knows"
	traces := "no traces are sent"
	return []vmpoolerKey{
		{path: "graphs.server", form: asText, note: graphs},
		{path: "graphs.prefix", form: asText, note: graphs},
		{path: "statsd.server", env: "STATSD_SERVER", form: asText, note: pushed},
		{path: "statsd.port", env: "STATSD_PORT", form: asAnything, note: pushed},
		{path: "statsd.prefix", env: "STATSD_PREFIX", form: asText, note: pushed},
		{path: "graphite.server", env: "GRAPHITE_SERVER", form: asText, note: pushed},
		{path: "graphite.port", env: "GRAPHITE_PORT", form: asAnything, note: pushed},
		{path: "graphite.prefix", env: "GRAPHITE_PREFIX", form: asText, note: pushed},
		{path: "prometheus.prefix", to: "pools.prometheus.instance", form: asText},
		{path: "prometheus.prometheus_prefix", to: "pools.prometheus.prefix", form: asText},
		{path: "prometheus.prometheus_endpoint", to: "pools.prometheus.endpoint", form: asText, note: "/prometheus unless told otherwise; without prometheus there is none"},
		{path: "tracing.enabled", env: "VMPOOLER_TRACING_ENABLED", form: asSwitch, note: traces},
		{path: "tracing.jaeger_host", env: "VMPOOLER_TRACING_JAEGER_HOST", form: asText, note: traces},
	}
}
