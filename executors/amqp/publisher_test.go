package amqp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

func publisher(t *testing.T, cfg Config) *Publisher {
	t.Helper()
	p, err := NewPublisher(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p.wait.patience = patience{first: 20 * time.Millisecond, most: 200 * time.Millisecond, settled: 300 * time.Millisecond}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// A message whose publishing returned is in the queue, as one that outlives the broker.
func TestPublishedIsThere(t *testing.T) {
	b := broker(t)
	cfg := settings(t, b)
	name := cfg.Topics[0].Exchange
	ch := raw(t, b)
	p := publisher(t, cfg)
	if err := p.Publish(t.Context(), name, "monitor.info", []byte("nobody listens yet")); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDeclare(name, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := ch.QueueBind(name, "monitor.*", name, false, nil); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if err := p.Publish(t.Context(), name, "monitor.info", fmt.Append(nil, i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := depth(t, name); n != 200 {
		t.Errorf("%d of 200 are there", n)
	}
	m, ok, err := ch.Get(name, true)
	if err != nil || !ok || m.DeliveryMode != amqp091.Persistent || m.ContentType != "application/json" || m.RoutingKey != "monitor.info" {
		t.Errorf("got %+v, %v", m, err)
	}
	if s := p.State(); !s.Connected || s.Problem() != nil || s.Deployment != "east" {
		t.Errorf("got %v", s)
	}
}

// An exchange in conflict is told of, again and again without asking the broker, and disturbs no other.
func TestPublishToAnExchangeInConflict(t *testing.T) {
	b := broker(t)
	cfg := settings(t, b)
	bad, good := cfg.Topics[0].Exchange, cfg.Topics[0].Exchange+".good"
	ch := raw(t, b)
	if err := ch.ExchangeDeclare(bad, "topic", false, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	p := publisher(t, cfg)
	if err := p.Publish(t.Context(), good, "k", nil); err != nil {
		t.Fatal(err)
	}
	since := p.State().Since
	for range 3 {
		if err := p.Publish(t.Context(), bad, "k", nil); !errors.Is(err, ErrConflict) {
			t.Fatalf("got %v", err)
		}
	}
	if err := p.Publish(t.Context(), good, "k", nil); err != nil || !p.State().Since.Equal(since) {
		t.Errorf("the other exchange: %v, connected since %v, was %v", err, p.State().Since, since)
	}
	if err := ch.ExchangeDelete(bad, false, false); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "the exchange is made", func() bool { return p.Publish(t.Context(), bad, "k", nil) == nil })
	// An exchange that goes away under the publisher is not taken for one that took the message.
	if err := ch.ExchangeDelete(bad, false, false); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(t.Context(), bad, "k", nil); !errors.Is(err, ErrNotTaken) {
		t.Errorf("got %v", err)
	}
	eventually(t, 5*time.Second, "it is made anew", func() bool { return p.Publish(t.Context(), bad, "k", nil) == nil })
}

func TestPublishThatCannotBe(t *testing.T) {
	b := broker(t)
	wrong := settings(t, b)
	wrong.Password = "not-the-word"
	if err := publisher(t, wrong).Publish(t.Context(), "e", "k", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("bad password: %v", err)
	}
	nobody := Config{Host: "127.0.0.1", Port: 1, ConfirmTimeout: 300 * time.Millisecond}
	began := time.Now()
	if err := publisher(t, nobody).Publish(t.Context(), "e", "k", nil); !errors.Is(err, ErrDown) || time.Since(began) > 5*time.Second {
		t.Errorf("nobody there: %v after %v", err, time.Since(began))
	}
	p := publisher(t, settings(t, b))
	if err := p.Publish(t.Context(), "", "k", nil); !errors.Is(err, ErrConfig) {
		t.Errorf("no exchange: %v", err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Publish(done, "e", "k", nil); !errors.Is(err, ErrDown) {
		t.Errorf("too late: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Publish(t.Context(), "e", "k", nil); !errors.Is(err, ErrDown) {
		t.Errorf("closed: %v", err)
	}
}
