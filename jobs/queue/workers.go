package queue

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// WorkerInfo is a call of Work that is alive, in whatever process.
type WorkerInfo struct {
	Name        string
	Host        string
	PID         int
	Concurrency int
	Seen        time.Time // the last sign of life
}

type workerText struct {
	Name        string        `json:"name"`
	Host        string        `json:"host"`
	PID         int           `json:"pid"`
	Concurrency int           `json:"concurrency"`
	TTL         time.Duration `json:"ttl"`
}

// present keeps a worker in the list of those who are alive until ctx ends.
func (q *Queue) present(ctx context.Context, name string, concurrency int) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	text, err := json.Marshal(workerText{name, host, os.Getpid(), concurrency, q.lifeTTL})
	if err != nil {
		q.log.Error("worker not listed", "worker", name, "err", err)
	}
	id := name + "/" + rand.Text()
	tick := time.NewTicker(q.signOfLife)
	defer tick.Stop()
	for {
		err := presentScript.Run(ctx, q.rdb, []string{q.keys.workers(), q.keys.worker(id)}, id, text, q.lifeTTL.Milliseconds()).Err()
		if err != nil {
			q.log.Debug("worker not listed", "worker", name, "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			q.absent(ctx, id)
			return
		}
	}
}

func (q *Queue) absent(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := q.rdb.Del(ctx, q.keys.worker(id)).Err(); err != nil {
		q.log.Debug("worker left to expire from the list", "worker", id, "err", err)
	}
}

// Workers lists who is alive, by name.
func (q *Queue) Workers(ctx context.Context) ([]WorkerInfo, error) {
	roll, err := rollScript.Run(ctx, q.rdb, []string{q.keys.workers()}, q.keys.worker("")).Slice()
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", err)
	}
	var alive []WorkerInfo
	for entry := range slices.Chunk(roll, 3) {
		if info, ok := q.openWorker(entry); ok {
			alive = append(alive, info)
		}
	}
	slices.SortFunc(alive, func(a, b WorkerInfo) int { return strings.Compare(a.Name, b.Name) })
	return alive, nil
}

// openWorker reads id, text and remaining milliseconds. The time of the last sign follows from what remains, so the clocks of
// two machines are never compared.
func (q *Queue) openWorker(entry []any) (WorkerInfo, bool) {
	if len(entry) != 3 {
		return WorkerInfo{}, false
	}
	text, isText := entry[1].(string)
	left, isInt := entry[2].(int64)
	var w workerText
	if !isText || !isInt || json.Unmarshal([]byte(text), &w) != nil {
		return WorkerInfo{}, false
	}
	ago := max(0, w.TTL-time.Duration(left)*time.Millisecond)
	return WorkerInfo{Name: w.Name, Host: w.Host, PID: w.PID, Concurrency: w.Concurrency, Seen: q.now().Add(-ago)}, true
}
