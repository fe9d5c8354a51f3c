package config

import (
	"log/slog"
	"time"
)

// Config is the whole configuration, complete and checked. Paths are as the
// operator wrote them; secrets that came from files are filled in.
type Config struct {
	Listen          string
	DataDir         string
	SecretKeyFile   string // filled in when the file leaves it empty
	ShutdownTimeout time.Duration
	Profiling       bool

	TLS        TLS
	HTTP       HTTP
	Log        Log
	Metrics    Metrics
	Redis      Redis
	Workers    Workers
	Operations Operations
	Auth       Auth
	Dialects   Dialects
	Heketi     Heketi
	SSH        SSH
	Gluster    Gluster
	Sim        Sim
	Pools      Pools
	VMPooler   VMPooler
	Events     Events
	Configs    Configs
	Instances  Instances

	// Args are the words after the flags; only LoadStore lets any through.
	Args []string
}

// TLS is off when both files are empty.
type TLS struct {
	CertFile, KeyFile string
	MinVersion        string // "1.2" or "1.3"
}

// Enabled tells whether the listener speaks TLS.
func (t TLS) Enabled() bool { return t.CertFile != "" }

// HTTP bounds what one request may cost.
type HTTP struct {
	MaxBody           int64 // bytes
	ReadHeaderTimeout time.Duration
	ReadTimeout       time.Duration
	IdleTimeout       time.Duration
}

// Log says how much is logged and in which form.
type Log struct {
	Level  slog.Level
	Format string // "json" or "text"
}

// Metrics is the Prometheus endpoint.
type Metrics struct {
	Enabled bool
	Open    bool // served without a token
}

// Workers is how many operations this process runs at once.
type Workers struct {
	Concurrency int
}

// Operations bounds and times the operation engine.
type Operations struct {
	MaxInFlight            int
	MaxInFlightPerNode     int // filled in when the file leaves it 0
	MaxInFlightPerProvider int // with workers; filled in when the file leaves it 0
	Retention              time.Duration
	RetryAfter             time.Duration
	SignOfLife             time.Duration
	TakeoverAfter          time.Duration
}

// Auth lists who may use the native API.
type Auth struct {
	Users  []User
	Tokens []Token
}

// User signs in with a password, kept as a bcrypt hash.
type User struct {
	Name         string
	PasswordHash Secret
	Role         string
}

// Token is a bearer token, kept as the lower-case hex SHA-256 of its text.
type Token struct {
	Name   string
	SHA256 Secret
	Role   string
}

// Anonymous is what a caller without credentials may do in a dialect.
type Anonymous string

// The levels of Anonymous.
const (
	AnonymousNone Anonymous = "none"
	AnonymousRead Anonymous = "read"
	AnonymousFull Anonymous = "full"
)

// Dialects holds what each served dialect has of its own in front of its routes.
type Dialects struct {
	Heketi, Native, VMPooler, StackTach, DeploymentManager, HMAPI Dialect
}

// Dialect is the door policy of one dialect.
type Dialect struct {
	Anonymous Anonymous
}
