package queue

import (
	"context"
	"fmt"
	"time"
)

// Report is what came of an attempt. The payload is opaque.
type Report struct {
	Op      string
	Attempt int
	Payload []byte
}

const (
	sendFirst = 20 * time.Millisecond
	sendMost  = 2 * time.Second
)

// Send delivers r to Receive, at least once. It tries until Redis has it or ctx ends.
func (q *Queue) Send(ctx context.Context, r Report) error {
	if err := checkWord("op", r.Op); err != nil {
		return err
	}
	if len(r.Payload) > maxPayload {
		return fmt.Errorf("report of op %s: %d bytes: %w", r.Op, len(r.Payload), ErrTooLarge)
	}
	text := frameReport(r)
	for wait := sendFirst; ; wait = min(2*wait, sendMost) {
		err := q.push(ctx, text)
		if err == nil {
			q.ringReports()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("report of op %s not sent: %w: %w", r.Op, context.Cause(ctx), err)
		case <-time.After(wait):
		}
	}
}

func (q *Queue) push(ctx context.Context, text string) error {
	q.gate.RLock()
	defer q.gate.RUnlock()
	return q.rdb.RPush(ctx, q.keys.reports(), text).Err()
}
