package accounts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"yardmaster/jobs/accounts"
	"yardmaster/store"
)

func text(s string) *string { return &s }

func TestAUserIsAddedOnce(t *testing.T) {
	d := newDesk(t)
	got, err := d.AddUser(t.Context(), "ada", "engine", "admin")
	if err != nil || got.Name != "ada" || got.Role != "admin" || got.Hash != "hash of enigne" || !got.Created.Equal(noon) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := d.AddUser(t.Context(), "ada", "other", "user"); !errors.Is(err, accounts.ErrUserExists) {
		t.Errorf("again: %v", err)
	}
	if got, err := d.User(t.Context(), "ada"); err != nil || got.Hash != "hash of enigne" || got.Role != "admin" {
		t.Errorf("she is %+v, %v", got, err)
	}
}

func TestAUserIsChangedInParts(t *testing.T) {
	d := newDesk(t)
	d.add("ada", "engine", "reader")
	d.pass(time.Hour)
	tests := []struct {
		name       string
		change     accounts.UserChange
		hash, role string
	}{
		{"nothing", accounts.UserChange{}, "hash of enigne", "reader"},
		{"the role", accounts.UserChange{Role: text("user")}, "hash of enigne", "user"},
		{"the password", accounts.UserChange{Password: text("abc")}, "hash of cba", "user"},
		{"both", accounts.UserChange{Password: text("xyz"), Role: text("admin")}, "hash of zyx", "admin"},
	}
	for _, tt := range tests {
		got, created, err := d.SetUser(t.Context(), "ada", tt.change)
		if err != nil || created || got.Hash != tt.hash || got.Role != tt.role || !got.Created.Equal(noon) {
			t.Errorf("%s: got %+v, %v, %v", tt.name, got, created, err)
		}
	}
	got, created, err := d.SetUser(t.Context(), "bob", accounts.UserChange{Password: text("abc")})
	if err != nil || !created || got.Role != "user" {
		t.Errorf("a new one: got %+v, %v, %v", got, created, err)
	}
	if err := d.SetPassword(t.Context(), "bob", "xyz"); err != nil {
		t.Error(err)
	}
	if err := d.SetPassword(t.Context(), "eve", "xyz"); !errors.Is(err, accounts.ErrNoUser) {
		t.Errorf("the password of nobody: %v", err)
	}
}

func TestWhatNobodyMayBeCalledIsRefused(t *testing.T) {
	d := newDesk(t)
	tests := []struct {
		name, user, password, role string
		want                       error
		field                      string
	}{
		{"no name", "", "x", "user", accounts.ErrInput, "name: "},
		{"a space", "a b", "x", "user", accounts.ErrInput, "name: "},
		{"a slash", "a/b", "x", "user", accounts.ErrInput, "name: "},
		{"a line", "a\nb", "x", "user", accounts.ErrInput, "name: "},
		{"too long", strings.Repeat("a", 65), "x", "user", accounts.ErrInput, "name: "},
		{"unknown role", "ada", "x", "root", accounts.ErrInput, "role: "},
		{"no role", "ada", "x", "none", accounts.ErrInput, "role: "},
		{"a configured name", "root", "x", "user", accounts.ErrReserved, ""},
		{"what the hash refuses", "ada", "", "user", errUnfit, ""},
	}
	for _, tt := range tests {
		_, err := d.AddUser(t.Context(), tt.user, tt.password, tt.role)
		if !errors.Is(err, tt.want) || !strings.HasPrefix(err.Error(), tt.field) {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
	if _, _, err := d.SetUser(t.Context(), "ada", accounts.UserChange{Role: text("user")}); !errors.Is(err, accounts.ErrInput) {
		t.Errorf("a new user without a password: %v", err)
	}
	if all, err := d.ListUsers(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestADeletedUserTakesTheirTokensAlong(t *testing.T) {
	d := newDesk(t)
	d.add("ada", "engine", "user")
	d.add("bob", "builder", "user")
	adas, bobs := d.token("ada", 0), d.token("bob", 0)
	if err := d.DeleteUser(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Use(t.Context(), adas); !errors.Is(err, accounts.ErrNoToken) {
		t.Errorf("her token: %v", err)
	}
	if _, err := d.Use(t.Context(), bobs); err != nil {
		t.Errorf("his token: %v", err)
	}
	if err := d.DeleteUser(t.Context(), "ada"); !errors.Is(err, accounts.ErrNoUser) {
		t.Errorf("again: %v", err)
	}
	for _, name := range []string{"ada", "", "a\x00b", strings.Repeat("a", 1<<16)} {
		if _, err := d.User(t.Context(), name); !errors.Is(err, accounts.ErrNoUser) {
			t.Errorf("%.10q: %v", name, err)
		}
	}
	if all, err := d.ListUsers(t.Context()); err != nil || len(all) != 1 || all[0].Name != "bob" {
		t.Errorf("got %+v, %v", all, err)
	}
}

// A token is let in with its user's role. One that a namesake in a directory made must not become a new admin's.
func TestANewUserInheritsNoTokens(t *testing.T) {
	d := newDesk(t)
	namesakes := d.token("ada", 0)
	d.add("ada", "engine", "admin")
	if _, err := d.Use(t.Context(), namesakes); !errors.Is(err, accounts.ErrNoToken) {
		t.Errorf("a namesake's token: %v", err)
	}
	own := d.token("ada", 0)
	if err := d.SetPassword(t.Context(), "ada", "other"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Use(t.Context(), own); err != nil {
		t.Errorf("her own, after a change: %v", err)
	}
}

// The configuration took a kept user's name: that one's record can still be deleted, and the tokens are not theirs any more.
func TestTokensOfAConfiguredUserAreNotTheirNamesakes(t *testing.T) {
	d := newDesk(t)
	old := store.User{Name: "root", Role: "user"}
	if err := d.db.Update(t.Context(), func(tx *store.Tx) error { return store.Users.Put(tx, &old) }); err != nil {
		t.Fatal(err)
	}
	configured := d.token("root", 0)
	if err := d.DeleteUser(t.Context(), "root"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Use(t.Context(), configured); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestUsersOutliveARestart(t *testing.T) {
	d := newDesk(t)
	d.add("ada", "engine", "admin")
	d.restart()
	if got, err := d.User(t.Context(), "ada"); err != nil || got.Role != "admin" {
		t.Errorf("got %+v, %v", got, err)
	}
}
