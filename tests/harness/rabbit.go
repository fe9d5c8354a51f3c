package harness

import (
	"context"
	"errors"
	"os"
	"testing"

	"yardmaster/executors/sim/rabbit"
)

// Rabbit is a rabbitmq-server of the test's own, with its data in a folder of its own: what is durable outlives Kill and Start.
type Rabbit struct {
	*rabbit.Broker
	t testing.TB
}

// StartRabbit runs rabbitmq-server on a port of its own and waits until it answers. The test is skipped where there is none, and
// fails in CI.
func StartRabbit(t testing.TB) *Rabbit {
	t.Helper()
	b, err := rabbit.New(t.TempDir())
	if errors.Is(err, rabbit.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v; see tests/setup.sh", err)
	}
	r := &Rabbit{Broker: b, t: t}
	t.Cleanup(func() {
		b.Close()
		if t.Failed() {
			t.Logf("output of rabbitmq-server:\n%s", b.Output())
		}
	})
	r.Start()
	return r
}

// Start runs rabbitmq-server, again or for the first time, and waits until it answers.
func (r *Rabbit) Start() {
	r.t.Helper()
	if err := r.Broker.Start(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

// Stop ends it in good order.
func (r *Rabbit) Stop() {
	r.t.Helper()
	if err := r.Broker.Stop(); err != nil {
		r.t.Fatal(err)
	}
}

// KillAndStart is a power cut: what was confirmed and durable is there again.
func (r *Rabbit) KillAndStart() {
	r.t.Helper()
	r.Kill()
	r.Start()
}
