package notice_test

import (
	"testing"
	"time"

	"yardmaster/jobs/events/notice"
)

var dates = []struct {
	name, text, want string // want is RFC 3339; "" if it is none
}{
	{"a blank and a fraction", "2014-01-15 20:39:44.277745", "2014-01-15T20:39:44.277745Z"},
	{"no fraction", "2014-01-15 20:39:44", "2014-01-15T20:39:44Z"},
	{"a T", "2014-01-15T20:39:44.5", "2014-01-15T20:39:44.5Z"},
	{"a T and no fraction", "2014-01-15T20:39:44", "2014-01-15T20:39:44Z"},
	{"Z", "2014-01-15T20:39:44.000001Z", "2014-01-15T20:39:44.000001Z"},
	{"Z after a blank", "2014-01-15 20:39:44Z", "2014-01-15T20:39:44Z"},
	{"an offset of nothing", "2014-01-15 20:39:44.25+00:00", "2014-01-15T20:39:44.25Z"},
	{"east, without a colon", "2014-01-15T20:39:44+0530", "2014-01-15T15:09:44Z"},
	{"west, hours alone", "2014-01-15T20:39:44-08", "2014-01-16T04:39:44Z"},
	{"nanoseconds are cut, not rounded", "2014-01-15 20:39:44.123456999", "2014-01-15T20:39:44.123456Z"},
	{"a leap day", "2016-02-29 00:00:00", "2016-02-29T00:00:00Z"},
	{"no leap day", "2015-02-29 00:00:00", ""},
	{"ten digits", "2014-01-15 20:39:44.1234567890", ""},
	{"a point alone", "2014-01-15 20:39:44.", ""},
	{"month 13", "2014-13-15 20:39:44", ""},
	{"day 0", "2014-01-00 20:39:44", ""},
	{"hour 24", "2014-01-15 24:00:00", ""},
	{"second 60", "2014-01-15 20:39:60", ""},
	{"before 1970", "1969-12-31 23:59:59", ""},
	{"a null of other programs", "0001-01-01T00:00:00Z", ""},
	{"an offset out of bounds", "2014-01-15T20:39:44+24:00", ""},
	{"minutes of an offset out of bounds", "2014-01-15T20:39:44+00:60", ""},
	{"letters in it", "2014-0a-15 20:39:44", ""},
	{"something behind it", "2014-01-15 20:39:44Zulu", ""},
	{"a day", "2014-01-15", ""},
	{"unix time", "1389818384.277", ""},
	{"empty", "", ""},
}

func TestDatesOfEveryForm(t *testing.T) {
	for _, d := range dates {
		t.Run(d.name, func(t *testing.T) {
			got, ok := notice.Date(d.text)
			if ok != (d.want != "") {
				t.Fatalf("got %v, %v", got, ok)
			}
			if ok && got.Format(time.RFC3339Nano) != d.want {
				t.Errorf("got %s, want %s", got.Format(time.RFC3339Nano), d.want)
			}
		})
	}
}
