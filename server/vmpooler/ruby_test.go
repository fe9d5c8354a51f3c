package vmpooler

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestFloatsReadAsInRuby(t *testing.T) {
	for f, want := range map[float64]string{0: "0.0", 8.8: "8.8", 100: "100.0", -3: "-3.0", 63.94: "63.94", 1e15: "1000000000000000.0", 1e16: "1.0e+16",
		1.5e-5: "1.5e-05", 0.0001: "0.0001", 2e-7: "2.0e-07", math.Inf(1): "Infinity", math.Inf(-1): "-Infinity"} {
		if got := floatText(f); got != want {
			t.Errorf("%g: %s, want %s", f, got, want)
		}
	}
}

func TestWholeNumbersAreReadAsInRuby(t *testing.T) {
	for _, c := range []struct {
		v    any
		want int
		ok   bool
	}{
		{nil, 0, true}, {"", 0, true}, {"12.7", 12, true}, {" -3x", -3, true}, {"+4", 4, true}, {"1_000", 1000, true}, {"1__0", 1, true}, {"_1", 0, true}, {"-", 0, true},
		{"99999999999999999999", math.MaxInt, true}, {"-99999999999999999999", math.MinInt, true}, {json.Number("5"), 5, true}, {json.Number("5.9"), 5, true},
		{json.Number("1e3"), 1000, true}, {json.Number("1e400"), math.MaxInt, true}, {json.Number("-1e400"), math.MinInt, true}, {true, 0, false}, {array{}, 0, false}, {object{}, 0, false},
	} {
		if got, ok := toI(c.v); got != c.want || ok != c.ok {
			t.Errorf("%#v: %d %v, want %d %v", c.v, got, ok, c.want, c.ok)
		}
	}
}

func TestValuesReadAsInRuby(t *testing.T) {
	for _, c := range []struct{ json, inspect, text string }{
		{`{"bogus":"me"}`, `{"bogus"=>"me"}`, `{"bogus"=>"me"}`},
		{`{"a":[1,2.50,1e3,null,true],"b":{}}`, `{"a"=>[1, 2.5, 1000.0, nil, true], "b"=>{}}`, `{"a"=>[1, 2.5, 1000.0, nil, true], "b"=>{}}`},
		{`"a\"b\\c\n\t\u0007\u001b\u007f\u0001é\u200b"`, `"a\"b\\c\n\t\a\e\x7F\u0001é\u200B"`, "a\"b\\c\n\t\a\x1b\x7f\x01é\u200b"},
		{`"#{x} #$y #@z # #"`, `"\#{x} \#$y \#@z # #"`, "#{x} #$y #@z # #"},
		{`null`, `nil`, ``}, {`4`, `4`, `4`},
	} {
		v, err := parse([]byte(c.json))
		if err != nil {
			t.Fatal(err)
		}
		if got := inspect(v); got != c.inspect {
			t.Errorf("%s: %s, want %s", c.json, got, c.inspect)
		}
		if got := toS(v); got != c.text {
			t.Errorf("%s: %q, want %q", c.json, got, c.text)
		}
	}
}

func TestObjectsArePrintedAsInRuby(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{object{}, "{\n}"},
		{array{}, "[\n\n]"},
		{object{{"a", object{}}, {"b", array{}}}, "{\n  \"a\": {\n  },\n  \"b\": [\n\n  ]\n}"},
		{object{{"a", array{1, "x", nil, false, 0.0}}}, "{\n  \"a\": [\n    1,\n    \"x\",\n    null,\n    false,\n    0.0\n  ]\n}"},
		{[]string{"a/b <&> \u2028", "\x00\b\f\n\r\t\"\\"}, "[\n  \"a/b <&> \u2028\",\n  \"\\u0000\\b\\f\\n\\r\\t\\\"\\\\\"\n]"},
		{"\xff", "\"\ufffd\""},
	} {
		if got := string(pretty(c.v)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestAKeyThatIsSetTwiceKeepsItsPlace(t *testing.T) {
	o := object{{"a", 1}, {"b", 2}}
	o.set("a", 3)
	o.set("c", 4)
	if got := string(pretty(o)); got != "{\n  \"a\": 3,\n  \"b\": 2,\n  \"c\": 4\n}" {
		t.Error(got)
	}
}

func TestTimesReadAsInRuby(t *testing.T) {
	at := time.Date(2026, 11, 21, 1, 54, 34, 5e8, time.UTC)
	for zone, want := range map[*time.Location][2]string{
		time.UTC:                    {"2026-11-21 01:54:34 +0000", "2026-11-21T01:54:34+00:00"},
		time.FixedZone("", -7*3600): {"2026-11-20 18:54:34 -0700", "2026-11-20T18:54:34-07:00"},
		time.FixedZone("", 5*3600):  {"2026-11-21 06:54:34 +0500", "2026-11-21T06:54:34+05:00"},
	} {
		a := &API{zone: zone}
		if a.stamp(at) != want[0] || a.rfc3339(at) != want[1] {
			t.Errorf("%s %s, want %v", a.stamp(at), a.rfc3339(at), want)
		}
	}
}

func TestBuildsAreReadFromTheirAddress(t *testing.T) {
	for address, want := range map[string]build{
		"https://ci.example.com/job/stream_project_a_b_main/L=x,RMM_COMPONENT_TO_TEST_NAME=puppet/3/": {"ci.example.com", "stream", "project", "a_b", "main", "puppet"},
		"https://ci/job/stream_project_main/3/":                                                       {"ci", "stream", "project", "", "main", "none"},
		"http://ci/job/one":                                                                           {"ci", "one", "", "", "", "none"},
		"ci/job/one":                                                                                  {}, "https://ci": {}, "https:///job/x": {}, "": {},
	} {
		got, ok := buildOf(address)
		if got != want || ok != (want != build{}) {
			t.Errorf("%s: %+v %v", address, got, ok)
		}
	}
}
