package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"yardmaster/executors"
)

var (
	// errFull is sshd's refusal of a session on a connection that will have one later.
	errFull    = errors.New("no free session")
	errRefused = errors.New("node refused to start the script")
)

// session is one script on one connection.
type session struct {
	conn   *conn
	script string
	done   chan outcome  // holds one
	ended  chan struct{} // closed when the node holds no place for it any more

	mu   sync.Mutex
	ch   ssh.Channel // nil until the script begins
	left bool        // the caller is gone
}

type outcome struct {
	res   executors.Result
	begun bool
	err   error
}

// run runs one script; begun says that it may have started. The caller's place goes back when the node has freed it,
// which may be later than the caller leaves.
func (c *conn) run(ctx context.Context, script string) (res executors.Result, begun bool, err error) {
	s := &session{conn: c, script: script, done: make(chan outcome, 1), ended: make(chan struct{})}
	c.host.tasks.Go(s.live)
	select {
	case o := <-s.done:
		return o.res, o.begun, o.err
	case <-ctx.Done():
		return executors.Result{}, s.leave(), ctx.Err()
	}
}

// live opens the session, plays it to its end and gives its place back.
func (s *session) live() {
	defer close(s.ended)
	h := s.conn.host
	ch, requests, err := s.conn.open()
	if refusal := (*ssh.OpenChannelError)(nil); errors.As(err, &refusal) {
		if h.refused(s.conn) {
			err = fmt.Errorf("%w: %w", errFull, err)
		}
		s.done <- outcome{err: err}
		return
	}
	defer h.release(s.conn)
	if err != nil {
		s.conn.close(fmt.Errorf("connection ended: %w", err)) // the next try must not meet it again
		s.done <- outcome{err: s.conn.cause}
		return
	}
	if !s.begin(ch) {
		_ = ch.Close() // on a connection that is gone there is nothing to close
		discard(requests)
		return
	}
	s.done <- s.play(ch, requests)
}

// open asks for a session. The asking is no task of ours: x/crypto never answers one that comes just as its connection
// ends, and Close must not wait for that.
func (c *conn) open() (ssh.Channel, <-chan *ssh.Request, error) {
	type answer struct {
		ch       ssh.Channel
		requests <-chan *ssh.Request
		err      error
	}
	answers := make(chan answer, 1)
	go func() {
		ch, requests, err := c.client.OpenChannel("session", nil)
		answers <- answer{ch, requests, err}
	}()
	select {
	case a := <-answers:
		return a.ch, a.requests, a.err
	case <-c.gone:
		return nil, nil, c.cause
	}
}

// begin marks the point of no return, unless the caller has left.
func (s *session) begin(ch ssh.Channel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left {
		return false
	}
	s.ch = ch
	return true
}

// leave is the caller's farewell; a script that began is told to stop.
func (s *session) leave() (begun bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = true
	if s.ch == nil {
		return false
	}
	s.conn.host.tasks.Go(s.stop)
	return true
}

// stop is best effort: sshd passes no signal on to a script of root's, and a hung disk lets nothing hear one. A script
// that keeps its place all the same costs its connection new scripts.
func (s *session) stop() {
	h := s.conn.host
	h.tasks.Go(func() {
		_, _ = s.ch.SendRequest("signal", false, ssh.Marshal(struct{ Name string }{string(ssh.SIGTERM)}))
		_ = s.ch.Close()
	})
	select {
	case <-s.ended:
	case <-time.After(h.cfg.Linger):
		h.retire(s.conn)
	}
}

// play starts the script and follows it until the node closes the session.
func (s *session) play(ch ssh.Channel, requests <-chan *ssh.Request) outcome {
	cfg := s.conn.host.cfg
	command, input := compose(s.script, cfg.Sudo)
	started, err := ch.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{command}))
	if err != nil || !started {
		_ = ch.Close()
		discard(requests)
		if err != nil {
			return outcome{begun: true, err: s.because(err)} // the answer may be what got lost
		}
		return outcome{err: errRefused}
	}
	out, errs := &limited{left: cfg.MaxOutput}, &limited{left: cfg.MaxOutput}
	var streams sync.WaitGroup
	streams.Go(func() { _, _ = io.Copy(out, ch) }) // a stream ends with its session, whatever ended that
	streams.Go(func() { _, _ = io.Copy(errs, ch.Stderr()) })
	streams.Go(func() {
		_, _ = io.Copy(ch, strings.NewReader(input))
		_ = ch.CloseWrite()
	})
	exit := s.follow(ch, requests)
	streams.Wait()
	if out.cut || errs.cut {
		cfg.Logger.Warn("output of a script was cut", "host", s.conn.host.name, "bytes", cfg.MaxOutput)
	}
	o := outcome{begun: true, err: exit.err}
	switch {
	case exit.seen:
		o.res = executors.Result{Stdout: out.String(), Stderr: errs.String(), Exit: exit.status}
	case o.err == nil:
		o.err = s.because(errors.New("session ended without an exit status"))
	}
	return o
}

// because prefers why the connection ended to what that did to the session.
func (s *session) because(err error) error {
	if s.conn.dead() {
		return s.conn.cause
	}
	return err
}

// ending is what the node told of a script's end.
type ending struct {
	seen   bool
	status int
	err    error
}

// follow reads what the node tells of the script until the session is closed. A script that has ended may have left
// something behind that holds its output open; that is waited for only so long.
func (s *session) follow(ch ssh.Channel, requests <-chan *ssh.Request) (e ending) {
	for r := range requests {
		switch r.Type {
		case "exit-status":
			var told struct{ Status uint32 }
			if err := ssh.Unmarshal(r.Payload, &told); err != nil {
				e.err = fmt.Errorf("exit status: %w", err)
				break
			}
			if !e.seen {
				s.conn.host.tasks.Go(func() { s.linger(ch) })
			}
			e.seen, e.status = true, int(told.Status)
		case "exit-signal":
			var told struct {
				Signal     string
				Dumped     bool
				Text, Lang string
			}
			_ = ssh.Unmarshal(r.Payload, &told) // without a name it is a signal all the same
			e.err = fmt.Errorf("script ended by signal %s", told.Signal)
		}
		if r.WantReply {
			_ = r.Reply(false, nil)
		}
	}
	return e
}

func (s *session) linger(ch ssh.Channel) {
	select {
	case <-s.ended:
	case <-time.After(s.conn.host.cfg.Linger):
		_ = ch.Close()
	}
}

// discard answers until the node has closed the session, which is when its place is free.
func discard(requests <-chan *ssh.Request) {
	for r := range requests {
		if r.WantReply {
			_ = r.Reply(false, nil)
		}
	}
}
