package ssh

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// conn is one connection and the watch over it.
type conn struct {
	host   *host
	client *ssh.Client
	raw    net.Conn

	// under host.mu
	sessions int
	room     int       // how many sessions it may have
	narrowed time.Time // when sshd last refused one
	idle     time.Time // when its last one ended
	resting  bool      // takes none for a moment
	retired  bool      // takes no script any more

	gone  chan struct{} // closed when the connection has ended
	once  sync.Once
	cause error // set before gone is closed
}

// errRetired ends a connection that nobody needs.
var errRetired = errors.New("connection given up")

func newConn(client *ssh.Client, raw net.Conn, h *host) *conn {
	c := &conn{host: h, client: client, raw: raw, room: h.cfg.MaxSessions, idle: time.Now(), gone: make(chan struct{})}
	h.tasks.Go(func() {
		c.close(fmt.Errorf("connection ended: %w", client.Wait()))
		h.lost(c)
	})
	h.tasks.Go(c.keepAlive)
	return c
}

func (c *conn) dead() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// close ends the connection without a word to the other side, which may not listen any more.
func (c *conn) close(cause error) {
	c.once.Do(func() {
		c.cause = cause
		close(c.gone)
		c.raw.Close()
	})
}

// forgiven is how long a refusal narrows a connection: sshd frees a place some time after its session has ended.
const forgiven = time.Second

// vacant says under host.mu whether the connection takes one more script.
func (c *conn) vacant() bool {
	if c.room < c.host.cfg.MaxSessions && time.Since(c.narrowed) > forgiven {
		c.room = c.host.cfg.MaxSessions
	}
	return !c.retired && !c.resting && !c.dead() && c.sessions < c.room
}

// lapses is how many keepalives in a row may go unanswered.
const lapses = 3

// keepAlive ends the connection when the node answers nothing: a dead node sends no word of its death.
func (c *conn) keepAlive() {
	every := c.host.cfg.Keepalive
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-c.gone:
			return
		case <-tick.C:
		}
		c.host.retireIdle(c)
		if !c.answers(lapses * every) {
			c.close(fmt.Errorf("node answered nothing for %v", lapses*every))
			return
		}
	}
}

// answers asks the node for a sign of life. The asking has its own goroutine: on a full socket it blocks until close.
func (c *conn) answers(within time.Duration) bool {
	answered := make(chan struct{})
	c.host.tasks.Go(func() {
		defer close(answered)
		_, _, _ = c.client.SendRequest("keepalive@openssh.com", true, nil) // it fails only with the connection, which Wait tells of
	})
	limit := time.NewTimer(within)
	defer limit.Stop()
	select {
	case <-answered:
	case <-c.gone:
	case <-limit.C:
		return false
	}
	return true
}
