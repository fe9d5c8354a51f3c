package bench

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"yardmaster/client"
)

// BenchmarkEvents fills a server over HTTP and then asks it what operators and dashboards ask, one request after the other.
func BenchmarkEvents(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"10k", 10_000}, {"1M", 1_000_000}} {
		b.Run(size.name, func(b *testing.B) {
			if size.n > 10_000 && !*long {
				b.Skip("takes minutes: -long")
			}
			c := openCell(b, "")
			c.Start()
			only(b, "post", func(b *testing.B) map[string]float64 { return c.fill(b, size.n) })
			if c.kept == 0 {
				c.fill(b, size.n) // only reads were asked for
			}
			if got := c.stored(); got != size.n {
				b.Fatalf("%d of %d are stored", got, size.n)
			}
			c.ask(b)
			c.reports(b)
		})
	}
}

// ask reads from a filled server.
func (c *cell) ask(b *testing.B) {
	day := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	for _, q := range []struct {
		name string
		path func(i int) string
	}{
		{"healthz", func(int) string { return "/healthz" }}, // what HTTP alone costs this server
		{"by-uuid", func(i int) string { return "/stacky/uuid/?uuid=" + of(c.instances, i) }},
		{"by-request", func(i int) string { return "/stacky/request/?request_id=" + of(c.requests, i) }},
		{"timings-of-instance", func(i int) string { return "/stacky/timings/uuid/?uuid=" + of(c.instances, i) }},
		{"timings-by-name", func(int) string { return "/stacky/timings/?name=compute.instance.create" }},
		{"summary", func(int) string { return "/stacky/summary/" }},
		{"search-host", func(i int) string { return "/stacky/search/?field=host&value=" + of(c.hosts, i) }},
		{"search-state-in", func(int) string { return "/stacky/search/?field=state__in&value=error" }},
		{"kpi", func(int) string { return "/stacky/kpi/" }},
		{"event-names", func(int) string { return "/stacky/events/" }},
		{"watch", func(int) string { return "/stacky/watch/0/" }},
		{"show", func(i int) string { return fmt.Sprintf("/stacky/show/%d/", 1+i*7919%(c.kept/2)) }},
		{"stats-of-a-day", func(int) string {
			next := day.Add(24 * time.Hour)
			return "/db/stats/events/?" + url.Values{"when_min": {day.Format(time.DateTime)}, "when_max": {next.Format(time.DateTime)}}.Encode()
		}},
		{"launches", func(int) string { return "/db/usage/launches/" }},
		{"newest", func(int) string { return "/events" }},
	} {
		b.Run(q.name, func(b *testing.B) {
			var times []time.Duration
			size, i := 0, 0
			before := c.busy()
			for b.Loop() {
				begin := time.Now()
				size = len(c.send(http.MethodGet, q.path(i), nil))
				times = append(times, time.Since(begin))
				i++
			}
			b.ReportMetric(float64(quantile([][]time.Duration{times}, 0.99).Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64((c.busy()-before).Microseconds())/float64(i), "cpu-us/op")
			b.ReportMetric(float64(size), "B/answer")
			b.ReportMetric(c.resident(), "RSS-MiB")
		})
	}
}

func of(list []string, i int) string { return list[i*7%len(list)] }

// reports has reports of yesterday built, from the asking to the end.
func (c *cell) reports(b *testing.B) {
	asks := client.New(c.URL, "", "")
	for _, name := range []string{"summary", "nova usage audit", "error_details", "instance hours"} {
		b.Run("report/"+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := asks.BuildReport(b.Context(), name, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(c.resident(), "RSS-MiB")
		})
	}
}
