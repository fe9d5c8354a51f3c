package cassandra

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"yardmaster/executors/backend"
)

// protocol is what Cassandra has spoken since 2.2, and Scylla too.
const protocol = 4

// placeholder stands where the driver wants an address: which node is dialled is decided here.
const placeholder = "127.0.0.1"

// on has do done on one node. With others left that could be asked, the node has its share of the time to let the yard in.
func (a *Admin) on(ctx context.Context, node backend.Endpoint, left int, do func(context.Context, *gocql.Session) error) error {
	ctx, cancel := context.WithCancel(ctx)
	dial := &dialling{ctx: ctx, addr: node.String(), a: a}
	defer dial.end()
	defer cancel()
	deadline, _ := ctx.Deadline()
	late := time.AfterFunc(time.Until(deadline)/time.Duration(left), cancel)
	session, err := gocql.NewSession(a.cluster(dial))
	if !late.Stop() && err == nil {
		err = context.DeadlineExceeded
	}
	if session != nil {
		defer func() {
			cancel() // else the driver would wait for an answer to its heartbeat, which may never come
			session.Close()
		}()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", node, dial.why(err))
	}
	if err := do(ctx, session); err != nil {
		return fmt.Errorf("%s: %w", node, err)
	}
	return nil
}

// cluster has the driver talk to one node only, listen to nothing and remember nothing.
func (a *Admin) cluster(d *dialling) gocql.ClusterConfig {
	c := gocql.NewCluster(placeholder)
	c.ProtoVersion = protocol
	c.NumConns = 1
	c.Timeout, c.ConnectTimeout, c.WriteTimeout = a.o.Timeout, a.o.Timeout, a.o.Timeout
	c.MaxWaitSchemaAgreement = a.o.Timeout / 3
	c.Consistency = gocql.One
	c.ReconnectInterval = 0
	c.ReconnectionPolicy = &gocql.ConstantReconnectionPolicy{MaxRetries: 1}
	c.Metadata.CacheMode = gocql.Disabled
	c.Events.DisableNodeStatusEvents, c.Events.DisableTopologyEvents, c.Events.DisableSchemaEvents = true, true, true
	c.HostDialer, c.ConnectObserver, c.HostFilter = d, d, d
	c.Authenticator = nobody{}
	if a.o.User != "" {
		c.Authenticator = gocql.PasswordAuthenticator{Username: a.o.User, Password: a.o.Password}
	}
	return *c
}

// dialling is the driver's way to one node, for as long as one call lasts, and what was met on the way: the driver itself tells
// only a text.
type dialling struct {
	ctx  context.Context // of the call
	addr string
	a    *Admin

	mu     sync.Mutex
	chosen string // the node's id, when it is known
	met    error
	over   bool
}

// end marks that nobody waits for the driver any more.
func (d *dialling) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
}

func (d *dialling) ended() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.over
}

// DialHost dials the node, whichever address it says that it has. A session that is closed before its heartbeat has begun leaves that
// behind, and it would dial for ever: who dials after the end is such a goroutine, and is ended here.
func (d *dialling) DialHost(context.Context, *gocql.HostInfo) (*gocql.DialedHost, error) {
	if d.ended() {
		runtime.Goexit()
	}
	conn, err := backend.Dial(d.ctx, d.addr, d.a.o.TLS)
	if err != nil {
		return nil, err
	}
	return &gocql.DialedHost{Conn: conn, DisableCoalesce: true}, nil
}

// ObserveConnect keeps why the node did not let the yard in.
func (d *dialling) ObserveConnect(o gocql.ObservedConnect) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o.Err != nil {
		d.met = o.Err
	}
}

// Accept takes the node that was dialled, and none of its peers.
func (d *dialling) Accept(h *gocql.HostInfo) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.chosen == "" {
		if want := d.a.o.Datacenter; want != "" && h.DataCenter() != want {
			d.met = fmt.Errorf("it is in datacenter %q, not %q", h.DataCenter(), want)
			return false
		}
		d.chosen = h.HostID()
	}
	return h.HostID() == d.chosen
}

// why is the reason behind an error of the driver's.
func (d *dialling) why(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.met != nil {
		return d.met
	}
	return err
}

// errNobody is what a node that wants a user gets from a yard that has none.
var errNobody = errors.New("it asks for a user, and none is configured")

// nobody signs in nowhere.
type nobody struct{}

func (nobody) Challenge([]byte) ([]byte, gocql.Authenticator, error) { return nil, nil, errNobody }
func (nobody) Success([]byte) error                                  { return nil }
