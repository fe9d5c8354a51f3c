//go:build race

package auth

// hashCost is bcrypt's least: a binary that looks for races is for tests, and takes seconds for what else takes 50 ms.
const hashCost = 4
