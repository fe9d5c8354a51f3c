// Package auth says who sends a request and what that caller may do.
//
// An Authenticator turns the credentials of a request into a Principal, or
// into a Refusal that carries the status and the text a client expects. A Need
// is the least that a route asks of its caller; the zero Need is not set, and
// a server refuses to start with it. Heketi's signed tokens, Basic passwords
// kept as bcrypt hashes or proved by an LDAP directory, and opaque tokens kept
// as SHA-256 sums are understood.
//
// The package stores nothing, logs nothing and issues no token; users and
// tokens that are kept in records are looked up through functions. It knows no
// path and no dialect: which issuer may use which path is for the dialects.
package auth

import "net/http"

// Principal is the caller of one request, as far as it could be proved.
type Principal struct {
	Name      string
	Role      Role
	Issuer    string // which door proved it: IssuerHeketiAdmin, IssuerLocal, ..
	Anonymous bool   // sent no credentials and was let in without
	Token     string // SHA-256 of the opaque token that was sent, in hex; "" if it was none
}

// IsUser tells a user, who signed in by a password or by a token of their own, from the bearers of keys and configured tokens, whose
// names are no users' names.
func (p Principal) IsUser() bool {
	switch p.Issuer {
	case IssuerLocal, IssuerLDAP, IssuerDummy, IssuerUserToken:
		return true
	}
	return false
}

// The issuers known to this package.
const (
	IssuerHeketiAdmin = "admin"      // a token signed with Heketi's admin key
	IssuerHeketiUser  = "user"       // a token signed with Heketi's user key
	IssuerLocal       = "local"      // a user and a password that is known here
	IssuerLDAP        = "ldap"       // a user of the directory
	IssuerDummy       = "dummy"      // a user for trying things out
	IssuerToken       = "token"      // a configured opaque token
	IssuerUserToken   = "user-token" // an opaque token that a user made
	IssuerNone        = "none"       // nobody vouched: anonymous
)

// Authenticator proves who sent a request. It fails with a *Refusal, which
// wraps ErrNoCredentials when none were sent, or ErrNotMine when what was sent
// is for another kind of authenticator.
type Authenticator interface {
	Authenticate(r *http.Request) (Principal, error)
}
