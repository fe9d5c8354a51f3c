package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// rotateAfter is how many jobs one embedded server may see: it keeps about a hundred bytes for every key that ever was.
const rotateAfter = 100_000

// ageEvery is the step in which keys of the embedded server grow old.
const ageEvery = time.Second

// embedded is a Redis-protocol server in this process, reached over pipes. It opens no port.
type embedded struct {
	mu     sync.Mutex
	server *miniredis.Miniredis
}

func openEmbedded() (*embedded, error) {
	server, err := startEmbedded()
	if err != nil {
		return nil, err
	}
	return &embedded{server: server}, nil
}

func startEmbedded() (*miniredis.Miniredis, error) {
	m := miniredis.NewMiniRedis()
	c, err := m.Dial() // the first connection brings the server up
	if err != nil {
		return nil, fmt.Errorf("start embedded queue: %w", err)
	}
	m.Server().SetPreHook(newScriptEngine(m.Server()).serve)
	if err := c.Close(); err != nil {
		return nil, fmt.Errorf("start embedded queue: %w", err)
	}
	return m, nil
}

func (e *embedded) current() *miniredis.Miniredis {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.server
}

func (e *embedded) dial(context.Context, string, string) (net.Conn, error) {
	c, err := e.current().Dial()
	if err != nil {
		return nil, fmt.Errorf("dial embedded queue: %w", err)
	}
	return pipe{c}, nil
}

// exchange puts an empty server in place of the current one. Connections to the old one are cut.
func (e *embedded) exchange() error {
	next, err := startEmbedded()
	if err != nil {
		return err
	}
	e.mu.Lock()
	old := e.server
	e.server = next
	e.mu.Unlock()
	old.Close()
	return nil
}

func (e *embedded) close() { e.current().Close() }

// age lets time pass in the embedded server, which has no clock of its own.
func (q *Queue) age(ctx context.Context) {
	defer q.wg.Done()
	tick := time.NewTicker(min(ageEvery, q.lifeTTL/8))
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := time.Now()
			q.embedded.current().FastForward(now.Sub(last))
			last = now
		}
	}
}

// pipe tells go-redis of a closed pipe in the words of a closed socket, so that it tries another connection.
type pipe struct{ net.Conn }

func (p pipe) Read(b []byte) (int, error)         { n, err := p.Conn.Read(b); return n, asEOF(err) }
func (p pipe) Write(b []byte) (int, error)        { n, err := p.Conn.Write(b); return n, asEOF(err) }
func (p pipe) SetDeadline(t time.Time) error      { return asEOF(p.Conn.SetDeadline(t)) }
func (p pipe) SetReadDeadline(t time.Time) error  { return asEOF(p.Conn.SetReadDeadline(t)) }
func (p pipe) SetWriteDeadline(t time.Time) error { return asEOF(p.Conn.SetWriteDeadline(t)) }

func asEOF(err error) error {
	if errors.Is(err, io.ErrClosedPipe) {
		return io.EOF
	}
	return err
}
