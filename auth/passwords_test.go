package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"yardmaster/auth"
)

// kept is a list of users in a store.
type kept map[string]auth.LocalUser

func (k kept) find(_ context.Context, name string) (auth.LocalUser, error) {
	if name == "broken" {
		return auth.LocalUser{}, errBroken
	}
	u, ok := k[name]
	if !ok {
		return u, auth.ErrNoUser
	}
	return u, nil
}

var errBroken = errors.New("disk on fire")

func quickHash(t testing.TB, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

func TestLocalFindsConfiguredUsersThenKeptOnes(t *testing.T) {
	users := kept{"bob": {Name: "bob", Hash: quickHash(t, "builder"), Role: auth.RoleReader}, "ada": {Name: "ada", Hash: quickHash(t, "other"), Role: auth.RoleReader}}
	local, err := auth.NewLocal([]auth.LocalUser{{Name: "ada", Hash: quickHash(t, "engine"), Role: auth.RoleAdmin}}, users.find)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, user, password string
		role                 auth.Role
		err                  error
	}{
		{"configured", "ada", "engine", auth.RoleAdmin, nil},
		{"a configured user hides a kept one", "ada", "other", 0, auth.ErrWrongPassword},
		{"kept", "bob", "builder", auth.RoleReader, nil},
		{"kept, wrong password", "bob", "engine", 0, auth.ErrWrongPassword},
		{"kept, no password", "bob", "", 0, auth.ErrWrongPassword},
		{"unknown", "eve", "engine", 0, auth.ErrNoUser},
		{"list cannot be read", "broken", "engine", 0, errBroken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := local.CheckPassword(t.Context(), tt.user, tt.password)
			if !errors.Is(err, tt.err) || p.Role != tt.role || err == nil && p != (auth.Principal{Name: tt.user, Role: tt.role, Issuer: auth.IssuerLocal}) {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
	if p, err := local.Known(t.Context(), "bob"); err != nil || p.Role != auth.RoleReader {
		t.Errorf("bob is known as %+v, %v", p, err)
	}
	if _, err := local.Known(t.Context(), "eve"); !errors.Is(err, auth.ErrNoUser) {
		t.Errorf("eve: %v", err)
	}
}

func TestAChangeOfAKeptUserCountsAtOnce(t *testing.T) {
	users := kept{"bob": {Name: "bob", Hash: quickHash(t, "old"), Role: auth.RoleUser}}
	local, err := auth.NewLocal(nil, users.find)
	if err != nil {
		t.Fatal(err)
	}
	check := func(password string, want auth.Role) {
		t.Helper()
		for range 2 { // the second time from memory
			if p, err := local.CheckPassword(t.Context(), "bob", password); p.Role != want || (err == nil) != (want != 0) {
				t.Errorf("%s: got %+v, %v; want role %v", password, p, err, want)
			}
		}
	}
	check("old", auth.RoleUser)
	users["bob"] = auth.LocalUser{Name: "bob", Hash: users["bob"].Hash, Role: auth.RoleReader}
	check("old", auth.RoleReader)
	users["bob"] = auth.LocalUser{Name: "bob", Hash: quickHash(t, "new"), Role: auth.RoleUser}
	check("old", 0)
	check("new", auth.RoleUser)
	delete(users, "bob")
	check("new", 0)
}

func TestFirstOfLetsWhoKnowsTheNameDecide(t *testing.T) {
	local, err := auth.NewLocal([]auth.LocalUser{{Name: "admin", Hash: quickHash(t, "root"), Role: auth.RoleAdmin}})
	if err != nil {
		t.Fatal(err)
	}
	all := auth.FirstOf(local, auth.Dummy(auth.RoleUser))
	tests := []struct {
		name, user, password string
		want                 auth.Principal
		err                  error
	}{
		{"the first knows", "admin", "root", auth.Principal{Name: "admin", Role: auth.RoleAdmin, Issuer: auth.IssuerLocal}, nil},
		{"a namesake further down is nobody", "admin", "anything", auth.Principal{}, auth.ErrWrongPassword},
		{"the second knows", "bob", "anything", auth.Principal{Name: "bob", Role: auth.RoleUser, Issuer: auth.IssuerDummy}, nil},
		{"dummy refuses the name itself", "bob", "bob", auth.Principal{}, auth.ErrWrongPassword},
		{"dummy refuses no name", "", "x", auth.Principal{}, auth.ErrNoUser},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if p, err := all.CheckPassword(t.Context(), tt.user, tt.password); p != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
	if p, err := all.Known(t.Context(), "admin"); err != nil || p.Role != auth.RoleAdmin {
		t.Errorf("admin is known as %+v, %v", p, err)
	}
	if p, err := all.Known(t.Context(), "bob"); err != nil || p.Issuer != auth.IssuerDummy {
		t.Errorf("bob is known as %+v, %v", p, err)
	}
}

// folded is a directory in which letters are alike.
type folded struct{ auth.Users }

func (f folded) CheckPassword(ctx context.Context, name, password string) (auth.Principal, error) {
	return f.Known(ctx, strings.ToLower(name))
}

func TestANamesakeInOtherLettersIsNobody(t *testing.T) {
	local, err := auth.NewLocal([]auth.LocalUser{{Name: "admin", Hash: quickHash(t, "root"), Role: auth.RoleAdmin}})
	if err != nil {
		t.Fatal(err)
	}
	all := auth.FirstOf(local, folded{auth.Dummy(auth.RoleUser)})
	if p, err := all.CheckPassword(t.Context(), "Admin", "x"); !errors.Is(err, auth.ErrWrongPassword) || p != (auth.Principal{}) {
		t.Errorf("got %+v, %v: a token made now would be the configured admin's", p, err)
	}
	if p, err := all.CheckPassword(t.Context(), "Bob", "x"); err != nil || p.Name != "bob" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestBasicAsksInTheNameOfItsRealm(t *testing.T) {
	door := auth.Basic("Authentication required", auth.Dummy(auth.RoleUser), nil)
	want := `Basic realm="Authentication required"`
	for name, r := range map[string]*struct{ user, password string }{"nothing sent": nil, "wrong": {"bob", "bob"}} {
		req := request()
		if r != nil {
			req = basic(r.user, r.password)
		}
		var refusal *auth.Refusal
		if _, err := door.Authenticate(req); !errors.As(err, &refusal) || refusal.Status != 401 || refusal.Challenge != want {
			t.Errorf("%s: got %#v", name, refusal)
		}
	}
	if p, err := door.Authenticate(basic("bob", "x")); err != nil || p.Name != "bob" || !p.IsUser() {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestHashPassword(t *testing.T) {
	long := strings.Repeat("x", 72)
	for name, password := range map[string]string{"short": "x", "as long as may be": long} {
		hash, err := auth.HashPassword(password)
		if err != nil || bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) != nil {
			t.Errorf("%s: %q, %v", name, hash, err)
		}
	}
	for name, password := range map[string]string{"empty": "", "too long": long + "y"} {
		if _, err := auth.HashPassword(password); !errors.Is(err, auth.ErrUnfit) || strings.Contains(err.Error(), "xx") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
