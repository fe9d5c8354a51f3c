package expand

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

// units of a duration as Metrictank reads them; a month has 30 days, a year 365.
var units = map[string]uint64{
	"": 1, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
	"m": minute, "min": minute, "mins": minute, "minute": minute, "minutes": minute,
	"h": hour, "hour": hour, "hours": hour,
	"d": day, "day": day, "days": day,
	"w": 7 * day, "week": 7 * day, "weeks": 7 * day,
	"mon": 30 * day, "month": 30 * day, "months": 30 * day,
	"y": 365 * day, "year": 365 * day, "years": 365 * day,
}

// seconds reads a duration such as 90, 1h30min or 2y.
func seconds(text string) (uint64, error) {
	if text == "" {
		return 0, errors.New("is no duration, it is empty")
	}
	var sum uint64
	for rest := text; rest != ""; {
		n := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if n < 0 {
			n = len(rest)
		}
		digits := rest[:n]
		rest = rest[n:]
		u := strings.IndexAny(rest, "0123456789")
		if u < 0 {
			u = len(rest)
		}
		unit, known := units[rest[:u]]
		rest = rest[u:]
		v, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || !known {
			return 0, fmt.Errorf("%s is no duration such as 30s, 10min, 6h, 7d or 2y", quoted(text))
		}
		if sum += v * unit; sum > math.MaxUint32 {
			return 0, fmt.Errorf("%s is longer than %d seconds", quoted(text), uint32(math.MaxUint32))
		}
	}
	return sum, nil
}
