package simsshd

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"yardmaster/executors/sim"
)

// serve speaks with one client until either side ends it.
func (s *Server) serve(conn net.Conn) {
	defer s.work.Done()
	defer s.forget(conn)
	if !s.awake() {
		return
	}
	sc, channels, requests, err := ssh.NewServerConn(conn, s.conf)
	if err != nil {
		s.opt.Logger.Debug("handshake refused", "err", err)
		return
	}
	defer sc.Close()
	host := s.opt.Host(sc.User())
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	if s.c.Check(ctx, host) != nil {
		return // a node that is down has no sshd
	}
	var work sync.WaitGroup
	defer work.Wait()
	work.Add(1)
	go func() {
		defer work.Done()
		s.global(requests)
	}()
	var open atomic.Int32
	for ch := range channels {
		if !s.awake() {
			break
		}
		if ch.ChannelType() != "session" {
			ch.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		if int(open.Load()) >= s.opt.MaxSessions {
			ch.Reject(ssh.Prohibited, "open failed")
			continue
		}
		channel, reqs, err := ch.Accept()
		if err != nil {
			continue
		}
		open.Add(1)
		work.Add(1)
		go func() {
			defer work.Done()
			defer open.Add(-1)
			n := &session{s: s, ctx: ctx, host: host, ch: channel, conn: conn}
			n.serve(reqs)
		}()
	}
	cancel()
	sc.Close()
}

// global answers keepalives the way OpenSSH does: unknown requests fail, and that is an answer.
func (s *Server) global(requests <-chan *ssh.Request) {
	for req := range requests {
		if !s.awake() {
			continue
		}
		if req.WantReply {
			req.Reply(req.Type == "keepalive@openssh.com", nil)
		}
	}
}

// session is one channel: it runs one command.
type session struct {
	s    *Server
	ctx  context.Context
	host string
	ch   ssh.Channel
	conn net.Conn
}

func (n *session) serve(requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancel(n.ctx)
	defer cancel()
	var work sync.WaitGroup
	defer work.Wait()
	started := false
	for req := range requests {
		if !n.s.awake() {
			continue
		}
		switch req.Type {
		case "exec", "shell":
			command, ok := commandOf(req)
			if !ok || started {
				req.Reply(false, nil)
				continue
			}
			started = true
			if req.WantReply {
				req.Reply(true, nil)
			}
			work.Add(1)
			go func() {
				defer work.Done()
				n.run(ctx, command)
			}()
		case "signal":
			cancel()
		default:
			if req.WantReply {
				req.Reply(req.Type == "env", nil)
			}
		}
	}
	cancel() // the client closed the session
	n.ch.Close()
}

func commandOf(req *ssh.Request) (string, bool) {
	if req.Type == "shell" {
		return "bash -s", true
	}
	var payload struct{ Command string }
	if ssh.Unmarshal(req.Payload, &payload) != nil {
		return "", false
	}
	return payload.Command, true
}

// maxInput bounds a script that comes over standard input.
const maxInput = 1 << 20

func (n *session) run(ctx context.Context, command string) {
	defer n.ch.Close()
	var input []byte
	if sim.WantsInput(command) {
		data, err := io.ReadAll(io.LimitReader(n.ch, maxInput))
		if err != nil {
			return
		}
		input = data
	}
	if !n.travel(ctx) {
		return
	}
	res, err := n.s.c.RunInput(ctx, n.host, command, input)
	if err != nil {
		if ctx.Err() == nil { // the node went down or the fault says that the connection breaks
			n.conn.Close()
		}
		return
	}
	if !n.s.awake() {
		return
	}
	io.WriteString(n.ch, res.Stdout)
	io.WriteString(n.ch.Stderr(), res.Stderr)
	n.ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(res.Exit)}))
}

// travel waits for as long as a command is on its way; false means that the session ended first.
func (n *session) travel(ctx context.Context) bool {
	way := time.NewTimer(n.s.opt.Latency)
	defer way.Stop()
	select {
	case <-way.C:
		return true
	case <-ctx.Done():
		return false
	}
}
