package amqp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	amqp091 "github.com/rabbitmq/amqp091-go"
)

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

// What is published comes once, in its order, and leaves the broker when it is acknowledged.
func TestMessagesComeInOrder(t *testing.T) {
	cfg := settings(t, broker(t))
	var got basket
	largest := 0
	c := consume(t, cfg, func(ctx context.Context, ds []Delivery) error {
		largest = max(largest, len(ds))
		return got.take(ctx, ds)
	})
	c.ready(t)
	want := numbered(5000)
	put(t, raw(t, broker(t)), cfg.Topics[0].Exchange, want...)
	eventually(t, 20*time.Second, "all come", func() bool { return got.len() >= len(want) })
	if d := cmp.Diff(want, got.bodies()); d != "" {
		t.Fatal(d)
	}
	first := got.all[0]
	first.tag, first.from = 0, nil
	name := cfg.Topics[0].Exchange
	if d := cmp.Diff(Delivery{Deployment: "east", Exchange: name, Queue: name, RoutingKey: "monitor.info", Body: []byte("0")}, first,
		cmp.AllowUnexported(Delivery{})); d != "" {
		t.Error(d)
	}
	eventually(t, 5*time.Second, "none waits", func() bool { return c.State().Topics[0].Unacked == 0 })
	c.stop()
	if left := depth(t, name); left != 0 {
		t.Errorf("the broker still has %d", left)
	}
	if largest < 2 {
		t.Error("messages are handed over one by one, however many there are")
	}
}

func depth(t *testing.T, queue string) int {
	t.Helper()
	q, err := raw(t, broker(t)).QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return q.Messages
}

