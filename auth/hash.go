package auth

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/bcrypt"
)

// ErrUnfit marks a password that nobody may have.
var ErrUnfit = errors.New("unfit password")

const passwordMax = 72 // bytes; bcrypt does not look at more

// HashPassword gives the form in which a password is kept. It refuses an empty one, and one of which bcrypt would see only a part.
func HashPassword(password string) (string, error) {
	switch {
	case password == "":
		return "", fmt.Errorf("%w: it is empty", ErrUnfit)
	case len(password) > passwordMax:
		return "", fmt.Errorf("%w: it has %d bytes, %d are the most", ErrUnfit, len(password), passwordMax)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), hashCost)
	if err != nil {
		return "", fmt.Errorf("hash of a password: %w", err)
	}
	return string(hash), nil
}
