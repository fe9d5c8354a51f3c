package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	domain "yardmaster/jobs/events"
	"yardmaster/store"
	"yardmaster/store/events"
)

func TestEveryReportIsBuiltAsAnOperationAndKept(t *testing.T) {
	c := newYard(t, domain.Options{}, &script{})
	c.keep()
	c.ingest(slices.Concat([]domain.Incoming{nova("u1", "compute.instance.update", 0), nova("u2", "compute.instance.create.start", 1), nova("u3", "compute.instance.create.end", 6)},
		audited(1), []domain.Incoming{glance("g1", "image.activate", 1, map[string]any{"id": image, "owner": tenant, "size": 1, "created_at": stamp(at(0))})})...)
	options := map[string]string{"utcdate": begin.Format(time.DateOnly)}
	for _, r := range []struct {
		name    string
		options map[string]string
		stored  string
		want    string // in the JSON
	}{
		{"summary", options, "summary for region: all", `"total":2`},
		{"error-details", options, "Error detail report", `"report_format":"json"`},
		{"nova-usage-audit", map[string]string{"utcdatetime": "2026-03-02 01:00:00"}, "nova usage audit", `"verifier"`},
		{"glance-usage-audit", map[string]string{"utcdatetime": "2026-03-02 01:00:00"}, "glance usage audit", `No exists for usage`},
		{"image-events-audit", map[string]string{"utcdatetime": "2026-03-02 01:00:00"}, "image events audit", `"image.activate":1`},
		{"public-outbound-bandwidth", nil, "public outbound bandwidth", `"total_public_outbound_bandwidth":0`},
		{"instance-hours", map[string]string{"utcdatetime": "2026-03-02 01:00:00"}, "instance hours", `"total_instance_count":`},
		{"yard-operations", map[string]string{"hours": "1"}, "yard operations", `"percentile"`},
	} {
		t.Run(r.name, func(t *testing.T) {
			p, err := domain.ParseReport(r.name, r.options)
			if err != nil {
				t.Fatal(err)
			}
			op, err := c.s.RunReport(context.Background(), c.runner, domain.By{Owner: "alice", RequestID: "req-1"}, p)
			if err != nil {
				t.Fatal(err)
			}
			op = c.ended(op.ID)
			if op.State != store.Succeeded || op.Result.Kind != domain.KindReport || op.Owner != "alice" {
				t.Fatalf("operation %+v, error %+v", op, op.Error)
			}
			id, err := strconv.ParseInt(op.Result.ID, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			c.view(func(tx *events.Tx) error {
				kept, err := events.Reports.Get(tx, id)
				if err != nil || kept.Name != r.stored || !json.Valid(kept.JSON) || !strings.Contains(string(kept.JSON), r.want) || kept.Operation != op.ID ||
					!kept.Created.Equal(op.Created.Truncate(time.Microsecond)) {
					t.Errorf("report %s of %s, operation %s: %s, %v", kept.Name, kept.Created, kept.Operation, kept.JSON, err)
				}
				return nil
			})
		})
	}
}

func TestAReportThatIsRunAgainAfterACutIsKeptOnce(t *testing.T) {
	c := newYard(t, domain.Options{}, &script{})
	p, err := domain.ParseReport("summary", map[string]string{"hours": "1"})
	if err != nil {
		t.Fatal(err)
	}
	for range 8 { // killed about where the report is kept and its operation has not ended
		op, err := c.s.RunReport(context.Background(), c.runner, domain.By{}, p)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is kept", func() bool {
			return slices.ContainsFunc(rows(c, events.Reports), func(r events.Report) bool { return r.Operation == op.ID })
		})
		c.kill()
		c.open()
		c.ended(op.ID)
	}
	seen := map[string]int{}
	for _, r := range rows(c, events.Reports) {
		seen[r.Operation]++
	}
	for op, n := range seen {
		if n != 1 {
			t.Errorf("operation %s has %d reports", op, n)
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d operations have a report", len(seen))
	}
}

func TestAReportOfNothingThatIsThereIsRefused(t *testing.T) {
	c := newYard(t, domain.Options{}, &script{})
	p, err := domain.ParseReportJSON([]byte(`{"name": "summary", "region": "nowhere"}`))
	if err != nil {
		t.Fatal(err)
	}
	op, err := c.s.RunReport(context.Background(), c.runner, domain.By{}, p)
	if err != nil {
		t.Fatal(err)
	}
	if op = c.ended(op.ID); op.State != store.Failed || op.Error == nil || !strings.Contains(op.Error.Text, "region") {
		t.Errorf("operation %s, %+v", op.State, op.Error)
	}
	var wrong *domain.ReportError
	if _, err := domain.ParseReport("summary", map[string]string{"hours": "many"}); !errors.As(err, &wrong) || wrong.Field != "hours" {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsTooOldGoesAndIngestGoesOn(t *testing.T) {
	c, clock := clocked(t, domain.Options{Retention: domain.Retention{Age: time.Hour, Every: 5 * time.Millisecond}})
	c.ingest(nova("m1", "compute.instance.update", 0))
	c.keep()
	set(clock, at(2*24*3600))
	eventually(t, "what follows from it is gone", func() bool {
		var n int
		c.view(func(tx *events.Tx) (err error) { n, err = events.Trackers.Count(tx); return err })
		return n == 0
	})
	if r := c.ingest(moment(3, at(2*24*3600))); r.Stored != 1 {
		t.Errorf("receipt %+v", r)
	}
}
