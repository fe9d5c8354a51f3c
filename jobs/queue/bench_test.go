package queue

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

func eachBench(b *testing.B, bench func(b *testing.B, q *Queue)) {
	for _, kind := range []string{Embedded, "redis"} {
		b.Run(kind, func(b *testing.B) {
			bench(b, open(b, Options{URL: shared.url(b, kind), SignOfLife: 2 * time.Second, LifeTTL: 8 * time.Second}))
		})
	}
}

// BenchmarkPickUp is the time from the call of Enqueue to the handler's first line, with an idle worker, beside one PING.
func BenchmarkPickUp(b *testing.B) {
	eachBench(b, func(b *testing.B, q *Queue) { pickUp(b, q, q) })
}

// BenchmarkPickUpElsewhere is the same, with the worker behind another connection, as in another process.
func BenchmarkPickUpElsewhere(b *testing.B) {
	q := open(b, Options{URL: shared.url(b, "redis")})
	pickUp(b, q, open(b, Options{URL: shared.url(b, "redis"), Namespace: q.keys.ns}))
}

func pickUp(b *testing.B, owner, worker *Queue) {
	started, done := make(chan time.Time, 1), make(chan struct{}, 1)
	work(b, worker, "w1", 4, func(context.Context, Run) error { started <- time.Now(); done <- struct{}{}; return nil })
	var took, pings []time.Duration
	for i := 0; b.Loop(); i++ {
		j := job(fmt.Sprint("op", i), 1)
		began := time.Now()
		must(b, owner.Enqueue(b.Context(), j))
		took = append(took, (<-started).Sub(began))
		<-done
		began = time.Now()
		must(b, owner.Ping(b.Context()))
		pings = append(pings, time.Since(began))
		for depth := 1; depth > 0; { // idle again
			n, err := owner.rdb.LLen(b.Context(), owner.keys.active()).Result()
			must(b, err)
			depth = int(n)
		}
	}
	report := func(what string, d []time.Duration) {
		slices.Sort(d)
		b.ReportMetric(float64(d[len(d)/2].Microseconds()), what+"-p50-us")
		b.ReportMetric(float64(d[len(d)*99/100].Microseconds()), what+"-p99-us")
	}
	report("pickup", took)
	report("ping", pings)
}

// BenchmarkJobs is the time of a whole job: enqueued by one caller, fence, run, report, all of it handled.
func BenchmarkJobs(b *testing.B) {
	eachBench(b, func(b *testing.B, q *Queue) {
		var reports atomic.Int64
		work(b, q, "w1", 16, func(ctx context.Context, r Run) error {
			return q.Send(ctx, Report{Op: r.Job.Op, Attempt: r.Job.Attempt})
		})
		receive(b, q, func(context.Context, Report) error { reports.Add(1); return nil })
		const window = 1000
		sent := int64(0)
		for b.Loop() {
			must(b, q.Enqueue(b.Context(), job(fmt.Sprint("op", sent), 1)))
			sent++
			for sent-reports.Load() > window {
				time.Sleep(100 * time.Microsecond)
			}
		}
		until(b, "all are reported", func() bool { return reports.Load() == sent })
		b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "jobs/s")
	})
}
