package pools

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"yardmaster/store"
)

// Who asks for a change.
type Who struct {
	User      string // "" if nobody signed in
	Token     string // hash of the token that was sent, if it is one of the yard's
	Admin     bool
	RequestID string
}

// Want is how many machines, of a pool or of one of the pools that share an alias.
type Want struct {
	Name  string
	Count int
}

// Taken is what a Want was given, in the order in which the machines were taken.
type Taken struct {
	Name string
	VMs  []store.VM
}

// Change is what may be changed of a machine that is checked out. Hours count from the checkout. A nil field changes nothing.
type Change struct {
	Lifetime *int
	Tags     map[string]string // empty values are skipped
	Disk     int               // GB of a disk to be added; 0 is none
}

// PoolStatus is a pool as it stands: Pool with all overrides, Configured without them.
type PoolStatus struct {
	Pool, Configured Pool
	Counts           store.PoolCounts
	Broken           string // why its provider is left alone for now; "" if it is not
}

// Reset is what a withdrawn override changed.
type Reset struct {
	Changed       bool
	Before, After string // the value with the override, and as configured
}

// Day is one day's sums. Clone and Boot are by pool.
type Day struct {
	Date        string
	Clone, Boot map[string]store.PoolDay
	Tags        map[string]map[string]int // tag -> value -> machines
}

// Request is an on-demand request and the machines that it has so far.
type Request struct {
	store.VMRequest
	VMs []store.VM // those that are checked out to it
}

// The refusals of this domain.
var (
	ErrNotFound       = errors.New("no such machine")
	ErrEmpty          = errors.New("not enough machines are ready")
	ErrQuota          = errors.New("quota exceeded")
	ErrNeedToken      = errors.New("the machine was checked out by a known caller, and needs one")
	ErrNotYours       = errors.New("the machine is somebody else's")
	ErrNoSnapshot     = errors.New("no such snapshot")
	ErrBusy           = errors.New("the machine has an operation under way")
	ErrOff            = errors.New("changing pools is switched off")
	ErrNoRequest      = errors.New("no such request")
	ErrRequestExists  = errors.New("the request exists already")
	ErrTooMany        = errors.New("too many machines in one request")
	ErrNothingChanged = errors.New("nothing was overridden")
)

// UnknownPoolsError names what no pool and no alias is called.
type UnknownPoolsError struct{ Names []string }

func (e *UnknownPoolsError) Error() string { return "unknown pool: " + strings.Join(e.Names, ", ") }

// ChangeError says everything that is wrong with a Change.
type ChangeError struct{ Failures []string }

func (e *ChangeError) Error() string { return strings.Join(e.Failures, "; ") }

// LifetimeOf says how long a machine lives, from its own lifetime, its tags' or its pool's.
func (d *Domain) LifetimeOf(v *store.VM) time.Duration {
	hours := cmp.Or(v.Lifetime, d.lifetimeTagged(v.Tags))
	if hours == 0 {
		hours = d.lifetime(v.Pool)
	}
	return time.Duration(hours) * time.Hour
}
