package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrFenced is the cause of a run's context when another attempt of its op took over or the op was withdrawn.
	ErrFenced = errors.New("another attempt may run, or none")
	// ErrIsolated is the cause of a run's context when its signs of life did not reach Redis for so long that others must soon
	// take it for dead.
	ErrIsolated = errors.New("no sign of life could be written")
)

// Life is the last sign of life of a run.
type Life struct {
	Op      string
	Attempt int
	Worker  string
	Data    []byte // of the last Beat
}

// livesBatch bounds one MGET.
const livesBatch = 500

// Lives returns the ops among those asked for that show life.
func (q *Queue) Lives(ctx context.Context, ops []string) (map[string]Life, error) {
	lives := make(map[string]Life, len(ops))
	for len(ops) > 0 {
		some := ops[:min(livesBatch, len(ops))]
		ops = ops[len(some):]
		keys := make([]string, len(some))
		for i, op := range some {
			keys[i] = q.keys.life(op)
		}
		values, err := q.rdb.MGet(ctx, keys...).Result()
		if err != nil {
			return nil, fmt.Errorf("signs of life: %w", err)
		}
		for i, value := range values {
			text, there := value.(string)
			if !there {
				continue
			}
			life, err := openLife(some[i], text)
			if err != nil {
				q.log.Warn("sign of life not readable", "op", some[i], "err", err)
				continue
			}
			lives[some[i]] = life
		}
	}
	return lives, nil
}

// sign writes one sign of life and says whether the attempt may go on. firm stands by the run where the fence is missing.
func (q *Queue) sign(ctx context.Context, job Job, worker string, data []byte, firm bool) (bool, error) {
	replant := "0"
	if firm {
		replant = "1"
	}
	mine, err := signScript.Run(ctx, q.rdb, []string{q.keys.fence(job.Op), q.keys.life(job.Op)},
		job.Attempt, frameLife(job.Attempt, worker, data), q.lifeTTL.Milliseconds(), fenceTTL.Milliseconds(), replant).Int()
	if err != nil {
		return false, fmt.Errorf("sign of life of op %s: %w", job.Op, err)
	}
	return mine == 1, nil
}

// finish removes the traces of a run that ended. Where Redis is away they expire.
func (q *Queue) finish(ctx context.Context, job Job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := finishScript.Run(ctx, q.rdb, []string{q.keys.fence(job.Op), q.keys.life(job.Op)}, job.Attempt).Err()
	if err != nil {
		q.log.Debug("traces of a run left to expire", "op", job.Op, "attempt", job.Attempt, "err", err)
	}
}
