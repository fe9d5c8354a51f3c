package pools

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"yardmaster/store"
)

// Service answers for the pools. Every change is on disk when it returns.
type Service struct {
	*Domain
	db     *store.DB
	keeper *Keeper
	waits  *waits
}

// NewService makes the Service; the keeper is told of what it does.
func NewService(d *Domain, db *store.DB, keeper *Keeper) *Service {
	return &Service{Domain: d, db: db, keeper: keeper, waits: keeper.waits}
}

// Now is the clock of the records.
func (s *Service) Now() time.Time { return s.db.Now() }

// Checkout takes machines, all or none, the oldest ready ones first. Those who wait for machines of the same pools go first.
// Errors: *UnknownPoolsError, ErrEmpty, ErrQuota.
func (s *Service) Checkout(ctx context.Context, by Who, wants []Want) ([]Taken, error) {
	if err := s.unknown(wants); err != nil {
		return nil, err
	}
	if mine, _, err := s.turn(ctx, nil, s.served(wants)); err != nil || !mine {
		return nil, cmp.Or(err, ErrEmpty)
	}
	return s.checkout(ctx, by, wants)
}

func (s *Service) checkout(ctx context.Context, by Who, wants []Want) ([]Taken, error) {
	var taken []Taken
	a, b := rand.Uint64(), rand.Uint64()
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		var err error
		taken, err = s.take(tx, by, wants, rand.New(rand.NewPCG(a, b)))
		return err
	})
	if err != nil {
		if errors.Is(err, ErrEmpty) {
			s.keeper.Kick(s.served(wants)...)
		}
		return nil, err
	}
	s.keeper.took(taken)
	return taken, nil
}

// served are the pools that may serve wants.
func (d *Domain) served(wants []Want) []string {
	var out []string
	for _, w := range wants {
		out = append(out, d.backends(w.Name)...)
	}
	return out
}

// VM is a machine by its short name, destroyed ones included for as long as they are kept; ErrNotFound.
func (s *Service) VM(ctx context.Context, name string) (store.VM, error) {
	var v store.VM
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		v, err = store.VMs.Get(tx, name)
		return err
	})
	return v, missing(err)
}

func missing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	return err
}

// Held lists the running machines of a user, of all users if user is "".
func (s *Service) Held(ctx context.Context, user string) ([]store.VM, error) {
	var out []store.VM
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		if user != "" {
			out, err = store.VMsOfUser(tx, user)
			return err
		}
		out = nil
		for v, err := range store.VMs.All(tx) {
			if err != nil {
				return err
			}
			if v.Held() {
				out = append(out, v)
			}
		}
		return nil
	})
	return out, err
}

// HeldByToken lists the short names of the running machines that were taken with a token.
func (s *Service) HeldByToken(ctx context.Context, hash string) ([]string, error) {
	var names []string
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		names, err = store.HeldBy(tx, hash)
		return err
	})
	return names, err
}
