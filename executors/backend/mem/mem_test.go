package mem_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/executors/backend"
	"yardmaster/executors/backend/backendtest"
	"yardmaster/executors/backend/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// timeout is how long a call that hangs lasts here.
const timeout = 400 * time.Millisecond

// server has the faults of a fake do what a server can do.
func server(set func(mem.Fault)) backendtest.Server {
	fault := func(f mem.Fault) func(*testing.T) func() {
		return func(*testing.T) func() {
			set(f)
			return func() { set(nil) }
		}
	}
	return backendtest.Server{
		Timeout: timeout,
		Down:    fault(func(context.Context, string, string) error { return backend.ErrUnavailable }),
		Forbid:  fault(func(context.Context, string, string) error { return backend.ErrForbidden }),
		Hang: fault(func(ctx context.Context, _, _ string) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(timeout):
				return backend.ErrUnavailable
			}
		}),
	}
}

func TestTopicsKeepThePromises(t *testing.T) {
	backendtest.Topics(t, func(*testing.T) backendtest.TopicWorld {
		b := mem.NewTopics()
		return backendtest.TopicWorld{Server: server(b.Fail), Topics: b}
	})
}

func TestKeyspacesKeepThePromises(t *testing.T) {
	backendtest.Keyspaces(t, func(*testing.T) backendtest.KeyspaceWorld {
		c := mem.NewKeyspaces()
		return backendtest.KeyspaceWorld{Server: server(c.Fail), Keyspaces: c}
	})
}

var errCut = errors.New("the line was cut")

func TestACallThatFailsHasNoEffectAndOneWhoseAnswerIsLostHas(t *testing.T) {
	b := mem.NewTopics()
	only := func(ctx context.Context, verb, name string) error {
		if verb == mem.EnsureTopic && name == "mdm" {
			return errCut
		}
		return nil
	}
	b.Fail(only)
	if changed, err := b.EnsureTopic(t.Context(), "mdm", 1, 1); !errors.Is(err, errCut) || changed || len(b.Names()) > 0 {
		t.Errorf("failed: %v, %v, %q", changed, err, b.Names())
	}
	b.Fail(nil)
	b.Lose(only)
	if _, err := b.EnsureTopic(t.Context(), "mdm", 1, 1); !errors.Is(err, errCut) || !slices.Equal(b.Names(), []string{"mdm"}) {
		t.Errorf("lost: %v, %q", err, b.Names())
	}
	if err := b.DropTopic(t.Context(), "mdm"); err != nil || len(b.Names()) > 0 {
		t.Errorf("another verb: %v, %q", err, b.Names())
	}
}

func TestWhatIsHandedOutIsACopy(t *testing.T) {
	c := mem.NewKeyspaces()
	replication := map[string]string{"class": "SimpleStrategy", "replication_factor": "1"}
	if err := c.EnsureKeyspace(t.Context(), "mt", replication); err != nil {
		t.Fatal(err)
	}
	replication["replication_factor"] = "2"
	got, err := c.Keyspace(t.Context(), "mt")
	if err != nil || got["replication_factor"] != "1" {
		t.Fatalf("got %v, %v", got, err)
	}
	got["replication_factor"] = "3"
	if again, err := c.Keyspace(t.Context(), "mt"); err != nil || again["replication_factor"] != "1" {
		t.Errorf("got %v, %v", again, err)
	}
	if !slices.Equal(c.Names(), []string{"mt"}) {
		t.Errorf("names %q", c.Names())
	}
}

func TestATimeThatIsUpIsTheServersDoing(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if err := mem.NewKeyspaces().DropKeyspace(ctx, "mt"); !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
