package config

import (
	"regexp"
	"time"
)

// poolsOptions are the rows of the pools and of the vmpooler dialect.
func poolsOptions() []Option {
	rows := append(yardOptions(), lifetimeOptions()...)
	rows = append(rows, useOptions()...)
	rows = append(rows, poolAuthOptions()...)
	return append(rows,
		option("pools.providers", "[]", providers(), func(c *Config) *[]Provider { return &c.Pools.Providers },
			"What makes and holds machines; each entry has the keys below, and those of its kind."),
		option("pools.list", "[]", pools(), func(c *Config) *[]Pool { return &c.Pools.List },
			"The pools; each entry has the keys below."))
}

// yardOptions say how machines are named and made.
func yardOptions() []Option {
	return []Option{
		option("pools.site_name", "Yardmaster", text(), func(c *Config) *string { return &c.Pools.SiteName },
			"Name of this yard on the dashboard."),
		option("pools.prefix", "", word("prefix of host names", `(?:[A-Za-z0-9][A-Za-z0-9_-]{0,46})?`), func(c *Config) *string { return &c.Pools.Prefix },
			"Put before the name of every machine, its separator included."),
		option("pools.domain", "", domain(), func(c *Config) *string { return &c.Pools.Domain },
			"DNS domain of the machines of pools that name none."),
		option("pools.clone_target", "", text(), func(c *Config) *string { return &c.Pools.CloneTarget },
			"Cluster or hypervisor for the machines of pools that name none."),
		option("pools.task_limit", "10", number(1, 10000), func(c *Config) *int { return &c.Pools.TaskLimit },
			"Machines that each provider makes at a time."),
		option("pools.ondemand_clone_limit", "10", number(1, 10000), func(c *Config) *int { return &c.Pools.OnDemandCloneLimit },
			"The same, of machines for on-demand requests."),
		option("pools.max_ondemand_instances_per_request", "10", number(1, 10000), func(c *Config) *int { return &c.Pools.MaxOnDemandInstances },
			"Most machines of one name in an on-demand request."),
		option("pools.ondemand_request_ttl", "5m", duration(time.Second), func(c *Config) *time.Duration { return &c.Pools.OnDemandRequestTTL },
			"How long an on-demand request may take before it fails."),
		option("pools.check_interval", "1m", duration(time.Second), func(c *Config) *time.Duration { return &c.Pools.CheckInterval },
			"Time from one look at waiting machines and at what the provider holds to the next."),
		option("pools.timeout", "15m", duration(time.Second), func(c *Config) *time.Duration { return &c.Pools.Timeout },
			"How long a machine may take to be ready before another is made in its place."),
		option("pools.timeout_notification", "5m", duration(0), func(c *Config) *time.Duration { return &c.Pools.TimeoutNotification },
			"How long it may take before a warning says so; 0s is never."),
		option("pools.ready_ttl", "1h", duration(0), func(c *Config) *time.Duration { return &c.Pools.ReadyTTL },
			"How long a ready machine waits before a fresh one replaces it; 0s is for ever."),
		option("pools.max_tries", "3", number(1, 100), func(c *Config) *int { return &c.Pools.MaxTries },
			"Names that are tried for a machine before its creation fails."),
		option("pools.max_vm_retries", "3", number(0, 100), func(c *Config) *int { return &c.Pools.MaxVMRetries },
			"Further tries for the machines of an on-demand request."),
		option("pools.migration_limit", "0", number(0, 10000), func(c *Config) *int { return &c.Pools.MigrationLimit },
			"Migrations to a better host at a time, at checkout; 0 turns them off."),
		option("pools.data_ttl", "168h", duration(time.Minute), func(c *Config) *time.Duration { return &c.Pools.DataTTL },
			"How long the record of a destroyed machine is kept."),
		option("pools.experimental_features", "false", boolean(), func(c *Config) *bool { return &c.Pools.ExperimentalFeatures },
			"Let pools be changed through the API while the server runs."),
	}
}

// mostHours is a century: keeps lifetimes far from overflow.
const mostHours = 100 * 365 * 24

// lifetimeOptions say how long machines and tokens live.
func lifetimeOptions() []Option {
	return []Option{
		option("pools.vm_lifetime", "24", number(1, mostHours), func(c *Config) *int { return &c.Pools.VMLifetime },
			"Hours that a machine lives after its checkout."),
		option("pools.vm_lifetime_auth", "0", number(0, mostHours), func(c *Config) *int { return &c.Pools.VMLifetimeAuth },
			"The same, when it was checked out with a token; 0 takes pools.vm_lifetime."),
		option("pools.tag_lifetimes", "{}", mapping("group of tag or tag=value: hours", number(1, mostHours)), func(c *Config) *map[string]int { return &c.Pools.TagLifetimes },
			"Hours that a machine with such a tag lives after its checkout, of several the most; its own lifetime, from its user or pools.vm_lifetime_auth, goes before."),
		option("pools.max_lifetime_upper_limit", "0", number(0, mostHours), func(c *Config) *int { return &c.Pools.MaxLifetimeUpperLimit },
			"Hours from which on a user's wish for a longer life is refused; 0 refuses none."),
		option("pools.token_ttl", "0s", duration(0), func(c *Config) *time.Duration { return &c.Pools.TokenTTL },
			"How long a new token can be used; 0s is for ever."),
		option("pools.wait_most", "5m", duration(0), func(c *Config) *time.Duration { return &c.Pools.WaitMost },
			"The longest that a checkout may ask to wait for machines."),
	}
}

