// Package instances deploys Metrictank instances on Kubernetes and keeps them as they were configured. What an instance consists of is
// decided in expand, which is pure; here is in which order it comes, and what is waited for.
//
//	           instance.deploy ok       standby_on            switch_color
//	(nothing) ----------------> active ------------> standby ------------> the other colour
//	               | fails, is cut off      ^  deploy      | standby_off
//	               v                        |              v
//	          failed, aborted --------------+            active
//
// An instance's state tells how the last deploy or deletion has ended. What works on a part of it, as the standby, the colours and the
// importer do, needs Services that lead somewhere, not that state: what serves is kept apart from what a failed deploy was to bring.
//
// Services only ever select a colour whose pods were ready. One job at a time works on an instance; it is an operation, and its id is
// the operation's alias.
package instances

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"yardmaster/executors/backend"
	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/jobs/instances/expand"
	"yardmaster/store"
)

// Instance is the configuration of an instance.
type Instance = expand.Instance

// ParseInstance reads what a user posted. Errors: ErrInvalid.
func ParseInstance(raw []byte) (Instance, error) {
	i, err := expand.Parse(raw)
	if err != nil {
		return i, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return i, nil
}

// Sealer keeps texts unreadable where they are stored.
type Sealer interface {
	Seal(plain string) (string, error)
	Open(sealed string) (string, error)
}

// Domain is what kinds need, in whatever process they run.
type Domain struct {
	cluster   kube.Cluster
	topics    backend.Topics    // nil: none are configured
	keyspaces backend.Keyspaces // nil: none are configured
	seal      Sealer
	look      time.Duration // between looks at what becomes ready
	patience  time.Duration // for one Deployment
	now       func() time.Time
	log       *slog.Logger
}

// Parts are what a Domain is made of. Topics and Keyspaces may be nil.
type Parts struct {
	Cluster   kube.Cluster
	Topics    backend.Topics
	Keyspaces backend.Keyspaces
	Sealer    Sealer
	Patience  time.Duration // how long one Deployment may take to become ready; 0 is 30 minutes
	Now       func() time.Time
	Logger    *slog.Logger
}

// NewDomain checks that what is needed is there.
func NewDomain(p Parts) (*Domain, error) {
	if p.Cluster == nil || p.Sealer == nil || p.Now == nil || p.Logger == nil {
		return nil, errors.New("instances: no cluster, key, clock or logger")
	}
	d := &Domain{cluster: p.Cluster, topics: p.Topics, keyspaces: p.Keyspaces, seal: p.Sealer, look: 100 * time.Millisecond, patience: p.Patience,
		now: p.Now, log: p.Logger}
	if d.patience <= 0 {
		d.patience = 30 * time.Minute
	}
	return d, nil
}

// Options are what the Service is made of.
type Options struct {
	Domain *Domain
	DB     *store.DB
	Runner *jobs.Runner
	// Source is the text of the hm-api configuration, as it is now; nil: there are only the defaults.
	Source func(ctx context.Context) ([]byte, error)
	Draw   func() string // a key that nobody can guess
}

// Service answers for the instances. Every change is on disk when it returns.
type Service struct {
	*Domain
	db     *store.DB
	runner *jobs.Runner
	source func(ctx context.Context) ([]byte, error)
	draw   func() string
	config atomic.Pointer[expand.Config]
	known  atomic.Bool // the configuration was read once

	asked  atomic.Int64 // for the configuration, so often
	mu     sync.Mutex
	newest int64 // which of these answers is in force

	listing sync.Mutex // one status list at a time
	seen    map[string]kube.Seen
}

// NewService reads the configuration; one that cannot be had yet, or is wrong, is read later.
func NewService(ctx context.Context, o Options) (*Service, error) {
	if o.Domain == nil || o.DB == nil || o.Runner == nil || o.Draw == nil {
		return nil, errors.New("instances: no domain, store, runner or source of keys")
	}
	s := &Service{Domain: o.Domain, db: o.DB, runner: o.Runner, source: o.Source, draw: o.Draw}
	c := expand.DefaultConfig()
	s.config.Store(&c)
	s.known.Store(o.Source == nil)
	if _, err := s.Reload(ctx, Who{}); err != nil {
		s.log.Error("configuration of instances not read, nothing is deployed before it can be", "err", err)
	}
	return s, nil
}

// Reload reads the configuration again, and says what has changed. A wrong one leaves the old one in force. Errors: ErrInvalid,
// ErrUnavailable.
func (s *Service) Reload(ctx context.Context, by Who) (changes []string, err error) {
	if s.source == nil {
		return nil, nil
	}
	turn := s.asked.Add(1)
	raw, err := s.source(ctx)
	if err != nil {
		return nil, outward(err)
	}
	c, err := expand.ParseConfig(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: configuration: %w", ErrInvalid, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if turn < s.newest {
		return nil, nil // who asked later was answered faster
	}
	s.newest = turn
	changes = s.config.Swap(&c).Changes(c)
	s.known.Store(true)
	if len(changes) > 0 {
		s.log.Info("configuration of instances changed", "changes", len(changes), "user", by.User)
	}
	return changes, nil
}

// refresh is Reload before a deploy, which goes on with the old configuration if the new one cannot be had. Where none was ever read
// nothing goes on: with the defaults alone, objects would be taken for superfluous. Errors: ErrUnavailable.
func (s *Service) refresh(ctx context.Context, by Who) error {
	_, err := s.Reload(ctx, by)
	switch {
	case err == nil:
		return nil
	case s.known.Load():
		s.log.Warn("configuration of instances not read again, the last one counts", "err", err)
		return nil
	case errors.Is(err, ErrInvalid): // nothing that this user posted
		return fmt.Errorf("configuration of instances not read yet: %v", err)
	}
	return fmt.Errorf("configuration of instances not read yet: %w", err)
}

// outward turns what the cluster said into this domain's own errors.
func outward(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kube.ErrUnavailable):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case errors.Is(err, kube.ErrNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case told(err):
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return err
}

// told says that an error is in words for the user.
func told(err error) bool {
	for _, known := range []error{kube.ErrNotFound, kube.ErrConflict, kube.ErrInvalid, kube.ErrForbidden, kube.ErrNoKind} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// again sorts what the cluster said by whether another try may mend it.
func again(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kube.ErrUnavailable) || errors.Is(err, backend.ErrUnavailable):
		return jobs.Retry(err)
	case told(err) || errors.Is(err, backend.ErrInvalid) || errors.Is(err, backend.ErrForbidden):
		return jobs.Refuse(err.Error())
	}
	return err
}
