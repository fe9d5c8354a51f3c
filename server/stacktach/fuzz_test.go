package stacktach

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yardmaster/store/events"
)

// refusedWell promises that an error is a 400 whose body is JSON, in both formats.
func refusedWell(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, path := range []string{"/stacky/x/", "/db/x/"} {
		resp := (&API{}).render(httptest.NewRequest("GET", path, nil), err)
		if resp.Status != 400 || !json.Valid(resp.Body) {
			t.Errorf("%v: %d %q", err, resp.Status, resp.Body)
		}
	}
}

// FuzzQueryStrings promises that any query string is read or refused in words, and that what is read keeps its bounds.
func FuzzQueryStrings(f *testing.F) {
	for _, s := range []string{"", "limit=&offset=", "limit=-1", "limit=1&limit=99999999999999999999", "when_min=1389726000.5&when_max=9e99", "service=yard&uuid=x",
		"uuid=77e0f192-00a2-4f14-ad56-7467897828ea", "launched_at_min=2014-01-15 20:39:44&instance=x", "received_max=x", "order_by=tenant&direction=asc",
		"id=1&name=x&created=2014-01-15&period_start=2014-01-15 10:00%2B01:00", "%zz=1", "when_min=1e-99", "size_min=2014-01-15T20:39:44Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		v, _ := url.ParseQuery(query)
		p := params{v}
		at, err := p.page()
		refusedWell(t, err)
		if err == nil && (at.limit < 0 || at.limit > mostLimit || at.offset < 0 || at.offset > mostOffset) {
			t.Errorf("%q: %+v", query, at)
		}
		within, err := p.whens()
		refusedWell(t, err)
		for _, at := range []time.Time{within.min, within.max} {
			if at.Before(time.Time{}) || at.Year() > 10000 || at.Nanosecond()%1000 != 0 {
				t.Errorf("%q: %v", query, at)
			}
		}
		s, err := p.service(events.Nova)
		refusedWell(t, err)
		_, err = p.uuid(s)
		refusedWell(t, err)
		_, err = p.reportFilters()
		refusedWell(t, err)
		_, err = exists.listing(p)
		refusedWell(t, err)
		_, err = imageDeletes.listing(p)
		refusedWell(t, err)
		sp, err := p.statsSpan()
		refusedWell(t, err)
		if sp.max.Sub(sp.min) > widestStats {
			t.Errorf("%q: %v", query, sp)
		}
	})
}

// FuzzLookups promises that any field and value is a condition that can be tried on any event, or refused in words.
func FuzzLookups(f *testing.F) {
	for _, s := range []string{"event__startswith", "state__in", "deployment__name", "deployment__id__in", "id__range", "when__gte", "when", "json__contains", "host__isnull", "event__regex",
		"event__iregex", "image_type__endswith", "foo", "__", "event__exact__x", "uuid__gt", "message_id__iexact"} {
		for _, v := range []string{"", "1", "a,b", "1389726000.5", "(a{1000}){1000}", "^x.*", "\xff"} {
			f.Add(s, v)
		}
	}
	all := []events.Event{{}, seen, {Service: events.Glance, UUID: events.Some("x"), Host: events.Some("\xff"), When: lastTime}}
	f.Fuzz(func(t *testing.T, field, value string) {
		for _, s := range events.Services {
			c, err := parseCondition(s, field, value)
			refusedWell(t, err)
			if err != nil {
				continue
			}
			ids, few := c.ids()
			if few && len(ids) > mostPicked {
				t.Errorf("%q=%q: %d ids", field, value, len(ids))
			}
			for i := range all {
				switch {
				case c.column.text != nil:
					null := !c.column.text(&all[i]).OK
					if got := c.takes(c.column.text(&all[i])); null && got != c.isNull {
						t.Errorf("%q=%q takes null: %v", field, value, got)
					}
				case c.column.number != nil && !c.name:
					c.takesNumber(c.column.number(&all[i]))
				default:
					c.takes(events.Some(value))
				}
			}
		}
	})
}

