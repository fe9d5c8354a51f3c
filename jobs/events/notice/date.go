package notice

import (
	"strconv"
	"time"
)

// Date reads a date as OpenStack writes them: 2014-01-15T15:39:34.130286Z, with a blank for the T, with up to nine digits of a
// fraction or none, and with Z, an offset (+05:30, +0530, +05) or, meaning UTC, nothing at its end. It is cut to the microsecond.
// Dates before 1970 are none: nothing in these events is as old, and some programs write their null like that.
func Date(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05") || s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	year, month, day := digits(s[:4]), digits(s[5:7]), digits(s[8:10])
	hour, minute, second := digits(s[11:13]), digits(s[14:16]), digits(s[17:19])
	if year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return time.Time{}, false
	}
	nanos, rest, ok := fraction(s[19:])
	if !ok {
		return time.Time{}, false
	}
	east, ok := offset(rest)
	if !ok {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if t.Day() != day { // the 30th of February
		return time.Time{}, false
	}
	t = t.Add(-east).Truncate(time.Microsecond)
	return t, t.Unix() >= 0 && t.Year() <= 9999
}

// digits is the number that a text of digits writes; -1 if it is none.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return -1
		}
		n = n*10 + int(c)
	}
	return n
}

// fraction takes the fraction of a second from the front, if there is one.
func fraction(s string) (nanos int, rest string, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, s, true
	}
	i, scale := 1, 100_000_000
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		nanos += int(s[i]-'0') * scale
		scale /= 10
	}
	return nanos, s[i:], i > 1 && i <= 10
}

// offset is how far east of UTC a date says it is.
func offset(s string) (time.Duration, bool) {
	if s == "" || s == "Z" {
		return 0, true
	}
	sign := time.Duration(1)
	switch s[0] {
	case '+':
	case '-':
		sign = -1
	default:
		return 0, false
	}
	hours, minutes := s[1:], "00"
	switch {
	case len(s) == 6 && s[3] == ':':
		hours, minutes = s[1:3], s[4:]
	case len(s) == 5:
		hours, minutes = s[1:3], s[3:]
	case len(s) != 3:
		return 0, false
	}
	h, m := digits(hours), digits(minutes)
	return sign * (time.Duration(h)*time.Hour + time.Duration(m)*time.Minute), h >= 0 && h <= 23 && m >= 0 && m <= 59
}

// date reads a value that should be a date. Null, the empty text and nothing are the zero time.
func (v value) date(field string) (time.Time, *Error) {
	switch {
	case v.kind == absent, v.kind == null, v.kind == text && len(v.raw) == 0:
		return time.Time{}, nil
	case v.kind != text:
		return time.Time{}, &Error{field, "a date is a text"}
	}
	t, ok := Date(v.string())
	if !ok {
		return time.Time{}, &Error{field, excerpt(v.string()) + " is no date"}
	}
	return t, nil
}

// excerpt quotes the beginning of foreign text.
func excerpt(s string) string {
	const most = 48
	if len(s) <= most {
		return strconv.QuoteToASCII(s)
	}
	return strconv.QuoteToASCII(s[:most]) + ".."
}
