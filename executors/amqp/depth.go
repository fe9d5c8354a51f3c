package amqp

import (
	"context"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// watchDepths asks for the lengths of the queues until ctx ends, on a channel of its own: a queue that is not there closes it. The
// first lengths come with the declaring.
func (c *Consumer) watchDepths(ctx context.Context, conn *link) {
	tick := time.NewTicker(c.cfg.DepthInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.lookAtDepths(ctx, conn)
		case <-ctx.Done():
			return
		}
	}
}

func (c *Consumer) lookAtDepths(ctx context.Context, conn *link) {
	var ch *amqp091.Channel
	for i, t := range c.cfg.Topics {
		for j, name := range t.names() {
			if ctx.Err() != nil {
				return
			}
			if ch == nil || ch.IsClosed() {
				var err error
				if ch, err = conn.Channel(); err != nil {
					return
				}
				defer ch.Close()
			}
			q, err := ch.QueueDeclarePassive(name, c.cfg.Durable, false, false, false, nil)
			if err == nil {
				c.board.queue(i, j, q.Messages, q.Consumers)
			}
		}
	}
}
