package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

var dialer = net.Dialer{KeepAlive: 15 * time.Second}

// dial makes a connection, proves the node's key and logs in, within ctx. It tries once more when the node hangs up
// in the middle, as sshd does at random when too many knock at once (MaxStartups).
func (h *host) dial(ctx context.Context) (*conn, error) {
	c, err := h.dialOnce(ctx)
	if !hungUp(err) {
		return c, err
	}
	select {
	case <-time.After(h.cfg.Redial):
	case <-ctx.Done():
		return nil, err
	}
	return h.dialOnce(ctx)
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func (h *host) dialOnce(ctx context.Context) (*conn, error) {
	raw, err := dialer.DialContext(ctx, "tcp", h.address)
	if err != nil {
		return nil, h.plain(ctx, err)
	}
	client, err := h.handshake(ctx, raw)
	if err != nil {
		raw.Close()
		return nil, fmt.Errorf("handshake with %s: %w", h.address, h.plain(ctx, err))
	}
	return newConn(client, raw, h), nil
}

// plain words a deadline of ours so that no caller takes it for its own.
func (h *host) plain(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("no answer within %v", h.cfg.DialTimeout)
	case ctx.Err() != nil:
		return errClosed
	}
	return err
}

func (h *host) handshake(ctx context.Context, raw net.Conn) (*ssh.Client, error) {
	check, algorithms, err := h.keys.judge(h.address, raw.RemoteAddr())
	if err != nil {
		return nil, err
	}
	auth, leave, err := h.login.methods(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	stop := context.AfterFunc(ctx, func() {
		raw.Close()
		leave() // an agent may hang as well as a node
	})
	inner, chans, reqs, err := ssh.NewClientConn(raw, h.address, &ssh.ClientConfig{User: h.cfg.User, Auth: auth, HostKeyCallback: check, HostKeyAlgorithms: algorithms})
	ended := !stop()
	switch {
	case err != nil:
		return nil, err
	case ended:
		inner.Close()
		return nil, ctx.Err()
	}
	return ssh.NewClient(inner, chans, reqs), nil
}
