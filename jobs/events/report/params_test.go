package report_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/events/report"
)

func TestNames(t *testing.T) {
	for name, want := range map[string]report.Kind{
		"summary": report.KindSummary, "Summary for region: ALL-1": report.KindSummary, "pretty": report.KindSummary, " summary  for_region ": report.KindSummary,
		"error details": report.KindErrorDetails, "Error detail report": report.KindErrorDetails, "error_details": report.KindErrorDetails,
		"nova usage audit": report.KindNovaUsage, "nova-usage-audit": report.KindNovaUsage, "nova_usage_audit": report.KindNovaUsage,
		"glance usage audit": report.KindGlanceUsage, "image events audit": report.KindImageEvents, "public_outbound_bandwidth": report.KindBandwidth,
		"instance hours": report.KindInstanceHours, "yard operations": report.KindYard,
	} {
		if p, err := report.Parse(name, nil); err != nil || p.Kind != want {
			t.Errorf("%q: %v, %v", name, p.Kind, err)
		}
	}
	if p := params(t, "summary for region: DFW", "region", "DFW"); p.Region != "DFW" {
		t.Errorf("region %q", p.Region)
	}
}

func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		name string
		want report.Params
	}{
		{"summary", report.Params{Kind: report.KindSummary, DaysBack: 1, Hours: 24, Percentile: 97, TooLong: 1800}},
		{"error details", report.Params{Kind: report.KindErrorDetails, DaysBack: 1, Hours: 24, TooLong: 1800}},
		{"nova usage audit", report.Params{Kind: report.KindNovaUsage, Length: "day"}},
		{"yard operations", report.Params{Kind: report.KindYard, Length: "day", Percentile: 97}},
	} {
		got := params(t, c.name)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		b, err := json.Marshal(got)
		var back report.Params
		if err != nil || json.Unmarshal(b, &back) != nil || cmp.Diff(got, back) != "" {
			t.Errorf("%s does not survive %s", c.name, b)
		}
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, report string
		options      map[string]string
		field, says  string
	}{
		{"no name", "", nil, "name", "summary"},
		{"another name", "weather", nil, "name", "no report has this name"},
		{"a region in another's name", "instance hours: dfw", nil, "name", "no report has this name"},
		{"an option of none", "summary", map[string]string{"colour": "red"}, "colour", "no report has this option"},
		{"an option of another", "nova usage audit", map[string]string{"percentile": "97"}, "percentile", "period_length"},
		{"no number", "summary", map[string]string{"hours": "many"}, "hours", "from 1 to 8784"},
		{"no hours", "summary", map[string]string{"hours": "0"}, "hours", "from 1"},
		{"too many hours", "summary", map[string]string{"hours": "8785"}, "hours", "8784"},
		{"an hour that no day has", "summary", map[string]string{"start-hour": "24"}, "start_hour", "from 0 to 23"},
		{"days to come", "summary", map[string]string{"days_back": "-1"}, "days_back", "from 1"},
		{"no percentile", "summary", map[string]string{"percentile": "0"}, "percentile", "above 0"},
		{"too much percentile", "summary", map[string]string{"percentile": "100.1"}, "percentile", "up to 100"},
		{"a percentile that is no number", "summary", map[string]string{"percentile": "NaN"}, "percentile", "above 0"},
		{"at once too long", "summary", map[string]string{"too_long": "0"}, "too_long", "from 1"},
		{"a day that is none", "summary", map[string]string{"utcdate": "2026-02-30"}, "utcdate", "YYYY-MM-DD"},
		{"a day too long ago", "summary", map[string]string{"utcdate": "0001-01-01"}, "utcdate", "1970"},
		{"a time too far off", "instance hours", map[string]string{"utcdatetime": "3000-01-01 00:00:00"}, "utcdatetime", "2999"},
		{"a time that is none", "yard operations", map[string]string{"utcdatetime": "now"}, "utcdatetime", "YYYY-MM-DD HH:MM:SS"},
		{"a length that is none", "yard operations", map[string]string{"period_length": "week"}, "period_length", "day nor hour"},
		{"a region too long", "summary", map[string]string{"region": strings.Repeat("x", 101)}, "region", "100 bytes"},
		{"two regions", "summary for region: a", map[string]string{"region": "b"}, "region", "another"},
		{"two beginnings", "summary", map[string]string{"utcdate": "2026-11-20", "days_back": "1"}, "days_back", "twice"},
		{"two beginnings of another kind", "summary", map[string]string{"hours_back": "2", "days_back": "1"}, "hours_back", "twice"},
		{"an hour of an hour", "summary", map[string]string{"hours_back": "2", "start_hour": "1"}, "start_hour", "hours_back"},
		{"two lengths", "yard operations", map[string]string{"period_length": "day", "hours": "1"}, "hours", "period_length"},
		{"one option in two spellings", "summary", map[string]string{"too-long": "5", "too_long": "5"}, "too_long", "twice"},
	} {
		_, err := report.Parse(c.report, c.options)
		var refused *report.ParamError
		if !errors.As(err, &refused) || !errors.Is(err, report.ErrParams) || refused.Field != c.field || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %s: ..%s..", c.name, err, c.field, c.says)
		}
	}
}

