package pools

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yardmaster/store"
)

// What a value in Redis may be, so that control.db can hold it and what is reckoned with it cannot overflow.
const (
	maxKeyText = 512     // bytes of a key
	maxText    = 4096    // bytes of a value
	maxGB      = 1 << 20 // of one disk
	maxHours   = 100 * 365 * 24
	maxSize    = 1_000_000 // machines of a pool, or of a request
	maxSeconds = 1e9
)

// firstYear is before there was a vmpooler.
const firstYear = 2000

// badText says why a text cannot be kept; "" if it can.
func badText(s string, most int) string {
	switch {
	case len(s) > most:
		return fmt.Sprintf("is %d bytes long, of at most %d", len(s), most)
	case !utf8.ValidString(s):
		return "is not UTF-8"
	}
	return ""
}

// clip shortens what is shown of a value.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + ".."
}

// timeLayouts are the forms in which Ruby has written times over the years, and ISO 8601. Without a zone it is UTC.
var timeLayouts = []string{
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05Z07:00",
	time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05",
	"Mon Jan _2 15:04:05 -0700 2006", "Mon Jan _2 15:04:05 UTC 2006", time.RFC1123Z, "Mon, 02 Jan 2006 15:04:05 GMT", time.DateOnly,
}

// rubyTime reads a time in one of timeLayouts, or as seconds or milliseconds since 1970.
func rubyTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 64 {
		return time.Time{}, false
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	if strings.Trim(s, "0123456789.") != "" {
		return time.Time{}, false
	}
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || n < 1e8: // so early is no time, but a count or a year
		return time.Time{}, false
	case n >= 1e14:
		return time.Time{}, false
	case n >= 1e11:
		return time.UnixMilli(int64(n)).UTC(), true
	}
	return time.UnixMicro(int64(math.Round(n * 1e6))).UTC(), true
}

// rubyDisks reads the sizes of added disks, "+8gb:+2gb", in GB; bad are the parts that are none.
func rubyDisks(s string) (gb []int, bad []string) {
	for part := range strings.SplitSeq(s, ":") {
		digits, plus := strings.CutPrefix(part, "+")
		digits, unit := strings.CutSuffix(strings.ToLower(digits), "gb")
		n, ok := number(digits, 1, maxGB)
		if !plus || !unit || !ok {
			bad = append(bad, part)
			continue
		}
		gb = append(gb, n)
	}
	return gb, bad
}

// requestItems reads what was asked for, "alias:pool:2,alias:pool:1".
func requestItems(s string) (items []store.VMRequestItem, bad []string) {
	for part := range strings.SplitSeq(s, ",") {
		words := strings.Split(part, ":")
		if len(words) != 3 || words[0] == "" || words[1] == "" {
			bad = append(bad, part)
			continue
		}
		n, ok := number(words[2], 1, maxSize)
		if !ok {
			bad = append(bad, part)
			continue
		}
		items = append(items, store.VMRequestItem{Alias: words[0], Pool: words[1], Count: n})
	}
	return items, bad
}

// number is a whole number in digits alone, within bounds.
func number(s string, least, most int) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= least && n <= most
}

// seconds is how long something took.
func seconds(s string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return n, err == nil && n >= 0 && n <= maxSeconds // NaN is neither
}

func isDay(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Year() >= firstYear
}

// isLabel: a name that DNS takes for a host, with underscores too.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

func hashToken(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// maskKey names a key in a report. A token's key is a secret: it is told from others by the beginning of its hash.
func maskKey(key string) string {
	if text, ok := strings.CutPrefix(key, tokenKey); ok {
		return tokenKey + "(SHA-256 " + hashToken(text)[:12] + "..)"
	}
	return key
}
