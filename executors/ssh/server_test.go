package ssh

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// call is one session of a client with the server of a test.
type call struct {
	command string
	ch      ssh.Channel
	conn    net.Conn
	running *atomic.Int32 // of its connection
	signals chan string
	closed  chan struct{}
}

// exit ends a script in the ordinary way.
func (c *call) exit(status uint32) {
	c.running.Add(-1)
	_, _ = c.ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
	_ = c.ch.Close()
}

// server is a node in this process, which misbehaves as a test wants.
type server struct {
	t        *testing.T
	listener net.Listener
	config   *ssh.ServerConfig
	keys     []ssh.Signer

	handle      func(*call)
	maxSessions int32       // refused beyond; 0 is no limit, -1 refuses all
	silent      atomic.Bool // takes TCP and keepalives and answers neither
	hangUps     atomic.Int32
	cutOnExec   atomic.Bool // the connection ends between a script and the word that it was started

	dials, dialing, mostDialing atomic.Int32
	live, mostLive              atomic.Int32
	sessions, mostOnOne         atomic.Int32
	scripts                     atomic.Int32 // that have begun
	refusals, keepalives        atomic.Int32

	work  sync.WaitGroup
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newServer(t *testing.T, handle func(*call), keys ...ssh.Signer) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, listener: l, handle: handle, keys: keys, conns: map[net.Conn]bool{}}
	if len(keys) == 0 {
		s.keys = []ssh.Signer{ed25519Key(t)}
	}
	s.config = &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	for _, k := range s.keys {
		s.config.AddHostKey(k)
	}
	s.work.Go(s.accept)
	t.Cleanup(func() {
		l.Close()
		s.dropAll()
		s.work.Wait()
	})
	return s
}

func (s *server) address() string { return s.listener.Addr().String() }

func (s *server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.work.Go(func() { s.serve(conn) })
	}
}

func (s *server) dropAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
}

func most(of, now *atomic.Int32) {
	for n, m := now.Load(), of.Load(); n > m && !of.CompareAndSwap(m, n); m = of.Load() {
	}
}

func (s *server) serve(conn net.Conn) {
	defer conn.Close()
	s.dials.Add(1)
	if s.silent.Load() {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	if s.hangUps.Add(-1) >= 0 {
		return
	}
	s.dialing.Add(1)
	most(&s.mostDialing, &s.dialing)
	config := *s.config
	dialed := sync.OnceFunc(func() { s.dialing.Add(-1) })
	config.AuthLogCallback = func(_ ssh.ConnMetadata, _ string, err error) {
		if err == nil {
			dialed() // the client is told only after it
		}
	}
	_, channels, requests, err := ssh.NewServerConn(conn, &config)
	dialed()
	if err != nil {
		return
	}
	s.live.Add(1)
	defer s.live.Add(-1)
	most(&s.mostLive, &s.live)
	s.work.Go(func() { s.global(requests) })
	var open, running atomic.Int32 // open lags behind, as it does in sshd
	for n := range channels {
		if s.maxSessions != 0 && open.Load() >= s.maxSessions {
			s.refusals.Add(1)
			_ = n.Reject(ssh.Prohibited, "open failed")
			continue
		}
		ch, reqs, err := n.Accept()
		if err != nil {
			return
		}
		open.Add(1)
		running.Add(1)
		most(&s.mostOnOne, &running)
		s.sessions.Add(1)
		s.work.Go(func() {
			defer open.Add(-1)
			s.session(conn, ch, reqs, &running)
		})
	}
}

func (s *server) global(requests <-chan *ssh.Request) {
	for r := range requests {
		s.keepalives.Add(1)
		if !s.silent.Load() {
			_ = r.Reply(false, nil)
		}
	}
}

func (s *server) session(conn net.Conn, ch ssh.Channel, reqs <-chan *ssh.Request, running *atomic.Int32) {
	c := &call{ch: ch, conn: conn, running: running, signals: make(chan string, 8), closed: make(chan struct{})}
	var handler sync.WaitGroup
	for r := range reqs {
		var told struct{ Text string }
		_ = ssh.Unmarshal(r.Payload, &told)
		switch {
		case r.Type == "exec" && s.handle == nil:
			_ = r.Reply(false, nil)
			continue
		case r.Type == "exec" && s.cutOnExec.Load():
			_ = conn.Close()
			continue
		case r.Type == "exec":
			s.scripts.Add(1)
			c.command = told.Text
			_ = r.Reply(true, nil) // before the script can end
			handler.Go(func() { s.handle(c) })
			continue
		case r.Type == "signal":
			c.signals <- told.Text
		}
		_ = r.Reply(true, nil)
	}
	close(c.closed)
	handler.Wait()
	_ = ch.Close()
}

// succeed is a node on which every script works at once.
func succeed(c *call) { c.exit(0) }

// until is a node on which scripts take until a test lets them end.
func until(gate <-chan struct{}) func(*call) {
	return func(c *call) {
		select {
		case <-gate:
			c.exit(0)
		case <-c.closed:
		}
	}
}

func ed25519Key(t testing.TB) ssh.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return signer(t, key, err)
}

func ecdsaKey(t testing.TB) ssh.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return signer(t, key, err)
}

func signer(t testing.TB, key any, err error) ssh.Signer {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// clientKey makes a key file, and the line by which a server knows it.
func clientKey(t testing.TB) (file string, line []byte) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "id_ed25519")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, ssh.MarshalAuthorizedKey(signer(t, key, nil).PublicKey())
}

// knowing makes a known_hosts file.
func knowing(t testing.TB, address string, keys ...ssh.Signer) string {
	t.Helper()
	var text string
	for _, k := range keys {
		text += knownhosts.Line([]string{address}, k.PublicKey()) + "\n"
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// reach makes an SSH that knows the servers as node0, node1, ... with times that suit a test.
func reach(t *testing.T, with func(*Config), servers ...*server) *SSH {
	t.Helper()
	key, _ := clientKey(t)
	cfg := Config{KeyFile: key, HostKeys: Insecure, Redial: time.Millisecond, Hosts: map[string]string{}}
	for i, s := range servers {
		cfg.Hosts[nodeName(i)] = s.address()
	}
	if with != nil {
		with(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func nodeName(i int) string { return "node" + string(rune('0'+i)) }
