package auth

import (
	"errors"
	"fmt"
	"net/http"
)

// Mode is what a caller without credentials may do.
type Mode string

// The modes: nothing, read, or everything. The last is for closed networks
// whose clients have never sent credentials.
const (
	AnonymousNone Mode = "none"
	AnonymousRead Mode = "read"
	AnonymousFull Mode = "full"
)

// Anonymous lets a caller in who sent no credentials at all. Whoever sends
// some is judged by next alone, so that a wrong password never turns into an
// anonymous success.
func Anonymous(mode Mode, next Authenticator) (Authenticator, error) {
	p := Principal{Name: "anonymous", Issuer: IssuerNone, Anonymous: true}
	switch mode {
	case AnonymousNone:
		return next, nil
	case AnonymousRead:
		p.Role = RoleReader
	case AnonymousFull:
		p.Role = RoleAdmin
	default:
		return nil, fmt.Errorf("anonymous access %q is not none, read or full", mode)
	}
	return anonymous{next, p}, nil
}

// ModeOf is what an authenticator that Anonymous made lets callers without
// credentials do; any other lets them do nothing.
func ModeOf(a Authenticator) Mode {
	open, ok := a.(anonymous)
	switch {
	case ok && open.principal.Role == RoleAdmin:
		return AnonymousFull
	case ok:
		return AnonymousRead
	}
	return AnonymousNone
}

type anonymous struct {
	next      Authenticator
	principal Principal
}

func (a anonymous) Authenticate(r *http.Request) (Principal, error) {
	p, err := a.next.Authenticate(r)
	if errors.Is(err, ErrNoCredentials) && !carriesCredentials(r) {
		return a.principal, nil
	}
	return p, err
}

func carriesCredentials(r *http.Request) bool {
	for _, name := range []string{"Authorization", "X-Auth-Token", "Token"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}
