package auth

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// The kinds of refusal that callers tell apart.
var (
	ErrNoCredentials = errors.New("no credentials sent")
	ErrNotMine       = errors.New("credentials of another kind")
	ErrForbidden     = errors.New("role too small")
	ErrTooMany       = errors.New("too many failed attempts")
)

// Refusal is a failed authentication as a client should see it. Text never
// repeats what the client sent as a secret.
type Refusal struct {
	Status     int
	Text       string
	Challenge  string        // WWW-Authenticate, if any
	RetryAfter time.Duration // when to come again, if that is known
	cause      error
}

func (r *Refusal) Error() string { return r.Text }

// Unwrap gives the kind: ErrNoCredentials, ErrNotMine, ErrForbidden, ErrTooMany, ErrUnavailable or nil. What wraps the last one also
// says why, for the log.
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

func tooMany(wait time.Duration) *Refusal {
	return &Refusal{Status: http.StatusTooManyRequests, Text: "Too many failed attempts, try again later", RetryAfter: wait, cause: ErrTooMany}
}

func unavailable(why error) *Refusal {
	return &Refusal{Status: http.StatusServiceUnavailable, Text: "The user directory does not answer, try again later",
		cause: fmt.Errorf("%w: %w", ErrUnavailable, why)}
}
