package auth_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"

	"yardmaster/auth"
)

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

func mustTokens(t testing.TB) *auth.Tokens {
	t.Helper()
	tokens, err := auth.NewTokens([]auth.Token{
		{Name: "ci", SHA256: sum("opaque-ci"), Role: auth.RoleUser},
		{Name: "viewer", SHA256: sum("opaque-viewer"), Role: auth.RoleReader},
	}, "Token")
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func mustLocal(t testing.TB) *auth.Local {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("s3cret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	local, err := auth.NewLocal([]auth.LocalUser{{Name: "ada", Hash: string(hash), Role: auth.RoleAdmin}})
	if err != nil {
		t.Fatal(err)
	}
	return local
}

func request(headers ...string) *http.Request {
	r := httptest.NewRequest("GET", "/clusters", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func basic(name, password string) *http.Request {
	r := request()
	r.SetBasicAuth(name, password)
	return r
}

func TestChainPicksByWhatIsSent(t *testing.T) {
	signed := "bearer " + sign(t, jwt.SigningMethodHS256, []byte(adminKey), claims(nil))
	forged := "bearer " + sign(t, jwt.SigningMethodHS256, []byte("x"), claims(nil))
	tests := []struct {
		name    string
		request *http.Request
		want    string // principal, or the refusal's text
	}{
		{"signed token", request("Authorization", signed), "admin"},
		{"forged token", request("Authorization", forged), "Invalid JWT token: signature is invalid (client and server secrets may not match)"},
		{"opaque bearer", request("Authorization", "Bearer opaque-ci"), "ci"},
		{"unknown opaque bearer", request("Authorization", "Bearer nope"), "Unknown token"},
		{"token header", request("X-Auth-Token", "opaque-viewer"), "viewer"},
		{"unknown token header", request("X-Auth-Token", "nope"), "Unknown token"},
		{"further header", request("Token", "opaque-ci"), "ci"},
		{"password", basic("ada", "s3cret"), "ada"},
		{"wrong password", basic("ada", "wrong"), "Wrong user name or password"},
		{"unknown user", basic("bob", "s3cret"), "Wrong user name or password"},
		{"broken basic", request("Authorization", "Basic !!!"), "Authentication required"},
		{"nothing", request(), "Required authorization token not found"},
		{"unknown scheme", request("Authorization", "Digest x"), "Authorization header format must be Bearer {token}"},
	}
	orders := map[string]auth.Authenticator{
		"":                auth.Chain(heketi(t), mustTokens(t), mustLocal(t)),
		", tokens before": auth.Chain(heketi(t), mustLocal(t), mustTokens(t)),
	}
	for order, chain := range orders {
		for _, tt := range tests {
			t.Run(tt.name+order, func(t *testing.T) {
				p, err := chain.Authenticate(tt.request)
				got := p.Name
				if err != nil {
					got = err.Error()
				}
				if got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		}
	}
}

func TestOpaqueTokensBeforeSignedOnes(t *testing.T) {
	signed := "bearer " + sign(t, jwt.SigningMethodHS256, []byte(adminKey), claims(nil))
	p, err := auth.Chain(mustTokens(t), heketi(t)).Authenticate(request("Authorization", signed))
	if err != nil || p.Name != "admin" {
		t.Errorf("got %+v, %v, want admin", p, err)
	}
}

func TestAnonymous(t *testing.T) {
	next := auth.Chain(mustTokens(t), mustLocal(t))
	tests := []struct {
		name    string
		mode    auth.Mode
		request *http.Request
		role    auth.Role // RoleNone: refused
	}{
		{"none", auth.AnonymousNone, request(), auth.RoleNone},
		{"read", auth.AnonymousRead, request(), auth.RoleReader},
		{"full", auth.AnonymousFull, request(), auth.RoleAdmin},
		{"credentials count", auth.AnonymousFull, request("X-Auth-Token", "opaque-ci"), auth.RoleUser},
		{"a wrong password stays wrong", auth.AnonymousFull, basic("ada", "wrong"), auth.RoleNone},
		{"a wrong token stays wrong", auth.AnonymousFull, request("X-Auth-Token", "x"), auth.RoleNone},
		{"an unknown scheme is something sent", auth.AnonymousFull, request("Authorization", "Digest x"), auth.RoleNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := auth.Anonymous(tt.mode, next)
			if err != nil {
				t.Fatal(err)
			}
			p, err := a.Authenticate(tt.request)
			if p.Role != tt.role || (err != nil) != (tt.role == auth.RoleNone) {
				t.Errorf("got %+v, %v, want role %v", p, err, tt.role)
			}
		})
	}
	if _, err := auth.Anonymous("sometimes", next); err == nil {
		t.Error("an unknown mode was accepted")
	}
}

func TestModeOf(t *testing.T) {
	for _, mode := range []auth.Mode{auth.AnonymousNone, auth.AnonymousRead, auth.AnonymousFull} {
		a, err := auth.Anonymous(mode, mustLocal(t))
		if got := auth.ModeOf(a); err != nil || got != mode {
			t.Errorf("%s: got %s, %v", mode, got, err)
		}
	}
}

func TestAnonymousTokenHeaderOfAnotherDoor(t *testing.T) {
	a, err := auth.Anonymous(auth.AnonymousFull, heketi(t))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := a.Authenticate(request("X-Auth-Token", "x")); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("got %+v, %v: credentials that nobody reads must not become anonymous", p, err)
	}
}

func TestPasswordIsRememberedForItsOwnUserOnly(t *testing.T) {
	local := mustLocal(t)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			if p, err := local.Authenticate(basic("ada", "s3cret")); err != nil || p.Name != "ada" {
				t.Errorf("got %+v, %v, want ada", p, err)
			}
		})
	}
	callers.Wait()
	for _, r := range []*http.Request{basic("ada", ""), basic("ada", "s3cret2"), basic("bob", "s3cret")} {
		if p, err := local.Authenticate(r); err == nil {
			t.Errorf("let in as %+v", p)
		}
	}
}

func TestNeed(t *testing.T) {
	roles := []auth.Role{auth.RoleNone, auth.RoleReader, auth.RoleUser, auth.RoleAdmin}
	tests := []struct {
		need auth.Need
		want [4]bool
	}{
		{auth.Need(0), [4]bool{}},
		{auth.Public, [4]bool{true, true, true, true}},
		{auth.Anyone, [4]bool{true, true, true, true}},
		{auth.Reader, [4]bool{false, true, true, true}},
		{auth.User, [4]bool{false, false, true, true}},
		{auth.Admin, [4]bool{false, false, false, true}},
		{auth.Need(99), [4]bool{}},
	}
	for _, tt := range tests {
		t.Run(tt.need.String(), func(t *testing.T) {
			for i, role := range roles {
				if got := tt.need.Allows(auth.Principal{Role: role}); got != tt.want[i] {
					t.Errorf("%v: got %v, want %v", role, got, tt.want[i])
				}
			}
			if got, want := tt.need.Set(), tt.want[3]; got != want {
				t.Errorf("set: got %v, want %v", got, want)
			}
		})
	}
}

func TestNeedTellsWhy(t *testing.T) {
	tests := []struct {
		name   string
		caller auth.Principal
		status int
		kind   error
	}{
		{"nobody", auth.Principal{}, 401, auth.ErrNoCredentials},
		{"anonymous reader", auth.Principal{Role: auth.RoleReader, Anonymous: true}, 401, auth.ErrNoCredentials},
		{"known reader", auth.Principal{Name: "r", Role: auth.RoleReader}, 403, auth.ErrForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := auth.Admin.Check(tt.caller)
			var refusal *auth.Refusal
			if !errors.As(err, &refusal) || refusal.Status != tt.status || !errors.Is(err, tt.kind) {
				t.Errorf("got %#v, want %d, %v", err, tt.status, tt.kind)
			}
		})
	}
}

