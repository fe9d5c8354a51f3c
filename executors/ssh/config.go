package ssh

import (
	"cmp"
	"log/slog"
	"time"
)

// HostKeys is how a node's host key is judged.
type HostKeys string

// Strict takes keys of the known_hosts file only; AcceptNew adds the key of a host that is not in it; Insecure looks at none.
const (
	Strict    HostKeys = "strict"
	AcceptNew HostKeys = "accept-new"
	Insecure  HostKeys = "insecure"
)

// Config says how nodes are reached. KeyFile or Agent must be given; what is zero takes the default beside it.
type Config struct {
	User       string // root
	Port       int    // 22
	KeyFile    string // a private key without a passphrase
	Agent      bool   // ask the agent at SSH_AUTH_SOCK
	Sudo       bool
	KnownHosts string
	HostKeys   HostKeys // Strict

	DialTimeout    time.Duration // 10 s, for the connection and the handshake
	CommandTimeout time.Duration // 30 min, the ceiling of one script
	Keepalive      time.Duration // 5 s; three without an answer end a connection
	MaxSessions    int           // 8 scripts a connection; sshd takes 10 and frees a place late
	MaxConns       int           // 4 connections a host
	MaxOutput      int           // 16 MiB of each stream; what is beyond is dropped
	Redial         time.Duration // 500 ms without a dial after one that failed; who comes meanwhile is told why
	Linger         time.Duration // 5 s for a script that was stopped to end, and for what it left running to let go of its output
	Idle           time.Duration // 15 min; a connection without a script for so long is closed

	Hosts  map[string]string // host -> "address:port", for those that are not found by their name
	Logger *slog.Logger
	Now    func() time.Time
}

func (c Config) withDefaults() Config {
	c.User = cmp.Or(c.User, "root")
	c.Port = cmp.Or(c.Port, 22)
	c.HostKeys = cmp.Or(c.HostKeys, Strict)
	c.DialTimeout = cmp.Or(c.DialTimeout, 10*time.Second)
	c.CommandTimeout = cmp.Or(c.CommandTimeout, 30*time.Minute)
	c.Keepalive = cmp.Or(c.Keepalive, 5*time.Second)
	c.MaxSessions = cmp.Or(c.MaxSessions, 8)
	c.MaxConns = cmp.Or(c.MaxConns, 4)
	c.MaxOutput = cmp.Or(c.MaxOutput, 16<<20)
	c.Redial = cmp.Or(c.Redial, 500*time.Millisecond)
	c.Linger = cmp.Or(c.Linger, 5*time.Second)
	c.Idle = cmp.Or(c.Idle, 15*time.Minute)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
