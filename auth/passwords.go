package auth

import (
	"context"
	"errors"
)

// What a check of a name and a password may come to, beside a Principal.
var (
	ErrWrongPassword = errors.New("wrong password")
	ErrNoUser        = errors.New("no such user") // who says so knows that it is not theirs
	ErrUnavailable   = errors.New("the user directory does not answer")
)

// Passwords proves a name by its password. It fails with ErrWrongPassword, with ErrNoUser if it knows that nobody is called so,
// and with a *Refusal that wraps ErrUnavailable if it could not find out.
type Passwords interface {
	CheckPassword(ctx context.Context, name, password string) (Principal, error)
}

// Users are Passwords that also say what a user may do of whom no password is asked, as for a token which that user made. Known
// fails with ErrNoUser.
type Users interface {
	Passwords
	Known(ctx context.Context, name string) (Principal, error)
}

// FirstOf asks several, in order. The first that does not say ErrNoUser decides: a name that one of them knows is never proved by
// the password of its namesake further down, in whatever letters it is typed. Whoever cannot tell an unknown name from a wrong
// password comes last.
func FirstOf(users ...Users) Users { return firstOf(users) }

type firstOf []Users

func (f firstOf) CheckPassword(ctx context.Context, name, password string) (Principal, error) {
	for i, u := range f {
		p, err := u.CheckPassword(ctx, name, password)
		switch {
		case errors.Is(err, ErrNoUser):
			continue
		case err == nil && p.Name != name:
			err = f[:i].disown(ctx, p.Name)
		}
		if err != nil {
			return Principal{}, err
		}
		return p, nil
	}
	return Principal{}, ErrNoUser
}

// disown is nil if none of f knows the name.
func (f firstOf) disown(ctx context.Context, name string) error {
	_, err := f.Known(ctx, name)
	switch {
	case errors.Is(err, ErrNoUser):
		return nil
	case err == nil:
		return ErrWrongPassword
	}
	return err
}

func (f firstOf) Known(ctx context.Context, name string) (Principal, error) {
	for _, u := range f {
		if p, err := u.Known(ctx, name); !errors.Is(err, ErrNoUser) {
			return p, err
		}
	}
	return Principal{}, ErrNoUser
}

// Dummy takes every name, with every password but that name. It is for trying things out.
func Dummy(role Role) Users { return dummy{role} }

type dummy struct{ role Role }

func (d dummy) CheckPassword(ctx context.Context, name, password string) (Principal, error) {
	p, err := d.Known(ctx, name)
	if err == nil && password == name {
		return Principal{}, ErrWrongPassword
	}
	return p, err
}

func (d dummy) Known(_ context.Context, name string) (Principal, error) {
	if !nameable(name) {
		return Principal{}, ErrNoUser
	}
	return Principal{Name: name, Role: d.role, Issuer: IssuerDummy}, nil
}
