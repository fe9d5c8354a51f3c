package pools

import (
	"regexp"
	"time"

	"yardmaster/executors/vm"
)

// Config is what the operator wrote about pools.
type Config struct {
	Pools     []Pool // in the order of the configuration
	Providers map[string]Provider

	SiteName       string
	Prefix         string        // before every machine's name
	TaskLimit      int           // clones at a time, for each provider
	OnDemandLimit  int           // the same, of clones for requests
	MaxOnDemand    int           // machines of one name in a request
	RequestTTL     time.Duration // until a request that is not complete fails
	CheckInterval  time.Duration // between looks at the inventory and at ready machines
	DataTTL        time.Duration // how long the record of a destroyed machine is kept
	Lifetime       int           // hours that a checked out machine lives
	LifetimeAuth   int           // the same, when a token took it; 0 is Lifetime
	LifetimeMost   int           // hours from which on a lifetime is refused; 0 is no bound
	MaxTries       int           // names tried for one clone
	MaxRetries     int           // clones tried anew for one request
	MigrationLimit int           // migrations at a time; 0 is none at all
	AllowedTags    []string      // nil: any
	TagFilter      map[string]*regexp.Regexp
	BackendWeight  map[string]int // by clone target
	TagLifetimes   map[string]int // hours, by tag or tag=value: how long a machine lives that has such a tag and no lifetime of its own
	Experimental   bool           // pools may be changed while the server runs
	Ownership      bool           // only who took a machine, or an admin, may change it
	QuotaUser      int            // machines that one user may hold; 0 is no bound
	WaitMost       time.Duration  // for a checkout that waits
}

// Pool is one pool as configured.
type Pool struct {
	vm.Pool
	Aliases       []string
	Size          int
	Provider      string
	Timeout       time.Duration // until a machine that is not ready is given up
	NotifyAfter   time.Duration // until a warning says that it takes long; 0 is never
	ReadyTTL      time.Duration // how long a machine may wait; 0 is for ever
	Lifetime      int           // hours; 0 is the yard's
	LifetimeAuth  int
	QuotaUser     int  // machines of this pool that one user may hold
	CheckHostname bool // a guest that calls itself otherwise is destroyed
	SkipDNS       bool // do not ask DNS whether a new name is taken
}

// Provider is how carefully a provider is treated.
type Provider struct {
	Purge bool     // destroy machines in its pools that nobody here made
	Allow []string // names, or patterns as path.Match has them, that a purge spares
}
