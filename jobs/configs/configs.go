// Package configs keeps what a platform on Kubernetes is made of: base configs by release, patches of objects and labels, and what
// they come to. A change of them is one transaction with the materialization that it causes and with the operation that takes it to
// the cluster; only operations touch the cluster. Which text becomes which object is decided in materialize, which is pure.
//
//	base configs + patches --materialize--> materialized configs (history) --config.push--> cluster
//	                                             ^ golden: what the cluster was last given      | drift
//	                                             +----------------------------------------------+
//
// All changes go one after the other: they share one target, so that no older push can overtake a newer one. Texts lie sealed in
// records and operations, since patches of platforms carry credentials.
package configs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/store"
)

// Platform is what the operator wrote.
type Platform struct {
	Namespace  string            // where the platform lives
	Values     map[string]string // of placeholders in base configs
	History    int               // materializations kept of each object, beside the golden one
	Protect    []string          // workloads that hibernation leaves alone: names
	SelfHeal   []string          // objects that are mended when they drift: names, ids, or "*"
	DriftEvery time.Duration     // between looks for drift; 0 is never
	CheckEvery time.Duration     // between health checks; 0 is never
	ScaleEvery time.Duration     // between looks at idle windows; 0 is never
	BusyWait   time.Duration     // how long a change waits for the one before
	ExportDir  string            // where exports and imports lie
	ExportKeep time.Duration
	ExportMost int64 // bytes of one export or import
	Parallel   int   // objects pushed at a time
}

// Sealer keeps texts unreadable where they are stored, and names them.
type Sealer interface {
	Seal(plain string) (string, error)
	Open(sealed string) (string, error)
	Sum(text string) string
}

// Domain is what kinds need, in whatever process they run.
type Domain struct {
	cfg     Platform
	cluster kube.Cluster
	seal    Sealer
	now     func() time.Time
	log     *slog.Logger
}

// NewDomain checks what the configuration alone cannot know to be wrong.
func NewDomain(cfg Platform, cluster kube.Cluster, seal Sealer, now func() time.Time, log *slog.Logger) (*Domain, error) {
	if cluster == nil || seal == nil || now == nil {
		return nil, errors.New("configs: no cluster, no key or no clock")
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = 8
	}
	return &Domain{cfg: cfg, cluster: cluster, seal: seal, now: now, log: log}, nil
}

// Options are what the Service is made of.
type Options struct {
	Domain *Domain
	DB     *store.DB
	Runner *jobs.Runner
	// Note tells the yard's events of something that is no operation: drift found, drift gone. nil: nobody is told.
	Note func(ctx context.Context, name, subject string, detail map[string]any) error
	// Probes are checks of what the domain does not see itself: the store, Redis, the disk.
	Probes []Probe
}

// Service answers for the configs. Every change is on disk when it returns.
type Service struct {
	*Domain
	db     *store.DB
	runner *jobs.Runner
	note   func(ctx context.Context, name, subject string, detail map[string]any) error
	probes []Probe

	turn     chan struct{} // held by the one who changes records
	sweeping chan struct{} // held by the one who compares cluster and records
	last     sweep         // by whoever holds sweeping
}

// NewService makes the Service. The runner must know the domain's kinds.
func NewService(o Options) (*Service, error) {
	if o.Domain == nil || o.DB == nil || o.Runner == nil {
		return nil, errors.New("configs: no domain, no store or no runner")
	}
	s := &Service{Domain: o.Domain, db: o.DB, runner: o.Runner, note: o.Note, probes: o.Probes,
		turn: make(chan struct{}, 1), sweeping: make(chan struct{}, 1)}
	return s, nil
}

// Namespace is where the platform lives.
func (d *Domain) Namespace() string { return d.cfg.Namespace }
