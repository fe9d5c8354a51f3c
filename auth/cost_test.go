//go:build !race

package auth_test

import (
	"testing"

	"golang.org/x/crypto/bcrypt"

	"yardmaster/auth"
)

// TestAHashCostsWhatItShould: a binary that looks for races hashes cheaply, one that is used must not.
func TestAHashCostsWhatItShould(t *testing.T) {
	hash, err := auth.HashPassword("x")
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost([]byte(hash)); err != nil || cost < 10 {
		t.Errorf("cost %d, %v", cost, err)
	}
}
