package amqp

import (
	"bufio"
	"net"
	"time"
)

// wire is a connection on which no read and no write takes for ever: a broker that is stopped says nothing and takes nothing, and
// TCP alone would wait for it.
type wire struct {
	net.Conn
	in    *bufio.Reader
	stall time.Duration // for one write
}

// readAhead fetches several messages in one system call.
const readAhead = 64 << 10

func newWire(c net.Conn, quiet, stall time.Duration) *wire {
	return &wire{Conn: c, in: bufio.NewReaderSize(listener{c, quiet}, readAhead), stall: stall}
}

func (w *wire) Read(p []byte) (int, error) { return w.in.Read(p) }

func (w *wire) Write(p []byte) (int, error) {
	if err := w.Conn.SetWriteDeadline(time.Now().Add(w.stall)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

// SetDeadline and SetReadDeadline leave the bounds alone, which the library would lift.
func (w *wire) SetDeadline(time.Time) error     { return nil }
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// listener gives every read its bound.
type listener struct {
	net.Conn
	quiet time.Duration
}

func (l listener) Read(p []byte) (int, error) {
	if err := l.Conn.SetReadDeadline(time.Now().Add(l.quiet)); err != nil {
		return 0, err
	}
	return l.Conn.Read(p)
}
