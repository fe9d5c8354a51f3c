package rabbit

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func fresh(t *testing.T) *Broker {
	t.Helper()
	b, err := New(t.TempDir())
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func greets(b *Broker) bool {
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return false
	}
	n, err := conn.Read(make([]byte, 8))
	return err == nil && n > 0
}

// Two nodes run side by side, and one of them ends and comes back without the other taking notice.
func TestNodesOfTheirOwn(t *testing.T) {
	one, two := fresh(t), fresh(t)
	errs := make(chan error, 2)
	for _, b := range []*Broker{one, two} {
		go func() { errs <- b.Start(t.Context()) }()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if !greets(one) || !greets(two) {
		t.Fatal("a node that was started does not speak AMQP")
	}
	if err := one.Start(t.Context()); err == nil {
		t.Error("a node was started twice")
	}
	one.Kill()
	if greets(one) || !greets(two) {
		t.Error("not the one that was killed is gone")
	}
	if err := one.Start(t.Context()); err != nil || !greets(one) {
		t.Errorf("started again: %v", err)
	}
	if err := one.Stop(); err != nil || greets(one) {
		t.Errorf("stopped: %v", err)
	}
}
