package notice_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"yardmaster/jobs/events/notice"
)

func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add("nova", "monitor.info", []byte(s))
	}
	f.Add("glance", "k\x00\"\\\xff", []byte(`{"event_type":"x","publisher_id":"y","timestamp":"2014-01-01 00:00:00","payload":"no"}`))
	f.Fuzz(func(t *testing.T, exchange, key string, body []byte) {
		m := notice.Message{Exchange: exchange, RoutingKey: key, Body: body}
		got, err := notice.Limits{Depth: 1000}.Parse(m)
		var refused *notice.Error
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("an error of another kind: %v", err)
		}
		if depth(body) > 900 || !utf8.ValidString(key) || bytes.ContainsAny([]byte(key), "\b\f\n\r\t\u2028\u2029\x7f") {
			return
		}
		want, ok := naive(m)
		if ok != (err == nil) {
			t.Fatalf("accepted: %v, by encoding/json: %v (%v)", err == nil, ok, err)
		}
		if err != nil {
			return
		}
		if !json.Valid(got.Body) {
			t.Fatalf("not JSON any more: %q", got.Body)
		}
		if d := difference(want, got); d != "" {
			t.Error(d)
		}
	})
}

// FuzzValue: a notification is accepted if and only if each of its values is JSON, also those that nobody reads.
func FuzzValue(f *testing.F) {
	for _, s := range append(values, seeds...) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		if depth(value) > 900 {
			return
		}
		for _, place := range []string{`"x":%s`, `"payload":{"state":%s}`, `"payload":{"images":[{},%s]}`, `"payload":%s`} {
			body := []byte(`{"event_type":"compute.e","publisher_id":"p","timestamp":"2014-01-01 00:00:00",` + strings.Replace(place, "%s", string(value), 1) + `}`)
			_, err := notice.Limits{Depth: 1000}.Parse(notice.Message{Body: body})
			if _, ok := naive(notice.Message{Body: body}); ok != (err == nil) {
				t.Errorf("%s: by encoding/json %v, here %v", body, ok, err)
			}
		}
	})
}

// depth is an upper bound of how deep a body is nested.
func depth(body []byte) int { return bytes.Count(body, []byte("{")) + bytes.Count(body, []byte("[")) }

func FuzzDate(f *testing.F) {
	for _, d := range dates {
		f.Add(d.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := notice.Date(s)
		want, wantOK := naiveDate(s)
		if ok != wantOK || ok && !got.Equal(want) {
			t.Errorf("%q: got %v %v, want %v %v", s, got, ok, want, wantOK)
		}
		if ok && (got.Location() != time.UTC || got.Nanosecond()%1000 != 0) {
			t.Errorf("%q: %v", s, got)
		}
	})
}
