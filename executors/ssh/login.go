package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// login is how we prove who we are: a key, an agent, or both in this order.
type login struct {
	key    ssh.Signer
	socket string // the agent's
}

func newLogin(cfg Config) (*login, error) {
	l := &login{}
	if cfg.KeyFile != "" {
		raw, err := os.ReadFile(cfg.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("ssh key: %w", err)
		}
		if l.key, err = ssh.ParsePrivateKey(raw); err != nil {
			return nil, fmt.Errorf("ssh key %s: %w", cfg.KeyFile, err)
		}
	}
	if cfg.Agent {
		if l.socket = os.Getenv("SSH_AUTH_SOCK"); l.socket == "" {
			return nil, errors.New("ssh agent: SSH_AUTH_SOCK is not set")
		}
	}
	if l.key == nil && l.socket == "" {
		return nil, errors.New("ssh: neither a key file nor an agent")
	}
	return l, nil
}

// methods are those of one handshake. The agent is asked anew for each, so that it may come and go; leave lets go of it.
func (l *login) methods(ctx context.Context) (auth []ssh.AuthMethod, leave func(), err error) {
	var signers []ssh.Signer
	if l.key != nil {
		signers = append(signers, l.key)
	}
	if l.socket == "" {
		return []ssh.AuthMethod{ssh.PublicKeys(signers...)}, func() {}, nil
	}
	conn, err := dialer.DialContext(ctx, "unix", l.socket)
	if err != nil {
		return nil, nil, fmt.Errorf("ssh agent: %w", err)
	}
	return []ssh.AuthMethod{ssh.PublicKeysCallback(withAgent(conn, signers))}, func() { conn.Close() }, nil
}

// withAgent offers the key of the configuration first. One method holds them all: a client tries each sort of method once.
func withAgent(conn net.Conn, first []ssh.Signer) func() ([]ssh.Signer, error) {
	return func() ([]ssh.Signer, error) {
		more, err := agent.NewClient(conn).Signers()
		if err != nil {
			return nil, fmt.Errorf("ssh agent: %w", err)
		}
		return append(first[:len(first):len(first)], more...), nil
	}
}
