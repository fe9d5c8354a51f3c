package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"runtime"

	"golang.org/x/crypto/bcrypt"
)

// LocalUser is one user whose password is known here; Hash is bcrypt.
type LocalUser struct {
	Name string
	Hash string
	Role Role
}

// UserLookup finds a user that is kept elsewhere, or fails with ErrNoUser.
type UserLookup func(ctx context.Context, name string) (LocalUser, error)

// Local knows the configured users, and those that its lookups find. An unknown name costs as much time as a wrong password. Since
// bcrypt is slow on purpose, at most one comparison for each processor runs at a time, and the last good password of each user is
// remembered as a keyed sum, so that a script of many calls pays once.
type Local struct {
	configured map[string]LocalUser
	lookups    []UserLookup
	decoy      []byte
	good       goodPasswords
	slots      chan struct{}
}

// NewLocal refuses a hash that is not bcrypt, a user without a name or a role, and a name that comes twice. A configured user hides
// one of the lookups with the same name, and the first lookup hides the next.
func NewLocal(users []LocalUser, lookups ...UserLookup) (*Local, error) {
	l := &Local{configured: make(map[string]LocalUser, len(users)), lookups: lookups, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	cost := bcrypt.MinCost
	if len(lookups) > 0 {
		cost = hashCost
	}
	for _, u := range users {
		userCost, err := bcrypt.Cost([]byte(u.Hash))
		switch _, twice := l.configured[u.Name]; {
		case err != nil:
			return nil, fmt.Errorf("user %q: hash is not bcrypt: %w", u.Name, err)
		case u.Name == "" || u.Role == RoleNone:
			return nil, fmt.Errorf("user %q: no name or no role", u.Name)
		case twice:
			return nil, fmt.Errorf("user %q: named twice", u.Name)
		}
		cost = max(cost, userCost)
		l.configured[u.Name] = u
	}
	l.good.init()
	var err error
	if l.decoy, err = bcrypt.GenerateFromPassword([]byte(rand.Text()), cost); err != nil {
		return nil, fmt.Errorf("decoy hash: %w", err)
	}
	return l, nil
}

// Authenticate accepts `Authorization: Basic`, with no limit on how often a caller may fail; see Basic.
func (l *Local) Authenticate(r *http.Request) (Principal, error) {
	return basicDoor{challenge: basicChallenge, users: l}.Authenticate(r)
}

// CheckPassword waits for its turn no longer than ctx lives.
func (l *Local) CheckPassword(ctx context.Context, name, password string) (Principal, error) {
	u, err := l.find(ctx, name)
	known := err == nil
	switch {
	case known && l.good.remembers(u, password):
		return u.principal(), nil
	case !known && !errors.Is(err, ErrNoUser):
		return Principal{}, err
	}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return Principal{}, ctx.Err()
	}
	if !known {
		_ = bcrypt.CompareHashAndPassword(l.decoy, []byte(password))
		return Principal{}, ErrNoUser
	}
	if bcrypt.CompareHashAndPassword([]byte(u.Hash), []byte(password)) != nil {
		return Principal{}, ErrWrongPassword
	}
	l.good.remember(u, password)
	return u.principal(), nil
}

// Known says what a user of this name may do.
func (l *Local) Known(ctx context.Context, name string) (Principal, error) {
	u, err := l.find(ctx, name)
	if err != nil {
		return Principal{}, err
	}
	return u.principal(), nil
}

func (l *Local) find(ctx context.Context, name string) (LocalUser, error) {
	if u, ok := l.configured[name]; ok {
		return u, nil
	}
	for _, lookup := range l.lookups {
		if u, err := lookup(ctx, name); !errors.Is(err, ErrNoUser) {
			return u, err
		}
	}
	return LocalUser{}, ErrNoUser
}

func (u LocalUser) principal() Principal {
	return Principal{Name: u.Name, Role: u.Role, Issuer: IssuerLocal}
}
