package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// HeketiJWT accepts the short-lived tokens of Heketi's clients: signed with
// the admin or the user key, and bound to one method and path. Its texts are
// the ones that those clients show and match on.
type HeketiJWT struct {
	keys      map[string]heketiKey // by issuer claim
	iatLeeway time.Duration
	now       func() time.Time
	parser    *jwt.Parser
}

type heketiKey struct {
	secret    []byte
	principal Principal
}

// heketiClaims are the claims that count. Validity is judged by check, since
// a token must expire, and only its time of issue has a leeway.
type heketiClaims struct {
	jwt.RegisteredClaims
	QSH string `json:"qsh"`
}

// NewHeketiJWT refuses an empty key: it would let everybody sign.
func NewHeketiJWT(adminKey, userKey string, iatLeeway time.Duration, now func() time.Time) (*HeketiJWT, error) {
	if adminKey == "" || userKey == "" {
		return nil, errors.New("admin key and user key must not be empty")
	}
	if iatLeeway < 0 {
		return nil, errors.New("leeway of the issue time must not be negative")
	}
	return &HeketiJWT{
		keys: map[string]heketiKey{
			"admin": {[]byte(adminKey), Principal{Name: "admin", Role: RoleAdmin, Issuer: IssuerHeketiAdmin}},
			"user":  {[]byte(userKey), Principal{Name: "user", Role: RoleUser, Issuer: IssuerHeketiUser}},
		},
		iatLeeway: iatLeeway,
		now:       now,
		parser:    jwt.NewParser(jwt.WithoutClaimsValidation()),
	}, nil
}

// Authenticate checks form, algorithm, issuer, signature, times and the
// binding to the request, in this order: the first that fails is reported.
func (h *HeketiJWT) Authenticate(r *http.Request) (Principal, error) {
	kind, text := authorization(r)
	switch kind {
	case schemeNone:
		return Principal{}, noCredentials("Required authorization token not found", bearerChallenge)
	case schemeBasic, schemeOther:
		return Principal{}, notMine(http.StatusBadRequest, "Authorization header format must be Bearer {token}", "")
	}
	var claims heketiClaims
	if _, err := h.parser.ParseWithClaims(text, &claims, h.key); err != nil {
		return Principal{}, refuseParse(text, err)
	}
	if reason := h.expired(&claims); reason != "" {
		return Principal{}, invalidToken(reason)
	}
	if subtle.ConstantTimeCompare([]byte(claims.QSH), []byte(HeketiQSH(r.Method, r.URL.Path))) != 1 {
		return Principal{}, unauthorized("Invalid qsh claim in token", bearerChallenge)
	}
	return h.keys[claims.Issuer].principal, nil
}

// key picks the secret by issuer. It runs before the signature is checked, so
// an algorithm that is no HMAC never sees a key.
func (h *HeketiJWT) key(t *jwt.Token) (any, error) {
	if _, ok := t.Method.(*jwt.SigningMethodHMAC); !ok {
		return nil, invalidToken("Unexpected signing method: " + t.Method.Alg())
	}
	issuer := t.Claims.(*heketiClaims).Issuer
	if issuer == "" {
		return nil, invalidToken("Token missing iss claim")
	}
	key, ok := h.keys[issuer]
	if !ok {
		return nil, invalidToken("Unknown user")
	}
	return key.secret, nil
}

// expired judges the three times in whole seconds; of several faults the last
// one is told, as Heketi does. A token without exp expired in 1970.
func (h *HeketiJWT) expired(c *heketiClaims) (reason string) {
	now := h.now().Unix()
	if exp := seconds(c.ExpiresAt); now > exp {
		reason = fmt.Sprintf("Token is expired by %v", time.Unix(now, 0).Sub(time.Unix(exp, 0)))
	}
	if now < seconds(c.IssuedAt)-int64(h.iatLeeway/time.Second) {
		reason = "Token used before issued (client and server clocks may differ)"
	}
	if now < seconds(c.NotBefore) {
		reason = "token is not valid yet"
	}
	return reason
}

// HeketiQSH is the claim that binds a token to one method and one path; the
// query and the host are not part of it.
func HeketiQSH(method, path string) string {
	sum := sha256.Sum256([]byte(method + "&" + path))
	return hex.EncodeToString(sum[:])
}

func refuseParse(token string, err error) *Refusal {
	var own *Refusal
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return invalidToken("signature is invalid (client and server secrets may not match)")
	case !looksSigned(token):
		refusal := invalidToken("token contains an invalid number of segments")
		refusal.cause = ErrNotMine
		return refusal
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return invalidToken("signing method (alg) is unavailable.")
	}
	return invalidToken("token is malformed")
}

func invalidToken(reason string) *Refusal {
	return unauthorized("Invalid JWT token: "+reason, bearerChallenge)
}

func seconds(d *jwt.NumericDate) int64 {
	if d == nil {
		return 0
	}
	return d.Unix()
}
