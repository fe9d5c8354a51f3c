package amqp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

const (
	missedBeats = 3 // heartbeats without a word, until a broker is given up
	frameSize   = 128 << 10
	partingTime = time.Second // for a broker to answer a goodbye
)

// link is a connection that can be used.
type link struct {
	*amqp091.Connection
	raw  net.Conn
	lost chan *amqp091.Error // why it was lost; closed when it is
}

// dial connects and signs in. ErrRefused, if the broker said no.
func dial(ctx context.Context, cfg Config) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.DialTimeout)
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", cfg.Addr())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDown, err)
	}
	cut := context.AfterFunc(ctx, func() { raw.Close() })
	conn, err := handshake(ctx, cfg, raw)
	if !cut() && err == nil { // the time was up in the last moment
		err = context.Cause(ctx)
	}
	if err != nil {
		raw.Close()
		return nil, fmt.Errorf("%s: %w", cfg.Addr(), signInError(ctx, err))
	}
	return &link{Connection: conn, raw: raw, lost: conn.NotifyClose(make(chan *amqp091.Error, 1))}, nil
}

func handshake(ctx context.Context, cfg Config, raw net.Conn) (*amqp091.Connection, error) {
	if cfg.TLS != nil {
		t := cfg.TLS.Clone()
		if t.ServerName == "" {
			t.ServerName = cfg.Host
		}
		secure := tls.Client(raw, t)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		raw = secure
	}
	properties := amqp091.NewConnectionProperties()
	properties.SetClientConnectionName("yardmaster " + cfg.Name)
	return amqp091.Open(newWire(raw, missedBeats*cfg.Heartbeat, cfg.ConfirmTimeout), amqp091.Config{
		SASL:       []amqp091.Authentication{&signIn{amqp091.PlainAuth{Username: cfg.User, Password: cfg.Password}, properties}},
		Vhost:      cfg.VHost,
		FrameSize:  frameSize,
		Heartbeat:  cfg.Heartbeat,
		Locale:     "en_US",
		Properties: properties,
	})
}

// signInError tells a broker that said no from one that went away: the library blames the password for both.
func signInError(ctx context.Context, err error) error {
	var said *amqp091.Error
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: no answer to the sign-in: %w", ErrDown, context.Cause(ctx))
	case !errors.As(err, &said):
		return fmt.Errorf("%w: %w", ErrDown, err)
	case said.Server && (said.Code == amqp091.AccessRefused || said.Code == amqp091.NotAllowed):
		return fmt.Errorf("%w: %s", ErrRefused, said.Reason)
	case !said.Server && said.Code == amqp091.AccessRefused:
		return fmt.Errorf("%w: it hung up during the sign-in", ErrDown)
	}
	return fmt.Errorf("%w: %s", ErrDown, said.Reason)
}

// hangUp ends the connection: with a goodbye, if the broker answers it soon.
func (l *link) hangUp() {
	cut := time.AfterFunc(partingTime, func() { l.raw.Close() })
	_ = l.Connection.Close() // it may be lost already
	cut.Stop()
	l.raw.Close()
}

// cutWith ends the connection if ctx ends before the function that it gives is called: nothing is waited for any longer.
func (l *link) cutWith(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, func() { l.raw.Close() })
}

// lossOf is why a connection or a channel ended.
func lossOf(said *amqp091.Error) error {
	if said == nil {
		return ErrDown
	}
	return fmt.Errorf("%w: %s", ErrDown, said.Reason)
}
