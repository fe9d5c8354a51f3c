package report_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"yardmaster/jobs/events/report"
)

const (
	oneID     = "0a1b2c3d-1111-2222-3333-0123456789ab"
	anotherID = "ffffffff-aaaa-bbbb-cccc-dddddddddddd"
)

func TestMask(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a request", "failed in req-" + oneID + "!", "failed in $1!"},
		{"an instance", "instance " + oneID + " not found", "instance $2 not found"},
		{"two of them", oneID + " " + anotherID, "$2 $2"},
		{"in upper case it is none", strings.ToUpper(anotherID), strings.ToUpper(anotherID)},
		{"an address", "connect 10.1.22.255:8774", "connect $3:$4"},
		{"five groups", "1.2.3.4.5", "$3.5"},
		{"four digits and three", "1234 123", "$4 123"},
		{"a number within a word", "vm1234 12345s", "vm1234 12345s"},
		{"a dollar is a dollar", "$1 $$", "$1 $$"},
		{"nothing", "", ""},
	} {
		if got := report.Mask(c.text); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

var longNumber = regexp.MustCompile(`\b\d{4,}\b`)

func FuzzMask(f *testing.F) {
	f.Add("instance ", " not found on 10.0.0.1 after 12345 ms")
	f.Add("req-"+oneID, oneID+"234")
	f.Add("1.2.3.4.5.6.7", "$1$2$3$4")
	f.Add("\xff\xfe", "é 1234é")
	f.Fuzz(func(t *testing.T, before, after string) {
		one, another := before+" "+oneID+" "+after, before+" "+anotherID+" "+after
		got := report.Mask(one)
		if got != report.Mask(another) {
			t.Errorf("%q and %q read differently", one, another)
		}
		if longNumber.MatchString(got) {
			t.Errorf("%q keeps a number: %q", one, got)
		}
		if utf8.ValidString(one) != utf8.ValidString(got) {
			t.Errorf("%q was torn: %q", one, got)
		}
		if !strings.ContainsAny(before, "0123456789-") && report.Mask(before) != before {
			t.Errorf("%q has nothing to mask: %q", before, report.Mask(before))
		}
	})
}

// FuzzBody: whatever a stored body says, the reports are built, and the same twice.
func FuzzBody(f *testing.F) {
	for _, body := range busyBodies {
		f.Add([]byte(body))
	}
	f.Add([]byte(`["k", {"payload": {"exception": {"kwargs": {"code": 1e999, "expected": [null], "value": "aTraceback"}, "details": [[]]}}}]`))
	f.Add([]byte(`["k", {"payload": {"instance_type": "m1", "memory_mb": "NaN"}}]`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		build := func() string {
			events := converted(t, []event{{id: 1, when: "10:00:00", kind: update, instance: "i1", request: "r1", failed: true}})
			in := cloud(t, events, map[int64]string{1: string(body)})
			p, q := params(t, "error details"), params(t, "instance hours")
			r, err := report.ErrorDetails(p, day(t, p), in)
			all := text(t, r, err)
			h, err := report.InstanceHours(q, day(t, q), report.InstanceHoursInput{Body: in.Body, Audited: rows(report.Exists{
				ID: 1, Event: 1, Status: report.Verified, Begin: at(t, "00:00:00"), End: at(t, "01:00:00"), FlavorID: "1"})})
			return all + text(t, h, err)
		}
		if first := build(); first != build() {
			t.Error(first)
		}
	})
}
