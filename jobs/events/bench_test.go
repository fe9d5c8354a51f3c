package events_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	domain "yardmaster/jobs/events"
	"yardmaster/store/events"
)

// BenchmarkIngest takes in creates of instances, 1,000 messages a call, four callers at a time; an op is one message.
func BenchmarkIngest(b *testing.B) {
	db, err := events.Open(context.Background(), events.Options{Path: filepath.Join(b.TempDir(), "events.db"), Now: time.Now, Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	s, err := domain.New(context.Background(), domain.Options{DB: db, Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	in := make([]domain.Incoming, b.N)
	bytes := 0
	for i := range in {
		kind := "compute.instance.create.start"
		if i%2 == 1 {
			kind = "compute.instance.create.end"
		}
		in[i] = nova(id(i), kind, i, "instance_id", fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012x", i/2), "launched_at", stamp(at(i)), "message", "Success",
			"image_meta", map[string]any{"base_image_ref": image, "os_type": "linux"}, "metadata", map[string]any{"a": repeat(600, "x")})
		bytes += len(in[i].Body)
	}
	b.ReportAllocs()
	b.SetBytes(int64(bytes / b.N))
	b.ResetTimer()
	var callers sync.WaitGroup
	work := make(chan []domain.Incoming)
	for range 4 {
		callers.Go(func() {
			for part := range work {
				if _, err := s.Ingest(context.Background(), part); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for from := 0; from < len(in); from += 1000 {
		work <- in[from:min(from+1000, len(in))]
	}
	close(work)
	callers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(s.Stats().Transactions), "transactions")
}
