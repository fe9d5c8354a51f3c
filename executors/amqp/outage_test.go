package amqp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A broker that is killed in the middle of it and started again on its data has lost nothing that it had confirmed; what comes again
// comes in its old order.
func TestBrokerKilledMidStream(t *testing.T) {
	b := broker(t)
	cfg := settings(t, b)
	cfg.Prefetch = 100
	var got basket
	c := consume(t, cfg, func(ctx context.Context, ds []Delivery) error {
		got.add(ds)
		if err := pause(ctx, time.Millisecond); err != nil { // a commit takes its time, and the broker may go meanwhile
			return err
		}
		_ = Ack(ds) // what is gone comes again
		return nil
	})
	c.ready(t)
	p := publisher(t, cfg)
	const n, streams = 2000, 8
	errs := make(chan error, streams)
	for s := range streams {
		go func() {
			for i := range n / streams {
				// A message that nobody confirmed is published until somebody does.
				for p.Publish(t.Context(), cfg.Topics[0].Exchange, "monitor.info", fmt.Appendf(nil, "%d %d", s, i)) != nil && t.Context().Err() == nil {
				}
			}
			errs <- nil
		}()
	}
	eventually(t, 20*time.Second, "some come", func() bool { return got.len() > n/4 })
	b.Kill()
	eventually(t, 40*time.Second, "the loss is noticed", func() bool { return !c.State().Connected })
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range streams {
		<-errs
	}
	complete := func() bool {
		firsts := map[string]bool{}
		for _, body := range got.bodies() {
			firsts[body] = true
		}
		return len(firsts) == n
	}
	eventually(t, 40*time.Second, "all come", complete)
	var first [streams][]int
	for _, body := range got.bodies() {
		s, i, _ := strings.Cut(body, " ")
		stream, _ := strconv.Atoi(s)
		number, _ := strconv.Atoi(i)
		if !slices.Contains(first[stream], number) {
			first[stream] = append(first[stream], number)
		}
	}
	for s, numbers := range first {
		if !slices.IsSorted(numbers) {
			t.Errorf("stream %d comes as %v", s, numbers)
		}
	}
	c.ready(t)
	c.stop()
	for _, said := range []string{"consuming from broker", "broker lost", "broker is back"} {
		if n := strings.Count(c.log.String(), said); n != 1 {
			t.Errorf("%q is said %d times:\n%s", said, n, c.log)
		}
	}
}

// Somebody who is refused is told why, once, without the password, and gets in when he is let in.
func TestRefused(t *testing.T) {
	b := broker(t)
	for _, c := range []struct {
		name   string
		change func(*Config)
	}{
		{"bad password", func(c *Config) { c.Password = "not-the-word" }},
		{"unknown virtual host", func(c *Config) { c.VHost = "elsewhere" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := settings(t, b)
			c.change(&cfg)
			r := consume(t, cfg, func(context.Context, []Delivery) error { return nil })
			eventually(t, 20*time.Second, "it is said", func() bool { return errors.Is(r.State().Problem(), ErrRefused) })
			if err := pause(t.Context(), 300*time.Millisecond); err != nil { // a second try
				t.Fatal(err)
			}
			s := r.State()
			r.stop()
			if s.Connected || s.Topics[0].Ready || strings.Contains(fmt.Sprint(s, r.log), "not-the-word") {
				t.Errorf("got %v\n%s", s, r.log)
			}
			if n := strings.Count(r.log.String(), `msg="broker refuses"`); n != 1 || strings.Contains(r.log.String(), "broker lost") {
				t.Errorf("it is logged %d times:\n%s", n, r.log)
			}
		})
	}
}

