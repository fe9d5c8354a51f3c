// Package simsshd serves simulated nodes behind the SSH protocol, so that a client meets handshakes, host keys, sessions,
// keepalives and exit statuses that travel over a socket. It is the server-side door to x/crypto/ssh and belongs to
// demonstrations and tests: it runs nothing but the simulated shell, forwards nothing and has no terminals.
package simsshd

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"yardmaster/executors/sim"
)

// Options are the settings of a server.
type Options struct {
	// Host names the node that a user's sessions run on; nil means that the user name is the node's.
	Host func(user string) string
	// HostKey is made up when it is nil.
	HostKey ssh.Signer
	// Authorized are the keys that may log in, as any user. Without any, nobody may.
	Authorized []ssh.PublicKey
	// MaxSessions is how many sessions a connection may have at a time; 0 means 10, as in OpenSSH.
	MaxSessions int
	// Latency is what each command takes on top of its own time, as over a long way or on a slow machine.
	Latency time.Duration
	Logger  *slog.Logger
}

// Server is a listener with its connections.
type Server struct {
	c      *sim.Cluster
	l      net.Listener
	opt    Options
	conf   *ssh.ServerConfig
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	gate  chan struct{} // closed while the server answers
}

// OneHost is an Options.Host for a listener that stands for a single node.
func OneHost(host string) func(string) string { return func(string) string { return host } }

// NewHostKey makes a key up.
func NewHostKey() (ssh.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return ssh.NewSignerFromKey(key)
}

// Listen serves the cluster's nodes on a TCP address.
func Listen(addr string, c *sim.Cluster, opt Options) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("simulated sshd: %w", err)
	}
	s, err := Serve(l, c, opt)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return s, nil
}

// Serve serves the cluster's nodes on a listener, which it closes in the end.
func Serve(l net.Listener, c *sim.Cluster, opt Options) (*Server, error) {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Host == nil {
		opt.Host = func(user string) string { return user }
	}
	if opt.MaxSessions <= 0 {
		opt.MaxSessions = 10
	}
	if opt.HostKey == nil {
		key, err := NewHostKey()
		if err != nil {
			return nil, fmt.Errorf("simulated sshd: %w", err)
		}
		opt.HostKey = key
	}
	s := &Server{c: c, l: l, opt: opt, conns: map[net.Conn]struct{}{}, gate: make(chan struct{})}
	close(s.gate)
	s.conf = &ssh.ServerConfig{PublicKeyCallback: s.authenticate}
	s.conf.AddHostKey(opt.HostKey)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.work.Add(1)
	go s.accept()
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.l.Addr() }

// HostKey is what clients are to find.
func (s *Server) HostKey() ssh.PublicKey { return s.opt.HostKey.PublicKey() }

// Close ends all connections and scripts and waits for them.
func (s *Server) Close() error {
	s.cancel()
	err := s.l.Close()
	s.Cut()
	s.work.Wait()
	return err
}

// Cut breaks every connection there is; new ones may come.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
}

// Freeze makes the server stop answering while its connections stay open, as a machine does that died without a word.
// Scripts that run go on.
func (s *Server) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.gate:
		s.gate = make(chan struct{})
	default: // frozen already
	}
}

// Thaw ends Freeze.
func (s *Server) Thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.gate:
	default:
		close(s.gate)
	}
}

// awake waits while the server is frozen; false means that it closes.
func (s *Server) awake() bool {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	select {
	case <-gate:
		return s.ctx.Err() == nil
	case <-s.ctx.Done():
		return false
	}
}

func (s *Server) authenticate(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	for _, known := range s.opt.Authorized {
		if bytes.Equal(known.Marshal(), key.Marshal()) {
			return nil, nil
		}
	}
	return nil, errors.New("key not authorized")
}

func (s *Server) accept() {
	defer s.work.Done()
	for {
		conn, err := s.l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.ctx.Err() != nil {
			s.mu.Unlock()
			conn.Close()
			return
		}
		s.conns[conn] = struct{}{}
		s.work.Add(1)
		s.mu.Unlock()
		go s.serve(conn)
	}
}

func (s *Server) forget(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}
