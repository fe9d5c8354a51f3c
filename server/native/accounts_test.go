package native_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"yardmaster/auth"
	"yardmaster/jobs/accounts"
	"yardmaster/server/native"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// lodge is the native API over users and tokens of its own: ada is an admin and bob a user, both kept; "opaque-root" is an admin's
// configured token, and everybody else has an account in a directory.
type lodge struct {
	*testing.T
	http.Handler
	accounts *accounts.Service
}

func newLodge(t *testing.T) *lodge {
	t.Helper()
	db, err := store.Open(context.Background(), store.Options{Path: filepath.Join(t.TempDir(), "control.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := auth.NewSealer([]byte(strings.Repeat("k", 32)), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	l := &lodge{T: t}
	l.accounts = accounts.New(accounts.Options{DB: db, Users: accounts.NewUsers(db, plainHash, "config"), Sealer: sealer, Random: rand.Reader,
		Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := errors.Join(l.accounts.Close(context.Background()), db.Close()); err != nil {
			t.Error(err)
		}
	})
	for name, role := range map[string]string{"ada": "admin", "bob": "user"} {
		if _, err := l.accounts.AddUser(t.Context(), name, name+"-pw", role); err != nil {
			t.Fatal(err)
		}
	}
	mux, err := rest.NewMux([]rest.Dialect{native.New(native.Options{DB: db, Accounts: l.accounts, Auth: l.door()})}, rest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l.Handler = mux
	return l
}

// people are the kept users, with passwords that can be compared in no time.
type people struct{ lodge *lodge }

func plainHash(password string) (string, error) {
	if password == "" {
		return "", auth.ErrUnfit
	}
	return "hash of " + password, nil
}

func (p people) CheckPassword(ctx context.Context, name, password string) (auth.Principal, error) {
	u, err := p.lodge.accounts.User(ctx, name)
	if err == nil && u.Hash != "hash of "+password {
		return auth.Principal{}, auth.ErrWrongPassword
	}
	return p.Known(ctx, name)
}

func (p people) Known(ctx context.Context, name string) (auth.Principal, error) {
	u, err := p.lodge.accounts.User(ctx, name)
	if errors.Is(err, accounts.ErrNoUser) {
		return auth.Principal{}, auth.ErrNoUser
	}
	role, _ := auth.ParseRole(u.Role)
	return auth.Principal{Name: u.Name, Role: role, Issuer: auth.IssuerLocal}, err
}

func (l *lodge) door() auth.Authenticator {
	configured, err := auth.NewTokens([]auth.Token{{Name: "bob", SHA256: accounts.Hash("opaque-root"), Role: auth.RoleAdmin},
		{Name: "bob", SHA256: accounts.Hash("opaque-bob"), Role: auth.RoleUser}})
	if err != nil {
		l.Fatal(err)
	}
	users := auth.FirstOf(people{l}, auth.Dummy(auth.RoleUser))
	kept := auth.UserTokens(func(ctx context.Context, text string) (string, error) {
		t, err := l.accounts.Use(ctx, text)
		if errors.Is(err, accounts.ErrNoToken) {
			err = auth.ErrNoToken
		}
		return t.User, err
	}, users)
	tokens := auth.Opaque(auth.OpaqueOptions{Headers: []string{"X-Auth-Token"}, Bearer: true, Lookups: []auth.TokenLookup{configured.Find, kept}})
	return auth.Chain(tokens, auth.Basic("yardmaster", users, nil))
}

func (l *lodge) token(user string, ttl time.Duration) (text, id string) {
	l.Helper()
	text, err := l.accounts.NewToken(l.Context(), user, ttl)
	if err != nil {
		l.Fatal(err)
	}
	t, err := l.accounts.Find(l.Context(), text)
	if err != nil {
		l.Fatal(err)
	}
	return text, t.ID()
}

// ask sends a request as "name:password" or as the bearer of a token.
func (l *lodge) ask(as, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if name, password, ok := strings.Cut(as, ":"); ok {
		r.SetBasicAuth(name, password)
	} else if as != "" {
		r.Header.Set("Authorization", "Bearer "+as)
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w
}

func (l *lodge) expect(what string, status int, as, method, target, body string) string {
	l.Helper()
	w := l.ask(as, method, target, body)
	if w.Code != status {
		l.Errorf("%s: got %d %s, want %d", what, w.Code, w.Body, status)
	}
	return w.Body.String()
}

const (
	ada  = "ada:ada-pw"
	bob  = "bob:bob-pw"
	carl = "carl:from the directory"
	root = "opaque-root"
)

func TestWithoutAccountsThereAreNoRoutesForThem(t *testing.T) {
	d := native.New(native.Options{})
	for _, r := range d.Routes {
		if strings.HasPrefix(r.Path, "/users") || strings.HasPrefix(r.Path, "/tokens") {
			t.Errorf("%s %s", r.Method, r.Path)
		}
	}
}

func TestUsersAreListedForAdmins(t *testing.T) {
	l := newLodge(t)
	for _, as := range []string{ada, root} {
		got := l.expect("all", 200, as, "GET", "/users", "")
		if !regexp.MustCompile(`^\{"users":\[\{"name":"ada","role":"admin","created":"[^"]+"\},\{"name":"bob","role":"user","created":"[^"]+"\}\]\}\n$`).MatchString(got) {
			t.Errorf("got %s", got)
		}
	}
	if got := l.expect("oneself", 200, bob, "GET", "/users", ""); strings.Contains(got, "ada") || !strings.Contains(got, `"bob"`) {
		t.Errorf("got %s", got)
	}
	if got := l.expect("a user of the directory", 200, carl, "GET", "/users", ""); got != "{\"users\":[]}\n" {
		t.Errorf("got %s", got)
	}
	if got := l.expect("a configured token named as a user", 200, "opaque-bob", "GET", "/users", ""); got != "{\"users\":[]}\n" {
		t.Errorf("got %s", got)
	}
	l.expect("nobody", 401, "", "GET", "/users", "")
}

func TestUsersAreMadeAndChangedByAdmins(t *testing.T) {
	l := newLodge(t)
	tests := []struct {
		name, as, target, body string
		status                 int
		want                   string
	}{
		{"new", ada, "/users/eve", `{"password":"x","role":"reader"}`, 201, `"role":"reader"`},
		{"new, with a configured token", root, "/users/fay", `{"password":"x"}`, 201, `"role":"user"`},
		{"role", ada, "/users/eve", `{"role":"user"}`, 200, `"role":"user"`},
		{"another admin", ada, "/users/eve", `{"role":"admin"}`, 200, `"role":"admin"`},
		{"new without a password", ada, "/users/gus", `{"role":"user"}`, 400, "password: "},
		{"unknown role", ada, "/users/eve", `{"role":"king"}`, 400, "role: "},
		{"bad name", ada, "/users/e%20e", `{"password":"x"}`, 400, "name: "},
		{"unfit password", ada, "/users/eve", `{"password":""}`, 400, "unfit password"},
		{"a name of the configuration", ada, "/users/config", `{"password":"x"}`, 409, "taken by the configuration"},
		{"broken body", ada, "/users/eve", `{`, 400, "request body"},
		{"endless body", ada, "/users/eve", `{"password":"` + strings.Repeat("x", 5000) + `"}`, 413, "too large"},
		{"one's own role, as it is", ada, "/users/ada", `{"role":"admin"}`, 200, `"admin"`},
		{"one's own role away", ada, "/users/ada", `{"role":"user"}`, 409, "another admin can"},
		{"by a user", bob, "/users/eve", `{"password":"x"}`, 403, "Administrator access required"},
		{"a role for oneself", bob, "/users/bob", `{"role":"admin"}`, 403, "Administrator access required"},
		{"a role along with a password", bob, "/users/bob", `{"password":"x","role":"admin"}`, 403, "Administrator access required"},
		{"nothing for oneself", bob, "/users/bob", `{}`, 400, "password: "},
		{"a user of the directory", carl, "/users/carl", `{"password":"x"}`, 403, "Administrator access required"},
		{"a configured token named as a user", "opaque-bob", "/users/bob", `{"password":"x"}`, 403, "Administrator access required"},
		{"nobody", "", "/users/bob", `{"password":"x"}`, 401, "unauthorized"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := l.ask(tt.as, "PUT", tt.target, tt.body)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || strings.Contains(w.Body.String(), "hash of") {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, tt.status, tt.want)
			}
		})
	}
}

func TestAUserChangesTheirOwnPassword(t *testing.T) {
	l := newLodge(t)
	l.expect("with the old password", 204, bob, "PUT", "/users/bob", `{"password":"new"}`)
	l.expect("the old one afterwards", 401, bob, "GET", "/users", "")
	l.expect("the new one", 200, "bob:new", "GET", "/users", "")
	text, _ := l.token("bob", 0)
	l.expect("a token reads", 200, text, "GET", "/users", "")
	l.expect("a token takes no account over", 403, text, "PUT", "/users/bob", `{"password":"mine"}`)
	l.expect("nor deletes it", 403, text, "DELETE", "/users/bob", "")
}

func TestADeletedUserIsLockedOutAtOnce(t *testing.T) {
	l := newLodge(t)
	text, _ := l.token("bob", 0)
	l.expect("before", 200, text, "GET", "/users", "")
	l.expect("another user", 403, carl, "DELETE", "/users/bob", "")
	l.expect("an admin", 204, ada, "DELETE", "/users/bob", "")
	l.expect("again", 404, ada, "DELETE", "/users/bob", "")
	l.expect("the token", 401, text, "GET", "/users", "")
	// His name is now the directory's, which in this test takes every password; his record is gone.
	if got := l.expect("the list", 200, ada, "GET", "/users", ""); strings.Contains(got, "bob") {
		t.Errorf("got %s", got)
	}
}

func TestTheLastAdminStays(t *testing.T) {
	l := newLodge(t)
	l.expect("oneself", 409, ada, "DELETE", "/users/ada", "")
	text, _ := l.token("ada", 0)
	l.expect("oneself, by a token", 409, text, "DELETE", "/users/ada", "")
	l.expect("oneself, by a token, in steps", 409, text, "PUT", "/users/ada", `{"role":"reader"}`)
	l.expect("a user leaves as they like", 204, bob, "DELETE", "/users/bob", "")
	l.expect("an admin of the configuration may", 204, root, "DELETE", "/users/ada", "")
}

type listedTokens struct {
	Tokens []struct {
		ID, User string
		Created  time.Time
		Last     *time.Time
		Expires  *time.Time
	}
}

func (l *lodge) tokens(as, query string) (out listedTokens) {
	l.Helper()
	if err := json.Unmarshal([]byte(l.expect("tokens"+query, 200, as, "GET", "/tokens"+query, "")), &out); err != nil {
		l.Fatal(err)
	}
	return out
}

func TestTokensAreListedWithoutTheirTexts(t *testing.T) {
	l := newLodge(t)
	text, id := l.token("bob", time.Hour)
	l.token("carl", 0)
	l.token("ada", 0)
	if body := l.expect("one's own", 200, text, "GET", "/tokens", ""); strings.Contains(body, text) || strings.Contains(body, accounts.Hash(text)) {
		t.Errorf("got %s", body)
	}
	for who, query := range map[string]string{bob: "", text: "?user=bob", ada: "?user=bob", root: "?user=bob"} {
		got := l.tokens(who, query).Tokens
		if len(got) != 1 || got[0].ID != id || got[0].User != "bob" || got[0].Last == nil || got[0].Expires == nil {
			t.Errorf("%s: got %+v", who, got)
		}
	}
	if got := l.tokens(carl, "").Tokens; len(got) != 1 || got[0].User != "carl" || got[0].Last != nil || got[0].Expires != nil {
		t.Errorf("a user of the directory: got %+v", got)
	}
	if got := l.tokens(root, "").Tokens; len(got) != 0 {
		t.Errorf("a configured token has none of its own: got %+v", got)
	}
	l.expect("another's", 403, bob, "GET", "/tokens?user=ada", "")
	l.expect("a namesake's", 403, "opaque-bob", "GET", "/tokens?user=bob", "")
	l.expect("nobody", 401, "", "GET", "/tokens", "")
}

func TestTokensAreEndedByTheirUsersAndByAdmins(t *testing.T) {
	l := newLodge(t)
	text, id := l.token("bob", 0)
	l.expect("another user", 404, carl, "DELETE", "/tokens/"+id, "")
	l.expect("a namesake", 404, "opaque-bob", "DELETE", "/tokens/"+id, "")
	l.expect("not an id", 404, ada, "DELETE", "/tokens/"+text, "")
	l.expect("still good", 200, text, "GET", "/tokens", "")
	l.expect("one's own, by itself", 204, text, "DELETE", "/tokens/"+id, "")
	l.expect("at once", 401, text, "GET", "/tokens", "")
	l.expect("again", 404, bob, "DELETE", "/tokens/"+id, "")
	_, id = l.token("carl", 0)
	l.expect("an admin", 204, ada, "DELETE", "/tokens/"+id, "")
	l.expect("nobody", 401, "", "DELETE", "/tokens/"+id, "")
}

func TestTheBodyOfARefusalIsTheDialects(t *testing.T) {
	l := newLodge(t)
	got := l.expect("a forbidden change", 403, bob, "PUT", "/users/ada", `{"password":"x"}`)
	if want := `{"error":{"code":"forbidden","message":"Administrator access required"}}` + "\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
