package notices

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// window is how many messages may be on their way without a confirmation.
const window = 512

// Publisher publishes persistent messages in their order, and those again that the broker did not confirm. It is used by one
// goroutine at a time; what it counts may be read when that has ended.
type Publisher struct {
	URL      string
	Topology Topology

	Sent   int             // messages, with those that were sent again
	Unsure map[string]bool // ids of those that were not confirmed when the broker went away
}

// Publish returns when the broker has confirmed all of them, however often it goes away meanwhile.
func (p *Publisher) Publish(ctx context.Context, all []Notice) error {
	for done := 0; ; {
		n, err := p.session(ctx, all[done:])
		done += n
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		again := time.NewTimer(50 * time.Millisecond)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
		}
	}
}

// session is one connection. It tells how many messages from the first one on are confirmed.
func (p *Publisher) session(ctx context.Context, all []Notice) (done int, err error) {
	conn, err := amqp.Dial(p.URL)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err == nil {
		err = errors.Join(ch.Confirm(false), p.declare(ch))
	}
	if err != nil {
		return 0, err
	}
	var open []*amqp.DeferredConfirmation
	first := func() error {
		taken, err := open[0].WaitContext(ctx)
		if err != nil || !taken {
			p.doubt(all[done : done+len(open)])
			return errors.Join(err, fmt.Errorf("%d messages not confirmed", len(open)))
		}
		open = open[1:]
		done++
		return nil
	}
	for i := range all {
		if len(open) == window {
			if err := first(); err != nil {
				return done, err
			}
		}
		n := &all[i]
		c, err := ch.PublishWithDeferredConfirm(n.place(), n.RoutingKey, true, false,
			amqp.Publishing{ContentType: "application/json", DeliveryMode: amqp.Persistent, MessageId: n.ID, Body: n.Body})
		if err != nil {
			p.doubt(all[done : i+1])
			return done, err
		}
		p.Sent++
		open = append(open, c)
	}
	for len(open) > 0 {
		if err := first(); err != nil {
			return done, err
		}
	}
	return done, nil
}

func (p *Publisher) doubt(some []Notice) {
	if p.Unsure == nil {
		p.Unsure = map[string]bool{}
	}
	for i := range some {
		p.Unsure[some[i].ID] = true
	}
}

func (p *Publisher) declare(ch *amqp.Channel) error {
	for _, b := range p.Topology.bindings {
		if err := ch.ExchangeDeclare(b.exchange, amqp.ExchangeTopic, true, false, false, false, nil); err != nil {
			return err
		}
		if _, err := ch.QueueDeclare(b.queue, true, false, false, false, nil); err != nil {
			return err
		}
		if err := ch.QueueBind(b.queue, b.key, b.exchange, false, nil); err != nil {
			return err
		}
	}
	return nil
}

// Queues is how queues stand, all together.
type Queues struct {
	Waiting   int // messages that nobody has in hand
	Consumers int
}

// Look asks the broker.
func (p *Publisher) Look() (sum Queues, err error) {
	conn, err := amqp.Dial(p.URL)
	if err != nil {
		return sum, err
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return sum, err
	}
	for _, name := range p.Topology.Queues() {
		q, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
		if err != nil {
			return sum, err
		}
		sum.Waiting, sum.Consumers = sum.Waiting+q.Messages, sum.Consumers+q.Consumers
	}
	return sum, nil
}
