package queue

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// pollIdle is the longest wait for a wake-up that got lost.
	pollIdle = time.Second
	// pollBroken is the wait after an error: asynq itself would try again at once.
	pollBroken = 200 * time.Millisecond
)

// poll is a hook in the client of one asynq server. asynq takes jobs by a script that it runs over and over; the hook holds
// back the answer "nothing there" until there may be something, so that asynq's own sleep can be next to none.
type poll struct {
	pending string
	ring    <-chan struct{}
	halt    <-chan struct{} // closed: take nothing more
}

func (p *poll) DialHook(next redis.DialHook) redis.DialHook { return next }

func (p *poll) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (p *poll) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !p.takes(cmd) {
			return next(ctx, cmd)
		}
		select {
		case <-p.halt:
			time.Sleep(time.Millisecond) // asynq asks again at once until it is told to stop
			cmd.SetErr(redis.Nil)
			return redis.Nil
		default:
		}
		err := next(ctx, cmd)
		switch {
		case err == nil || redis.HasErrorPrefix(err, "NOSCRIPT"):
		case errors.Is(err, redis.Nil):
			p.wait(pollIdle)
		default:
			p.wait(pollBroken)
		}
		return err
	}
}

// takes recognizes asynq's script that takes a job: the only one of four keys that begins with the pending list.
func (p *poll) takes(cmd redis.Cmder) bool {
	args := cmd.Args()
	if len(args) < 7 || (cmd.Name() != "evalsha" && cmd.Name() != "eval") {
		return false
	}
	n, isInt := args[2].(int)
	first, isText := args[3].(string)
	return isInt && isText && n == 4 && first == p.pending
}

func (p *poll) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.ring:
	case <-p.halt:
	case <-timer.C:
	}
}

var _ redis.Hook = (*poll)(nil)
