package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
)

// Token is one opaque token, known only by the SHA-256 of its text. Texts are
// long and random; they hold no dot, which tells them from signed tokens.
type Token struct {
	Name   string
	SHA256 string // 64 hex digits
	Role   Role
}

// Tokens accepts configured opaque tokens from `Authorization: Bearer`, from
// `X-Auth-Token` and from further headers named at the start.
type Tokens struct {
	bySum map[[sha256.Size]byte]Principal
	door  Authenticator
}

// NewTokens refuses a hash that is none, a token without a role, and one hash
// under two names.
func NewTokens(tokens []Token, headers ...string) (*Tokens, error) {
	t := &Tokens{bySum: make(map[[sha256.Size]byte]Principal, len(tokens))}
	t.door = Opaque(OpaqueOptions{Headers: append([]string{"X-Auth-Token"}, headers...), Bearer: true, Lookups: []TokenLookup{t.Find}})
	for _, token := range tokens {
		sum, err := hex.DecodeString(token.SHA256)
		if err != nil || len(sum) != sha256.Size {
			return nil, fmt.Errorf("token %q: hash is not 64 hex digits", token.Name)
		}
		if token.Role == RoleNone {
			return nil, fmt.Errorf("token %q: no role", token.Name)
		}
		key := [sha256.Size]byte(sum)
		if other, taken := t.bySum[key]; taken {
			return nil, fmt.Errorf("token %q: same hash as token %q", token.Name, other.Name)
		}
		t.bySum[key] = Principal{Name: token.Name, Role: token.Role, Issuer: IssuerToken}
	}
	return t, nil
}

// Authenticate accepts these tokens and no others; see Opaque.
func (t *Tokens) Authenticate(r *http.Request) (Principal, error) { return t.door.Authenticate(r) }

// Find is a TokenLookup. It looks a token up by its hash, so that the time it takes tells nothing about the texts.
func (t *Tokens) Find(_ context.Context, token string) (Principal, error) {
	if p, ok := t.bySum[sha256.Sum256([]byte(token))]; ok {
		return p, nil
	}
	return Principal{}, ErrNoToken
}