// An exchange that is there with another durable flag is told of, and keeps no other exchange from being consumed.
func TestOtherDurableFlag(t *testing.T) {
	b := broker(t)
	cfg := settings(t, b)
	bad, good := cfg.Topics[0].Exchange, cfg.Topics[0].Exchange+".good"
	cfg.Topics = append(cfg.Topics, Topic{Exchange: good, Queues: []Binding{{good, "#"}}})
	ch := raw(t, b)
	if err := ch.ExchangeDeclare(bad, "topic", false, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	var got basket
	c := consume(t, cfg, got.take)
	eventually(t, 20*time.Second, "one is in conflict and one is consumed", func() bool {
		s := c.State()
		return s.Connected && errors.Is(s.Topics[0].Err, ErrConflict) && errors.Is(s.Problem(), ErrConflict) && s.Topics[1].Ready
	})
	if text := c.State().Problem().Error(); !strings.Contains(text, bad) || !strings.Contains(text, "durable") {
		t.Errorf("the reason is %q", text)
	}
	put(t, ch, good, "a")
	eventually(t, 10*time.Second, "a message comes from the other", func() bool { return got.len() == 1 })
	if err := ch.ExchangeDelete(bad, false, false); err != nil {
		t.Fatal(err)
	}
	c.ready(t)
	if n := strings.Count(c.log.String(), `msg="exchange refuses"`); n != 1 {
		t.Errorf("it is logged %d times:\n%s", n, c.log)
	}
}

// A broker that is frozen, connection and all, is given up soon; nobody waits for it, and it is taken up again when it thaws.
func TestFrozenBroker(t *testing.T) {
	b := broker(t)
	cfg := settings(t, b)
	p := publisher(t, cfg)
	cfg.Heartbeat, cfg.DialTimeout = time.Second, 2*time.Second
	var got basket
	c := consume(t, cfg, got.take)
	c.ready(t)
	ch := raw(t, b)
	put(t, ch, cfg.Topics[0].Exchange, "a")
	if err := p.Publish(t.Context(), cfg.Topics[0].Exchange, "monitor.info", []byte("b")); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "both come", func() bool { return got.len() == 2 })

	if err := b.Freeze(); err != nil {
		t.Fatal(err)
	}
	defer b.Thaw()
	began := time.Now()
	if err := p.Publish(t.Context(), cfg.Topics[0].Exchange, "monitor.info", []byte("c")); !errors.Is(err, ErrNotTaken) {
		t.Errorf("published to a frozen broker: %v", err)
	}
	other := consume(t, cfg, got.take) // comes when all is frozen already
	eventually(t, 10*time.Second, "the loss is noticed", func() bool { return !c.State().Connected && errors.Is(other.State().Err, ErrDown) })
	stopping := time.Now()
	other.stop()
	if d := time.Since(stopping); d > 20*time.Second {
		t.Errorf("a consumer took %v to end", d)
	}
	if err := p.Publish(t.Context(), cfg.Topics[0].Exchange, "monitor.info", []byte("d")); err == nil || time.Since(began) > 2*time.Minute {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	if err := b.Thaw(); err != nil {
		t.Fatal(err)
	}
	c.ready(t)
	eventually(t, 40*time.Second, "it can be published again", func() bool {
		return p.Publish(t.Context(), cfg.Topics[0].Exchange, "monitor.info", []byte("e")) == nil
	})
	eventually(t, 40*time.Second, "messages come again", func() bool { return slices.Contains(got.bodies(), "e") })
}

// A consumer that waits for a frozen broker's answer does not wait when it is to end.
func TestEndWhileFrozen(t *testing.T) {
	b := broker(t)
	cfg := settings(t, b)
	c := consume(t, cfg, func(ctx context.Context, _ []Delivery) error { <-ctx.Done(); return ctx.Err() })
	c.ready(t)
	if err := b.Freeze(); err != nil {
		t.Fatal(err)
	}
	defer b.Thaw()
	if err := pause(t.Context(), 4*cfg.DepthInterval); err != nil { // by then it has asked for the depths
		t.Fatal(err)
	}
	began := time.Now()
	c.stop()
	if d := time.Since(began); d > cfg.Heartbeat*3/2 {
		t.Errorf("it took %v", d)
	}
}

// Where nobody listens there is one line in the log and a state that says so, and the end comes at once.
func TestNobodyListens(t *testing.T) {
	cfg := Config{Name: "east", Host: "127.0.0.1", Port: 1, Topics: []Topic{{"nova", []Binding{{"q", "k"}}}}}
	c := consume(t, cfg, func(context.Context, []Delivery) error { return nil })
	eventually(t, 40*time.Second, "it is said", func() bool { return c.State().Err != nil })
	if s := c.State(); s.Ready() || !errors.Is(s.Err, ErrDown) || s.Addr != "127.0.0.1:1" || s.Since.IsZero() {
		t.Errorf("got %v", s)
	}
	began := time.Now()
	c.stop()
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("the end took %v", d)
	}
	if n := strings.Count(c.log.String(), "broker lost"); n != 1 {
		t.Errorf("said %d times", n)
	}
}

// The log has a line when an outage begins, when it turns out to be a refusal, and when it ends.
func TestOutageIsLoggedOnce(t *testing.T) {
	log := &lines{}
	o := outage{log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "msg" {
			return a
		}
		return slog.Attr{}
	}})), what: "broker", first: "consuming"}
	for _, err := range []error{nil, nil, ErrDown, ErrDown, ErrRefused, ErrRefused, ErrDown, nil, nil, ErrConflict, nil} {
		if err == nil {
			o.end()
			continue
		}
		o.begin(err)
	}
	want := `msg=consuming
msg="broker lost"
msg="broker refuses"
msg="broker is back"
msg="broker refuses"
msg="broker is back"
`
	if d := cmp.Diff(want, log.String()); d != "" {
		t.Error(d)
	}
}

func TestPausesGrowAndAreBounded(t *testing.T) {
	b := backoff{patience: usual}
	most := 250 * time.Millisecond
	for i := range 20 {
		d := b.after(ErrDown, 0)
		if d > most || d < most*3/4 {
			t.Fatalf("pause %d is %v, want up to %v", i, d, most)
		}
		most = min(2*most, 30*time.Second)
	}
	if d := b.after(ErrRefused, 0); d > 30*time.Second || d < 22*time.Second {
		t.Errorf("after a refusal: %v", d)
	}
	if d := b.after(ErrDown, time.Minute); d > 250*time.Millisecond {
		t.Errorf("after a minute that went well: %v", d)
	}
}
