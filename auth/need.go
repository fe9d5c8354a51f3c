package auth

import "fmt"

// Need is the least that a route asks of its caller. The zero Need is "not
// set": it lets nobody in, and a route that carries it stops the start.
type Need uint8

// The needs, most open first.
const (
	needUnset Need = iota
	Public         // anyone; credentials are not even looked at
	Anyone         // anyone; credentials are checked when they are sent
	Reader         // RoleReader and above
	User           // RoleUser and above
	Admin          // RoleAdmin
)

// Set tells whether somebody decided about this route.
func (n Need) Set() bool { return n > needUnset && n <= Admin }

// Allows tells whether p may pass.
func (n Need) Allows(p Principal) bool {
	switch n {
	case Public, Anyone:
		return true
	case Reader:
		return p.Role >= RoleReader
	case User:
		return p.Role >= RoleUser
	case Admin:
		return p.Role >= RoleAdmin
	}
	return false
}

// Check is Allows with the reason: a caller without credentials is asked for
// some (401), one with too small a role is turned away (403).
func (n Need) Check(p Principal) error {
	switch {
	case n.Allows(p):
		return nil
	case p.Anonymous || p.Role == RoleNone:
		return noCredentials("Authentication required", basicChallenge)
	}
	return &Refusal{
		Status: 403,
		Text:   fmt.Sprintf("%s access required", n.title()),
		cause:  ErrForbidden,
	}
}

func (n Need) String() string {
	switch n {
	case Public:
		return "public"
	case Anyone:
		return "anyone"
	case Reader:
		return "reader"
	case User:
		return "user"
	case Admin:
		return "admin"
	}
	return "unset"
}

func (n Need) title() string {
	switch n {
	case Reader:
		return "Reader"
	case User:
		return "User"
	}
	return "Administrator"
}
