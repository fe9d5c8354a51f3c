package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

func TestAReportArrivesWholeAndOnce(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		got := make(chan Report, 4)
		receive(t, q, func(_ context.Context, r Report) error { got <- r; return nil })
		sent := Report{Op: "0f3c", Attempt: 2, Payload: []byte("\x00\nany bytes\xff")}
		must(t, q.Send(t.Context(), sent))
		if r := await(t, "the report", got); fmt.Sprint(r) != fmt.Sprint(sent) {
			t.Errorf("got %v, want %v", r, sent)
		}
		until(t, "it is removed", func() bool { return reportsLeft(t, q) == 0 })
		if len(got) > 0 {
			t.Error("it came twice")
		}
	})
}

func TestAReportThatCannotBeHandledIsTriedAgainAndHoldsUpNoOther(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		const reports = 3 * receivePage
		var mu sync.Mutex
		tries := map[string]int{}
		handle := func(_ context.Context, r Report) error {
			mu.Lock()
			defer mu.Unlock()
			tries[r.Op]++
			if r.Attempt%2 == 0 && tries[r.Op] < 3 {
				return errors.New("not now")
			}
			return nil
		}
		for i := range reports {
			must(t, q.Send(t.Context(), Report{Op: fmt.Sprint("op", i), Attempt: i}))
		}
		receive(t, q, handle)
		until(t, "all reports are handled", func() bool { return reportsLeft(t, q) == 0 })
		mu.Lock()
		defer mu.Unlock()
		for i := range reports {
			want := 1 + 2*((i+1)%2)
			if got := tries[fmt.Sprint("op", i)]; got != want {
				t.Errorf("report %d handed over %d times, want %d", i, got, want)
			}
		}
	})
}

func TestReportsWaitForTheNextReceiver(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		refused := make(chan struct{}, 100)
		stop := receive(t, q, func(context.Context, Report) error { refused <- struct{}{}; return errors.New("shutting down") })
		must(t, q.Send(t.Context(), Report{Op: "a"}))
		await(t, "the first receiver sees it", refused)
		stop()
		must(t, q.Send(t.Context(), Report{Op: "b"}))
		got := make(chan string, 2)
		receive(t, q, func(_ context.Context, r Report) error { got <- r.Op; return nil })
		for _, want := range []string{"a", "b"} {
			if op := await(t, "the next receiver sees it", got); op != want {
				t.Errorf("got %s, want %s", op, want)
			}
		}
	})
}

func TestAReportFromAnotherProcessWakesTheReceiver(t *testing.T) {
	for _, kind := range []string{"redis", "cluster", "sentinel"} {
		t.Run(kind, func(t *testing.T) {
			server := open(t, Options{URL: shared.url(t, kind)})
			worker := open(t, Options{URL: shared.url(t, kind), Namespace: server.keys.ns})
			got := make(chan Report, 1)
			receive(t, server, func(_ context.Context, r Report) error { got <- r; return nil })
			work(t, worker, "w1", 1, func(ctx context.Context, r Run) error {
				return worker.Send(ctx, Report{Op: r.Job.Op, Attempt: r.Job.Attempt, Payload: r.Job.Payload})
			})
			must(t, server.Enqueue(t.Context(), job("a", 1)))
			if r := await(t, "the report", got); r.Op != "a" || string(r.Payload) != "do a" {
				t.Errorf("got %v", r)
			}
		})
	}
}

func TestAReportOutlivesAnOutage(t *testing.T) {
	server, url := ownRedis(t)
	q := open(t, Options{URL: url})
	server.kill()
	sent := make(chan error, 1)
	go func() { sent <- q.Send(context.Background(), Report{Op: "a", Attempt: 1}) }()
	until(t, "the queue is down", func() bool { return !q.Up() })
	must(t, server.start())
	must(t, await(t, "the report is sent", sent))
	got := make(chan Report, 1)
	receive(t, q, func(_ context.Context, r Report) error { got <- r; return nil })
	await(t, "the report", got)
}

func TestAForeignReportIsDropped(t *testing.T) {
	q := open(t, Options{URL: Embedded})
	must(t, q.rdb.RPush(t.Context(), q.keys.reports(), "no report at all").Err())
	must(t, q.Send(t.Context(), Report{Op: "a"}))
	got := make(chan Report, 2)
	receive(t, q, func(_ context.Context, r Report) error { got <- r; return nil })
	if r := await(t, "the good report", got); r.Op != "a" {
		t.Errorf("got %v", r)
	}
	until(t, "both are gone", func() bool { return reportsLeft(t, q) == 0 })
}

func reportsLeft(t *testing.T, q *Queue) int64 {
	t.Helper()
	n, err := q.rdb.LLen(t.Context(), q.keys.reports()).Result()
	must(t, err)
	return n
}
