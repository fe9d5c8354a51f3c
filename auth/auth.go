// Package auth says who sends a request and what that caller may do.
//
// An Authenticator turns the credentials of a request into a Principal, or
// into a Refusal that carries the status and the text a client expects. A Need
// is the least that a route asks of its caller; the zero Need is not set, and
// a server refuses to start with it. Heketi's signed tokens, Basic passwords
// kept as bcrypt hashes, and opaque bearer tokens kept as SHA-256 sums are
// understood.
//
// The package stores nothing, logs nothing and issues no token. It knows no
// path and no dialect: which issuer may use which path is for the dialects.
package auth

import "net/http"

// Principal is the caller of one request, as far as it could be proved.
type Principal struct {
	Name      string
	Role      Role
	Issuer    string // which door proved it: IssuerHeketiAdmin, IssuerLocal, ..
	Anonymous bool   // sent no credentials and was let in without
}

// The issuers known to this package.
const (
	IssuerHeketiAdmin = "admin" // a token signed with Heketi's admin key
	IssuerHeketiUser  = "user"  // a token signed with Heketi's user key
	IssuerLocal       = "local" // a configured user and password
	IssuerToken       = "token" // a configured opaque token
	IssuerNone        = "none"  // nobody vouched: anonymous
)

// Authenticator proves who sent a request. It fails with a *Refusal, which
// wraps ErrNoCredentials when none were sent, or ErrNotMine when what was sent
// is for another kind of authenticator.
type Authenticator interface {
	Authenticate(r *http.Request) (Principal, error)
}
