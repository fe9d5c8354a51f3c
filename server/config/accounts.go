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
	return record[User]{
		name: "list of name, password_hash, role",
		all: []field[User]{
			fieldOf("name", "", text(), func(u *User) *string { return &u.Name }, "What the user signs in with."),
			fieldOf("password_hash", "", secret(), func(u *User) *Secret { return &u.PasswordHash }, "The password as bcrypt."),
			fieldOf("role", "", text(), func(u *User) *string { return &u.Role }, orList(roles)+"."),
		},
		check: func(u User) (string, error) {
			if !bcryptHash.MatchString(u.PasswordHash.Reveal()) {
				return "password_hash", errors.New("is not a bcrypt hash")
			}
			return checkAccount(u.Name, u.Role)
		},
		label: func(u User) string { return u.Name },
	}.list()
}

func tokens() kind[[]Token] {
	return record[Token]{
		name: "list of name, sha256, role",
		all: []field[Token]{
			fieldOf("name", "", text(), func(t *Token) *string { return &t.Name }, "Who the log says it was."),
			fieldOf("sha256", "", secret(), func(t *Token) *Secret { return &t.SHA256 }, "The token's SHA-256 in hex."),
			fieldOf("role", "", text(), func(t *Token) *string { return &t.Role }, orList(roles)+"."),
		},
		check: func(t Token) (string, error) {
			if !sha256Hex.MatchString(t.SHA256.Reveal()) {
				return "sha256", errors.New("is not the 64 hex digits of a SHA-256")
			}
			return checkAccount(t.Name, t.Role)
		},
		label: func(t Token) string { return t.Name },
	}.list()
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
