package vsphere

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// session is the one login, renewed when the server has forgotten it. It is the soap.RoundTripper of every client it hands out.
type session struct {
	cfg     Config
	address *url.URL
	log     *slog.Logger
	life    context.Context
	trips   chan struct{} // holds one for each request under way
	keeping sync.WaitGroup

	entry   chan struct{} // holds one while somebody logs in
	mu      sync.Mutex
	current *login
	refused error // why the last login was turned down
	again   time.Time
}

func newSession(life context.Context, c Config, address *url.URL, log *slog.Logger) *session {
	return &session{
		cfg: c, address: address, log: log, life: life,
		trips: make(chan struct{}, c.Requests), entry: make(chan struct{}, 1),
	}
}

// client is what govmomi's calls are made with.
func (s *session) client(ctx context.Context) (*vim25.Client, error) {
	l, err := s.enter(ctx, nil)
	if err != nil {
		return nil, err
	}
	return l.client, nil
}

// RoundTrip sends one request. A session that the server does not know any more is replaced once, and the request sent anew: it
// was refused, so nothing has come of it.
func (s *session) RoundTrip(ctx context.Context, req, res soap.HasFault) error {
	leave, err := s.board(ctx, req)
	if err != nil {
		return err
	}
	defer leave()
	l, err := s.enter(ctx, nil)
	if err != nil {
		return err
	}
	err = s.send(ctx, l, req, res)
	if !forgotten(err, res) {
		return err
	}
	s.log.Info("vcenter forgot the session")
	if l, err = s.enter(ctx, l); err != nil {
		return err
	}
	reflect.ValueOf(res).Elem().SetZero() // else it would keep the fault of the first answer
	return s.send(ctx, l, req, res)
}

// waits says that a request is answered only when there is news, or after newsWait.
func waits(req soap.HasFault) bool {
	_, ok := req.(*methods.WaitForUpdatesExBody)
	return ok
}

// board takes a token, but for what waits: that costs the server next to nothing, and may last.
func (s *session) board(ctx context.Context, req soap.HasFault) (leave func(), err error) {
	if waits(req) {
		return func() {}, nil
	}
	leave = func() { <-s.trips }
	select {
	case s.trips <- struct{}{}:
		return leave, nil
	default:
	}
	ctx, cancel := within(ctx, s.life, s.cfg.CallTimeout)
	defer cancel()
	select {
	case s.trips <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%d requests are under way: %w", s.cfg.Requests, ctx.Err())
	}
}

// send makes one request within its time. One that reads is made once more over a new connection, if the kept one had died.
func (s *session) send(ctx context.Context, l *login, req, res soap.HasFault) error {
	limit := s.cfg.CallTimeout
	if waits(req) {
		limit += s.cfg.newsWait
	}
	ctx, cancel := within(ctx, s.life, limit)
	defer cancel()
	err := l.soap.RoundTrip(ctx, req, res)
	if err == nil || !reads(req) || faultOf(err) != nil || !network(err) || ctx.Err() != nil {
		return err
	}
	l.soap.CloseIdleConnections() // the server has closed one of them, and so perhaps all
	reflect.ValueOf(res).Elem().SetZero()
	return l.soap.RoundTrip(ctx, req, res)
}

// reads says that a request changes nothing, so that it may be sent twice.
func reads(req soap.HasFault) bool {
	switch req.(type) {
	case *methods.RetrievePropertiesExBody, *methods.FindByInventoryPathBody, *methods.CurrentTimeBody:
		return true
	}
	return false
}

// forgotten says that the server does not know the session. Of properties it may say so in the midst of an answer.
func forgotten(err error, res soap.HasFault) bool {
	if err != nil {
		return isFault[*types.NotAuthenticated](err)
	}
	body, ok := res.(*methods.RetrievePropertiesExBody)
	if !ok || body.Res == nil || body.Res.Returnval == nil {
		return false
	}
	for _, o := range body.Res.Returnval.Objects {
		for _, m := range o.MissingSet {
			if _, ok := m.Fault.Fault.(*types.NotAuthenticated); ok {
				return true
			}
		}
	}
	return false
}

// enter gives a login that is not the stale one. One caller at a time logs in; the others wait for it.
func (s *session) enter(ctx context.Context, stale *login) (*login, error) {
	if l := s.known(stale); l != nil {
		return l, nil
	}
	ctx, cancel := within(ctx, s.life, s.cfg.CallTimeout)
	defer cancel()
	select {
	case s.entry <- struct{}{}:
		defer func() { <-s.entry }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l := s.known(stale); l != nil {
		return l, nil
	}
	if err := s.mayTry(); err != nil {
		return nil, err
	}
	l, err := s.login(ctx)
	s.note(l, err)
	return l, err
}

func (s *session) known(stale *login) *login {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == stale {
		return nil
	}
	return s.current
}

// mayTry holds back after a refused login: a directory locks the account of somebody who insists.
func (s *session) mayTry() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused != nil && s.cfg.Now().Before(s.again) {
		return s.refused
	}
	return nil
}

// note keeps how a login ended.
func (s *session) note(l *login, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused = nil; errors.Is(err, vm.ErrUnusable) {
		s.refused, s.again = err, s.cfg.Now().Add(s.cfg.LoginPause)
	}
	if err != nil {
		return
	}
	if s.current == nil {
		s.keeping.Go(s.keepAlive)
	} else {
		s.current.soap.CloseIdleConnections()
	}
	s.current = l
}

// keepAlive gives the server a sign of life, which also finds a lost session before a caller does.
func (s *session) keepAlive() {
	tick := time.NewTicker(s.cfg.KeepAlive)
	defer tick.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case <-tick.C:
		}
		if _, err := methods.GetCurrentTime(s.life, s); err != nil && s.life.Err() == nil {
			s.log.Warn("session not kept alive", "err", told(err))
		}
	}
}

// farewell is how long a logout may take.
const farewell = 3 * time.Second

// close logs out. A server that does not answer forgets the session by itself.
func (s *session) close() {
	s.keeping.Wait()
	l := s.known(nil)
	if l == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(farewell, s.cfg.CallTimeout))
	defer cancel()
	if err := l.logout(ctx); err != nil {
		s.log.Debug("not logged out", "err", told(err))
	}
	l.soap.CloseIdleConnections()
}
