package amqp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"yardmaster/executors/sim/rabbit"
)

// shared is the one broker of all tests: each has exchanges and queues of its own.
var shared struct {
	once   sync.Once
	dir    string
	broker *rabbit.Broker
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.broker != nil {
		shared.broker.Close()
	}
	if shared.dir != "" {
		os.RemoveAll(shared.dir)
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// broker gives a broker that runs. Where there is none the test is skipped, but not in CI.
func broker(t *testing.T) *rabbit.Broker {
	t.Helper()
	shared.once.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "amqp"); shared.err != nil {
			return
		}
		if shared.broker, shared.err = rabbit.New(shared.dir); shared.err == nil {
			shared.err = shared.broker.Start(context.Background())
		}
	})
	if errors.Is(shared.err, rabbit.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(shared.err)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.broker
}
