package amqp

import (
	"context"
	"math/rand/v2"
	"time"
)

// patience is how long is waited between two tries.
type patience struct {
	first, most time.Duration // after a loss: the first pause, each further one is twice as long
	settled     time.Duration // after a refusal
}

var usual = patience{first: 250 * time.Millisecond, most: 30 * time.Second, settled: 30 * time.Second}

// backoff counts the tries of one outage.
type backoff struct {
	patience
	next time.Duration
}

// after is the pause after a try that ended so, having worked for up. What worked for longer than the last pause begins anew.
func (b *backoff) after(err error, up time.Duration) time.Duration {
	if settled(err) {
		return jitter(b.settled)
	}
	if up > b.next {
		b.next = 0
	}
	b.next = min(max(b.first, 2*b.next), b.most)
	return jitter(b.next)
}

// jitter takes up to a quarter away, so that yards do not come back all at once.
func jitter(d time.Duration) time.Duration { return d - time.Duration(rand.Float64()*float64(d)/4) }

// pause waits, or gives the reason why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
