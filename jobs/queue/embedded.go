package queue

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// rotateAfter is how many jobs one embedded server may see: it keeps about a hundred bytes for every key that ever was.
const rotateAfter = 100_000

// ageEvery is the step in which keys of the embedded server grow old.
const ageEvery = time.Second

// embedded is a Redis-protocol server in this process, reached by calls. It opens no port.
type embedded struct {
	mu     sync.Mutex
	server *miniredis.Miniredis // nil when closed
	conns  map[*direct]struct{} // to that server
}

func openEmbedded() (*embedded, error) {
	server, err := startEmbedded()
	if err != nil {
		return nil, err
	}
	return &embedded{server: server, conns: map[*direct]struct{}{}}, nil
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
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server == nil {
		return nil, fmt.Errorf("dial embedded queue: %w", net.ErrClosed)
	}
	c := newDirect(e.server.Server(), e.forget)
	e.conns[c] = struct{}{}
	return c, nil
}

func (e *embedded) forget(c *direct) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.conns, c)
}

// exchange puts an empty server in place of the current one. Connections to the old one are cut.
func (e *embedded) exchange() error {
	next, err := startEmbedded()
	if err != nil {
		return err
	}
	e.replace(next)
	return nil
}

func (e *embedded) close() { e.replace(nil) }

func (e *embedded) replace(next *miniredis.Miniredis) {
	e.mu.Lock()
	old, conns := e.server, e.conns
	e.server, e.conns = next, map[*direct]struct{}{}
	e.mu.Unlock()
	for c := range conns {
		_ = c.Close()
	}
	if old != nil {
		old.Close()
	}
}

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