// FuzzDates promises that what is read as a date is one of the years 1 to 9999, give or take its zone.
func FuzzDates(f *testing.F) {
	for _, s := range []string{"2014-01-15 20:39:44.277745", "2014-01-15T20:39:44Z", "2014-01-15", "2014-1-5 2:3+01:00", "0000-00-00 00:00:00", "9999-12-31 23:59-23:59", "2014-02-30 00:00:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if at, ok := parseDate(s); ok && (at.Year() < 1 || at.Year() > 9999 || !strings.HasPrefix(s, dayText(at))) {
			t.Errorf("%q: %v", s, at)
		}
		if at, form, ok := parseDjangoDate(s); ok && (!form || at.Year() < 0 || at.Year() > 10000) {
			t.Errorf("%q: %v", s, at)
		}
		if at, ok := parseDay(s); ok && dayText(at) != s {
			t.Errorf("%q: %v", s, at)
		}
	})
}

// FuzzBodies promises that whatever is sent to be confirmed or kept is read or refused in words, within its bounds.
func FuzzBodies(f *testing.F) {
	for _, s := range []string{``, `{}`, `null`, `[]`, `{"send_status":201}`, `{"send_status":"201"}`, `{"messages":{"a":200}}`, `{"version":1,"messages":{"nova":{"a":200},"glance":{}}}`,
		`{"version":2,"messages":{"nova":{"a":{"status":201,"event_id":"e"},"b":{}}}}`, `{"version":9,"messages":{}}`, `{"messages":[]}`, `{"tenant":1,"name":"x","types":{"a":"b"}}`, `{"messages":{"a":null}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := body(httptest.NewRequest("PUT", "/db/x/", strings.NewReader(text)))
		refusedWell(t, err)
		if err != nil {
			return
		}
		all, err := batches(o)
		refusedWell(t, err)
		for _, b := range all {
			for id, status := range b.sent {
				if _, told := b.eventIDs[id]; status < -mostStatus || status > mostStatus || len(id) > longestID || b.eventIDs != nil && !told {
					t.Errorf("%q: %+v", text, b)
				}
			}
		}
		tenant, err := tenantOf(o)
		refusedWell(t, err)
		if err == nil && (tenant.ID == "" || len(tenant.ID) > longestID || len(tenant.Types) > mostTypes) {
			t.Errorf("%q: %+v", text, tenant)
		}
	})
}

// FuzzPretty promises that the text of a body is the same JSON, in ASCII, and not much longer.
func FuzzPretty(f *testing.F) {
	for _, s := range []string{`["monitor.info",{"a":[1,2.50,{"b":null}],"ü":"\ud83d"}]`, `1e400`, `-0`, `"`, strings.Repeat("[", 50) + strings.Repeat("]", 50), `{"a":{},"b":[[]]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := pretty(raw)
		if !json.Valid(raw) {
			if got != string(raw) {
				t.Errorf("%q became %q", raw, got)
			}
			return
		}
		var before, after any
		if err := json.Unmarshal([]byte(got), &after); err != nil {
			if errors.As(json.Unmarshal(raw, &before), new(*json.UnmarshalTypeError)) {
				return // a number that is too large, in both
			}
			t.Fatalf("%q became %q: %v", raw, got, err)
		}
		_ = json.Unmarshal(raw, &before)
		x, _ := json.Marshal(before)
		y, _ := json.Marshal(after)
		if string(x) != string(y) && !strings.Contains(string(raw), "-0") { // -0 has no sign in Python
			t.Errorf("%q became %q", raw, got)
		}
		if strings.IndexFunc(got, func(r rune) bool { return r > '~' }) >= 0 || len(got) > 80*len(raw) {
			t.Errorf("%q became %q", raw, got)
		}
	})
}
