package stacktach

import (
	"fmt"
	"strings"
	"time"

	"yardmaster/store/events"
)

// whenText is a time in UTC as Python prints it: without a fraction if that is zero.
func whenText(t time.Time) string { return dayText(t) + " " + clockText(t) }

func dayText(t time.Time) string { return t.UTC().Format("2006-01-02") }

func clockText(t time.Time) string {
	if t.Nanosecond()/1000 == 0 {
		return t.UTC().Format("15:04:05")
	}
	return t.UTC().Format("15:04:05.000000")
}

// whenOrNull is a time, or null for none.
func whenOrNull(t time.Time) value {
	if t.IsZero() {
		return null{}
	}
	return str(whenText(t))
}

// unixFloat is a time in seconds. It is the float nearest to the microsecond.
func unixFloat(t time.Time) float { return float(float64(t.UnixMicro()) / 1e6) }

// decimalText is a time in seconds, with six decimals.
func decimalText(t time.Time) string {
	micros := t.UnixMicro()
	sign := ""
	if micros < 0 {
		sign, micros = "-", -micros
	}
	return fmt.Sprintf("%s%d.%06d", sign, micros/1e6, micros%1e6)
}

// unixText is a time in seconds, with decimals if it has any.
func unixText(t time.Time) string { return strings.TrimSuffix(decimalText(t), ".000000") }

// durationText is "0d 00:00:55.50": hundredths are cut, not rounded. Where clocks went back it begins with a minus.
func durationText(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	return fmt.Sprintf("%s%s.%02d", sign, wholeText(d), d%time.Second/(10*time.Millisecond))
}

// averageText is a duration without its fraction.
func averageText(d time.Duration) string { return wholeText(d) }

func wholeText(d time.Duration) string {
	s := d / time.Second
	return fmt.Sprintf("%dd %02d:%02d:%02d", s/86400, s/3600%24, s/60%60, s%60)
}

// mark is the column that tells errors.
func mark(e *events.Event) str {
	if e.Failed() {
		return "E"
	}
	return " "
}

// isUUID knows the form in which ids are asked for: lower case, with all of its dashes or none.
func isUUID(s string) bool {
	switch len(s) {
	case 32:
		return isHex(s)
	case 36:
		return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
			isHex(s[:8]) && isHex(s[9:13]) && isHex(s[14:18]) && isHex(s[19:23]) && isHex(s[24:])
	}
	return false
}

func isHex(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }) < 0
}

// isRequestID: a UUID, with or without "req-" before it.
func isRequestID(s string) bool { return isUUID(strings.TrimPrefix(s, "req-")) }
