package events_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	domain "yardmaster/jobs/events"
	"yardmaster/store/events"
)

func TestAPositionIsReadAsItWasWritten(t *testing.T) {
	p := domain.Position{events.Nova: 12, events.Yard: 7}
	back, err := domain.ParsePosition(p.String())
	if err != nil || back[events.Nova] != 12 || back[events.Glance] != 0 || back[events.Yard] != 7 {
		t.Errorf("%s became %v, %v", p, back, err)
	}
	for _, text := range []string{"", "1.2.3", "1.2.3.4.5", "a.0.0.0", "-1.0.0.0", "1.2.3.99999999999999999999"} {
		if _, err := domain.ParsePosition(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func FuzzPosition(f *testing.F) {
	f.Add("1.2.3.4")
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := domain.ParsePosition(text)
		if err != nil {
			return
		}
		if again, err := domain.ParsePosition(p.String()); err != nil || again.String() != p.String() {
			t.Errorf("%q became %s and then %s, %v", text, p, again, err)
		}
	})
}

// listener gathers what a Stream sends.
type listener struct {
	mu   sync.Mutex
	got  []domain.Delivered
	at   domain.Position
	err  error
	stop context.CancelFunc
	done sync.WaitGroup
}

func listen(c *scene, from domain.Position, f domain.Filter) *listener {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listener{stop: cancel}
	s := c.s
	l.done.Go(func() {
		err := s.Stream(ctx, from, f, func(d []domain.Delivered, at domain.Position) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.got, l.at = append(l.got, d...), at
			return nil
		})
		l.mu.Lock()
		l.err = err
		l.mu.Unlock()
	})
	return l
}

func (l *listener) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.got)
}

func (l *listener) end() { l.stop(); l.done.Wait() }

func TestAStreamGoesOnWhereItStoppedAlsoAfterARestart(t *testing.T) {
	c := newScene(t, domain.Options{Memory: 32})
	more := func(from, n int) {
		for i := range n {
			c.ingest(nova(id(from+i), "compute.instance.update", i), glance(id(10_000+from+i), "image.update", i, map[string]any{"id": image}))
		}
	}
	more(0, 5)
	l := listen(c, nil, domain.Filter{})
	eventually(t, "the stream is open", func() bool { more(5000+int(c.s.Newest()[events.Nova]), 1); return l.len() >= 4 })
	l.end()
	last := l.got[len(l.got)-1].At
	more(100, 300) // far more than memory holds
	c.kill()
	c.open()
	at, err := domain.ParsePosition(last.String())
	if err != nil {
		t.Fatal(err)
	}
	end := c.s.Newest()
	want := int(end[events.Nova] - at[events.Nova] + end[events.Glance] - at[events.Glance])
	l2 := listen(c, at, domain.Filter{})
	eventually(t, "all that was missed", func() bool { return l2.len() >= want })
	more(900, 3)
	eventually(t, "what is new", func() bool { return l2.len() >= want+6 })
	l2.end()
	for _, s := range []events.Service{events.Nova, events.Glance} {
		next := at[s] + 1
		for _, d := range l2.got {
			if d.Service != s {
				continue
			}
			if d.ID != next || d.At[s] != d.ID {
				t.Fatalf("%s: got %d at %s, want %d", s, d.ID, d.At, next)
			}
			next++
		}
	}
	if len(l2.got) != want+6 {
		t.Errorf("%d events, want %d", len(l2.got), want+6)
	}
}