func TestPeriods(t *testing.T) {
	const now = "2026-11-20 10:30:15"
	for _, c := range []struct {
		name, report string
		options      []string
		start, end   string
		hours        int
	}{
		{"yesterday", "summary", nil, "2026-11-19 00:00:00", "2026-11-19 23:59:59", 24},
		{"yesterday from an hour on", "summary", []string{"start_hour", "8", "hours", "2"}, "2026-11-19 08:00:00", "2026-11-19 09:59:59", 2},
		{"midnight is an hour too", "summary", []string{"start_hour", "0", "hours", "1"}, "2026-11-19 00:00:00", "2026-11-19 00:59:59", 1},
		{"a date", "summary", []string{"utcdate", "2026-01-31", "start_hour", "22", "hours", "4"}, "2026-01-31 22:00:00", "2026-02-01 01:59:59", 4},
		{"days back", "summary", []string{"days_back", "20"}, "2026-10-31 00:00:00", "2026-10-31 23:59:59", 24},
		{"hours back", "summary", []string{"hours_back", "11", "hours", "1"}, "2026-11-19 23:00:00", "2026-11-19 23:59:59", 1},
		{"hours up to now", "summary", []string{"hours", "1"}, "09:30:15", "10:30:15", 1},
		{"hours up to another now", "error details", []string{"hours", "2", "utcdatetime", "2026-11-01 01:00:00"}, "2026-10-31 23:00:00", "2026-11-01 01:00:00", 2},
		{"the day that is over", "nova usage audit", nil, "2026-11-19 00:00:00", "2026-11-20 00:00:00", 24},
		{"the hour that is over", "nova usage audit", []string{"period_length", "hour"}, "09:00:00", "10:00:00", 1},
		{"the day before another now", "instance hours", []string{"utcdatetime", "2026-03-01T00:00:00Z"}, "2026-02-28 00:00:00", "2026-03-01 00:00:00", 24},
		{"the hour before a time with an offset", "instance hours", []string{"utcdatetime", "2026-11-20T02:10:00+02:00", "period_length", "hour"},
			"2026-11-19 23:00:00", "00:00:00", 1},
		{"the yard's hours up to now", "yard operations", []string{"hours", "36"}, "2026-11-18 22:30:15", "10:30:15", 36},
	} {
		p := params(t, c.report, c.options...)
		want := report.Period{Start: at(t, c.start), End: at(t, c.end), Hours: c.hours}
		if diff := cmp.Diff(want, p.Period(at(t, now))); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestOptionsAsJSON(t *testing.T) {
	got, err := report.ParseJSON([]byte(`{"name": "summary", "hours": 1, "percentile": "99.5", "region": null, "start-hour": 7}`))
	want := report.Params{Kind: report.KindSummary, DaysBack: 1, StartHour: 7, Hours: 1, Percentile: 99.5, TooLong: 1800}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for body, field := range map[string]string{
		``: "body", `[]`: "body", `{"name": "summary"} x`: "body", `{}`: "name", `null`: "name", `{"name": ["summary"]}`: "name",
		`{"name": "summary", "hours": true}`: "hours", `{"name": "summary", "hours": 1.5}`: "hours", `{"name": "` + strings.Repeat("x", 5000) + `"}`: "body",
	} {
		var refused *report.ParamError
		if _, err := report.ParseJSON([]byte(body)); !errors.As(err, &refused) || refused.Field != field {
			t.Errorf("%.40s: got %v, want %s", body, err, field)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(`{"name": "summary", "hours": 1, "utcdate": "2026-11-20"}`))
	f.Add([]byte(`{"name": "yard-operations", "utcdatetime": "2026-11-20T00:00:00+05:30", "percentile": 1e-9}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := report.ParseJSON(body)
		if err != nil {
			var refused *report.ParamError
			if !errors.As(err, &refused) || refused.Field == "" || refused.Reason == "" {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		w := p.Period(at(t, "10:30:15"))
		if !w.Start.Before(w.End) || w.Hours < 1 || w.End.Sub(w.Start).Hours() > float64(w.Hours) {
			t.Errorf("%q: %v", body, w)
		}
		if _, err := json.Marshal([]any{p, w}); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	})
}
