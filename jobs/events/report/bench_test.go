package report_test

import (
	"fmt"
	"testing"
	"time"

	"yardmaster/jobs/events/report"
)

// BenchmarkSummary builds the report of a day with 100,000 events of 12,500 requests, read from memory.
func BenchmarkSummary(b *testing.B) {
	start := time.Date(2026, 11, 20, 0, 0, 1, 0, time.UTC)
	var events []report.Event
	requests := map[string][]report.Event{}
	for i := range 100_000 {
		n := i / 8
		e := report.Event{ID: int64(i), When: start.Add(time.Duration(i) * 800 * time.Millisecond), Deployment: 1, RoutingKey: "monitor.info",
			Type: "compute.instance.create.start", Instance: report.Some(fmt.Sprintf("i%d", n/3)), RequestID: fmt.Sprintf("r%d", n), ImageType: baseLin}
		if i%8 == 0 {
			e.Type = update
		}
		events = append(events, e)
		requests[e.RequestID] = append(requests[e.RequestID], e)
	}
	in := report.Requests{Deployments: []report.Deployment{{ID: 1, Name: "d"}}, Window: rows(events...),
		Request: func(id string) ([]report.Event, error) { return requests[id], nil }}
	p := params(b, "summary")
	w := day(b, p)
	for b.Loop() {
		if _, err := report.Summary(p, w, in); err != nil {
			b.Fatal(err)
		}
	}
}
