package config

import (
	"log/slog"
	"strconv"
	"time"
)

// serverOptions are the rows of the server itself.
func serverOptions() []Option {
	rows := []Option{
		option("listen", ":8080", text(), func(c *Config) *string { return &c.Listen },
			"Address and port of the one listener that serves every dialect.").withFlag("listen"),
		option("data_dir", "/var/lib/yardmaster", path(), func(c *Config) *string { return &c.DataDir },
			"Folder of the databases; made when it is missing.").withFlag("data-dir"),
		option("secret_key_file", "", path(), func(c *Config) *string { return &c.SecretKeyFile },
			"File of the key that seals passwords in the records; empty takes secret.key in data_dir, which the server makes. A worker needs the server's."),
		option("shutdown_timeout", "15s", duration(time.Second), func(c *Config) *time.Duration { return &c.ShutdownTimeout },
			"How long a stop waits for requests and for running steps."),
		option("profiling", "false", boolean(), func(c *Config) *bool { return &c.Profiling },
			"Serve Go's profiler under /debug/pprof/.").withFlag("profiling"),

		option("tls.cert_file", "", path(), func(c *Config) *string { return &c.TLS.CertFile },
			"PEM certificate chain; with tls.key_file it turns TLS on.").withFlag("tls-cert-file"),
		option("tls.key_file", "", path(), func(c *Config) *string { return &c.TLS.KeyFile },
			"PEM private key of the certificate.").withFlag("tls-key-file"),
		option("tls.min_version", "1.2", choice("1.2", "1.3"), func(c *Config) *string { return &c.TLS.MinVersion },
			"Oldest TLS version that is spoken."),

		option("http.max_body", "1MiB", size(1<<10, 1<<30), func(c *Config) *int64 { return &c.HTTP.MaxBody },
			"Largest request body; more is refused."),
		option("http.read_header_timeout", "10s", duration(time.Millisecond), func(c *Config) *time.Duration { return &c.HTTP.ReadHeaderTimeout },
			"How long a client may take to send its headers."),
		option("http.read_timeout", "1m", duration(time.Millisecond), func(c *Config) *time.Duration { return &c.HTTP.ReadTimeout },
			"How long a client may take to send a whole request."),
		option("http.idle_timeout", "2m", duration(time.Millisecond), func(c *Config) *time.Duration { return &c.HTTP.IdleTimeout },
			"How long an idle connection is kept."),

		option("log.level", "info", level(), func(c *Config) *slog.Level { return &c.Log.Level },
			"Least severe message that is logged.").withFlag("log-level"),
		option("log.format", "json", choice("json", "text"), func(c *Config) *string { return &c.Log.Format },
			"Form of a log line.").withFlag("log-format"),

		option("metrics.enabled", "true", boolean(), func(c *Config) *bool { return &c.Metrics.Enabled },
			"Serve Prometheus metrics at /metrics."),
		option("metrics.open", "false", boolean(), func(c *Config) *bool { return &c.Metrics.Open },
			"Let anyone read /metrics without a token."),
	}
	return append(rows, engineOptions()...)
}

const defaultConcurrency = 64

// engineOptions are the rows of the queue, the operation engine and its users.
func engineOptions() []Option {
	return []Option{
		option("redis.url", EmbeddedRedis, redisURL(), func(c *Config) *string { return &c.Redis.URL },
			"Where the job queue lives: embedded, or a URL that starts with redis://, rediss://, unix://, redis-sentinel:// or redis-cluster://.").withFlag("redis"),
		option("redis.password", "", secret(), func(c *Config) *Secret { return &c.Redis.Password },
			"Password for Redis, when the URL does not hold one."),
		option("redis.password_file", "", path(), func(c *Config) *string { return &c.Redis.PasswordFile },
			"File that holds redis.password."),
		option("redis.namespace", "yardmaster", text(), func(c *Config) *string { return &c.Redis.Namespace },
			"Name of this yard in a Redis that several yards share; its workers need the same."),

		option("workers.concurrency", strconv.Itoa(defaultConcurrency), number(0, 10000), func(c *Config) *int { return &c.Workers.Concurrency },
			"Operations that this process runs at once; 0 leaves them all to workers elsewhere.").withFlag("concurrency"),

		option("operations.max_in_flight", "64", number(1, 100000), func(c *Config) *int { return &c.Operations.MaxInFlight },
			"Unfinished operations before new ones are answered with 429."),
		option("operations.max_in_flight_per_node", "0", number(0, 100000), func(c *Config) *int { return &c.Operations.MaxInFlightPerNode },
			"The same for each storage node, so that one that hangs leaves room for the others; 0 takes three quarters of operations.max_in_flight."),
		option("operations.max_in_flight_per_provider", "0", number(0, 100000), func(c *Config) *int { return &c.Operations.MaxInFlightPerProvider },
			"Operations on the machines of one provider of pools that workers hold at once, so that one that hangs leaves workers to the others; 0 shares workers.concurrency out among all providers, and one share to the storage nodes."),
		option("operations.retention", "168h", duration(time.Minute), func(c *Config) *time.Duration { return &c.Operations.Retention },
			"How long a finished operation can still be read."),
		option("operations.retry_after", "10s", duration(time.Second), func(c *Config) *time.Duration { return &c.Operations.RetryAfter },
			"What a 429 tells the client to wait; whole seconds."),
		option("operations.sign_of_life", "2s", duration(100*time.Millisecond), func(c *Config) *time.Duration { return &c.Operations.SignOfLife },
			"How often a worker says that an operation is still running."),
		option("operations.takeover_after", "10s", duration(200*time.Millisecond), func(c *Config) *time.Duration { return &c.Operations.TakeoverAfter },
			"Silence after which an operation is given to another worker; at least twice operations.sign_of_life."),

		option("auth.users", "[]", users(), func(c *Config) *[]User { return &c.Auth.Users },
			"Users who sign in with a password, each with name, password_hash (bcrypt) and role ("+orList(roles)+")."),
		option("auth.tokens", "[]", tokens(), func(c *Config) *[]Token { return &c.Auth.Tokens },
			"Bearer tokens, each with name, sha256 (hex, of the token) and role ("+orList(roles)+")."),

		option("dialects.heketi.anonymous", "none", anonymous(), func(c *Config) *Anonymous { return &c.Dialects.Heketi.Anonymous },
			"What callers without a token may do through the Heketi API."),
		option("dialects.native.anonymous", "none", anonymous(), func(c *Config) *Anonymous { return &c.Dialects.Native.Anonymous },
			"What callers without a token may do through the native API."),
		option("dialects.vmpooler.anonymous", "none", anonymous(), func(c *Config) *Anonymous { return &c.Dialects.VMPooler.Anonymous },
			"What callers without a token may do through the vmpooler API."),
		option("dialects.stacktach.anonymous", "none", anonymous(), func(c *Config) *Anonymous { return &c.Dialects.StackTach.Anonymous },
			"What callers without a token may do through the StackTach API."),
		option("dialects.deploymanager.anonymous", "none", anonymous(), func(c *Config) *Anonymous { return &c.Dialects.DeploymentManager.Anonymous },
			"What callers without a token may do through the Deployment Manager API."),
		option("dialects.hmapi.anonymous", "none", anonymous(), func(c *Config) *Anonymous { return &c.Dialects.HMAPI.Anonymous },
			"What callers without a token may do through the hosted-metrics API."),
	}
}

func anonymous() kind[Anonymous] { return choice(AnonymousNone, AnonymousRead, AnonymousFull) }
