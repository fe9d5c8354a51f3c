package stacktach

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"yardmaster/store/events"
)

func asked(query string) params {
	v, _ := url.ParseQuery(query)
	return params{v}
}

// isBad wants an error that is answered with 400.
func isBad(t *testing.T, what string, err error) {
	t.Helper()
	var f *fault
	if !errors.As(err, &f) || f.status != http.StatusBadRequest || f.text == "" {
		t.Errorf("%s: %v is no bad request", what, err)
	}
}

func TestPages(t *testing.T) {
	for query, want := range map[string]page{
		"":                            {0, 50},
		"limit=":                      {0, 1000},
		"limit=0":                     {0, 0},
		"limit=7":                     {0, 7},
		"limit=1000":                  {0, 1000},
		"limit=1001":                  {0, 1000},
		"limit=%2B5":                  {0, 5},
		"limit=+5+":                   {0, 5},
		"limit=1&limit=2":             {0, 2},
		"limit=99999999999999999999":  {0, 1000},
		"offset=":                     {0, 50},
		"offset=3&limit=2":            {3, 2},
		"offset=99999999999999999999": {mostOffset, 50},
	} {
		if got, err := asked(query).page(); err != nil || got != want {
			t.Errorf("%q: got %v %v, want %v", query, got, err, want)
		}
	}
	for _, query := range []string{"limit=x", "limit=-1", "limit=1.5", "limit=1e3", "limit=0x10", "limit=--5", "offset=-1", "offset=x", "limit=%20"} {
		_, err := asked(query).page()
		isBad(t, query, err)
	}
	all := []int{1, 2, 3, 4, 5}
	for _, c := range []struct {
		at   page
		want int
	}{{page{0, 2}, 2}, {page{4, 2}, 1}, {page{5, 2}, 0}, {page{9, 2}, 0}, {page{0, 0}, 0}} {
		if got := cut(c.at, all); len(got) != c.want {
			t.Errorf("%v: %v", c.at, got)
		}
	}
}

func TestTimesAreExactAndInclusive(t *testing.T) {
	const second = 1389726000
	for s, want := range map[string][2]int64{ // at least, at most: microseconds
		"1389726000":         {second * 1e6, second * 1e6},
		"1389726000.5":       {second*1e6 + 500000, second*1e6 + 500000},
		"1389726000.123456":  {second*1e6 + 123456, second*1e6 + 123456},
		"1389726000.1234561": {second*1e6 + 123457, second*1e6 + 123456},
		"1389726000.":        {second * 1e6, second * 1e6},
		".5":                 {500000, 500000},
		"+1389726000":        {second * 1e6, second * 1e6},
		"1.389726e9":         {second * 1e6, second * 1e6},
		"-1":                 {-1e6, -1e6},
		"-0.0000001":         {0, -1},
		"0":                  {0, 0},
		"99999999999999":     {lastTime.UnixMicro(), lastTime.UnixMicro()},
		"-9e99":              {firstTime.UnixMicro(), firstTime.UnixMicro()},
	} {
		least, ok := atLeast(s)
		most, also := atMost(s)
		if !ok || !also || least.UnixMicro() != want[0] || most.UnixMicro() != want[1] {
			t.Errorf("%q: got %d %d, want %v", s, least.UnixMicro(), most.UnixMicro(), want)
		}
	}
	for _, s := range []string{"", "x", "2014-01-15", "1e999", "NaN", "Infinity", "1_000", "0x10", "1/3", ".", "1389726000 x", "--1"} {
		if _, ok := atLeast(s); ok {
			t.Errorf("%q is a time", s)
		}
	}
	both, err := asked("when_min=1389726000&when_max=1389726001.5").whens()
	if err != nil || both.min.Unix() != second || both.max.UnixMicro() != second*1e6+1500000 {
		t.Errorf("%v %v", both, err)
	}
	if none, err := asked("when_min=&when_max=").whens(); err != nil || !none.min.IsZero() || !none.max.IsZero() {
		t.Errorf("empty times: %v %v", none, err)
	}
	_, err = asked("when_min=yesterday").whens()
	isBad(t, "a word for a time", err)
	_, err = asked("end_when_min=").span("end_when_min", "end_when_max", false)
	isBad(t, "an empty end", err)
}

func TestServices(t *testing.T) {
	for query, want := range map[string]events.Service{"": "nova", "service=nova": "nova", "service=glance": "glance", "service=generic": "generic", "service=yard": "yard"} {
		if got, err := asked(query).service(events.Nova); err != nil || got != want {
			t.Errorf("%q: %v %v", query, got, err)
		}
	}
	for _, query := range []string{"service=cinder", "service=", "service=Nova"} {
		_, err := asked(query).service(events.Nova)
		isBad(t, query, err)
	}
	for query, want := range map[string]events.Service{"": "nova", "service=glance": "nova", "service=cinder": "nova", "service=yard": "yard"} {
		if got := asked(query).novaOrYard(); got != want {
			t.Errorf("%q: %v", query, got)
		}
	}
	_, err := asked("").need("name")
	isBad(t, "nothing", err)
}

func TestDates(t *testing.T) {
	at := time.Date(2014, 1, 15, 20, 39, 44, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2014-01-15 20:39:44":         at,
		"2014-01-15 20:39:44.277745":  at.Add(277745 * time.Microsecond),
		"2014-01-15T20:39:44":         at,
		"2014-01-15T20:39:44.5":       at.Add(500 * time.Millisecond),
		"2014-01-15T20:39:44Z":        at,
		"2014-01-15T20:39:44.277745Z": at.Add(277745 * time.Microsecond),
	} {
		if got, ok := parseDate(s); !ok || !got.Equal(want) {
			t.Errorf("%q: %v %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "2014-01-15", "1389726000", "2014-13-15 00:00:00", "2014-01-15 20:39", "2014-01-15 20:39:44+00:00", "2014-1-15 20:39:44", "2014-02-30 00:00:00", "2014-01-15 20:39:44Z", "0000-01-01 00:00:00"} {
		if got, ok := parseDate(s); ok {
			t.Errorf("%q is %v", s, got)
		}
	}
	for s, want := range map[string]time.Time{
		"2014-01-15 20:39:44.277745":  at.Add(277745 * time.Microsecond),
		"2014-01-15 20:39":            at.Truncate(time.Minute),
		"2014-1-5 2:3":                time.Date(2014, 1, 5, 2, 3, 0, 0, time.UTC),
		"2014-01-15T21:39:44+01:00":   at,
		"2014-01-15T20:39:44Z":        at,
		"2014-01-15":                  at.Truncate(24 * time.Hour),
		"2014-01-15 20:39:44.2777459": at.Add(277745 * time.Microsecond),
	} {
		if got, form, ok := parseDjangoDate(s); !form || !ok || !got.Equal(want) {
			t.Errorf("%q: %v %v %v", s, got, form, ok)
		}
	}
	for s, wantForm := range map[string]bool{"": false, "now": false, "15.1.2014": false, "2014-01-15 25:00": true, "2014-02-30": true, "2014-01-15 10:00+99:00": true} {
		if _, form, ok := parseDjangoDate(s); form != wantForm || ok {
			t.Errorf("%q: form %v, date %v", s, form, ok)
		}
	}
}
