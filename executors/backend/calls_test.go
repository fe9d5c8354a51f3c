package backend

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheEndOfACallIsToldByItsCause(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(c *Calls, giveUp func())
		want error
		word string
	}{
		{"time is up", func(*Calls, func()) {}, ErrUnavailable, "1s"},
		{"the caller gave up", func(_ *Calls, giveUp func()) { giveUp() }, context.Canceled, ""},
		{"closed", func(c *Calls, _ func()) { go c.End() }, ErrUnavailable, "closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := NewCalls(time.Second)
				caller, giveUp := context.WithCancel(t.Context())
				defer giveUp()
				ctx, done, err := c.Begin(caller)
				if err != nil || c.Cut(ctx) != nil {
					t.Fatal(err, c.Cut(ctx))
				}
				tt.end(c, giveUp)
				<-ctx.Done()
				err = c.Cut(ctx)
				if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.word) ||
					tt.want != ErrUnavailable && errors.Is(err, ErrUnavailable) {
					t.Errorf("got %v", err)
				}
				done()
			})
		})
	}
}

func TestTheCallersOwnDeadlineIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCalls(time.Minute)
		caller, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ctx, done, err := c.Begin(caller)
		if err != nil {
			t.Fatal(err)
		}
		defer done()
		<-ctx.Done()
		if err := c.Cut(ctx); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheEndWaitsForCallsAndLetsNoneBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCalls(time.Minute)
		ctx, done, err := c.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ended := false
		go func() { c.End(); ended = true }()
		<-ctx.Done()
		synctest.Wait()
		if ended {
			t.Error("it did not wait")
		}
		if _, _, err := c.Begin(t.Context()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("another began: %v", err)
		}
		done()
		synctest.Wait()
		if !ended {
			t.Error("it still waits")
		}
		c.End()
	})
}

func TestAConnectionDoesNotOutliveItsCall(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	conn, err := Dial(ctx, l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read := make(chan error, 1)
	go func() { _, err := io.ReadFull(conn, make([]byte, 1)); read <- err }()
	cancel()
	if err := <-read; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
