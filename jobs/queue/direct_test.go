package queue

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// dialEmbedded gives an embedded server and a bare connection to it.
func dialEmbedded(t *testing.T) (*embedded, net.Conn) {
	t.Helper()
	e, err := openEmbedded()
	must(t, err)
	t.Cleanup(e.close)
	c, err := e.dial(t.Context(), "", "")
	must(t, err)
	return e, c
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	_, err := c.Write([]byte(text))
	must(t, err)
}

func hears(t *testing.T, c net.Conn, want string) {
	t.Helper()
	must(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	got := make([]byte, len(want))
	_, err := io.ReadFull(c, got)
	must(t, err)
	if string(got) != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestADirectConnectionTakesCommandsInAnyPieces(t *testing.T) {
	_, c := dialEmbedded(t)
	long := strings.Repeat("x\r\n", 100_000)
	for _, piece := range strings.SplitAfter("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n", "") {
		say(t, c, piece)
	}
	say(t, c, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPI")
	say(t, c, "NG\r\n")
	hears(t, c, "+OK\r\n$0\r\n\r\n+PONG\r\n")
	say(t, c, "*2\r\n$4\r\nECHO\r\n$300000\r\n"+long[:1000])
	say(t, c, long[1000:]+"\r\n")
	hears(t, c, "$300000\r\n"+long+"\r\n")
}

func TestWhatIsNoCommandIsRefused(t *testing.T) {
	for _, text := range []string{"PING\r\n", "*0\r\n", "*-1\r\n", "*x\r\n", "*1\n", "*1\r\n+PING\r\n", "*1\r\n$-1\r\n", "\r\n"} {
		_, c := dialEmbedded(t)
		if _, err := c.Write([]byte(text)); !errors.Is(err, errCommand) {
			t.Errorf("%q: got error %v", text, err)
		}
	}
}

func TestCuttingACommand(t *testing.T) {
	whole := "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n"
	for n := range len(whole) {
		if _, size, err := cutCommand([]byte(whole[:n])); size != 0 || err != nil {
			t.Errorf("%d bytes of a command: %d, %v", n, size, err)
		}
	}
	args, size, err := cutCommand([]byte(whole + "*1"))
	if size != len(whole) || err != nil || !reflect.DeepEqual(args, []string{"ECHO", "hi"}) {
		t.Errorf("got %q, %d, %v", args, size, err)
	}
}

func FuzzCutCommand(f *testing.F) {
	f.Add([]byte("*1\r\n$4\r\nPING\r\n"))
	f.Add([]byte("*99999999999\r\n$9223372036854775807\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		args, size, err := cutCommand(b)
		if size > len(b) || (size > 0) != (len(args) > 0) || err != nil && size > 0 {
			t.Errorf("%d arguments in %d of %d bytes, %v", len(args), size, len(b), err)
		}
	})
}

func TestADirectConnectionKeepsItsDeadlines(t *testing.T) {
	_, c := dialEmbedded(t)
	must(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a read that waits for nothing: %v", err)
	}
	must(t, c.SetDeadline(time.Now()))
	if _, err := c.Write([]byte("*1\r\n$4\r\nPING\r\n")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a write after its deadline: %v", err)
	}
	must(t, c.SetDeadline(time.Time{}))
	waiting := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		waiting <- err
	}()
	must(t, c.SetReadDeadline(time.Now()))
	if err := <-waiting; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a read whose deadline came while it waited: %v", err)
	}
}

func TestAClosedDirectConnectionIsAtItsEnd(t *testing.T) {
	e, c := dialEmbedded(t)
	waiting := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		waiting <- err
	}()
	must(t, e.exchange())
	if err := <-waiting; err != io.EOF {
		t.Errorf("a read on a connection to a server that went: %v", err)
	}
	if _, err := c.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != io.EOF {
		t.Errorf("a write to a server that went: %v", err)
	}
	e.close()
	if _, err := e.dial(t.Context(), "", ""); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a dial after the end: %v", err)
	}
}

func TestSubscriptionsOfADirectConnectionEndWithIt(t *testing.T) {
	e, _ := dialEmbedded(t)
	client := redis.NewClient(&redis.Options{Addr: Embedded, Protocol: 2, DisableIdentity: true, Dialer: e.dial})
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	sub := client.Subscribe(ctx, "news")
	_, err := sub.Receive(ctx)
	must(t, err)
	must(t, client.Publish(ctx, "news", "hello").Err())
	m, err := sub.ReceiveMessage(ctx)
	must(t, err)
	if m.Payload != "hello" {
		t.Errorf("got %q", m.Payload)
	}
	must(t, sub.Close())
	n, err := client.PubSubNumSub(ctx, "news").Result()
	must(t, err)
	if n["news"] != 0 {
		t.Errorf("%d subscribers are left", n["news"])
	}
}

// Transactions belong to the connection that began them.
func TestDirectConnectionsAreApart(t *testing.T) {
	e, one := dialEmbedded(t)
	two, err := e.dial(t.Context(), "", "")
	must(t, err)
	say(t, one, "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
	say(t, two, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
	hears(t, two, "$-1\r\n")
	say(t, one, "*1\r\n$4\r\nEXEC\r\n")
	hears(t, one, "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n")
	say(t, two, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
	hears(t, two, "$1\r\nv\r\n")
}
