package amqp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// Publisher puts messages onto the exchanges of one broker. It connects when there is something to publish. It is safe for
// concurrent use.
type Publisher struct {
	cfg   Config
	board *board
	alive context.Context
	close context.CancelFunc

	turn chan struct{} // holds one token; who has it may use what follows
	way  *way          // nil: not connected
	out  outage
	wait backoff

	holds map[string]hold // of exchanges
}

// way is a channel in confirm mode, and what is known to be at its other end.
type way struct {
	conn      *link
	ch        *amqp091.Channel
	exchanges map[string]bool
}

// hold keeps a broker that said no from being asked again by every message.
type hold struct {
	until time.Time
	err   error
}

// NewPublisher checks a Config. It does not connect. ErrConfig.
func NewPublisher(cfg Config, log *slog.Logger) (*Publisher, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	cfg.Topics = nil
	p := &Publisher{cfg: cfg, board: newBoard(cfg), turn: make(chan struct{}, 1), wait: backoff{patience: usual}, holds: map[string]hold{}}
	p.alive, p.close = context.WithCancel(context.Background())
	p.out = outage{log: log.With("deployment", cfg.Name, "broker", cfg.Addr()), what: "broker to publish to", first: "publishing to broker"}
	p.turn <- struct{}{}
	return p, nil
}

// State is how the connection stands; it has no topics.
func (p *Publisher) State() State { return p.board.read() }

// Close ends the connection. What is being published gets an error, and so does what comes later.
func (p *Publisher) Close() error {
	p.close()
	<-p.turn
	defer func() { p.turn <- struct{}{} }()
	p.drop(nil)
	return nil
}

// Publish gives a message to a topic exchange, which it declares, and returns nil when the broker has confirmed that it has it: from
// then on it outlives the broker wherever it lies in a durable queue. It takes at most Config.ConfirmTimeout. ErrDown: it was not
// sent; ErrRefused, ErrConflict: it will not be until somebody changes something; ErrNotTaken: nobody knows.
func (p *Publisher) Publish(ctx context.Context, exchange, routingKey string, body []byte) error {
	if exchange == "" || len(exchange) > maxName || len(routingKey) > maxName {
		return fmt.Errorf("%w: exchange %q with routing key %q: a name has 1 to %d bytes", ErrConfig, exchange, routingKey, maxName)
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.ConfirmTimeout)
	defer cancel()
	defer context.AfterFunc(p.alive, cancel)()
	confirmed, err := p.send(ctx, exchange, routingKey, body)
	if err != nil {
		return err
	}
	taken, err := confirmed.WaitContext(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNotTaken, err)
	case !taken:
		return ErrNotTaken
	}
	return nil
}

// send waits for its turn and for a connection, and for nothing else.
func (p *Publisher) send(ctx context.Context, exchange, routingKey string, body []byte) (*amqp091.DeferredConfirmation, error) {
	select {
	case <-p.turn:
		defer func() { p.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrDown, ctx.Err())
	}
	if err := p.ready(ctx, exchange); err != nil {
		return nil, err
	}
	defer p.way.conn.cutWith(ctx)()
	confirmed, err := p.way.ch.PublishWithDeferredConfirm(exchange, routingKey, false, false, amqp091.Publishing{
		ContentType: "application/json", DeliveryMode: amqp091.Persistent, Body: body,
	})
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrNotTaken, err)
		p.drop(err)
		return nil, err
	}
	return confirmed, nil
}

// ready sees to it that there is a way to the exchange, and tries again while there is none and ctx lasts.
func (p *Publisher) ready(ctx context.Context, exchange string) error {
	if h, ok := p.holds[exchange]; ok && time.Now().Before(h.until) {
		return h.err
	}
	delete(p.holds, exchange)
	for {
		began := time.Now()
		err := p.open(ctx, exchange)
		if err == nil {
			return nil
		}
		if p.alive.Err() == nil {
			p.out.begin(err)
		}
		again := p.wait.after(err, time.Since(began))
		if settled(err) {
			p.holds[exchange] = hold{time.Now().Add(again), err}
			return err
		}
		p.drop(err)
		if pause(ctx, again) != nil {
			return err
		}
	}
}

// open makes what is missing of a way.
func (p *Publisher) open(ctx context.Context, exchange string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrDown, err)
	}
	if p.way != nil && p.way.ch.IsClosed() {
		p.drop(ErrDown)
	}
	if p.way == nil {
		if err := p.connect(ctx); err != nil {
			p.board.connection(err)
			return err
		}
	}
	if p.way.exchanges[exchange] {
		return nil
	}
	if err := p.declare(ctx, exchange); err != nil {
		return err
	}
	p.out.end()
	p.way.exchanges[exchange] = true
	return nil
}

func (p *Publisher) connect(ctx context.Context) error {
	conn, err := dial(ctx, p.cfg)
	if err != nil {
		return err
	}
	defer conn.cutWith(ctx)()
	ch, err := conn.Channel()
	if err == nil {
		err = ch.Confirm(false)
	}
	if err != nil {
		conn.hangUp()
		return declareError("channel", err)
	}
	p.way = &way{conn: conn, ch: ch, exchanges: map[string]bool{}}
	p.board.connection(nil)
	p.out.end()
	return nil
}

// declare uses a channel of its own: a refusal closes it, and would take along what waits for confirmation.
func (p *Publisher) declare(ctx context.Context, exchange string) error {
	defer p.way.conn.cutWith(ctx)()
	what := fmt.Sprintf("exchange %q", exchange)
	ch, err := p.way.conn.Channel()
	if err != nil {
		return declareError(what, err)
	}
	if err := ch.ExchangeDeclare(exchange, amqp091.ExchangeTopic, p.cfg.Durable, false, false, false, nil); err != nil {
		return declareError(what, err)
	}
	return ch.Close()
}

// drop forgets the way. Who waits for a confirmation on it gets none.
func (p *Publisher) drop(err error) {
	if p.way != nil {
		p.way.conn.hangUp()
		p.way = nil
	}
	if err == nil {
		err = errors.New("closed")
	}
	p.board.connection(err)
}
