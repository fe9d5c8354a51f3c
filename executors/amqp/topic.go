package amqp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// topic consumes from one exchange. What goes wrong with it alone does not touch the others of its connection.
type topic struct {
	c     *Consumer
	index int // in the Config and on the board
	log   *slog.Logger
	out   outage
	tries backoff
	line  atomic.Pointer[line]
}

func newTopic(c *Consumer, i int) *topic {
	log := c.log.With("exchange", c.cfg.Topics[i].Exchange)
	return &topic{c: c, index: i, log: log, out: outage{log: log, what: "exchange", first: "consuming from exchange"}}
}

func (t *topic) unacked() int {
	if l := t.line.Load(); l != nil {
		return int(l.open.Load())
	}
	return 0
}

// run consumes until the connection ends.
func (t *topic) run(ctx context.Context, conn *link, deliver Deliver) {
	t.tries.patience = t.c.patience
	for {
		began := time.Now()
		err := t.consume(ctx, conn, deliver)
		t.line.Store(nil)
		if ctx.Err() != nil || conn.IsClosed() {
			t.c.board.topic(t.index, ErrDown)
			return
		}
		t.c.board.topic(t.index, err)
		t.out.begin(err)
		if pause(ctx, t.tries.after(err, time.Since(began))) != nil {
			return
		}
	}
}

// consume is one channel, from its beginning to its end. Its error is why it ended, never nil.
func (t *topic) consume(ctx context.Context, conn *link, deliver Deliver) error {
	ch, err := conn.Channel()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDown, err)
	}
	defer func() {
		if ctx.Err() == nil { // else the connection takes it along
			ch.Close()
		}
	}()
	queues := t.c.cfg.Topics[t.index].names()
	closed := ch.NotifyClose(make(chan *amqp091.Error, 1))
	cancelled := ch.NotifyCancel(make(chan string, len(queues)))
	if err := t.declare(ch); err != nil {
		return err
	}
	l := newLine(ch)
	defer l.end()
	feeds, err := t.subscribe(ch, l, queues)
	if err != nil {
		return err
	}
	t.line.Store(l)
	t.c.board.topic(t.index, nil)
	t.out.end()
	if err := feedAll(ctx, feeds, deliver); !errors.Is(err, errEnded) {
		return err
	}
	return endOf(closed, cancelled)
}

// declare sees to it that everything is there as configured.
func (t *topic) declare(ch *amqp091.Channel) error {
	cfg := t.c.cfg
	exchange := cfg.Topics[t.index].Exchange
	if err := ch.ExchangeDeclare(exchange, amqp091.ExchangeTopic, cfg.Durable, false, false, false, nil); err != nil {
		return declareError(fmt.Sprintf("exchange %q", exchange), err)
	}
	for i, name := range cfg.Topics[t.index].names() {
		q, err := ch.QueueDeclare(name, cfg.Durable, false, false, false, t.c.args)
		if err != nil {
			return declareError(fmt.Sprintf("queue %q", name), err)
		}
		t.c.board.queue(t.index, i, q.Messages, q.Consumers)
	}
	for _, b := range cfg.Topics[t.index].Queues {
		if err := ch.QueueBind(b.Queue, b.RoutingKey, exchange, false, nil); err != nil {
			return declareError(fmt.Sprintf("binding of queue %q to %q", b.Queue, exchange), err)
		}
	}
	return nil
}

func (t *topic) subscribe(ch *amqp091.Channel, l *line, queues []string) ([]*feed, error) {
	if err := ch.Qos(t.c.cfg.Prefetch, 0, false); err != nil {
		return nil, declareError("prefetch", err)
	}
	feeds := make([]*feed, len(queues))
	for i, name := range queues {
		in, err := ch.Consume(name, "", false, false, false, false, nil)
		if err != nil {
			return nil, declareError(fmt.Sprintf("queue %q", name), err)
		}
		feeds[i] = &feed{deployment: t.c.cfg.Name, queue: name, line: l, in: in, room: t.c.cfg.Prefetch}
	}
	return feeds, nil
}

// feedAll runs feeds until one of them ends, and gives its reason.
func feedAll(ctx context.Context, feeds []*feed, deliver Deliver) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, f := range feeds {
		wg.Go(func() { cancel(f.run(ctx, deliver)) })
	}
	wg.Wait()
	return context.Cause(ctx)
}

// endOf is why a channel gives no more messages.
func endOf(closed chan *amqp091.Error, cancelled chan string) error {
	select {
	case said := <-closed:
		return lossOf(said)
	case <-cancelled:
		return fmt.Errorf("%w: the broker ended the consuming: a queue was deleted or moved", ErrDown)
	default:
		return ErrDown
	}
}
