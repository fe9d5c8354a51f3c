// Package cassandra makes and drops keyspaces in a Cassandra. It is the one door to the driver. It makes no table, reads and writes no
// row but the cluster's own record of a keyspace, and changes nothing of a keyspace that is there.
//
// An Admin connects for each call anew, to one node that it reaches by the address in its Options, and ends its connections with the
// call: calls are rare, a yard starts and runs with the cluster away, and nothing outlasts the time that a call may take. It makes one
// change at a time: a cluster whose schema is changed from two sides may keep both or neither. Connections are by TLS, and the node's
// certificate is verified, unless the Options say otherwise. The password is in no error and no line of the log.
package cassandra

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"yardmaster/executors/backend"
)

// Options say where the cluster is and who asks.
type Options struct {
	Hosts          []string // host or host:port: nodes that are asked in this order until one answers
	Port           int      // of hosts that name none; 0 is 9042
	User, Password string   // both or none
	Plaintext      bool     // without TLS
	TLS            *tls.Config
	Datacenter     string        // only nodes in it are asked; "" is any
	Timeout        time.Duration // of each call from begin to end; 0 is 30 s
	Logger         *slog.Logger
}

const (
	defaultPort    = 9042
	defaultTimeout = 30 * time.Second
)

// Admin makes and drops keyspaces. It is safe for concurrent use.
type Admin struct {
	nodes []backend.Endpoint
	o     Options
	calls *backend.Calls
	turn  chan struct{} // holds one token, for the call that has the turn
}

var _ backend.Keyspaces = (*Admin)(nil)

// New checks the Options and connects to nothing. The caller closes what he gets.
func New(o Options) (*Admin, error) {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Port == 0 {
		o.Port = defaultPort
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	a := &Admin{o: o, calls: backend.NewCalls(o.Timeout), turn: make(chan struct{}, 1)}
	for _, h := range o.Hosts {
		node, err := backend.Address(h, o.Port)
		if err != nil {
			return nil, fmt.Errorf("cassandra host: %w", err)
		}
		a.nodes = append(a.nodes, node)
	}
	switch {
	case o.Plaintext:
	case o.TLS == nil:
		a.o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	default:
		a.o.TLS = o.TLS.Clone()
	}
	return a, nil
}

func (o Options) check() error {
	switch {
	case len(o.Hosts) == 0:
		return fmt.Errorf("%w: cassandra hosts: there are none", backend.ErrInvalid)
	case o.Port < 1 || o.Port > 65535:
		return fmt.Errorf("%w: cassandra port %d: not within 1 to 65535", backend.ErrInvalid, o.Port)
	case (o.User == "") != (o.Password == ""):
		return fmt.Errorf("%w: cassandra: a user without a password, or a password without a user", backend.ErrInvalid)
	case o.Timeout < 0:
		return fmt.Errorf("%w: cassandra timeout %v: not a time", backend.ErrInvalid, o.Timeout)
	case o.Plaintext && o.TLS != nil:
		return fmt.Errorf("%w: cassandra: both plaintext and TLS", backend.ErrInvalid)
	case o.Logger == nil:
		return errors.New("cassandra: no logger")
	}
	return nil
}

// Close ends the calls that are under way.
func (a *Admin) Close() { a.calls.End() }

// call makes one call when it is its turn, on the first node that answers. What it does may be done twice: by a node that did not
// come to tell, and by the next.
func (a *Admin) call(caller context.Context, what string, do func(context.Context, *gocql.Session) error) error {
	ctx, done, err := a.calls.Begin(caller)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer done()
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return a.calls.Fault(ctx, what, backend.ErrUnavailable, "others had the turn")
	}
	for i, node := range a.nodes {
		err = a.on(ctx, node, len(a.nodes)-i, do)
		if err == nil || meaning(err) != backend.ErrUnavailable || ctx.Err() != nil {
			break
		}
		a.o.Logger.WarnContext(ctx, "a cassandra node is of no use", "node", node.String(), "err", backend.Told(err.Error(), a.o.Password))
	}
	if err == nil {
		return nil
	}
	return a.calls.Fault(ctx, what, meaning(err), backend.Told(err.Error(), a.o.Password))
}
