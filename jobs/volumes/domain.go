// Package volumes knows GlusterFS volumes: clusters, nodes, devices, bricks, volumes and block volumes. A Service turns a
// request into an operation; the Kinds do the operations' work. Where bricks go is decided in the pure leaf placement; what is
// said to a machine is composed in executors/gluster. It serves no protocol and opens no connection.
//
// Every record that an operation makes or changes carries the operation's id in Pending until the operation ends:
//
//	volume.create   volume and bricks pending, hidden; space taken        -> shown | removed, space given back
//	volume.expand   new bricks pending; space taken                       -> shown | removed, space given back
//	volume.delete   volume pending, hidden                                -> removed, space given back | shown
//	brick.clean     brick pending, its volume gone: a machine that did not answer still holds it
package volumes

import (
	"log/slog"

	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/jobs/volumes/placement"
	"yardmaster/store"
)

// Config is what an operator may choose about volumes.
type Config struct {
	Limits              placement.Limits
	MaxVolumes          int // of a cluster; below 0 is no limit
	StrictZones         bool
	PreOptions          string // comma-separated gluster options, put before the request's
	PostOptions         string
	AutoBlockHosting    bool // make a hosting volume when none has room
	BlockHostingGiB     int  // size of such a volume
	BlockHostingOptions string
	CreateRetries       int // further tries of a volume create
	MountRoot           string
}

// GiB in KiB, the unit of devices and bricks.
const GiB uint64 = 1 << 20

// Secrets seals what must not lie in a file or a queue in clear: the passwords of block volumes.
type Secrets interface {
	Seal(plain string) (string, error)
	Open(sealed string) (string, error)
}

// Domain is what the Service and the Kinds share. It holds no machine.
type Domain struct {
	cfg    Config
	newID  func() string // 32 hex digits
	health *Health
	log    *slog.Logger
}

// NewDomain puts the settings, the source of ids and the memory of machines' health together.
func NewDomain(cfg Config, newID func() string, health *Health, log *slog.Logger) *Domain {
	return &Domain{cfg: cfg, newID: newID, health: health, log: log}
}

// Kinds are all operations of this domain, over the machines that g reaches.
func (d *Domain) Kinds(g *gluster.Gluster, secrets Secrets) []jobs.Kind {
	m := machines{g: g}
	return []jobs.Kind{
		createKind{d, m}, expandKind{d, m}, deleteKind{d, m}, cloneKind{d, m}, restrictKind{},
		cleanKind{d, m}, evictKind{d, m}, evacuateKind{d, m},
		nodeAddKind{m}, nodeDeleteKind{m}, stateKind{}, deviceAddKind{m}, deviceDeleteKind{m}, deviceResyncKind{m},
		blockCreateKind{d, m, secrets}, blockExpandKind{m}, blockDeleteKind{d, m}, examineKind{m}, cleanupKind{},
	}
}

// Service is the door of the domain for the dialects.
type Service struct {
	*Domain
	db      *store.DB
	runner  *jobs.Runner
	secrets Secrets
}

// NewService lets requests in.
func NewService(d *Domain, db *store.DB, runner *jobs.Runner, secrets Secrets) *Service {
	return &Service{Domain: d, db: db, runner: runner, secrets: secrets}
}

// Caller says who asks, and through which door.
type Caller struct {
	Dialect   string
	Owner     string
	RequestID string
}

// begin fills in what every operation of this domain has.
func (by Caller) begin(op *store.Operation, kind string, targets ...store.Ref) {
	op.Kind, op.Targets = kind, targets
	op.Dialect, op.Owner, op.RequestID = by.Dialect, by.Owner, by.RequestID
}
