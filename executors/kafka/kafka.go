// Package kafka makes and drops topics on a Kafka. It is the one door to franz-go. It produces and consumes nothing, takes no
// partition away, and touches neither the configuration nor the replication of a topic that is there.
//
// An Admin connects for each call anew, and ends its connections with it: calls are rare, a yard starts and runs with its brokers away,
// and whatever a client waits for, it waits no longer than the call lasts. Connections are by TLS, and the broker's certificate is verified, unless the Options say otherwise. The password
// is in no error and no line of the log.
package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"yardmaster/executors/backend"
)

// Options say where the brokers are and who asks.
type Options struct {
	Brokers   []string      // host or host:port; some of them are enough
	Plaintext bool          // without TLS
	TLS       *tls.Config   // nil: the system's roots, and the broker's name is verified
	SASL      SASL          // the zero value: none
	Timeout   time.Duration // of each call from begin to end; 0 is 30 s
	Logger    *slog.Logger
}

// SASL is how the yard signs in.
type SASL struct {
	Mechanism      string // Plain, ScramSHA256 or ScramSHA512
	User, Password string
}

// The mechanisms, as Kafka names them.
const (
	Plain       = "PLAIN"
	ScramSHA256 = "SCRAM-SHA-256"
	ScramSHA512 = "SCRAM-SHA-512"
)

const (
	defaultPort    = 9092
	defaultTimeout = 30 * time.Second
)

// Admin makes and drops topics. It is safe for concurrent use.
type Admin struct {
	opts     []kgo.Opt
	tls      *tls.Config // nil: without
	password string
	calls    *backend.Calls
	log      *slog.Logger
}

var _ backend.Topics = (*Admin)(nil)

// New checks the Options and connects to nothing. The caller closes what he gets.
func New(o Options) (*Admin, error) {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	brokers, err := o.addresses()
	if err != nil {
		return nil, err
	}
	mechanism, err := o.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(brokers...),
		kgo.ClientID("yardmaster"),
		kgo.RetryTimeout(o.Timeout),
		kgo.RequestRetries(2), // more is for who asked: he sees why
		kgo.DisableClientMetrics(),
	}
	if mechanism != nil {
		opts = append(opts, kgo.SASL(mechanism))
	}
	return &Admin{opts, o.tls(), o.SASL.Password, backend.NewCalls(o.Timeout), o.Logger}, nil
}

// Close ends the calls that are under way.
func (a *Admin) Close() { a.calls.End() }

// call makes one call with a client of its own, which the call's end ends.
func (a *Admin) call(caller context.Context, what string, do func(context.Context, *kgo.Client) error) error {
	ctx, done, err := a.calls.Begin(caller)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer done()
	client, err := kgo.NewClient(append(slices.Clone(a.opts), kgo.WithContext(ctx),
		kgo.Dialer(func(_ context.Context, _, addr string) (net.Conn, error) { return backend.Dial(ctx, addr, a.tls) }))...)
	if err != nil {
		return a.fault(ctx, what, err)
	}
	defer client.Close()
	return a.fault(ctx, what, do(ctx, client))
}

// addresses are the brokers with a port each.
func (o Options) addresses() ([]string, error) {
	switch {
	case len(o.Brokers) == 0:
		return nil, fmt.Errorf("%w: kafka brokers: there are none", backend.ErrInvalid)
	case o.Timeout < 0:
		return nil, fmt.Errorf("%w: kafka timeout %v: not a time", backend.ErrInvalid, o.Timeout)
	case o.Plaintext && o.TLS != nil:
		return nil, fmt.Errorf("%w: kafka: both plaintext and TLS", backend.ErrInvalid)
	case o.Logger == nil:
		return nil, errors.New("kafka: no logger")
	}
	var all []string
	for _, b := range o.Brokers {
		addr, err := backend.Address(b, defaultPort)
		if err != nil {
			return nil, fmt.Errorf("kafka broker: %w", err)
		}
		all = append(all, addr.String())
	}
	return all, nil
}

// tls is the client's own copy; nil without.
func (o Options) tls() *tls.Config {
	switch {
	case o.Plaintext:
		return nil
	case o.TLS == nil:
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return o.TLS.Clone()
}

func (s SASL) mechanism() (sasl.Mechanism, error) {
	if s == (SASL{}) {
		return nil, nil
	}
	if s.User == "" || s.Password == "" {
		return nil, fmt.Errorf("%w: kafka sasl: without a user or a password", backend.ErrInvalid)
	}
	switch s.Mechanism {
	case Plain:
		return plain.Auth{User: s.User, Pass: s.Password}.AsMechanism(), nil
	case ScramSHA256:
		return scram.Auth{User: s.User, Pass: s.Password}.AsSha256Mechanism(), nil
	case ScramSHA512:
		return scram.Auth{User: s.User, Pass: s.Password}.AsSha512Mechanism(), nil
	}
	return nil, fmt.Errorf("%w: kafka sasl mechanism %q: none of %s, %s, %s", backend.ErrInvalid, s.Mechanism, Plain, ScramSHA256, ScramSHA512)
}
