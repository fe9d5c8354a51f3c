package auth

import (
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

// Tokens accepts opaque tokens from `Authorization: Bearer`, from
// `X-Auth-Token` and from further headers named at the start.
type Tokens struct {
	bySum   map[[sha256.Size]byte]Principal
	headers []string
}

// NewTokens refuses a hash that is none, a token without a role, and one hash
// under two names.
func NewTokens(tokens []Token, headers ...string) (*Tokens, error) {
	t := &Tokens{
		bySum:   make(map[[sha256.Size]byte]Principal, len(tokens)),
		headers: append([]string{"X-Auth-Token"}, headers...),
	}
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

// Authenticate looks a token up by its hash, so that the time it takes tells
// nothing about the texts.
func (t *Tokens) Authenticate(r *http.Request) (Principal, error) {
	text, refusal := t.find(r)
	if refusal != nil {
		return Principal{}, refusal
	}
	if p, ok := t.bySum[sha256.Sum256([]byte(text))]; ok {
		return p, nil
	}
	if looksSigned(text) {
		return Principal{}, notMine(http.StatusUnauthorized, "Unknown token", bearerChallenge)
	}
	return Principal{}, unauthorized("Unknown token", bearerChallenge)
}

func (t *Tokens) find(r *http.Request) (string, *Refusal) {
	for _, name := range t.headers {
		if text := r.Header.Get(name); text != "" {
			return text, nil
		}
	}
	switch kind, text := authorization(r); kind {
	case schemeBearer:
		return text, nil
	case schemeNone:
		return "", noCredentials("Token required", bearerChallenge)
	}
	return "", notMine(http.StatusUnauthorized, "Token required", bearerChallenge)
}