// useOptions say what users may do, and what is told about it.
func useOptions() []Option {
	return []Option{
		option("pools.allowed_tags", "[]", texts("list of tags", text()), func(c *Config) *[]string { return &c.Pools.AllowedTags },
			"The only tags that machines may be given; empty allows all."),
		option("pools.tag_filter", "{}", mapping("group of tag: regular expression", pattern()), func(c *Config) *map[string]*regexp.Regexp { return &c.Pools.TagFilter },
			"A tag's value is cut down to what the groups of its expression match."),
		option("pools.backend_weight", "{}", mapping("group of clone target: weight", number(0, 1000000)), func(c *Config) *map[string]int { return &c.Pools.BackendWeight },
			"How often each clone target is chosen among the pools of one alias."),
		option("pools.ownership", "false", boolean(), func(c *Config) *bool { return &c.Pools.Ownership },
			"Let only who checked a machine out, or an admin, change or delete it."),
		option("pools.quota_per_user", "0", number(0, 1000000), func(c *Config) *int { return &c.Pools.QuotaPerUser },
			"Machines that one user may hold; 0 sets no bound."),
		option("pools.rate_limiting", "false", boolean(), func(c *Config) *bool { return &c.Pools.RateLimiting },
			"Answer with 429 who asks too often."),
		option("pools.usage_stats", "false", boolean(), func(c *Config) *bool { return &c.Pools.UsageStats },
			"Count in the metrics which user held machines of which pool."),
		option("pools.request_logger", "false", boolean(), func(c *Config) *bool { return &c.Pools.RequestLogger },
			"Log a line for each request of the vmpooler API."),
		option("pools.prometheus.endpoint", "", word("path", `(?:/[A-Za-z0-9._~-]+)*`), func(c *Config) *string { return &c.Pools.Prometheus.Endpoint },
			"Path of a metrics page under vmpooler's names, as /prometheus; empty serves none. With it comes /healthcheck."),
		option("pools.prometheus.prefix", "vmpooler", word("prefix of metric names", `[A-Za-z_][A-Za-z0-9_]*`), func(c *Config) *string { return &c.Pools.Prometheus.Prefix },
			"First part of the names of these metrics."),
		option("pools.prometheus.instance", "vmpooler", text(), func(c *Config) *string { return &c.Pools.Prometheus.Instance },
			"Their label vmpooler_instance."),
	}
}

func poolAuthOptions() []Option {
	return []Option{
		option("pools.auth.provider", AuthLocal, choice(AuthNone, AuthLocal, AuthLDAP, AuthDummy), func(c *Config) *string { return &c.Pools.Auth.Provider },
			"Who proves users that ask for a token: local is auth.users, dummy takes every password but the user's own name, none has no tokens."),
		option("pools.auth.unsafe", "false", boolean(), func(c *Config) *bool { return &c.Pools.Auth.Unsafe },
			"Says that pools.auth.provider: dummy is meant."),
		option("pools.auth.role", "user", choice(roles...), func(c *Config) *string { return &c.Pools.Auth.Role },
			"Role of users whom ldap or dummy proves."),
		option("pools.auth.ldap.host", "", text(), func(c *Config) *string { return &c.Pools.Auth.LDAP.Host },
			"Name or address of the LDAP server."),
		option("pools.auth.ldap.port", "0", number(0, 65535), func(c *Config) *int { return &c.Pools.Auth.LDAP.Port },
			"Its port; 0 is 636 for simple_tls and 389 otherwise."),
		option("pools.auth.ldap.base", "[]", texts("list of DNs", text()), func(c *Config) *[]string { return &c.Pools.Auth.LDAP.Base },
			"Where users are, one DN or several."),
		option("pools.auth.ldap.user_object", "[]", texts("list of attributes", word("attribute", `[A-Za-z0-9.-]+`)), func(c *Config) *[]string { return &c.Pools.Auth.LDAP.UserObject },
			"Attributes that hold a user's name, as uid."),
		option("pools.auth.ldap.encryption", "start_tls", choice("start_tls", "simple_tls", "none"), func(c *Config) *string { return &c.Pools.Auth.LDAP.Encryption },
			"start_tls turns TLS on after connecting, simple_tls speaks it from the start."),
		option("pools.auth.ldap.ca_file", "", path(), func(c *Config) *string { return &c.Pools.Auth.LDAP.CAFile },
			"PEM certificates that the server's must come from; empty takes the system's."),
		option("pools.auth.ldap.insecure", "false", boolean(), func(c *Config) *bool { return &c.Pools.Auth.LDAP.Insecure },
			"Take any certificate of the server."),
		option("pools.auth.ldap.service_account.user_dn", "", text(), func(c *Config) *string { return &c.Pools.Auth.LDAP.ServiceAccount.UserDN },
			"Account that searches for users; empty lets users bind by themselves."),
		option("pools.auth.ldap.service_account.password", "", secret(), func(c *Config) *Secret { return &c.Pools.Auth.LDAP.ServiceAccount.Password },
			"Its password."),
		option("pools.auth.ldap.service_account.password_file", "", path(), func(c *Config) *string { return &c.Pools.Auth.LDAP.ServiceAccount.PasswordFile },
			"File that holds pools.auth.ldap.service_account.password."),
	}
}

func pattern() kind[*regexp.Regexp] {
	return scalar("regular expression", regexp.Compile, (*regexp.Regexp).String)
}

func domain() kind[string] {
	return word("DNS domain", `(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*)?`)
}
