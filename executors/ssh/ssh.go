// Package ssh runs scripts on storage nodes over kept SSH connections. It is a Runner and nothing more: it knows no command,
// decides nothing and repeats no script that may have begun. It is the only door to x/crypto/ssh for clients.
//
//	Run -> host: a queue, first come first served; one dial at a time, whose failure is everybody's who waits
//	         |- conn: at most MaxSessions scripts; another one beside it when all are full
//	              |- keepalive: a node that answers nothing loses its connection, and every script on it ends with ErrLost
//	              |- session: one script; its place is free when the node says so, not when the caller leaves
package ssh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"yardmaster/executors"
)

// SSH is a Runner over SSH. Close it when no script is to run any more.
type SSH struct {
	cfg   Config
	login *login
	keys  judge
	tasks sync.WaitGroup // every Run and every goroutine of ours; it grows under mu, or out of one that it counts

	mu     sync.Mutex
	hosts  map[string]*host
	closed bool
}

var _ executors.Runner = (*SSH)(nil)

var (
	// errClosed ends every Run after Close.
	errClosed = errors.New("ssh executor is closed")
	errNUL    = errors.New("script holds a NUL byte")
)

// New reads the key and the known hosts; it connects to nothing yet.
func New(cfg Config) (*SSH, error) {
	cfg = cfg.withDefaults()
	login, err := newLogin(cfg)
	if err != nil {
		return nil, err
	}
	keys, err := newJudge(cfg)
	if err != nil {
		return nil, err
	}
	return &SSH{cfg: cfg, login: login, keys: keys, hosts: map[string]*host{}}, nil
}

// enter finds the state of a node, made at its first use, and counts the caller among the tasks.
func (s *SSH) enter(name string) (*host, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	h, ok := s.hosts[name]
	if !ok {
		address, given := s.cfg.Hosts[name]
		if !given {
			address = net.JoinHostPort(name, strconv.Itoa(s.cfg.Port))
		}
		h = newHost(name, address, s)
		s.hosts[name] = h
	}
	s.tasks.Add(1)
	return h, nil
}

// Run runs a script with bash. It never outlives ctx or the ceiling of the configuration; the script may: it is told to
// stop, but OpenSSH tells nothing to a script of root's, so after ErrLost it may still be at work.
func (s *SSH) Run(ctx context.Context, name, script string) (executors.Result, error) {
	if strings.ContainsRune(script, 0) {
		return executors.Result{}, fmt.Errorf("%s: %w: %w", name, executors.ErrUnreachable, errNUL) // a shell would end it there
	}
	h, err := s.enter(name)
	if err != nil {
		return executors.Result{}, fmt.Errorf("%s: %w: %w", name, executors.ErrUnreachable, err)
	}
	defer s.tasks.Done()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CommandTimeout)
	defer cancel()
	begin := s.cfg.Now()
	res, err := h.run(ctx, script)
	s.cfg.Logger.Debug("script ran", "host", name, "exit", res.Exit, "took", s.cfg.Now().Sub(begin), "err", err, "script", excerpt(script))
	return res, err
}

// excerpted is as much of a script as the log may show.
const excerpted = 200

func excerpt(script string) string {
	if len(script) > excerpted {
		return strings.ToValidUTF8(script[:excerpted], "") + "..."
	}
	return script
}

// HostHealth is how a node was found lately.
type HostHealth struct {
	Host      string
	Reachable bool
	At        time.Time // zero when nothing is known yet
	Reason    string    // of its not being reachable
}

// Health tells of every node that was ever asked for, by name. It is what dials, scripts and keepalives found, and asks nobody.
func (s *SSH) Health() []HostHealth {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]HostHealth, 0, len(s.hosts))
	for _, h := range s.hosts {
		out = append(out, h.lately())
	}
	slices.SortFunc(out, func(a, b HostHealth) int { return cmp.Compare(a.Host, b.Host) })
	return out
}

// Check says whether a node can be reached now.
func (s *SSH) Check(ctx context.Context, name string) error {
	_, err := s.Run(ctx, name, "true")
	return err
}

// Close ends every connection and waits for all that runs on them; scripts that are under way end with ErrLost.
func (s *SSH) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, h := range s.hosts {
		h.close()
	}
	s.mu.Unlock()
	s.tasks.Wait()
	return nil
}
