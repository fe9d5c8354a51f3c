package vmpooler_test

import (
	"context"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"yardmaster/store"
)

// waiting asks, and answers once it does.
func (y *yard) waiting(ctx context.Context, path string) <-chan answer {
	done := make(chan answer, 1)
	before := y.service.Waiting()
	r := httptest.NewRequest("POST", path, nil).WithContext(ctx)
	go func() {
		a := answer{httptest.NewRecorder(), y.t}
		y.handler.ServeHTTP(a, r)
		done <- a
	}()
	deadline := time.Now().Add(10 * time.Second)
	for y.service.Waiting() <= before && len(done) == 0 {
		if time.Now().After(deadline) {
			y.t.Fatal("nobody waits")
		}
		time.Sleep(time.Millisecond)
	}
	return done
}

func TestWaitingEndsWithMachines(t *testing.T) {
	y := start(t)
	done := y.waiting(t.Context(), "/api/v1/vm/debian-7-x86_64+debian-7-x86_64?wait=60s")
	y.ready("debian-7-x86_64", "vm1", "vm2")
	y.post("/api/v1/vm/debian-7-x86_64", "").is(503, no) // who waits goes first
	other := y.waiting(t.Context(), "/api/v1/vm/debian-7-x86_64?wait=0.05s")
	(<-other).is(503, no)
	(<-done).is(200, `{"ok": true,"debian-7-x86_64": {"hostname": ["vm1","vm2"]},"domain": "company.com"}`)
}

func TestWaitingEndsWithItsTime(t *testing.T) {
	y := start(t)
	(<-y.waiting(t.Context(), "/vm/debian?wait=20ms")).is(503, no)
}

func TestNobodyWaitsForLongerThanTheOperatorAllows(t *testing.T) {
	y := start(t, func(s *setting) { s.cfg.WaitMost = 20 * time.Millisecond })
	(<-y.waiting(t.Context(), "/api/v3/vm/debian?wait=3600")).is(503, no)
	never := start(t, func(s *setting) { s.cfg.WaitMost = 0 })
	never.post("/api/v1/vm/debian?wait=1h", "").is(503, no)
}

func TestWaitingEndsWithTheServer(t *testing.T) {
	y := start(t)
	done := y.waiting(t.Context(), "/api/v1/vm/debian?wait=60s")
	close(y.stop)
	(<-done).is(503, no)
}

func TestNobodyWaitsForWhatCannotBe(t *testing.T) {
	start(t).post("/api/v1/vm/debian-7-x86_64+debian-7-x86_64+debian-7-x86_64?wait=60s", "").is(503, no)
}

func TestAClientThatLeftGetsNothing(t *testing.T) {
	y := start(t)
	ctx, leave := context.WithCancel(t.Context())
	done := y.waiting(ctx, "/api/v1/vm/debian?wait=60s")
	leave()
	(<-done).is(503, no)
	y.ready("debian-7-i386", "vm1")
	if v := y.vm("vm1"); v.State != store.VMReady {
		t.Errorf("%+v", v)
	}
}

// A server sees that a client left only once it has read what the client sent: also where a body means nothing.
func TestAClientThatLeftWithABodyUnreadGetsNothing(t *testing.T) {
	y := start(t)
	server := httptest.NewServer(y.handler)
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("POST /api/v1/vm/debian?wait=60s HTTP/1.1\r\nHost: yard\r\nContent-Length: 2\r\n\r\n{}")); err != nil {
		t.Fatal(err)
	}
	y.line(1)
	_ = conn.Close()
	y.line(0)
	y.ready("debian-7-i386", "vm1")
	if v := y.vm("vm1"); v.State != store.VMReady {
		t.Errorf("%+v", v)
	}
}

// line waits until so many wait.
func (y *yard) line(n int) {
	y.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); y.service.Waiting() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			close(y.stop) // so that the test ends, and its server with it
			y.t.Fatalf("%d wait, want %d", y.service.Waiting(), n)
		}
	}
}

// leaves is the context of a client that leaves once a machine is its own.
type leaves struct {
	context.Context
	gone func() bool
}

func (l leaves) Err() error {
	if l.gone() {
		return context.Canceled
	}
	return l.Context.Err()
}

func TestAClientThatLeftWhileItWasServedKeepsNothing(t *testing.T) {
	y := start(t)
	y.ready("debian-7-i386", "vm1")
	r := httptest.NewRequest("POST", "/api/v1/vm/debian?wait=60s", nil)
	a := answer{httptest.NewRecorder(), t}
	y.handler.ServeHTTP(a, r.WithContext(leaves{t.Context(), func() bool { return y.vm("vm1").State != store.VMReady }}))
	a.is(503, no)
	if v := y.vm("vm1"); v.State != store.VMCompleted {
		t.Errorf("%+v", v)
	}
}

func TestABadWaitIsNamed(t *testing.T) {
	y := start(t)
	y.post("/api/v1/vm/debian?wait=soon", "").is(400, `{"ok": false,"error": "wait: is neither a duration like 60s nor a number of seconds"}`)
	y.post("/api/v1/vm/debian?wait=-1s", "").is(400, `{"ok": false,"error": "wait: is less than 0"}`)
	y.post("/api/v1/vm/debian?wait=", "").is(503, no)
}