func TestRoleNamesAreStored(t *testing.T) {
	// These words are in configurations and records: they must not change.
	stored := `["none","reader","user","admin"]`
	var roles []auth.Role
	if err := json.Unmarshal([]byte(stored), &roles); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(roles)
	if err != nil || string(got) != stored {
		t.Errorf("got %s, %v, want %s", got, err, stored)
	}
	if _, err := auth.ParseRole("root"); err == nil {
		t.Error("an unknown role was read")
	}
}

func TestBadAccountsStopTheStart(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	good := string(hash)
	users := map[string][]auth.LocalUser{
		"plain password": {{Name: "a", Hash: "x", Role: auth.RoleUser}},
		"no role":        {{Name: "a", Hash: good}},
		"no name":        {{Hash: good, Role: auth.RoleUser}},
		"named twice":    {{Name: "a", Hash: good, Role: auth.RoleUser}, {Name: "a", Hash: good, Role: auth.RoleUser}},
	}
	for name, list := range users {
		if _, err := auth.NewLocal(list); err == nil {
			t.Errorf("user with %s was accepted", name)
		}
	}
	tokens := map[string][]auth.Token{
		"plain text": {{Name: "a", SHA256: "opaque", Role: auth.RoleUser}},
		"no role":    {{Name: "a", SHA256: sum("x")}},
		"same hash":  {{Name: "a", SHA256: sum("x"), Role: auth.RoleUser}, {Name: "b", SHA256: sum("x"), Role: auth.RoleAdmin}},
	}
	for name, list := range tokens {
		if _, err := auth.NewTokens(list); err == nil {
			t.Errorf("token with %s was accepted", name)
		}
	}
}

func TestContextWithoutCallerIsNobody(t *testing.T) {
	if p := auth.From(t.Context()); auth.Reader.Allows(p) {
		t.Errorf("got %+v", p)
	}
	want := auth.Principal{Name: "ada", Role: auth.RoleUser}
	if got := auth.From(auth.With(t.Context(), want)); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
