package ssh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"yardmaster/executors"
)

// host is one node: its connections, who waits for a place on them, and how it was found lately.
type host struct {
	name    string
	address string
	cfg     Config
	login   *login
	keys    judge
	tasks   *sync.WaitGroup

	mu     sync.Mutex
	conns  []*conn
	queue  []chan grant
	hangUp context.CancelFunc // ends the dial under way, nil when there is none
	failed error              // of the last dial
	notYet time.Time          // no dial before it
	closed bool
	health HostHealth
}

// grant is what a caller in the queue gets: a place, or why there is none.
type grant struct {
	conn *conn
	err  error
}

func newHost(name, address string, s *SSH) *host {
	return &host{name: name, address: address, cfg: s.cfg, login: s.login, keys: s.keys, tasks: &s.tasks, health: HostHealth{Host: name}}
}

// tries is how often a script that did not begin is tried on another connection.
const tries = 4

func (h *host) run(ctx context.Context, script string) (executors.Result, error) {
	for try := 1; ; {
		c, err := h.acquire(ctx)
		if err != nil {
			return executors.Result{}, fmt.Errorf("%s: %w: %w", h.name, executors.ErrUnreachable, err)
		}
		res, begun, err := c.run(ctx, script)
		switch {
		case err == nil:
			h.found(nil)
			return res, nil
		case begun:
			return executors.Result{}, fmt.Errorf("%s: %w: %w", h.name, executors.ErrLost, err)
		case ctx.Err() != nil:
			return executors.Result{}, fmt.Errorf("%s: %w: %w", h.name, executors.ErrUnreachable, ctx.Err())
		case try == tries:
			h.found(err)
			return executors.Result{}, fmt.Errorf("%s: %w: %w", h.name, executors.ErrUnreachable, err)
		case !errors.Is(err, errFull):
			try++
		}
	}
}

// acquire takes a place on a connection, in the order of the callers.
func (h *host) acquire(ctx context.Context) (*conn, error) {
	turn := make(chan grant, 1)
	h.mu.Lock()
	h.queue = append(h.queue, turn)
	h.serve()
	h.mu.Unlock()
	select {
	case g := <-turn:
		return g.conn, g.err
	case <-ctx.Done():
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if at := slices.Index(h.queue, turn); at >= 0 {
		h.queue = slices.Delete(h.queue, at, at+1)
	} else if g := <-turn; g.conn != nil {
		h.vacate(g.conn) // it came just as the caller left
	}
	return nil, ctx.Err()
}

// serve gives places to those who wait and dials for the first one who gets none. It is called under mu after every change.
func (h *host) serve() {
	if h.closed {
		h.refuse(errClosed)
	}
	h.conns = slices.DeleteFunc(h.conns, (*conn).dead)
	for len(h.queue) > 0 {
		c := h.place()
		if c == nil {
			h.grow()
			return
		}
		c.sessions++
		h.queue[0] <- grant{conn: c}
		h.queue = h.queue[1:]
	}
}

func (h *host) place() *conn {
	for _, c := range h.conns {
		if c.vacant() {
			return c
		}
	}
	return nil
}

// grow dials for those who found no place, or tells them why it will not. Whoever has connections waits for a place on them.
func (h *host) grow() {
	live, resting := 0, false
	for _, c := range h.conns {
		if !c.retired {
			live++
			resting = resting || c.resting
		}
	}
	switch {
	case h.hangUp != nil || resting || live >= h.cfg.MaxConns:
	case time.Now().Before(h.notYet):
		if live == 0 {
			h.refuse(h.failed)
		}
	default:
		ctx, cancel := context.WithTimeout(context.Background(), h.cfg.DialTimeout)
		h.hangUp = cancel // the dial is nobody's own: a caller who leaves must not end it for the others
		h.tasks.Go(func() {
			defer cancel()
			h.dialed(h.dial(ctx))
		})
	}
}

// dialed takes the end of a dial: a connection for all, or a reason for all who have none.
func (h *host) dialed(c *conn, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hangUp = nil
	switch {
	case h.closed:
		if c != nil {
			c.close(errClosed)
		}
		return
	case err != nil:
		h.failed, h.notYet = err, time.Now().Add(h.cfg.Redial)
		h.note(err)
		h.cfg.Logger.Warn("node cannot be reached", "host", h.name, "err", err)
	default:
		h.conns = append(h.conns, c)
		h.note(nil)
	}
	h.serve()
}

func (h *host) refuse(err error) {
	for _, turn := range h.queue {
		turn <- grant{err: err}
	}
	h.queue = nil
}

// release gives a place back.
func (h *host) release(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.idle = time.Now()
	h.vacate(c)
}

func (h *host) vacate(c *conn) {
	c.sessions--
	if c.retired && c.sessions == 0 {
		c.close(errRetired)
	}
	h.serve()
}

// refused takes note that sshd has no session left; worth says whether the connection may have one later. Others of ours
// on it show how many there are. Alone on it, sshd is late with the place of the last one; and when even that cannot
// be, its places are held by what runs no more for us, and another connection has places of its own.
func (h *host) refused(c *conn) (worth bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case c.sessions > 1:
		c.room, c.narrowed, worth = c.sessions-1, time.Now(), true
	case time.Since(c.idle) < late:
		c.resting, worth = true, true
		h.tasks.Go(func() { h.rest(c) })
	default:
		c.retired = true
	}
	h.vacate(c)
	return worth
}

const (
	late = 250 * time.Millisecond // sshd is with the place of a session that has ended
	nap  = 10 * time.Millisecond
)

// rest gives sshd a moment to free a place.
func (h *host) rest(c *conn) {
	select {
	case <-time.After(nap):
	case <-c.gone:
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c.resting = false
	h.serve()
}

// retire takes no more scripts on a connection and closes it after its last one.
func (h *host) retire(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.retired = true
	if c.sessions == 0 {
		c.close(errRetired)
	}
	h.serve()
}

// retireIdle closes a connection that nobody has needed for long.
func (h *host) retireIdle(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.sessions == 0 && time.Since(c.idle) >= h.cfg.Idle {
		c.retired = true
		c.close(errRetired)
	}
}

// lost takes a connection away that has ended.
func (h *host) lost(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns = slices.DeleteFunc(h.conns, (*conn).dead)
	if len(h.conns) == 0 && !errors.Is(c.cause, errRetired) && !h.closed {
		h.note(c.cause)
		h.cfg.Logger.Warn("connection lost", "host", h.name, "err", c.cause)
	}
	h.serve()
}

func (h *host) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.hangUp != nil {
		h.hangUp()
	}
	for _, c := range h.conns {
		c.close(errClosed)
	}
	h.serve()
}

// found notes how the node was found. A script's own failure says nothing against the node, nor does a caller's impatience.
func (h *host) found(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note(err)
}

func (h *host) note(err error) {
	h.health = HostHealth{Host: h.name, Reachable: err == nil, At: h.cfg.Now()}
	if err != nil {
		h.health.Reason = err.Error()
	}
}

func (h *host) lately() HostHealth {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.health
}
