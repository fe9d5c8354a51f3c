package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// A summary tells of each day from one to another, and of all of them.
func summaryHasItsShape(t *testing.T) {
	harness.OneDay(t)
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1}.String()})
	c := p.curl(editions[0])
	name := p.takes(c, "debian-7-i386")
	for _, body := range []string{`{"tags":{"department":"IT"}}`, `{"tags":{"department":"engineering","user":"jdoe"}}`} {
		p.judged("tags", p.ask(c, http.MethodPut, "/vm/"+name, body), verdict{200, yes})
	}
	p.filled()
	p.eachEdition(t, func(p *pooler, e edition) {
		c := p.curl(e)
		now := time.Now().UTC()
		today, before := now.Format(time.DateOnly), now.AddDate(0, 0, -1).Format(time.DateOnly)
		body := p.ask(c, http.MethodGet, "/summary", nil).Body
		expect(p, "parts", fmt.Sprint(keysOf(p, body)), "[boot clone tag daily]")
		for _, part := range []string{"boot", "clone"} {
			of := inner(p, body, part)
			expect(p, part+": duration", fmt.Sprint(keysOf(p, inner(p, of, "duration"))[:4]), "[average min max total]")
			expect(p, part+": count", fmt.Sprint(keysOf(p, inner(p, of, "count"))[:4]), "[average min max total]")
			expect(p, part+": count", inner(p, inner(p, of, "count"), "total"), "4")
		}
		compact := func(text string) (out string) {
			var v any
			p.ok("JSON", json.Unmarshal([]byte(text), &v))
			return fmt.Sprint(v)
		}
		tags := "map[department:map[engineering:1 total:1] user:map[jdoe:1 total:1]]"
		expect(p, "tag: the last value of a day counts", compact(inner(p, body, "tag")), tags)
		expect(p, "one tag", compact(p.ask(c, http.MethodGet, "/summary/tag/user", nil).Body),
			"map[daily:[map[date:"+today+" tag:map[user:map[jdoe:1 total:1]]]] tag:map[user:map[jdoe:1 total:1]]]")

		body = p.ask(c, http.MethodGet, "/summary?from="+before+"&to="+today, nil).Body
		var daily []json.RawMessage
		p.ok("daily", json.Unmarshal([]byte(inner(p, body, "daily")), &daily))
		expect(p, "days", len(daily), 2)
		zero := "map[count:map[total:0] duration:map[average:0 max:0 min:0 total:0]]"
		expect(p, "a day of nothing", compact(string(daily[0])), "map[boot:"+zero+" clone:"+zero+" date:"+before+" tag:map[]]")
		expect(p, "keys of a day", fmt.Sprint(keysOf(p, string(daily[1]))), "[date boot clone tag]")
		expect(p, "a day's tags", compact(inner(p, string(daily[1]), "tag")), tags)
		expect(p, "a day's clones", inner(p, inner(p, inner(p, string(daily[1]), "clone"), "count"), "total"), "4")
		expect(p, "a pool's clones of a day", compact(inner(p, inner(p, inner(p, string(daily[1]), "clone"), "count"), "pool")),
			"map[centos-6-x86_64:map[total:1] debian-7-i386:map[total:2] debian-7-x86_64:map[total:1]]")
		expect(p, "clones on average", inner(p, inner(p, inner(p, body, "clone"), "count"), "average"), "2")

		for path, want := range map[string]string{"boot": "[duration count]", "clone": "[duration count]", "clone/count": "[count]",
			"boot/duration": "[duration]", "tag": "[department user]"} {
			body := p.ask(c, http.MethodGet, "/summary/"+path, nil).Body
			part := keysOf(p, body)
			expect(p, "parts of /summary/"+path, len(part), 2)
			expect(p, "behind "+part[0], part[1], "daily")
			expect(p, "/summary/"+path, fmt.Sprint(keysOf(p, inner(p, body, part[0]))), want)
		}
		p.judged("/summary/bogus", p.ask(c, http.MethodGet, "/summary/bogus", nil), notFound)
	})
}

// Days that make no sense are refused in a sentence, although the type says JSON.
func summaryWantsDates(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1}.String()})
	now := time.Now().UTC()
	next, later := now.AddDate(0, 0, 2).Format(time.DateOnly), now.AddDate(0, 0, 3).Format(time.DateOnly)
	p.eachEdition(t, func(p *pooler, e edition) {
		for query, text := range map[string]string{
			"from=yesterday":                "Invalid date format 'yesterday', must match YYYY-MM-DD.",
			"from=2015-03-10&to=03/11/2015": "Invalid date format '03/11/2015', must match YYYY-MM-DD.",
			"to=xx":                         "Invalid date format 'xx', must match YYYY-MM-DD.",
			"from=2026-13-45":               "Invalid date format '2026-13-45', must match YYYY-MM-DD.",
			"from=2015-03-11&to=2015-03-10": "Date range is invalid, 'to' cannot come before 'from'.",
			"from=" + next + "&to=" + later: "Date range is invalid, 'from' must be in the past.",
		} {
			for _, path := range []string{"/summary", "/summary/clone"} {
				a := p.ask(p.curl(e), http.MethodGet, path+"?"+query, nil)
				p.answers(path+"?"+query, a, http.StatusBadRequest, text)
				expect(p, "its type", a.Header.Get("Content-Type"), "application/json")
			}
		}
	})
}