func TestAStreamSendsWhatWasAskedFor(t *testing.T) {
	text := events.Some
	e := events.Event{Service: events.Nova, Deployment: 2, Type: "compute.instance.create.start", Instance: text("i"), RequestID: "r", Host: text("h"),
		Tenant: text("t"), RoutingKey: "monitor.info"}
	for _, c := range []struct {
		name string
		f    domain.Filter
		want bool
	}{
		{"all", domain.Filter{}, true},
		{"its deployment", domain.Filter{Deployment: 2}, true},
		{"another deployment", domain.Filter{Deployment: 1}, false},
		{"its type", domain.Filter{Type: "compute.instance.create.start"}, true},
		{"a part of its type", domain.Filter{Type: "compute.instance"}, false},
		{"how its type begins", domain.Filter{Type: "compute.instance.*"}, true},
		{"how another type begins", domain.Filter{Type: "image.*"}, false},
		{"its instance", domain.Filter{Instance: "i"}, true},
		{"another instance", domain.Filter{Instance: "j"}, false},
		{"its request", domain.Filter{RequestID: "r"}, true},
		{"another request", domain.Filter{RequestID: "q"}, false},
		{"its host", domain.Filter{Host: "h"}, true},
		{"another host", domain.Filter{Host: "g"}, false},
		{"its tenant", domain.Filter{Tenant: "t"}, true},
		{"another tenant", domain.Filter{Tenant: "s"}, false},
		{"errors", domain.Filter{Failed: true}, false},
		{"all at once", domain.Filter{Deployment: 2, Type: "compute.*", Instance: "i", RequestID: "r", Host: "h", Tenant: "t"}, true},
	} {
		if got := c.f.Matches(&e); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	c := newScene(t, domain.Options{})
	l := listen(c, domain.Position{}, domain.Filter{Services: []events.Service{events.Glance}, Type: "image.update"})
	c.ingest(nova(id(1), "compute.instance.update", 0), glance(id(2), "image.create", 1, map[string]any{"id": image}),
		glance(id(3), "image.update", 2, map[string]any{"id": image}))
	eventually(t, "the one", func() bool { return l.len() > 0 })
	l.end()
	if len(l.got) != 1 || l.got[0].ID != 2 || l.got[0].Service != events.Glance {
		t.Errorf("got %+v", l.got)
	}
}

func TestAReceiverWhoIsTooSlowIsToldSo(t *testing.T) {
	c := newScene(t, domain.Options{Memory: 16, Behind: 500})
	slow, begun := make(chan struct{}), make(chan struct{}, 1000)
	result := make(chan error, 1)
	c.ingest(nova(id(0), "compute.instance.update", 0))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	go func() {
		result <- c.s.Stream(ctx, domain.Position{}, domain.Filter{}, func([]domain.Delivered, domain.Position) error {
			begun <- struct{}{}
			<-slow
			return nil
		})
	}()
	<-begun
	var in []domain.Incoming
	for i := range 1000 {
		in = append(in, note{id: id(i + 1), kind: "x", at: at(i), exchange: "else", payload: map[string]any{}}.incoming())
	}
	c.ingest(in...)
	close(slow)
	if err := <-result; !errors.Is(err, domain.ErrBehind) {
		t.Errorf("ended with %v", err)
	}
}

func TestWhoComesBackFromFarBehindMissesNothing(t *testing.T) {
	c := newScene(t, domain.Options{Memory: 16, Behind: 100})
	var in []domain.Incoming
	for i := range 1000 {
		in = append(in, note{id: id(i), kind: fmt.Sprint("x", i%10), at: at(i), exchange: "else", payload: map[string]any{}}.incoming())
	}
	c.ingest(in...)
	for name, f := range map[string]domain.Filter{"all": {}, "some": {Type: "x9"}} {
		want := map[string]int{"all": 990, "some": 99}[name]
		l := listen(c, domain.Position{events.Nova: 10}, f)
		eventually(t, name, func() bool { return l.len() >= want })
		l.end()
		if !errors.Is(l.err, context.Canceled) || len(l.got) != want || l.got[0].ID <= 10 || l.got[want-1].ID != 1000 {
			t.Errorf("%s: %d events from %d on, %v", name, len(l.got), l.got[0].ID, l.err)
		}
	}
}

func TestWhoComesBackGetsWhatIsStillKept(t *testing.T) {
	clock := begin
	c := &scene{t: t, dir: t.TempDir(), o: domain.Options{Memory: 4, Behind: 10}, now: func() time.Time { return clock }}
	c.open()
	t.Cleanup(c.close)
	more := func(from, n int) {
		for i := range n {
			c.ingest(nova(id(from+i), "compute.instance.update", 0))
		}
	}
	more(0, 20)
	clock = at(3600)
	if gone, err := c.db.Trim(context.Background(), at(1), 0); err != nil || gone.Events != 20 {
		t.Fatalf("trimmed %+v, %v", gone, err)
	}
	more(20, 15)
	l := listen(c, domain.Position{}, domain.Filter{})
	eventually(t, "what is kept", func() bool { return l.len() >= 15 })
	l.end()
	if len(l.got) != 15 || l.got[0].ID != 21 {
		t.Errorf("%d events from %d on", len(l.got), l.got[0].ID)
	}
}

func TestAReceiverKnowsWhereItIsBeforeAnythingMatches(t *testing.T) {
	c := newScene(t, domain.Options{})
	c.ingest(nova(id(0), "compute.instance.update", 0))
	l := listen(c, nil, domain.Filter{Type: "never"})
	where := func() domain.Position {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.at
	}
	eventually(t, "a sign of life", func() bool { return where() != nil })
	if got := where().String(); got != "1.0.0.0" || l.len() != 0 {
		t.Errorf("it is at %s", got)
	}
	l.end()
}

func TestAStreamEndsWithItsReceiverAndWithTheService(t *testing.T) {
	c := newScene(t, domain.Options{})
	l := listen(c, nil, domain.Filter{})
	l.end()
	if !errors.Is(l.err, context.Canceled) {
		t.Errorf("ended with %v", l.err)
	}
	gone := errors.New("receiver gone")
	c.ingest(nova(id(0), "compute.instance.update", 0))
	if err := c.s.Stream(context.Background(), domain.Position{}, domain.Filter{}, func([]domain.Delivered, domain.Position) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("ended with %v", err)
	}
	l = listen(c, nil, domain.Filter{})
	c.s.Close()
	l.done.Wait()
	l.stop()
	if !errors.Is(l.err, domain.ErrClosed) {
		t.Errorf("ended with %v", l.err)
	}
}
