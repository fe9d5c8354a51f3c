package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"yardmaster/auth"
)

const (
	adminKey = "admin secret"
	userKey  = "user secret"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func heketi(t testing.TB) *auth.HeketiJWT {
	t.Helper()
	a, err := auth.NewHeketiJWT(adminKey, userKey, 120*time.Second, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// claims are those of a good admin token for GET /clusters, with changes.
func claims(changes jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": "admin",
		"iat": noon.Unix(),
		"exp": noon.Unix() + 60,
		"qsh": auth.HeketiQSH("GET", "/clusters"),
	}
	for k, v := range changes {
		if v == nil {
			delete(c, k)
			continue
		}
		c[k] = v
	}
	return c
}

func sign(t testing.TB, method jwt.SigningMethod, key any, c jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(method, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func get(header string) *http.Request {
	r := httptest.NewRequest("GET", "/clusters?ignored=1", nil)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	return r
}

func TestHeketiTokenRefusals(t *testing.T) {
	hs256 := func(c jwt.MapClaims) string { return "bearer " + sign(t, jwt.SigningMethodHS256, []byte(adminKey), c) }
	const format = "Authorization header format must be Bearer {token}"
	tests := []struct {
		name   string
		header string
		status int
		text   string
	}{
		{"no header", "", 401, "Required authorization token not found"},
		{"one word", "bearer", 400, format},
		{"three words", "bearer a b", 400, format},
		{"another scheme", "Digest abc", 400, format},
		{"no scheme", "abc.def.ghi", 400, format},
		{"not a signed token", "bearer abc", 401, "Invalid JWT token: token contains an invalid number of segments"},
		{"three parts of nothing", "bearer a.b.c", 401, "Invalid JWT token: token is malformed"},
		{"no algorithm", "bearer " + sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil)), 401,
			"Invalid JWT token: Unexpected signing method: none"},
		{"unknown issuer", hs256(claims(jwt.MapClaims{"iss": "root"})), 401, "Invalid JWT token: Unknown user"},
		{"no issuer", hs256(claims(jwt.MapClaims{"iss": nil})), 401, "Invalid JWT token: Token missing iss claim"},
		{"another key", hs256(claims(jwt.MapClaims{"iss": "user"})), 401,
			"Invalid JWT token: signature is invalid (client and server secrets may not match)"},
		{"expired a second ago", hs256(claims(jwt.MapClaims{"exp": noon.Unix() - 1})), 401, "Invalid JWT token: Token is expired by 1s"},
		{"without expiry", hs256(claims(jwt.MapClaims{"exp": nil})), 401,
			"Invalid JWT token: Token is expired by " + time.Duration(noon.Unix()*1e9).String()},
		{"issued beyond the leeway", hs256(claims(jwt.MapClaims{"iat": noon.Unix() + 121})), 401,
			"Invalid JWT token: Token used before issued (client and server clocks may differ)"},
		{"not valid yet", hs256(claims(jwt.MapClaims{"nbf": noon.Unix() + 1})), 401, "Invalid JWT token: token is not valid yet"},
		{"bound to another path", hs256(claims(jwt.MapClaims{"qsh": auth.HeketiQSH("GET", "/nodes")})), 401, "Invalid qsh claim in token"},
		{"bound to another method", hs256(claims(jwt.MapClaims{"qsh": auth.HeketiQSH("POST", "/clusters")})), 401, "Invalid qsh claim in token"},
		{"bound to the query too", hs256(claims(jwt.MapClaims{"qsh": auth.HeketiQSH("GET", "/clusters?ignored=1")})), 401, "Invalid qsh claim in token"},
		{"not bound", hs256(claims(jwt.MapClaims{"qsh": nil})), 401, "Invalid qsh claim in token"},
		{"bad signature before bad times", "bearer " + sign(t, jwt.SigningMethodHS256, []byte("x"), claims(jwt.MapClaims{"exp": 1})), 401,
			"Invalid JWT token: signature is invalid (client and server secrets may not match)"},
		{"bad times before bad binding", hs256(claims(jwt.MapClaims{"exp": noon.Unix() - 60, "qsh": "x"})), 401,
			"Invalid JWT token: Token is expired by 1m0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := heketi(t).Authenticate(get(tt.header))
			var refusal *auth.Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("got error %v, want a refusal", err)
			}
			if refusal.Status != tt.status || refusal.Text != tt.text {
				t.Errorf("got %d %q, want %d %q", refusal.Status, refusal.Text, tt.status, tt.text)
			}
		})
	}
}

