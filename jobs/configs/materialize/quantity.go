package materialize

import (
	"math/big"
	"regexp"
	"strings"
)

var quantity = regexp.MustCompile(`^([0-9]{0,30})(?:\.([0-9]{0,9}))?((?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?)$`)

// multiply multiplies a Kubernetes quantity ("1.5Gi", "250m", "2") exactly, and keeps its unit; whole thousands of m lose it.
func multiply(q string, factor int64) (string, bool) {
	m := quantity.FindStringSubmatch(q)
	if m == nil || m[1]+m[2] == "" {
		return "", false
	}
	n, _ := new(big.Int).SetString(m[1]+m[2], 10)
	digits := n.Mul(n, big.NewInt(factor)).String()
	places := len(m[2])
	if short := places + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	whole, part := digits[:len(digits)-places], strings.TrimRight(digits[len(digits)-places:], "0")
	switch {
	case part != "":
		return whole + "." + part + m[3], true
	case m[3] == "m" && strings.HasSuffix(whole, "000"):
		return whole[:len(whole)-3], true
	}
	return whole + m[3], true
}
