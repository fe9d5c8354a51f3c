package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Job is one attempt at one op. Op is a word ([A-Za-z0-9-_.:/@]); the payload is opaque.
type Job struct {
	Op      string
	Attempt int
	Payload []byte
	Timeout time.Duration // the handler's context ends after it; required
}

// State is where the queue sees an attempt.
type State int

const (
	Lost    State = iota // nothing in the queue will run it, and nothing says that somebody does
	Waiting              // it will be handed to a worker
	Active               // a worker took it and was not heard to have ended; only its sign of life tells if it lives
)

func (s State) String() string {
	switch s {
	case Waiting:
		return "waiting"
	case Active:
		return "active"
	default:
		return "lost"
	}
}

// ErrTooLarge refuses a payload that no queue should carry.
var ErrTooLarge = errors.New("payload too large for the queue")

const (
	maxPayload = 16 << 20
	// fenceTTL outlives every wait; a fence that nobody removed must not stay for ever.
	fenceTTL = 24 * time.Hour
	// overtime is what asynq allows beyond a job's own timeout: ours must be the one that ends a run, because asynq's leaves
	// the task archived.
	overtime = time.Minute

	taskType      = "run"
	headerOp      = "op"
	headerAttempt = "attempt"
	headerTimeout = "timeout"
)

func (j Job) check() error {
	if err := checkWord("op", j.Op); err != nil {
		return err
	}
	switch {
	case j.Attempt < 0:
		return fmt.Errorf("op %s: attempt %d is negative", j.Op, j.Attempt)
	case j.Timeout <= 0:
		return fmt.Errorf("op %s: job without a timeout", j.Op)
	case len(j.Payload) > maxPayload:
		return fmt.Errorf("op %s: %d bytes: %w", j.Op, len(j.Payload), ErrTooLarge)
	}
	return nil
}

func (j Job) id() string { return taskID(j.Op, j.Attempt) }

func (j Job) task() *asynq.Task {
	return asynq.NewTaskWithHeaders(taskType, j.Payload, map[string]string{
		headerOp: j.Op, headerAttempt: strconv.Itoa(j.Attempt), headerTimeout: j.Timeout.String(),
	})
}

func jobOf(t *asynq.Task) (Job, error) {
	head := t.Headers()
	j := Job{Op: head[headerOp], Payload: t.Payload()}
	var errAttempt, errTimeout error
	j.Attempt, errAttempt = strconv.Atoi(head[headerAttempt])
	j.Timeout, errTimeout = time.ParseDuration(head[headerTimeout])
	if err := errors.Join(errAttempt, errTimeout, j.check()); err != nil {
		return Job{}, fmt.Errorf("task not of our making: %w", err)
	}
	return j, nil
}

// Enqueue makes j the attempt of its op that may run, and hands it to the workers. The same job again is no error.
func (q *Queue) Enqueue(ctx context.Context, j Job) error {
	if err := j.check(); err != nil {
		return err
	}
	q.gate.RLock()
	defer q.gate.RUnlock()
	if err := q.rdb.Set(ctx, q.keys.fence(j.Op), j.Attempt, fenceTTL).Err(); err != nil {
		return fmt.Errorf("fence of op %s: %w", j.Op, err)
	}
	_, err := q.client.Load().EnqueueContext(ctx, j.task(), asynq.Queue(q.keys.ns), asynq.TaskID(j.id()),
		asynq.MaxRetry(0), asynq.Retention(0), asynq.Timeout(j.Timeout.Round(time.Second)+overtime))
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
		return fmt.Errorf("enqueue op %s attempt %d: %w", j.Op, j.Attempt, err)
	}
	q.running.overtake(j.Op, j.Attempt)
	q.enqueued.Add(1)
	q.ringJobs()
	return nil
}

// Withdraw takes the right to run away from every attempt at op: one that waits is removed, one that runs is cancelled with
// ErrFenced at its next sign of life.
func (q *Queue) Withdraw(ctx context.Context, op string) error {
	if err := checkWord("op", op); err != nil {
		return err
	}
	q.gate.RLock()
	defer q.gate.RUnlock()
	err := withdrawScript.Run(ctx, q.rdb, []string{q.keys.fence(op), q.keys.pending()},
		taskPrefix(op), q.keys.task(""), fenceTTL.Milliseconds()).Err()
	if err != nil {
		return fmt.Errorf("withdraw op %s: %w", op, err)
	}
	q.running.withdraw(op)
	return nil
}

// Lookup says where the queue sees an attempt. It reads the task itself: asynq's inspector denies that a queue exists after
// Redis lost its memory, until some client announces it anew.
func (q *Queue) Lookup(ctx context.Context, op string, attempt int) (State, error) {
	state, err := q.rdb.HGet(ctx, q.keys.task(taskID(op, attempt)), "state").Result()
	switch {
	case errors.Is(err, redis.Nil):
		return Lost, nil
	case err != nil:
		return Lost, fmt.Errorf("look up op %s attempt %d: %w", op, attempt, err)
	case state == asynq.TaskStatePending.String():
		return Waiting, nil
	case state == asynq.TaskStateActive.String():
		return Active, nil
	default:
		return Lost, nil
	}
}

// Depth is the number of jobs that wait for a worker.
func (q *Queue) Depth(ctx context.Context) (int, error) {
	n, err := q.rdb.LLen(ctx, q.keys.pending()).Result()
	if err != nil {
		return 0, fmt.Errorf("queue depth: %w", err)
	}
	return int(n), nil
}
