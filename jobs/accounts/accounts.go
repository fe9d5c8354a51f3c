// Package accounts keeps the users and the tokens of the yard: who may sign in with a password, and which opaque tokens let whom in.
// Of a password there is a hash, made by a function that is handed in; of a token there are its hash, which finds it, and its text,
// sealed, which only its user's list shows.
//
// It judges no request and serves no protocol: who may ask for what is for the dialects. A user of a directory has no record here,
// but may have tokens. No password and no token's text comes into an error or a log.
package accounts

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"yardmaster/store"
)

// The refusals of this domain.
var (
	ErrNoToken    = errors.New("no such token") // or one that has expired
	ErrNoUser     = errors.New("no such user")
	ErrUserExists = errors.New("the user exists already")
	ErrReserved   = errors.New("the name is taken by the configuration")
	ErrInput      = errors.New("bad input")
)

// InputError names a field and what is wrong with it; it is ErrInput.
type InputError struct{ Field, Reason string }

func (e *InputError) Error() string { return e.Field + ": " + e.Reason }

// Unwrap lets errors.Is find ErrInput.
func (e *InputError) Unwrap() error { return ErrInput }

// Sealer keeps texts of tokens unreadable in the store.
type Sealer interface {
	Seal(plain string) (string, error)
	Open(sealed string) (string, error)
}

// Options are what a Service is made of. Zero times take the defaults.
type Options struct {
	DB     *store.DB
	Users  *Users
	Sealer Sealer
	Random io.Reader     // for the texts of tokens: crypto/rand's
	Flush  time.Duration // how often the times of use are written; 5 s
	Sweep  time.Duration // how often expired tokens are deleted; 1 h
	Logger *slog.Logger
}

// Service is the door of the domain for the dialects.
type Service struct {
	*Users
	db     *store.DB
	sealer Sealer
	random *texts
	uses   uses
	log    *slog.Logger

	stop func()
	work sync.WaitGroup
}

const (
	defaultFlush = 5 * time.Second
	defaultSweep = time.Hour
)

// New begins to write the times of use and to delete what has expired, until Close.
func New(o Options) *Service {
	if o.Flush <= 0 {
		o.Flush = defaultFlush
	}
	if o.Sweep <= 0 {
		o.Sweep = defaultSweep
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Service{Users: o.Users, db: o.DB, sealer: o.Sealer, random: &texts{from: o.Random}, log: o.Logger, stop: stop}
	s.work.Go(func() { s.tend(ctx, o.Flush, o.Sweep) })
	return s
}

// Close writes what is not written yet. It comes before the store's.
func (s *Service) Close(ctx context.Context) error {
	s.stop()
	s.work.Wait()
	return s.flush(ctx)
}

func (s *Service) tend(ctx context.Context, flush, sweep time.Duration) {
	flushes, sweeps := time.NewTicker(flush), time.NewTicker(sweep)
	defer flushes.Stop()
	defer sweeps.Stop()
	s.report(ctx, "expired tokens not deleted", s.sweep(ctx))
	for {
		select {
		case <-ctx.Done():
			return
		case <-flushes.C:
			s.report(ctx, "times of use not written", s.flush(ctx))
		case <-sweeps.C:
			s.report(ctx, "expired tokens not deleted", s.sweep(ctx))
		}
	}
}

func (s *Service) report(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.Error(what, "err", err)
	}
}
