package events_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"yardmaster/executors/amqp"
	domain "yardmaster/jobs/events"
	"yardmaster/store/events"
)

// broker hands over what its queues hold until all of it is acknowledged, as a real one would: what was not comes again.
type broker struct {
	mu     sync.Mutex
	queues map[string][]amqp.Delivery
	acked  map[string]int // by body
	order  map[string][]string
	state  amqp.State
	batch  int
}

func newBroker(batch int) *broker {
	return &broker{queues: map[string][]amqp.Delivery{}, acked: map[string]int{}, order: map[string][]string{}, batch: batch}
}

func (b *broker) publish(queue string, in domain.Incoming) {
	b.queues[queue] = append(b.queues[queue], amqp.Delivery{Deployment: in.Deployment, Exchange: in.Exchange, Queue: queue, RoutingKey: in.RoutingKey, Body: in.Body})
}

func (b *broker) Run(ctx context.Context, deliver amqp.Deliver) error {
	var queues sync.WaitGroup
	for name, all := range b.queues {
		queues.Go(func() {
			for from := 0; from < len(all); from += b.batch {
				if err := deliver(ctx, all[from:min(from+b.batch, len(all))]); err != nil {
					return
				}
			}
			_ = name
		})
	}
	queues.Wait()
	<-ctx.Done()
	return nil
}

func (b *broker) State() amqp.State { return b.state }

func (b *broker) ack(ds []amqp.Delivery) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range ds {
		b.acked[string(d.Body)]++
		b.order[d.Queue] = append(b.order[d.Queue], string(d.Body))
	}
	return nil
}

func (b *broker) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.acked)
}

// feeding runs a Feed until its end is called.
func feeding(c *scene, b *broker, ack func([]amqp.Delivery) error) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := c.s.FeedWith(ctx, ack, b); err != nil {
			c.t.Error(err)
		}
	})
	return func() { cancel(); done.Wait() }
}

func TestAMessageIsAcknowledgedOnceItIsOnDiskAndPoisonWithTheRest(t *testing.T) {
	c := newScene(t, domain.Options{})
	b := newBroker(13)
	for q := range 3 {
		for i := range 200 {
			b.publish(fmt.Sprint("queue-", q), nova(id(q*1000+i+1), "compute.instance.update", i, "instance_id", fmt.Sprint("queue-", q)))
			if i%50 == 7 {
				b.publish(fmt.Sprint("queue-", q), poison(fmt.Sprintf(`{"poison": %d}`, q*1000+i)))
			}
		}
	}
	ack := func(ds []amqp.Delivery) error {
		here := map[string]bool{}
		for _, e := range c.all(events.Nova) {
			here[e.MessageID] = true
		}
		for _, l := range rows(c, events.DeadLetters) {
			here[string(l.Body)] = true
		}
		for _, d := range ds {
			if !here[string(d.Body)] && !here[messageID(d.Body)] {
				t.Errorf("acknowledged before it was stored: %s", d.Body)
			}
		}
		return b.ack(ds)
	}
	end := feeding(c, b, ack)
	eventually(t, "all is acknowledged", func() bool { return b.count() == 3*204 })
	end()
	last := map[string]events.Event{}
	for _, e := range c.all(events.Nova) {
		if e.When.Before(last[e.Instance.S].When) {
			t.Fatalf("%s came before %s, of one queue", e.MessageID, last[e.Instance.S].MessageID)
		}
		last[e.Instance.S] = e
	}
	if n := len(rows(c, events.DeadLetters)); n != 12 {
		t.Errorf("%d dead letters", n)
	}
}

func messageID(body []byte) string {
	const key = `"message_id":"`
	for i := 0; i+len(key) < len(body); i++ {
		if string(body[i:i+len(key)]) == key {
			return string(body[i+len(key) : i+len(key)+36])
		}
	}
	return ""
}

func TestWhatTheStoreRefusesIsNotAcknowledged(t *testing.T) {
	c := newScene(t, domain.Options{})
	b := newBroker(10)
	for i := range 100 {
		b.publish("info", nova(id(i+1), "compute.instance.update", i))
	}
	_ = c.db.Kill()
	end := feeding(c, b, b.ack)
	eventually(t, "the store refuses", func() bool { return c.s.Stats().Failures > 2 })
	end()
	if n := b.count(); n != 0 {
		t.Errorf("%d acknowledged", n)
	}
	c.kill()
	c.open()
	end = feeding(c, b, b.ack)
	eventually(t, "all is acknowledged", func() bool { return b.count() == 100 })
	end()
	list := c.all(events.Nova)
	for i, e := range list {
		if e.MessageID != id(i+1) {
			t.Fatalf("event %d is %s", i, e.MessageID)
		}
	}
	if len(list) != 100 {
		t.Errorf("%d events", len(list))
	}
}

func TestReadyIsWhenMessagesComeFromEveryQueue(t *testing.T) {
	c := newScene(t, domain.Options{})
	if err := c.s.Ready(); err != nil {
		t.Errorf("without a source: %v", err)
	}
	b := newBroker(1)
	b.state = amqp.State{Deployment: "cell-1", Err: errors.New("nobody there")}
	end := feeding(c, b, b.ack)
	defer end()
	eventually(t, "the source is known", func() bool { return len(c.s.Stats().Sources) == 1 })
	if err := c.s.Ready(); err == nil {
		t.Error("ready though its broker is away")
	}
}
