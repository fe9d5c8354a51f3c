package stacktach

import (
	"regexp"
	"strconv"
	"time"
)

// dateForms are what range filters of /db take; times are UTC.
var dateForms = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z"}

// plainDate has digits in every place, so that time.Parse can be held to the forms above.
var plainDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z?$`)

// parseDate reads a date of /db.
func parseDate(s string) (time.Time, bool) {
	if !plainDate.MatchString(s) {
		return time.Time{}, false
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil { // a fraction is read although the form has none
			return t, t.Year() > 0
		}
	}
	return time.Time{}, false
}

// parseDay reads the day of ?created=.
func parseDay(s string) (time.Time, bool) {
	t, err := time.Parse("2006-01-02", s)
	return t, err == nil && t.Year() > 0
}

var djangoDate = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})` +
	`(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6})\d{0,6})?)?(Z|[+-]\d{1,2}:\d{1,2})?)?$`)

// parseDjangoDate reads YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ], or a day alone. form tells that it looks like one, ok that it is one.
func parseDjangoDate(s string) (t time.Time, form, ok bool) {
	m := djangoDate.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, false, false
	}
	var n [6]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	micros, _ := strconv.Atoi((m[7] + "000000")[:6])
	zone, ok := zoneOffset(m[8])
	t = time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], micros*1000, time.UTC)
	same := t.Year() == n[0] && int(t.Month()) == n[1] && t.Day() == n[2] && t.Hour() == n[3] && t.Minute() == n[4] && t.Second() == n[5]
	return t.Add(-zone), true, ok && same && n[0] > 0
}

func zoneOffset(s string) (time.Duration, bool) {
	if s == "" || s == "Z" {
		return 0, true
	}
	m := zoneForm.FindStringSubmatch(s)
	hours, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi(m[3])
	d := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if m[1] == "-" {
		d = -d
	}
	return d, hours < 24 && minutes < 60
}

var zoneForm = regexp.MustCompile(`^([+-])(\d{1,2}):(\d{1,2})$`)
