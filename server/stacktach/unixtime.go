package stacktach

import (
	"math/big"
	"regexp"
	"time"
)

// decimals is what Python's Decimal reads of a number, without its infinities.
var decimals = regexp.MustCompile(`^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?$`)

// longestNumber bounds the digits of a number.
const longestNumber = 60

// The times that can be asked for: of the years 1 to 9999. What lies beyond is taken for the nearest of them.
var (
	firstTime = time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

// unixTime reads seconds with any fraction. The time is cut down to the microsecond; exact tells that nothing was cut off.
func unixTime(s string) (t time.Time, exact, ok bool) {
	if len(s) > longestNumber || !decimals.MatchString(s) {
		return time.Time{}, false, false
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return time.Time{}, false, false
	}
	r.Mul(r, big.NewRat(1_000_000, 1))
	micros := new(big.Int)
	rest := new(big.Int)
	micros.DivMod(r.Num(), r.Denom(), rest)
	switch {
	case micros.Cmp(big.NewInt(firstTime.UnixMicro())) < 0:
		return firstTime, true, true
	case micros.Cmp(big.NewInt(lastTime.UnixMicro())) > 0:
		return lastTime, true, true
	}
	return time.UnixMicro(micros.Int64()).UTC(), rest.Sign() == 0, true
}

// atLeast is the first microsecond that is not before s, atMost the last one that is not after it.
func atLeast(s string) (time.Time, bool) {
	t, exact, ok := unixTime(s)
	if ok && !exact {
		t = t.Add(time.Microsecond)
	}
	return t, ok
}

func atMost(s string) (time.Time, bool) {
	t, _, ok := unixTime(s)
	return t, ok
}
