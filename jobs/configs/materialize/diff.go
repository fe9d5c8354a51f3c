package materialize

import udiff "github.com/aymanbagabas/go-udiff"

// Unified is the unified diff of two texts; "" if they are equal.
func Unified(from, to, nameFrom, nameTo string) string {
	return udiff.Unified(nameFrom, nameTo, from, to)
}
