package stackmodel

import (
	"fmt"
	"time"
)

// When is a time as a text: without a fraction if it has none.
func When(t time.Time) string {
	s := t.UTC().Format("2006-01-02 15:04:05")
	if micros := t.Nanosecond() / 1000; micros > 0 {
		s += fmt.Sprintf(".%06d", micros)
	}
	return s
}

// whenOrNull is null for no time.
func whenOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return When(t)
}

// Unix is a time in seconds with its microseconds.
func Unix(t time.Time) string { return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000) }

// length is a duration with hundredths, cut. What the predecessor prints of a negative one nobody can read; here it has a sign.
func length(d time.Duration) string {
	if d < 0 {
		return "-" + length(-d)
	}
	return fmt.Sprintf("%s.%02d", seconds(d), d.Milliseconds()%1000/10)
}

// seconds is a duration without its fraction.
func seconds(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%dd %02d:%02d:%02d", s/86400, s%86400/3600, s%3600/60, s%60)
}
