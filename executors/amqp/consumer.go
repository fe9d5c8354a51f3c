package amqp

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// Consumer takes messages off the queues of one broker. Its State may be asked at any time.
type Consumer struct {
	cfg      Config
	args     amqp091.Table
	log      *slog.Logger
	board    *board
	topics   []*topic
	patience patience
}

// NewConsumer checks a Config. It does not connect. ErrConfig.
func NewConsumer(cfg Config, log *slog.Logger) (*Consumer, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	if len(cfg.Topics) == 0 {
		return nil, fmt.Errorf("%w: topics is empty", ErrConfig)
	}
	args, err := arguments(cfg.QueueArguments)
	if err != nil {
		return nil, fmt.Errorf("%w: queue_arguments: %w", ErrConfig, err)
	}
	c := &Consumer{cfg: cfg, args: args, board: newBoard(cfg), patience: usual}
	c.log = log.With("deployment", cfg.Name, "broker", cfg.Addr())
	for i := range cfg.Topics {
		c.topics = append(c.topics, newTopic(c, i))
	}
	return c, nil
}

// State is how the consuming stands.
func (c *Consumer) State() State {
	s := c.board.read()
	for i, t := range c.topics {
		s.Topics[i].Unacked = t.unacked()
	}
	return s
}

// Run consumes until ctx ends, however often the broker goes away, and returns when every call of deliver has. It is called once.
func (c *Consumer) Run(ctx context.Context, deliver Deliver) error {
	out := outage{log: c.log, what: "broker", first: "consuming from broker"}
	tries := backoff{patience: c.patience}
	for {
		began := time.Now()
		err := c.session(ctx, deliver, out.end)
		c.board.connection(err)
		if ctx.Err() != nil {
			return nil
		}
		out.begin(err)
		if pause(ctx, tries.after(err, time.Since(began))) != nil {
			return nil
		}
	}
}

// session is one connection, from its beginning to its end. Its error is why it ended, never nil.
func (c *Consumer) session(ctx context.Context, deliver Deliver, up func()) error {
	conn, err := dial(ctx, c.cfg)
	if err != nil {
		return err
	}
	c.board.connection(nil)
	up()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, t := range c.topics {
		wg.Go(func() { t.run(ctx, conn, deliver) })
	}
	wg.Go(func() { c.watchDepths(ctx, conn) })
	select {
	case <-ctx.Done():
		err = context.Cause(ctx)
	case said := <-conn.lost:
		err = lossOf(said)
	}
	cancel(err)
	part(conn, &wg)
	return err
}

// part lets what is in hand be finished and acknowledged, if that is soon, and ends the connection, which frees who waits for it.
func part(conn *link, wg *sync.WaitGroup) {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	soon := time.NewTimer(partingTime)
	defer soon.Stop()
	select {
	case <-done:
	case <-soon.C:
	}
	conn.hangUp()
	<-done
}
