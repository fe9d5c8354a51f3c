package kafka_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"yardmaster/executors/kafka"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// timeout is short, so that tests of brokers that are away are.
const timeout = 2 * time.Second

// line is the way to the brokers. It can be cut, so that whoever connects is hung up on, and it can hang.
type line struct {
	mu    sync.Mutex
	down  bool
	hangs chan struct{} // closed when it no longer does; nil if it does not
	conns map[*conn]bool
}

func (l *line) listen(network, address string) (net.Listener, error) {
	inner, err := net.Listen(network, address)
	return &listener{inner, l}, err
}

type listener struct {
	net.Listener
	line *line
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		inner, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: inner, line: l.line, closed: make(chan struct{})}
		if l.line.add(c) {
			return c, nil
		}
		inner.Close()
	}
}

func (l *line) add(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return false
	}
	if l.conns == nil {
		l.conns = map[*conn]bool{}
	}
	l.conns[c] = true
	return true
}

// cut hangs up on everybody until up.
func (l *line) cut(*testing.T) (up func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for c := range l.conns {
		c.Conn.Close()
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.down = false
	}
}

// hang lets nothing through to the brokers until release.
func (l *line) hang(t *testing.T) (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	over := make(chan struct{})
	l.hangs = over
	release = sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.hangs = nil
		close(over)
	})
	t.Cleanup(release)
	return release
}

// conn is a broker's end.
type conn struct {
	net.Conn
	line   *line
	once   sync.Once
	closed chan struct{}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.line.mu.Lock()
	hangs := c.line.hangs
	c.line.mu.Unlock()
	if hangs != nil {
		select {
		case <-hangs:
		case <-c.closed:
		}
	}
	return n, err
}

func (c *conn) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.line.mu.Lock()
	delete(c.line.conns, c)
	c.line.mu.Unlock()
	return c.Conn.Close()
}

// brokers starts a Kafka of three brokers in this process.
func brokers(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3), kfake.SleepOutOfOrder()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// admin is the one under test.
func admin(t *testing.T, o kafka.Options) *kafka.Admin {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Timeout == 0 {
		o.Timeout = timeout
	}
	a, err := kafka.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// certificate is a server's for 127.0.0.1, and what verifies it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, pool
}

// root is a client that may do everything, of the same module as the one under test: it only grants and revokes.
func root(t *testing.T, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.ListenAddrs()...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// until waits for something to come.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(errors.New("never: " + what))
		}
	}
}
