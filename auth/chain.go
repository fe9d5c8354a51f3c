package auth

import (
	"errors"
	"net/http"
)

// Chain asks several authenticators, and lets the one decide for which the
// request carries credentials. When it carries none, or none that anybody
// knows, the refusal of the first one is given: put the dialect's own first.
func Chain(authenticators ...Authenticator) Authenticator { return chain(authenticators) }

type chain []Authenticator

func (c chain) Authenticate(r *http.Request) (Principal, error) {
	var none, notMine error
	for _, a := range c {
		p, err := a.Authenticate(r)
		switch {
		case err == nil:
			return p, nil
		case errors.Is(err, ErrNotMine):
			notMine = first(notMine, err)
		case errors.Is(err, ErrNoCredentials):
			none = first(none, err)
		default:
			return Principal{}, err
		}
	}
	// Something was sent, though nobody knows it: that is not "nothing sent".
	if err := first(notMine, none); err != nil {
		return Principal{}, err
	}
	return Principal{}, noCredentials("Authentication required", "")
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
