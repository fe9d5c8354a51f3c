package bench

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"yardmaster/client"
)

// BenchmarkPickup measures, by the server's own clock, how long operations wait between their record and a worker: one at a
// time, so that nothing else keeps the worker busy.
func BenchmarkPickup(b *testing.B) {
	y := start(b, settings{})
	b.Run("idle", func(b *testing.B) {
		c := y.client()
		var waits []time.Duration
		note := func(op client.Operation) client.Operation {
			waits = append(waits, op.Started.Sub(op.Created))
			return op
		}
		for range b.N {
			op := note(c.create())
			note(c.do(http.MethodDelete, "/volumes/"+id(op), nil))
		}
		slices.Sort(waits)
		for _, q := range []struct {
			share float64
			name  string
		}{{0.5, "p50-µs"}, {0.99, "p99-µs"}} {
			at := waits[int(q.share*float64(len(waits)-1))]
			b.ReportMetric(float64(at.Microseconds()), q.name)
		}
	})
}
