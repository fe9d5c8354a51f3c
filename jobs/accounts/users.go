package accounts

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"yardmaster/store"
)

// The roles of a user, as they are stored.
const (
	RoleReader = "reader"
	RoleUser   = "user"
	RoleAdmin  = "admin"
)

var roles = []string{RoleUser, RoleReader, RoleAdmin}

// nameForm is what users may be called: the same as in the configuration.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// Users are the users who are kept in the store.
type Users struct {
	db       *store.DB
	hash     func(password string) (string, error)
	reserved []string
}

// NewUsers makes hashes with hash, whose refusals go to the caller as they are. Nobody may be called as one of reserved: those are
// the names that the configuration gives away.
func NewUsers(db *store.DB, hash func(password string) (string, error), reserved ...string) *Users {
	return &Users{db: db, hash: hash, reserved: reserved}
}

// UserChange is what to change of a user. A nil field changes nothing.
type UserChange struct {
	Password *string
	Role     *string
}

// AddUser makes a user; ErrUserExists if there is one of that name. Tokens that were made under it before, by a namesake in a
// directory, end: they would now let their bearers in as this user.
func (u *Users) AddUser(ctx context.Context, name, password, role string) (store.User, error) {
	user, _, err := u.set(ctx, name, UserChange{&password, &role}, func(there bool) error {
		if there {
			return ErrUserExists
		}
		return nil
	})
	return user, err
}

// SetUser changes a user, or makes one, who then needs a password and is a user if no role is given.
func (u *Users) SetUser(ctx context.Context, name string, c UserChange) (user store.User, created bool, err error) {
	return u.set(ctx, name, c, func(bool) error { return nil })
}

// SetPassword changes the password of a user; ErrNoUser if there is none.
func (u *Users) SetPassword(ctx context.Context, name, password string) error {
	_, _, err := u.set(ctx, name, UserChange{Password: &password}, func(there bool) error {
		if !there {
			return ErrNoUser
		}
		return nil
	})
	return err
}

// set asks may in its transaction whether it goes on, given that the user is there or not.
func (u *Users) set(ctx context.Context, name string, c UserChange, may func(there bool) error) (user store.User, created bool, err error) {
	if err := u.check(name, c); err != nil {
		return store.User{}, false, err
	}
	hash := ""
	if c.Password != nil {
		if hash, err = u.hash(*c.Password); err != nil {
			return store.User{}, false, err
		}
	}
	err = u.db.Update(ctx, func(tx *store.Tx) error {
		old, err := store.Users.Get(tx, name)
		created = errors.Is(err, store.ErrNotFound)
		if err != nil && !created {
			return err
		}
		if err := may(!created); err != nil {
			return err
		}
		if user, err = changed(tx, old, name, hash, c.Role); err != nil {
			return err
		}
		if created {
			if err := deleteTokensOf(tx, name); err != nil {
				return err
			}
		}
		return store.Users.Put(tx, &user)
	})
	if err != nil {
		return store.User{}, false, err
	}
	return user, created, nil
}

func (u *Users) check(name string, c UserChange) error {
	switch {
	case !nameForm.MatchString(name):
		return &InputError{"name", "is not 1 to 64 letters, digits and ._@-, beginning with a letter or a digit"}
	case slices.Contains(u.reserved, name):
		return ErrReserved
	case c.Role != nil && !slices.Contains(roles, *c.Role):
		return &InputError{"role", "is none of " + strings.Join(roles, ", ")}
	}
	return nil
}

// changed is old with what was asked for, or a new user if old is none.
func changed(tx *store.Tx, old store.User, name, hash string, role *string) (store.User, error) {
	if old.Name == "" {
		if hash == "" {
			return old, &InputError{"password", "is needed for a new user"}
		}
		old = store.User{Name: name, Role: RoleUser, Created: tx.Now()}
	}
	if hash != "" {
		old.Hash = hash
	}
	if role != nil {
		old.Role = *role
	}
	return old, nil
}

// DeleteUser removes a user and every token of theirs; ErrNoUser if there is none. The tokens of a reserved name are not the user's.
func (u *Users) DeleteUser(ctx context.Context, name string) error {
	return u.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := store.Users.Get(tx, name); err != nil {
			return noUser(err)
		}
		if !slices.Contains(u.reserved, name) {
			if err := deleteTokensOf(tx, name); err != nil {
				return err
			}
		}
		return store.Users.Delete(tx, name)
	})
}

func deleteTokensOf(tx *store.Tx, name string) error {
	tokens, err := store.TokensOf(tx, name)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := store.Tokens.Delete(tx, t.Hash); err != nil {
			return err
		}
	}
	return nil
}

// User is one user, or ErrNoUser.
func (u *Users) User(ctx context.Context, name string) (user store.User, err error) {
	if !nameForm.MatchString(name) {
		return user, ErrNoUser
	}
	err = u.db.View(ctx, func(tx *store.Tx) (err error) {
		user, err = store.Users.Get(tx, name)
		return noUser(err)
	})
	return user, err
}

// ListUsers gives all users, by name.
func (u *Users) ListUsers(ctx context.Context) (all []store.User, err error) {
	err = u.db.View(ctx, func(tx *store.Tx) error {
		for user, err := range store.Users.All(tx) {
			if err != nil {
				return err
			}
			all = append(all, user)
		}
		return nil
	})
	return all, err
}

func noUser(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNoUser
	}
	return err
}
