package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/go-ldap/ldap/v3"
)

// dial connects and makes the way private. The connection lives no longer than ctx, whatever the other end does; hangUp closes it.
func (l *LDAP) dial(ctx context.Context) (conn *ldap.Conn, hangUp func(), err error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", l.address())
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	var wire net.Conn = &bounded{Conn: raw, left: answerMost}
	if l.o.Encryption == LDAPSimpleTLS {
		private := tls.Client(wire, l.tls)
		if err := private.HandshakeContext(ctx); err != nil {
			stop()
			raw.Close()
			return nil, nil, fmt.Errorf("tls with %s: %w", l.address(), err)
		}
		wire = private
	}
	conn = ldap.NewConn(wire, l.o.Encryption == LDAPSimpleTLS)
	conn.Start()
	hangUp = func() {
		stop()
		conn.Close()
	}
	if l.o.Encryption == LDAPStartTLS {
		if err := conn.StartTLS(l.tls); err != nil {
			hangUp()
			return nil, nil, fmt.Errorf("start_tls with %s: %w", l.address(), err)
		}
	}
	return conn, hangUp, nil
}

// answerMost is how many bytes a directory may send for one check.
const answerMost = 1 << 20

var errTalkative = errors.New("the directory sends too much")

// bounded ends a conversation in which the other end says too much.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalkative
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
