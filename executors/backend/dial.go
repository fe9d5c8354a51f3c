package backend

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// maxDial bounds one attempt to connect, so that a server that answers nothing leaves time for another.
const maxDial = 10 * time.Second

// Dial connects to host:port for one call: the connection is closed when ctx ends, whatever a client waits for then. With a TLS
// configuration that names no server, the server is verified as host.
func Dial(ctx context.Context, addr string, config *tls.Config) (net.Conn, error) {
	attempt, cancel := context.WithTimeout(ctx, maxDial)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(attempt, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if config != nil {
		secured := tls.Client(conn, named(config, addr))
		if err := secured.HandshakeContext(attempt); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secured
	}
	return &bound{conn, context.AfterFunc(ctx, func() { conn.Close() })}, nil
}

func named(config *tls.Config, addr string) *tls.Config {
	config = config.Clone()
	if host, _, err := net.SplitHostPort(addr); err == nil && config.ServerName == "" {
		config.ServerName = host
	}
	return config
}

// bound is a connection that does not outlive a context.
type bound struct {
	net.Conn
	loose func() bool
}

func (b *bound) Close() error {
	b.loose()
	return b.Conn.Close()
}
