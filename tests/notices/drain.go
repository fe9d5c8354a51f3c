package notices

import (
	"context"
	"fmt"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// A bare consumer has as many messages in hand as a server by default, and acknowledges many at once.
const (
	drainPrefetch = 2000
	drainAck      = 1000
)

// Drain takes n messages off the queues and does nothing with them: what the broker can give, whoever takes it.
func (p *Publisher) Drain(ctx context.Context, n int) error {
	conn, err := amqp.Dial(p.URL)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	taken := make(chan int)
	errs := make(chan error, len(p.Topology.bindings))
	var queues sync.WaitGroup
	defer queues.Wait()
	for _, name := range p.Topology.Queues() {
		queues.Go(func() {
			if err := drain(ctx, conn, name, taken); err != nil {
				errs <- err
			}
		})
	}
	for n > 0 {
		select {
		case k := <-taken:
			n -= k
		case err := <-errs:
			cancel()
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	cancel()
	return nil
}

// drain tells of every message once it is acknowledged, as far as a client can tell.
func drain(ctx context.Context, conn *amqp.Connection, queue string, taken chan<- int) error {
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	defer ch.Close()
	if err := ch.Qos(drainPrefetch, 0, false); err != nil {
		return err
	}
	in, err := ch.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	for {
		var last amqp.Delivery
		open := true
		select {
		case last, open = <-in:
		case <-ctx.Done():
			return nil
		}
		n := 1
		for more := true; more && open && n < drainAck; {
			select {
			case d, ok := <-in:
				if open = ok; ok {
					last = d
					n++
				}
			default:
				more = false
			}
		}
		if !open {
			return fmt.Errorf("queue %s: the channel ended", queue)
		}
		if err := last.Ack(true); err != nil {
			return err
		}
		select {
		case taken <- n:
		case <-ctx.Done():
			return nil
		}
	}
}
