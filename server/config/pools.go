package config

import (
	"regexp"
	"time"
)

// Pools configures the pools of ready-made machines and the vmpooler dialect.
type Pools struct {
	SiteName    string
	Prefix      string // before every machine's name
	Domain      string // of pools that name none
	CloneTarget string // of pools that name none

	TaskLimit            int // clones at a time, for each provider
	OnDemandCloneLimit   int // the same, of clones for requests
	MaxOnDemandInstances int // machines of one name in a request
	OnDemandRequestTTL   time.Duration
	CheckInterval        time.Duration
	DataTTL              time.Duration // of the record of a destroyed machine
	WaitMost             time.Duration // of a checkout that waits

	VMLifetime            int // hours
	VMLifetimeAuth        int // hours; 0 is VMLifetime
	MaxLifetimeUpperLimit int // hours from which on a lifetime is refused; 0: none is

	Timeout             time.Duration // until a machine that is not ready is given up
	TimeoutNotification time.Duration // until a warning says that it takes long; 0: never
	ReadyTTL            time.Duration // how long a machine waits; 0: for ever

	MaxTries       int // names tried for one clone
	MaxVMRetries   int // clones tried anew for one request
	MigrationLimit int // migrations at a time; 0: none at all

	AllowedTags   []string // nil: any
	TagFilter     map[string]*regexp.Regexp
	BackendWeight map[string]int // by clone target
	TagLifetimes  map[string]int // hours, by tag or tag=value

	ExperimentalFeatures bool // pools may be changed while the server runs
	Ownership            bool
	TokenTTL             time.Duration // 0: tokens do not expire
	QuotaPerUser         int           // machines; 0: no bound
	RateLimiting         bool
	UsageStats           bool
	RequestLogger        bool

	Prometheus Prometheus
	Auth       PoolAuth
	Providers  []Provider
	List       []Pool
}

// Prometheus is the metrics page of the vmpooler dialect, under vmpooler's names.
type Prometheus struct {
	Endpoint string // path; "": none is served
	Prefix   string // of metric names
	Instance string // the label vmpooler_instance
}

// PoolAuth says who proves the users of the vmpooler dialect, who make its tokens.
type PoolAuth struct {
	Provider string // one of the AuthX
	Unsafe   bool   // AuthDummy is meant
	Role     string // of users that LDAP or the dummy proves
	LDAP     LDAP
}

// The values of PoolAuth.Provider.
const (
	AuthNone  = "none"  // there are no users and no tokens
	AuthLocal = "local" // auth.users
	AuthLDAP  = "ldap"
	AuthDummy = "dummy" // every password but the user's own name
)

// LDAP is the directory that proves users.
type LDAP struct {
	Host           string
	Port           int // 0: by the encryption
	Base           []string
	UserObject     []string // attributes that hold the user's name
	Encryption     string   // "start_tls", "simple_tls" or "none"
	CAFile         string   // "": the system's authorities
	Insecure       bool     // take any certificate
	ServiceAccount ServiceAccount
}

// ServiceAccount searches the directory for users; without one they bind by themselves.
type ServiceAccount struct {
	UserDN       string
	Password     Secret
	PasswordFile string
}

// Pool is one pool of machines. What it leaves to Pools is filled in, but for the lifetimes.
type Pool struct {
	Name                string
	Aliases             []string
	Template            string
	Size                int
	Provider            string
	Domain              string
	CloneTarget         string
	Folder              string
	Datastore           string
	Datacenter          string
	Network             string
	FullClone           bool
	Timeout             time.Duration
	TimeoutNotification time.Duration
	ReadyTTL            time.Duration
	VMLifetime          int // hours; 0: the yard's
	VMLifetimeAuth      int // hours; 0: the yard's
	QuotaPerUser        int // machines of this pool; 0: no bound
	CheckHostname       bool
	SkipDNSCheck        bool
	Ready               Readiness
	Options             map[string]string // what only its provider knows
}

// Readiness is when a machine counts as ready.
type Readiness struct {
	Check   string // "tcp", "ssh" or "none"
	Port    int
	Timeout time.Duration
}

// VMPooler is what a vmpooler.yaml says that only an import needs.
type VMPooler struct {
	Redis Secret // URL of vmpooler's own Redis; "" unless a vmpooler.yaml was read
}