func TestHeketiTokenAccepted(t *testing.T) {
	admin := auth.Principal{Name: "admin", Role: auth.RoleAdmin, Issuer: auth.IssuerHeketiAdmin}
	user := auth.Principal{Name: "user", Role: auth.RoleUser, Issuer: auth.IssuerHeketiUser}
	tests := []struct {
		name   string
		scheme string
		method jwt.SigningMethod
		key    string
		claims jwt.MapClaims
		want   auth.Principal
	}{
		{"HS256", "bearer", jwt.SigningMethodHS256, adminKey, nil, admin},
		{"HS384", "Bearer", jwt.SigningMethodHS384, adminKey, nil, admin},
		{"HS512 and a loud scheme", "BEARER", jwt.SigningMethodHS512, adminKey, nil, admin},
		{"user key", "bearer", jwt.SigningMethodHS256, userKey, jwt.MapClaims{"iss": "user"}, user},
		{"expires this second", "bearer", jwt.SigningMethodHS256, adminKey, jwt.MapClaims{"exp": noon.Unix()}, admin},
		{"fractions in the times", "bearer", jwt.SigningMethodHS256, adminKey, jwt.MapClaims{"exp": float64(noon.Unix()) + .5, "iat": float64(noon.Unix()) - .5}, admin},
		{"issued within the leeway", "bearer", jwt.SigningMethodHS256, adminKey, jwt.MapClaims{"iat": noon.Unix() + 120}, admin},
		{"time of issue left out", "bearer", jwt.SigningMethodHS256, adminKey, jwt.MapClaims{"iat": nil}, admin},
		{"valid from now on", "bearer", jwt.SigningMethodHS256, adminKey, jwt.MapClaims{"nbf": noon.Unix()}, admin},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := sign(t, tt.method, []byte(tt.key), claims(tt.claims))
			got, err := heketi(t).Authenticate(get(tt.scheme + " " + token))
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestHeketiQSH(t *testing.T) {
	// From sha256sum, so that both sides cannot be wrong in the same way.
	const want = "c162acc9024272120bacfff7709c932cc252337d0a30fa15b025010066662bea"
	if got := auth.HeketiQSH("GET", "/volumes"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestHeketiRefusesEmptyKeys(t *testing.T) {
	for _, keys := range [][2]string{{"", userKey}, {adminKey, ""}} {
		if _, err := auth.NewHeketiJWT(keys[0], keys[1], 0, time.Now); err == nil {
			t.Errorf("keys %q were accepted", keys)
		}
	}
}

func TestHeketiRefusesAsymmetricAlgorithms(t *testing.T) {
	// The admin key, taken for an RSA public key, must never verify anything:
	// the header alone decides, before any key is looked at.
	parts := strings.Split(sign(t, jwt.SigningMethodHS256, []byte(adminKey), claims(nil)), ".")
	rs256 := "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9" // {"alg":"RS256","typ":"JWT"}
	_, err := heketi(t).Authenticate(get("bearer " + rs256 + "." + parts[1] + "." + parts[2]))
	if want := "Invalid JWT token: Unexpected signing method: RS256"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func FuzzAuthorizationHeader(f *testing.F) {
	for _, seed := range []string{
		"", "bearer", "Bearer x", "bearer a.b.c", "Basic dTpw", "basic  ", "Bearer\ta.b.c", "bearer \xff",
		"bearer " + sign(f, jwt.SigningMethodHS256, []byte("wrong"), claims(nil)),
	} {
		f.Add(seed)
	}
	signed, tokens := heketi(f), mustTokens(f)
	local, err := auth.NewLocal(nil)
	if err != nil {
		f.Fatal(err)
	}
	all := auth.Chain(signed, tokens, local)
	f.Fuzz(func(t *testing.T, header string) {
		r := get("")
		r.Header["Authorization"] = []string{header}
		if p, err := all.Authenticate(r); err == nil {
			t.Fatalf("%q was let in as %+v", header, p)
		} else if refusal := new(auth.Refusal); !errors.As(err, &refusal) || refusal.Status < 400 || refusal.Status > 401 {
			t.Fatalf("%q: got %v, want a refusal", header, err)
		}
	})
}
