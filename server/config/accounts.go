package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// roles are the words that a user or a token may carry.
var roles = []string{"admin", "user", "reader"}

var (
	accountName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)
	bcryptHash  = regexp.MustCompile(`^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$`)
	sha256Hex   = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
)

func users() kind[[]User] {
	return records("list of name, password_hash, role",
		func(u *User) map[string]*string {
			return map[string]*string{"name": &u.Name, "password_hash": (*string)(&u.PasswordHash), "role": &u.Role}
		},
		func(u User) (string, error) {
			if !bcryptHash.MatchString(u.PasswordHash.Reveal()) {
				return "password_hash", errors.New("is not a bcrypt hash")
			}
			return checkAccount(u.Name, u.Role)
		},
		func(u User) string { return u.Name })
}

func tokens() kind[[]Token] {
	return records("list of name, sha256, role",
		func(t *Token) map[string]*string {
			return map[string]*string{"name": &t.Name, "sha256": (*string)(&t.SHA256), "role": &t.Role}
		},
		func(t Token) (string, error) {
			if !sha256Hex.MatchString(t.SHA256.Reveal()) {
				return "sha256", errors.New("is not the 64 hex digits of a SHA-256")
			}
			return checkAccount(t.Name, t.Role)
		},
		func(t Token) string { return t.Name })
}

func checkAccount(name, role string) (string, error) {
	if !accountName.MatchString(name) {
		return "name", fmt.Errorf("%s is not a name of letters, digits and ._@-", quote(name))
	}
	if !slices.Contains(roles, role) {
		return "role", fmt.Errorf("%s is not %s", quote(role), orList(roles))
	}
	return "", nil
}

// normalize writes token hashes in one case, so that they compare as text.
func (a *Auth) normalize() {
	for i := range a.Tokens {
		a.Tokens[i].SHA256 = Secret(strings.ToLower(a.Tokens[i].SHA256.Reveal()))
	}
}
