package stacktach_test

import (
	"net/url"
	"testing"
	"time"
)

// reported puts four reports, made a day apart, the first two days ago.
func reported(t *testing.T) *yard {
	y := start(t)
	for i, name := range []string{"summary for region: all", "nova usage audit", "Summary for region: ALL", "instance hours"} {
		begin := at(float64(i * 3600))
		y.putReport(name, i, begin, begin.Add(time.Hour), at(float64(86400*(i-2))), `{}`)
	}
	return y
}

func TestReportsOfATime(t *testing.T) {
	y := reported(t)
	y.get("/stacky/reports/").column(0, 3)
	for query, want := range map[string][]any{
		"?created_from=0": {1, 2, 3}, "?created_from=0&created_to=9e9": {1, 2, 3, 4}, "?created_to=9e9": {3, 4}, "?created_from=" + unix(-86400): {2, 3}, "?created_from=" + unix(-86400) + ".000001": {3},
		"?created_from=0&created_to=" + unix(-86400): {1, 2}, "?created_from=0&limit=1": {1}, "?created_from=0&limit=1&offset=2": {3}, "?created_from=0&limit=0": nil, "?created_from=9e9": nil,
	} {
		y.get("/stacky/reports/"+query).column(0, want...)
	}
}

func TestReportsThatAreSearched(t *testing.T) {
	y := reported(t)
	for query, want := range map[string][]any{
		"": {4, 3, 2, 1}, "id=2": {2}, "id=%2B2": {2}, "id=9": nil, "name=summary for region: all": {3, 1}, "name=": nil, "period_start=2014-01-15 13:00": {2}, "period_start=2014-01-15 13:00:00.0": {2},
		"period_end=2014-01-15T14:00:00Z": {2}, "period_end=2014-01-15T15:00:00%2B01:00": {2}, "created=2014-01-14": {2}, "created=2014-01-20": nil, "limit=2": {4, 3}, "limit=2&offset=1": {3, 2}, "limit=0": nil, "offset=9": nil,
		"name=summary for region: all&id=1": {1}, "name=summary for region: all&limit=1&offset=1": {1}, "name=summary for region: all&created=2014-01-15": {3},
	} {
		q, _ := url.ParseQuery(query)
		y.get("/stacky/reports/search/?"+q.Encode()).column(0, want...)
	}
	midnight := time.Date(2014, 1, 20, 0, 0, 0, 0, time.UTC)
	y.putReport("x", 1, midnight, midnight, midnight, `{}`)
	y.get("/stacky/reports/search/?created=2014-01-20").column(0) // a day begins after its first moment, as ever
	y.get("/stacky/reports/search/?created=2014-01-19").column(0)
}

func TestReportSearchesThatCannotBe(t *testing.T) {
	y := reported(t)
	for query, want := range map[string]string{
		"foo=1&b=2&id=x":                   "The requested fields either do not exist for the corresponding object or are not searchable: b, foo. Note: The field names of database are case-sensitive.",
		"version=1":                        "not searchable: version.",
		"id=x":                             "'x' value has an invalid format. It must be in integer format.",
		"id=":                              "'' value has an invalid format. It must be in integer format.",
		"created=1.2.2014":                 "'1.2.2014' value has an invalid format. It must be in YYYY-MM-DD format.",
		"created=2014-02-30":               "It must be in YYYY-MM-DD format.",
		"period_start=yesterday":           "'yesterday' value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.",
		"period_end=2014-02-30 00:00":      "but it is an invalid date/time",
		"limit=x":                          "limit",
		"period_start=2014-01-15 13:00 UT": "invalid format",
	} {
		q, _ := url.ParseQuery(query)
		y.get("/stacky/reports/search/?"+q.Encode()).refused(400, want)
	}
}
