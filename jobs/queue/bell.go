package queue

import (
	"context"
	"strings"
	"sync"
	"time"
)

// bell wakes whoever waits in this process. A ring is kept for each listener until it looks, so none is lost between a look
// at Redis that found nothing and the wait that follows.
type bell struct {
	mu   sync.Mutex
	ears map[chan struct{}]struct{}
}

func (b *bell) listen() (<-chan struct{}, func()) {
	ear := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ears == nil {
		b.ears = map[chan struct{}]struct{}{}
	}
	b.ears[ear] = struct{}{}
	return ear, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.ears, ear)
	}
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ear := range b.ears {
		poke(ear)
	}
}

// poke leaves a signal unless one is waiting already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

const (
	cryJobs    = "jobs"
	cryReports = "reports"
)

// cry passes rings on to other processes, many of them as one.
func (q *Queue) cry(ctx context.Context) {
	defer q.wg.Done()
	for {
		what := cryJobs
		select {
		case <-ctx.Done():
			return
		case <-q.outJobs:
		case <-q.outReports:
			what = cryReports
		}
		q.publish(ctx, what)
	}
}

func (q *Queue) publish(ctx context.Context, what string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := q.rdb.Publish(ctx, q.keys.wake(), what+" "+q.id).Err(); err != nil {
		q.log.Debug("wake-up not published", "err", err)
	}
}

// hear rings here for what other processes cry. What it misses while Redis is away, polling finds.
func (q *Queue) hear(ctx context.Context) {
	defer q.wg.Done()
	sub := q.rdb.Subscribe(ctx, q.keys.wake())
	defer sub.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case m, open := <-sub.Channel():
			if !open {
				return
			}
			what, from, _ := strings.Cut(m.Payload, " ")
			switch {
			case from == q.id:
			case what == cryJobs:
				q.jobs.ring()
			case what == cryReports:
				q.reports.ring()
			}
		}
	}
}

func (q *Queue) ringJobs() {
	q.jobs.ring()
	if q.embedded == nil {
		poke(q.outJobs)
	}
}

func (q *Queue) ringReports() {
	q.reports.ring()
	if q.embedded == nil {
		poke(q.outReports)
	}
}
