package auth

import (
	"errors"
	"net/http"
	"strconv"
)

// Basic accepts `Authorization: Basic` with a password that users knows, and asks for one in the name of realm. It refuses callers
// who failed too often, before any password is looked at; attempts may be nil, for no limit.
func Basic(realm string, users Passwords, attempts *Attempts) Authenticator {
	return basicDoor{challenge: "Basic realm=" + strconv.QuoteToASCII(realm), users: users, attempts: attempts}
}

type basicDoor struct {
	challenge string
	users     Passwords
	attempts  *Attempts
}

func (b basicDoor) Authenticate(r *http.Request) (Principal, error) {
	switch kind, _ := authorization(r); kind {
	case schemeNone:
		return Principal{}, noCredentials("Authentication required", b.challenge)
	case schemeBearer, schemeOther:
		return Principal{}, notMine(http.StatusUnauthorized, "Authentication required", b.challenge)
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return Principal{}, unauthorized("Authentication required", b.challenge)
	}
	try, err := b.attempts.begin(r.Context(), name, r.RemoteAddr)
	if err != nil {
		return Principal{}, err
	}
	p, err := b.users.CheckPassword(r.Context(), name, password)
	wrong := errors.Is(err, ErrWrongPassword) || errors.Is(err, ErrNoUser)
	switch {
	case err == nil:
		try.end(succeeded)
	case wrong:
		try.end(failed)
		return Principal{}, unauthorized("Wrong user name or password", b.challenge)
	default:
		try.end(undecided)
	}
	return p, err
}
