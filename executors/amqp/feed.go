package amqp

import (
	"context"
	"errors"
	"fmt"
	"sync"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// errEnded is the end of a feed whose channel gives no more.
var errEnded = errors.New("the channel gives no more messages")

// feed hands the messages of one queue over, in their order.
type feed struct {
	deployment, queue string
	line              *line
	in                <-chan amqp091.Delivery
	room              int // for messages that wait to be handed over: as many as the broker sends ahead
}

// run ends with the channel, with ctx, or with an error of deliver; never with nil.
func (f *feed) run(ctx context.Context, deliver Deliver) error {
	waiting := make(chan Delivery, f.room)
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	wg.Go(func() { cancel(f.fetch(ctx, waiting)) })
	for {
		ds, err := f.gather(ctx, waiting)
		if err != nil {
			return err
		}
		if err := deliver(ctx, ds); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("messages of queue %q were not taken: %w", f.queue, err)
		}
	}
}

// fetch keeps what has come ready to be gathered in one go: the library hands out message by message.
func (f *feed) fetch(ctx context.Context, waiting chan<- Delivery) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case d, ok := <-f.in:
			if !ok {
				return errEnded
			}
			f.line.open.Add(1)
			select {
			case waiting <- f.delivery(d):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

func (f *feed) delivery(d amqp091.Delivery) Delivery {
	return Delivery{Deployment: f.deployment, Exchange: d.Exchange, Queue: f.queue, RoutingKey: d.RoutingKey, Body: d.Body,
		Redelivered: d.Redelivered, tag: d.DeliveryTag, from: f.line}
}

// gather waits for a message, and takes along what else is there.
func (f *feed) gather(ctx context.Context, waiting <-chan Delivery) ([]Delivery, error) {
	var ds []Delivery
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case d := <-waiting:
		ds = append(ds, d)
	}
	for len(ds) < max(1, f.room/2) {
		select {
		case d := <-waiting:
			ds = append(ds, d)
		default:
			return ds, nil
		}
	}
	return ds, nil
}
