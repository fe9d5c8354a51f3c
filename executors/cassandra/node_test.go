package cassandra_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// cluster is as much of a Cassandra as shows what the yard says to one and makes of the answers: sign-in, the tables that the driver
// reads, and a schema of keyspaces. It is no Cassandra: whether a real one takes the same CQL, only a real one can tell.
type cluster struct {
	t        *testing.T
	user     string // "" lets everybody in
	password string
	dc       string
	config   *tls.Config

	mu        sync.Mutex
	keyspaces map[string]map[string]string
	said      []string                        // the statements that change something
	refuse    func(statement string) *refusal // nil refuses none
	disagree  int                             // so many looks at the peers find another schema there; < 0 is all of them
	down      bool
	hangs     chan struct{}
	conns     map[net.Conn]bool
	seen      int // connections
}

// refusal is an error that a node answers with.
type refusal struct {
	code int
	text string
}

func newCluster(t *testing.T) *cluster {
	return &cluster{t: t, dc: "dc1", keyspaces: map[string]map[string]string{}, conns: map[net.Conn]bool{}}
}

// listen starts a node, and gives its address.
func (c *cluster) listen() string {
	c.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	if c.config != nil {
		l = tls.NewListener(l, c.config)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { c.serve(conn) })
		}
	})
	c.t.Cleanup(func() {
		l.Close()
		c.cut(c.t)
		serving.Wait()
	})
	return l.Addr().String()
}

// cut hangs up on everybody until up.
func (c *cluster) cut(*testing.T) (up func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = true
	for conn := range c.conns {
		conn.Close()
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.down = false
	}
}

// hang has nothing answered until release.
func (c *cluster) hang(t *testing.T) (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	over := make(chan struct{})
	c.hangs = over
	release = sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.hangs = nil
		close(over)
	})
	t.Cleanup(release)
	return release
}

// forbid lets nobody sign in until relent.
func (c *cluster) forbid(*testing.T) (relent func()) {
	set := func(password string) string {
		c.mu.Lock()
		defer c.mu.Unlock()
		was := c.password
		c.password = password
		return was
	}
	was := set("another")
	return func() { set(was) }
}

func (c *cluster) add(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen++
	if !c.down {
		c.conns[conn] = true
	}
	return !c.down
}

func (c *cluster) serve(conn net.Conn) {
	defer conn.Close()
	if !c.add(conn) {
		return
	}
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.conns, conn)
	}()
	signed := c.user == ""
	for {
		f, err := readFrame(conn)
		if err != nil {
			return
		}
		c.mu.Lock()
		hangs := c.hangs
		c.mu.Unlock()
		if hangs != nil {
			<-hangs
		}
		op, body := c.answer(f, &signed)
		if writeFrame(conn, f, op, body) != nil {
			return
		}
	}
}

// answer is what a node says to a message.
func (c *cluster) answer(f frame, signed *bool) (op byte, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	op, body, err := c.reply(f, signed)
	if err != nil {
		code := gocql.ErrCodeProtocol
		var r *refusal
		if errors.As(err, &r) {
			code = r.code
		}
		return opError, out{}.int(code).str(err.Error())
	}
	return op, body
}

func (r *refusal) Error() string { return r.text }

func (c *cluster) reply(f frame, signed *bool) (byte, []byte, error) {
	switch {
	case f.version != version:
		return 0, nil, fmt.Errorf("version %d", f.version)
	case f.op == opOptions:
		return opSupported, out{}.short(0), nil
	case f.op == opStartup && *signed:
		return opReady, nil, nil
	case f.op == opStartup:
		return opAuthenticate, out{}.str("org.apache.cassandra.auth.PasswordAuthenticator"), nil
	case f.op == opAuthResponse:
		b := &in{b: f.body}
		*signed = bytes.Equal(b.bytes(), fmt.Appendf(nil, "\x00%s\x00%s", c.user, c.password))
		if !*signed {
			return 0, nil, &refusal{gocql.ErrCodeCredentials, "Provided username yard and/or password " + secret + " are incorrect"}
		}
		return opAuthSuccess, out{}.int(-1), nil
	case !*signed:
		return 0, nil, errors.New("not signed in")
	case f.op == opQuery:
		b := &in{b: f.body}
		body, err := c.query(string(b.bytes()))
		return opResult, body, err
	case f.op == opPrepare:
		b := &in{b: f.body}
		body, err := prepare(string(b.bytes()))
		return opResult, body, err
	case f.op == opExecute:
		body, err := c.execute(&in{b: f.body})
		return opResult, body, err
	}
	return 0, nil, fmt.Errorf("message %#x is not expected", f.op)
}

// statements are what was said to change something, since the last time.
func (c *cluster) statements() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := slices.Clone(c.said)
	c.said = nil
	return said
}

// set changes what the cluster does.
func (c *cluster) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}
