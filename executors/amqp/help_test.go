package amqp

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"yardmaster/executors/sim/rabbit"
)

// eventually looks until ok, and fails the test if that has not come in time.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	limit := time.NewTimer(within)
	defer limit.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-limit.C:
			t.Fatalf("not within %v: %s", within, what)
		case <-tick.C:
		}
	}
}

// settings are those of a consumer of one exchange with one queue, named after the test.
func settings(t *testing.T, b *rabbit.Broker) Config {
	name := strings.ReplaceAll(t.Name(), "/", ".")
	return Config{Name: "east", Host: b.Host, Port: b.Port, User: rabbit.User, Password: rabbit.Password, VHost: "/", Durable: true,
		Topics:    []Topic{{Exchange: name, Queues: []Binding{{Queue: name, RoutingKey: "monitor.*"}}}},
		Heartbeat: 10 * time.Second, DepthInterval: 50 * time.Millisecond, ConfirmTimeout: 5 * time.Second}
}

// lines is a log.
type lines struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

// runs is a consumer that runs.
type runs struct {
	*Consumer
	log  *lines
	stop func()
}

// consume runs a consumer until the end of the test, or until stop.
func consume(t *testing.T, cfg Config, deliver Deliver) *runs {
	t.Helper()
	r := &runs{log: &lines{}}
	var err error
	if r.Consumer, err = NewConsumer(cfg, slog.New(slog.NewTextHandler(r.log, nil))); err != nil {
		t.Fatal(err)
	}
	r.patience = patience{first: 20 * time.Millisecond, most: 200 * time.Millisecond, settled: 100 * time.Millisecond}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, deliver) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the end of a consumer: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("a consumer does not end with its context")
		}
	})
	t.Cleanup(r.stop)
	return r
}

func (r *runs) ready(t *testing.T) {
	t.Helper()
	eventually(t, 20*time.Second, "messages come from every queue", func() bool { return r.State().Ready() })
}

// raw is a connection as another program has one.
func raw(t *testing.T, b *rabbit.Broker) *amqp091.Channel {
	t.Helper()
	conn, err := amqp091.Dial(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the test may have killed the broker
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// put publishes persistent messages in their order, and waits until the broker has them.
func put(t *testing.T, ch *amqp091.Channel, exchange string, bodies ...string) {
	t.Helper()
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	var waiting []*amqp091.DeferredConfirmation
	for _, body := range bodies {
		c, err := ch.PublishWithDeferredConfirm(exchange, "monitor.info", false, false, amqp091.Publishing{DeliveryMode: amqp091.Persistent, Body: []byte(body)})
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, c)
	}
	for _, c := range waiting {
		if !c.Wait() {
			t.Fatal("the broker did not take a message")
		}
	}
}

// basket gathers what is delivered.
type basket struct {
	mu  sync.Mutex
	all []Delivery
}

func (b *basket) add(ds []Delivery) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, ds...)
}

// take keeps and acknowledges.
func (b *basket) take(_ context.Context, ds []Delivery) error {
	b.add(ds)
	_ = Ack(ds) // what is gone comes again
	return nil
}

func (b *basket) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.all)
}

func (b *basket) bodies() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]string, len(b.all))
	for i, d := range b.all {
		out[i] = string(d.Body)
	}
	return out
}
