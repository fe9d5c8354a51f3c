package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
)

// ErrNoToken is a token that lets nobody in: unknown, deleted or expired.
var ErrNoToken = errors.New("no such token")

// TokenLookup finds whom an opaque token lets in, or fails with ErrNoToken.
type TokenLookup func(ctx context.Context, token string) (Principal, error)

// OpaqueOptions say where opaque tokens are looked for and who knows them.
type OpaqueOptions struct {
	Headers   []string // each may carry the bare token; the first that is sent counts
	Bearer    bool     // else `Authorization` is the business of others
	Challenge string   // WWW-Authenticate of a refusal; "" asks for a bearer token
	Lookups   []TokenLookup
}

// Opaque accepts opaque tokens. The Principal carries the token's hash.
func Opaque(o OpaqueOptions) Authenticator {
	if o.Challenge == "" {
		o.Challenge = bearerChallenge
	}
	return &opaque{o}
}

type opaque struct{ OpaqueOptions }

// Authenticate gives a token that looks signed back to the others of a Chain, unless a lookup knows it.
func (o *opaque) Authenticate(r *http.Request) (Principal, error) {
	text, refusal := o.find(r)
	if refusal != nil {
		return Principal{}, refusal
	}
	for _, lookup := range o.Lookups {
		p, err := lookup(r.Context(), text)
		switch {
		case err == nil:
			sum := sha256.Sum256([]byte(text))
			p.Token = hex.EncodeToString(sum[:])
			return p, nil
		case !errors.Is(err, ErrNoToken):
			return Principal{}, err
		}
	}
	if looksSigned(text) {
		return Principal{}, notMine(http.StatusUnauthorized, "Unknown token", o.Challenge)
	}
	return Principal{}, unauthorized("Unknown token", o.Challenge)
}

func (o *opaque) find(r *http.Request) (string, *Refusal) {
	for _, name := range o.Headers {
		if text := r.Header.Get(name); text != "" {
			return text, nil
		}
	}
	if !o.Bearer {
		return "", noCredentials("Token required", o.Challenge)
	}
	switch kind, text := authorization(r); kind {
	case schemeBearer:
		return text, nil
	case schemeNone:
		return "", noCredentials("Token required", o.Challenge)
	}
	return "", notMine(http.StatusUnauthorized, "Token required", o.Challenge)
}

// UserTokens lets the bearer of a token in as the user who made it, with the role that this user has by now. owner fails with
// ErrNoToken; the token of a user whom nobody knows any more is none.
func UserTokens(owner func(ctx context.Context, token string) (user string, err error), users Users) TokenLookup {
	return func(ctx context.Context, token string) (Principal, error) {
		name, err := owner(ctx, token)
		if err != nil {
			return Principal{}, err
		}
		p, err := users.Known(ctx, name)
		if errors.Is(err, ErrNoUser) {
			return Principal{}, ErrNoToken
		}
		p.Issuer = IssuerUserToken
		return p, err
	}
}
