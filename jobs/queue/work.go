package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/hibiken/asynq"
)

// settleTime bounds the wait for handlers after their context was cancelled.
const settleTime = 10 * time.Second

// Run is a job in a handler's hands.
type Run struct {
	Job Job
	// Beat shows life at once (or within 50 ms), with data for whoever asks Lives. It never blocks.
	Beat func(data []byte)
}

// Handler does a job. It should return soon after its context ends; its error is logged and changes nothing: what came of the
// job travels in a Report.
type Handler func(ctx context.Context, r Run) error

// crew is one call of Work.
type crew struct {
	q      *Queue
	name   string
	handle Handler
	gone   chan struct{} // closed when handlers are waited for no longer
}

// Work hands jobs to handle, up to concurrency at a time, until ctx ends. Then it takes nothing more, cancels the context of
// the handlers that run and waits for them, ten seconds at most; a job whose handler stays is given up, not queued again.
func (q *Queue) Work(ctx context.Context, name string, concurrency int, handle func(ctx context.Context, r Run) error) error {
	if err := checkWord("worker name", name); err != nil {
		return err
	}
	if concurrency < 1 {
		return fmt.Errorf("worker %s: concurrency %d", name, concurrency)
	}
	c := &crew{q: q, name: name, handle: handle, gone: make(chan struct{})}
	client := q.connect()
	defer client.Close()
	ring, deaf := q.jobs.listen()
	defer deaf()
	client.AddHook(&poll{pending: q.keys.pending(), ring: ring, halt: ctx.Done()})
	server := asynq.NewServerFromRedisClient(client, asynq.Config{
		Concurrency: concurrency, Queues: map[string]int{q.keys.ns: 1}, Logger: asynqLog{q.log}, LogLevel: asynq.InfoLevel,
		TaskCheckInterval: time.Nanosecond, DelayedTaskCheckInterval: time.Hour, JanitorInterval: time.Hour,
		ShutdownTimeout: 2 * settleTime, // never reached: by then asynq would queue a job again
		BaseContext:     func() context.Context { return context.WithoutCancel(ctx) },
	})
	err := server.Start(asynq.HandlerFunc(func(lease context.Context, t *asynq.Task) error {
		c.take(ctx, lease, t)
		return nil
	}))
	if err != nil {
		return fmt.Errorf("start worker %s: %w", name, err)
	}
	q.present(ctx, name, concurrency)
	return c.close(server)
}

func (c *crew) close(server *asynq.Server) error {
	began := time.Now()
	giveUp := time.AfterFunc(settleTime, func() { close(c.gone) })
	server.Shutdown()
	stuck := c.q.running.settle(c, max(0, settleTime-time.Since(began)))
	if giveUp.Stop() {
		close(c.gone)
	}
	if stuck > 0 {
		return fmt.Errorf("worker %s: %d handlers did not stop", c.name, stuck)
	}
	return nil
}

// take runs one task. It returns when the handler has, or when nobody waits for it any longer: asynq then forgets the task.
// asynq never hears of a failure, for it would keep the task in its archive.
func (c *crew) take(ctx, lease context.Context, t *asynq.Task) {
	job, err := jobOf(t)
	if err != nil {
		c.q.log.Error("task dropped", "err", err)
		return
	}
	ctx, cancel := context.WithCancelCause(ctx)
	e, first := c.q.running.enter(job, c, cancel)
	if !first {
		cancel(nil)
		c.q.log.Warn("second copy of a running job dropped", "op", job.Op, "attempt", job.Attempt)
		return
	}
	unlink := context.AfterFunc(lease, func() { cancel(fmt.Errorf("%w: %w", ErrIsolated, lease.Err())) })
	go func() {
		defer c.q.running.leave(e)
		defer cancel(nil)
		defer unlink()
		c.run(ctx, cancel, job)
	}()
	select {
	case <-e.done:
	case <-c.gone:
	}
}

func (c *crew) run(ctx context.Context, cancel context.CancelCauseFunc, job Job) {
	if !c.begin(ctx, job) {
		return
	}
	p := &pulse{q: c.q, job: job, worker: c.name, cancel: cancel, gone: c.gone, poke: make(chan struct{}, 1)}
	alive, still := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		p.run(alive)
	}()
	limited, stop := context.WithTimeout(ctx, job.Timeout)
	err := c.call(limited, Run{Job: job, Beat: p.beat})
	stop()
	still()
	<-stopped
	c.q.finish(ctx, job)
	if err != nil {
		c.q.log.Warn("job handler", "op", job.Op, "attempt", job.Attempt, "err", err)
	}
}

// begin asks the fence. A job whose fence cannot be asked does not start; it is lost here, and the owner sends it again.
func (c *crew) begin(ctx context.Context, job Job) bool {
	deadline, cancel := context.WithTimeout(ctx, c.q.lifeTTL/2)
	defer cancel()
	for {
		mine, err := c.q.sign(deadline, job, c.name, nil, false)
		switch {
		case err == nil && !mine:
			c.q.log.Debug("overtaken job dropped", "op", job.Op, "attempt", job.Attempt)
			return false
		case err == nil:
			return true
		}
		select {
		case <-deadline.Done():
			c.q.log.Warn("job dropped, its fence could not be asked", "op", job.Op, "attempt", job.Attempt, "err", err)
			return false
		case <-time.After(pollBroken):
		}
	}
}

func (c *crew) call(ctx context.Context, r Run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return c.handle(ctx, r)
}
