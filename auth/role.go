package auth

import "fmt"

// Role is what a caller may do; each role may do all that the ones below it may.
// The names are stored in configurations and records and never change.
type Role uint8

// The roles, weakest first. RoleReader may read everything, RoleUser may also
// create and owns what it created, RoleAdmin may do everything.
const (
	RoleNone Role = iota
	RoleReader
	RoleUser
	RoleAdmin
)

var roleNames = [...]string{RoleNone: "none", RoleReader: "reader", RoleUser: "user", RoleAdmin: "admin"}

// ParseRole reads a stored name.
func ParseRole(name string) (Role, error) {
	for r, n := range roleNames {
		if n == name {
			return Role(r), nil
		}
	}
	return RoleNone, fmt.Errorf("unknown role %q", name)
}

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// MarshalText writes the stored name.
func (r Role) MarshalText() ([]byte, error) {
	if int(r) >= len(roleNames) {
		return nil, fmt.Errorf("role %d has no name", uint8(r))
	}
	return []byte(roleNames[r]), nil
}

// UnmarshalText reads the stored name.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRole(string(text))
	return err
}
