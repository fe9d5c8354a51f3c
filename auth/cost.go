//go:build !race

package auth

// hashCost is bcrypt's: a comparison takes some 50 ms.
const hashCost = 10
