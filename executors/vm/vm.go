// Package vm says what a pool needs of whatever holds its machines: one interface, which a simulator, libvirt and vSphere
// fulfil, each in a package below, and all under one conformance suite (vmtest). It decides nothing: which machine is made or
// destroyed is for its callers.
package vm

import (
	"context"
	"errors"
	"time"
)

// Pool is what a provider must know of a pool to work for it. It travels with every operation, so it holds no secret.
type Pool struct {
	Name        string            `json:"name"`
	Template    string            `json:"template"`               // image, base volume or "folder/template", as the provider reads it
	CloneTarget string            `json:"clone_target,omitempty"` // cluster or hypervisor to clone on
	Folder      string            `json:"folder,omitempty"`
	Datastore   string            `json:"datastore,omitempty"`
	Datacenter  string            `json:"datacenter,omitempty"`
	Network     string            `json:"network,omitempty"`
	Full        bool              `json:"full,omitempty"`   // copy the whole image instead of linking to it
	Domain      string            `json:"domain,omitempty"` // DNS domain of its machines
	Ready       Readiness         `json:"ready,omitzero"`
	Options     map[string]string `json:"options,omitempty"` // what only one provider knows
	Mark        string            `json:"mark,omitempty"`    // what a machine that Create makes will carry: see Machine.Mark
}

// Readiness says when a machine counts as ready.
type Readiness struct {
	Check   string        `json:"check,omitempty"` // CheckTCP, CheckSSH or CheckNone; "" is CheckTCP
	Port    int           `json:"port,omitempty"`  // 0 is 22
	Timeout time.Duration `json:"timeout,omitempty"`
}

// The readiness checks: a connection is accepted; an SSH server greets; nothing is asked.
const (
	CheckTCP  = "tcp"
	CheckSSH  = "ssh"
	CheckNone = "none"
)

// Power is whether a machine runs.
type Power string

// The power states.
const (
	PoweredOn  Power = "on"
	PoweredOff Power = "off"
)

// Machine is one machine as its provider knows it.
type Machine struct {
	Name     string // as it was created
	Hostname string // as the guest calls itself; "" if that is not known
	Template string
	Power    Power
	IP       string // "" while unknown
	Host     string // hypervisor
	Booted   time.Time
	Mark     string // what it was created with, be it half made: whoever gave it knows the machine by it from all others of its name
}

// Provider makes, changes and destroys machines. Every call may be made again after it was cut off, and ends within its own
// time limit even if the other side hangs. Errors wrap those below where they fit.
type Provider interface {
	// List is every machine in the pool's place, also those that nobody here made.
	List(ctx context.Context, p Pool) ([]Machine, error)
	// Get is one machine, or ErrNotFound.
	Get(ctx context.Context, p Pool, name string) (Machine, error)
	// Create clones the template, gives the clone its name and starts it: ErrExists if there is a machine of that name in any
	// pool, whole or half made.
	Create(ctx context.Context, p Pool, name string) error
	// Address waits for no longer than ctx for the guest's IP address.
	Address(ctx context.Context, p Pool, name string) (string, error)
	// Ready is nil if the machine at that address (or, if that is "", of that name in the pool's domain) passes the pool's
	// check; its error says what is missing.
	Ready(ctx context.Context, p Pool, name, address string) error
	// Destroy stops a machine and removes all that belongs to it, half made ones too; nil if there is none.
	Destroy(ctx context.Context, p Pool, name string) error
	// AddDisk makes a disk of so many GB (10^9 bytes rounded as the provider must) and attaches it. A disk with that id that
	// is there already is the one.
	AddDisk(ctx context.Context, p Pool, name, id string, gb int) error
	// Snapshot saves the machine's state under an id; one that exists is the one.
	Snapshot(ctx context.Context, p Pool, name, id string) error
	// Revert brings the machine back to a snapshot and runs it: ErrNotFound if there is none.
	Revert(ctx context.Context, p Pool, name, id string) error
	// DropSnapshot removes a snapshot; nil if there is none.
	DropSnapshot(ctx context.Context, p Pool, name, id string) error
	// Migrate moves the machine to a better host if there is one, and says where it runs now.
	Migrate(ctx context.Context, p Pool, name string) (host string, err error)
	// Tag notes on the machine who uses it; providers without notes do nothing.
	Tag(ctx context.Context, p Pool, name, user string) error
	// Close ends kept sessions.
	Close() error
}

// The errors that callers tell apart.
var (
	ErrNotFound    = errors.New("no such machine")
	ErrExists      = errors.New("machine exists")
	ErrUnavailable = errors.New("provider does not answer") // worth another try later
	ErrPermanent   = errors.New("cannot be done as asked")  // template missing, no permission: no try will mend it
	ErrUnusable    = errors.New("provider refuses us")      // its login, its certificate: nothing works there until its operator mends that
)