// No more is on its way than the prefetch allows, and the state tells of it and of what waits.
func TestPrefetchAndDepth(t *testing.T) {
	cfg := settings(t, broker(t))
	cfg.Prefetch = 10
	hold, got := make(chan struct{}), basket{}
	c := consume(t, cfg, func(ctx context.Context, ds []Delivery) error {
		if len(ds) > cfg.Prefetch/2 {
			t.Errorf("%d at once", len(ds))
		}
		select {
		case <-hold:
			return got.take(ctx, ds)
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	c.ready(t)
	put(t, raw(t, broker(t)), cfg.Topics[0].Exchange, numbered(50)...)
	eventually(t, 10*time.Second, "10 in hand and 40 waiting", func() bool {
		s := c.State().Topics[0]
		return s.Unacked == 10 && s.Queues[0].Depth == 40 && s.Queues[0].Consumers == 1 && !s.Queues[0].Seen.IsZero()
	})
	close(hold)
	eventually(t, 10*time.Second, "all come, and none waits", func() bool {
		s := c.State().Topics[0]
		return got.len() == 50 && s.Unacked == 0 && s.Queues[0].Depth == 0
	})
}

// What was handed over and not acknowledged comes again to the next consumer, in its old order.
func TestUnackedComesAgain(t *testing.T) {
	cfg := settings(t, broker(t))
	var first, second basket
	c := consume(t, cfg, func(_ context.Context, ds []Delivery) error {
		first.add(ds)
		return nil
	})
	c.ready(t)
	put(t, raw(t, broker(t)), cfg.Topics[0].Exchange, numbered(20)...)
	eventually(t, 10*time.Second, "all come", func() bool { return first.len() == 20 })
	if err := Ack(first.all[:5]); err != nil {
		t.Fatal(err)
	}
	c.stop()
	if err := first.all[7].Ack(); !errors.Is(err, ErrGone) {
		t.Errorf("late acknowledgement: got %v", err)
	}
	consume(t, cfg, second.take)
	eventually(t, 10*time.Second, "the rest comes again", func() bool { return second.len() == 15 })
	if d := cmp.Diff(numbered(20)[5:], second.bodies()); d != "" {
		t.Error(d)
	}
	for _, d := range second.all {
		if !d.Redelivered {
			t.Errorf("%s does not say that it came before", d.Body)
		}
	}
}

// What deliver does not take comes again, and nothing of what follows overtakes it.
func TestWhatIsNotTakenComesAgain(t *testing.T) {
	cfg := settings(t, broker(t))
	var got basket
	fails := 3
	c := consume(t, cfg, func(ctx context.Context, ds []Delivery) error {
		if fails--; fails >= 0 {
			return errors.New("the disk is full")
		}
		return got.take(ctx, ds)
	})
	c.ready(t)
	put(t, raw(t, broker(t)), cfg.Topics[0].Exchange, numbered(100)...)
	eventually(t, 10*time.Second, "all come", func() bool { return got.len() == 100 })
	if d := cmp.Diff(numbered(100), got.bodies()); d != "" {
		t.Error(d)
	}
	c.ready(t)
	if n := strings.Count(c.log.String(), "the disk is full"); n == 0 || n > 3 {
		t.Errorf("said %d times:\n%s", n, c.log)
	}
}

// Messages of two queues of one channel may be acknowledged in any order and in any groups, even twice.
func TestAcknowledgedInAnyOrder(t *testing.T) {
	cfg := settings(t, broker(t))
	name := cfg.Topics[0].Exchange
	cfg.Topics[0].Queues = []Binding{{name + ".a", "monitor.info"}, {name + ".b", "#"}, {name + ".a", "never"}}
	var got basket
	c := consume(t, cfg, func(_ context.Context, ds []Delivery) error {
		got.add(ds)
		return nil
	})
	c.ready(t)
	put(t, raw(t, broker(t)), name, numbered(300)...)
	eventually(t, 10*time.Second, "each comes out of both queues", func() bool { return got.len() == 600 })
	rand.Shuffle(600, func(i, j int) { got.all[i], got.all[j] = got.all[j], got.all[i] })
	var wg sync.WaitGroup
	for i := 0; i < 600; {
		n := min(1+rand.IntN(40), 600-i)
		some := got.all[max(0, i-3) : i+n] // the first few for the second time
		wg.Go(func() {
			if err := Ack(some); err != nil {
				t.Error(err)
			}
		})
		i += n
	}
	wg.Wait()
	eventually(t, 5*time.Second, "none is open", func() bool { return c.State().Topics[0].Unacked == 0 })
	if !c.State().Ready() {
		t.Errorf("the broker took offence: %v", c.State().Problem())
	}
	c.stop()
	if left := depth(t, name+".a") + depth(t, name+".b"); left != 0 {
		t.Errorf("the broker still has %d", left)
	}
}

// A queue that is deleted under the consumer is made anew.
func TestDeletedQueueIsMadeAnew(t *testing.T) {
	cfg := settings(t, broker(t))
	var got basket
	c := consume(t, cfg, got.take)
	c.ready(t)
	ch := raw(t, broker(t))
	since := c.State().Topics[0].Since
	if _, err := ch.QueueDelete(cfg.Topics[0].Exchange, false, false, false); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "it is consumed again", func() bool {
		s := c.State()
		return s.Ready() && s.Topics[0].Since.After(since)
	})
	put(t, ch, cfg.Topics[0].Exchange, "a")
	eventually(t, 10*time.Second, "messages come", func() bool { return got.len() == 1 })
}

// Arguments of queues reach the broker as it wants them: a queue of two keeps two.
func TestQueueArguments(t *testing.T) {
	b := broker(t)
	cfg := settings(t, b)
	cfg.QueueArguments = map[string]any{"x-max-length": 2.0, "x-message-ttl": int64(3600000), "x-expires": int64(1) << 31, "x-ha-policy": "all"}
	c := consume(t, cfg, func(context.Context, []Delivery) error { return nil })
	c.ready(t)
	c.stop()
	ch := raw(t, b)
	put(t, ch, cfg.Topics[0].Exchange, "a", "b", "c", "d")
	if left := depth(t, cfg.Topics[0].Exchange); left != 2 {
		t.Errorf("a queue of two holds %d", left)
	}
	// Another client that sends all numbers with 64 bits means the same queue.
	_, err := ch.QueueDeclare(cfg.Topics[0].Exchange, true, false, false, false, amqp091.Table{"x-max-length": int64(2), "x-message-ttl": int64(3600000),
		"x-expires": int64(1) << 31, "x-ha-policy": "all"})
	if err != nil {
		t.Error(err)
	}
}
