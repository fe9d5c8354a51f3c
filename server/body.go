package server

import (
	"io"
	"net/http"
	"time"
)

// timedBody bounds the time that a client may take to send its body, from the
// handler's first read on. Once the body is read, net/http lifts the deadline,
// so that it does not end a handler that then waits for something.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
	limit   time.Duration
	armed   bool
	done    bool
}

func (b *timedBody) Read(p []byte) (int, error) {
	if !b.armed {
		b.armed = true
		b.arm()
	}
	n, err := b.ReadCloser.Read(p)
	b.done = b.done || err != nil
	return n, err
}

// leave bounds what net/http still reads of a body that the handler did not
// finish. It sets the next request's deadlines itself.
func (b *timedBody) leave() {
	if !b.done {
		b.arm()
	}
}

// arm ignores writers without deadlines, which only tests have. Deadlines are
// the kernel's, so they go by the real clock.
func (b *timedBody) arm() { _ = b.control.SetReadDeadline(time.Now().Add(b.limit)) }
