package auth

import (
	"errors"
	"net/http"
)

// The kinds of refusal that callers tell apart.
var (
	ErrNoCredentials = errors.New("no credentials sent")
	ErrNotMine       = errors.New("credentials of another kind")
	ErrForbidden     = errors.New("role too small")
)

// Refusal is a failed authentication as a client should see it. Text never
// repeats what the client sent as a secret.
type Refusal struct {
	Status    int
	Text      string
	Challenge string // WWW-Authenticate, if any
	cause     error
}

func (r *Refusal) Error() string { return r.Text }

// Unwrap gives the kind: ErrNoCredentials, ErrNotMine, ErrForbidden or nil.
func (r *Refusal) Unwrap() error { return r.cause }

const (
	basicChallenge  = `Basic realm="yardmaster", charset="UTF-8"`
	bearerChallenge = `Bearer realm="yardmaster"`
)

func unauthorized(text, challenge string) *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Text: text, Challenge: challenge}
}

func noCredentials(text, challenge string) *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Text: text, Challenge: challenge, cause: ErrNoCredentials}
}

func notMine(status int, text, challenge string) *Refusal {
	return &Refusal{Status: status, Text: text, Challenge: challenge, cause: ErrNotMine}
}
