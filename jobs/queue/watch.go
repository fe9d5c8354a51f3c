package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

const (
	watchEvery = 200 * time.Millisecond
	// strikes is how many questions in a row must stay without an answer before Redis counts as down.
	strikes   = 2
	tidyEvery = time.Minute
)

// watcher notices that Redis went, came back, or lost its memory.
type watcher struct {
	q       *Queue
	epoch   string // as last seen; "" before the first answer
	failed  int
	outage  bool
	begun   uint64 // jobs enqueued before the current embedded server
	tidyDue time.Time
}

func (w *watcher) watch(ctx context.Context) {
	defer w.q.wg.Done()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.rotate(ctx)
		w.look(ctx)
		w.tidy(ctx)
	}
}

// look asks for the epoch once.
func (w *watcher) look(ctx context.Context) {
	q := w.q
	asked, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	epoch, err := q.readEpoch(asked)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.failed++
		if w.epoch != "" && w.failed < strikes || w.outage {
			return
		}
		w.outage = true
		q.up.Store(false)
		q.log.Warn("redis is away, jobs wait", "err", err)
	default:
		news := w.outage || (w.epoch != "" && w.epoch != epoch)
		if news {
			q.log.Info("redis is back", "memory_lost", w.epoch != epoch)
			q.client.Store(asynq.NewClientFromRedisClient(q.rdb)) // the old one believes that its queue is announced
		}
		w.epoch, w.failed, w.outage = epoch, 0, false
		q.up.Store(true)
		if news {
			poke(q.changed)
			q.jobs.ring()
			q.reports.ring()
		}
	}
}

// readEpoch returns the mark of Redis's memory, setting one where there is none.
func (q *Queue) readEpoch(ctx context.Context) (string, error) {
	epoch, err := q.rdb.Get(ctx, q.keys.epoch()).Result()
	if errors.Is(err, redis.Nil) {
		if err = q.rdb.SetNX(ctx, q.keys.epoch(), rand.Text(), 0).Err(); err == nil {
			epoch, err = q.rdb.Get(ctx, q.keys.epoch()).Result()
		}
	}
	if err != nil {
		return "", fmt.Errorf("read epoch: %w", err)
	}
	return epoch, nil
}

// tidy empties asynq's archive: what landed there (the job of a worker that died) is Lost, and its payload serves nobody.
func (w *watcher) tidy(ctx context.Context) {
	now := time.Now()
	if w.outage || ctx.Err() != nil || now.Before(w.tidyDue) {
		return
	}
	w.tidyDue = now.Add(tidyEvery)
	_, err := asynq.NewInspectorFromRedisClient(w.q.rdb).DeleteAllArchivedTasks(w.q.keys.ns)
	if err != nil && !errors.Is(err, asynq.ErrQueueNotFound) {
		w.q.log.Debug("asynq archive not emptied", "err", err)
	}
}

// rotate exchanges an embedded server that has seen enough jobs, when nothing is in it or under way.
func (w *watcher) rotate(ctx context.Context) {
	q := w.q
	if q.embedded == nil || q.enqueued.Load()-w.begun < q.rotateAfter {
		return
	}
	if !q.gate.TryLock() {
		return
	}
	defer q.gate.Unlock()
	if q.running.len() > 0 || !q.empty(ctx) {
		return
	}
	if err := q.embedded.exchange(); err != nil {
		q.log.Error("embedded queue not exchanged", "err", err)
		return
	}
	w.begun = q.enqueued.Load()
	q.log.Info("embedded queue exchanged for an empty one")
}

func (q *Queue) empty(ctx context.Context) bool {
	for _, list := range []string{q.keys.pending(), q.keys.active(), q.keys.reports()} {
		if n, err := q.rdb.LLen(ctx, list).Result(); err != nil || n > 0 {
			return false
		}
	}
	return true
}
