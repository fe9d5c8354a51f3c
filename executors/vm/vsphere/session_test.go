package vsphere

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"go.uber.org/goleak"

	"yardmaster/executors/vm"
)

// ours are the sessions of providers, as the server has them.
func (w *world) ours() (keys []string) {
	w.t.Helper()
	var m mo.SessionManager
	w.must(w.admin.RetrieveOne(w.t.Context(), *w.admin.ServiceContent.SessionManager, []string{"sessionList"}, &m))
	for _, s := range m.SessionList {
		if s.UserAgent == "yardmaster" {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// expire ends the sessions of providers on the server.
func (w *world) expire() {
	w.t.Helper()
	_, err := methods.TerminateSession(w.t.Context(), w.admin.Client, &types.TerminateSession{
		This: *w.admin.ServiceContent.SessionManager, SessionId: w.ours(),
	})
	w.must(err)
}

func (w *world) logins() int { return w.count("Login") - 1 } // one is the test's own

func TestOneSessionIsMadeAtTheFirstCallAndEndedByClose(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	if n := w.logins(); n != 0 {
		t.Fatalf("%d logins before any call", n)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := p.List(t.Context(), w.pool); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.logins(); n != 1 || len(w.ours()) != 1 {
		t.Errorf("%d logins, sessions %q", n, w.ours())
	}
	w.must(p.Close())
	if left := w.ours(); len(left) != 0 {
		t.Errorf("sessions left: %q", left)
	}
	if _, err := p.List(t.Context(), w.pool); !errors.Is(err, vm.ErrUnavailable) || !errors.Is(err, errClosed) {
		t.Errorf("after close: %v", err)
	}
}

func TestAnExpiredSessionIsRenewedUnnoticed(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	ctx := t.Context()
	w.must(p.Create(ctx, w.pool, "a"))
	calls := map[string]func() error{
		"list":   func() error { _, err := p.List(ctx, w.pool); return err },
		"get":    func() error { _, err := p.Get(ctx, w.pool, "a"); return err },
		"create": func() error { return p.Create(ctx, w.pool, "b") },
		"disk":   func() error { return p.AddDisk(ctx, w.pool, "a", "d1", 1) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			before := w.logins()
			w.expire()
			if err := call(); err != nil {
				t.Error(err)
			}
			if n := w.logins() - before; n != 1 {
				t.Errorf("%d logins", n)
			}
		})
	}
}

func TestASessionThatExpiresBetweenTwoRequestsIsRenewed(t *testing.T) {
	for _, method := range []string{"CloneVM_Task", "RetrievePropertiesEx", "CreateFilter", "WaitForUpdatesEx", "PowerOnVM_Task"} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t)
			p := w.provider()
			defer w.faulty(method, 1, &types.NotAuthenticated{})()
			w.must(p.Create(t.Context(), w.pool, "a"))
			m, err := p.Get(t.Context(), w.pool, "a")
			if err != nil || m.Power != vm.PoweredOn || w.logins() != 2 {
				t.Errorf("got %+v, %v after %d logins", m, err, w.logins())
			}
		})
	}
}

func TestASessionThatIsRefusedAgainAndAgainIsNoLoop(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	defer w.faulty("FindByInventoryPath", 0, &types.NotAuthenticated{})()
	if _, err := p.Get(t.Context(), w.pool, "a"); !errors.Is(err, vm.ErrUnavailable) || w.logins() != 2 {
		t.Errorf("got %v after %d logins", err, w.logins())
	}
}

func TestATaskIsFollowedAcrossSessions(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	release := w.holdClones()
	watched := w.watched()
	created := make(chan error, 1)
	go func() { created <- p.Create(t.Context(), w.pool, "a") }()
	eventually(t, "the clone is waited for", watched)
	w.expire()
	release()
	w.must(<-created)
	if n := w.count("CloneVM_Task"); n != 1 {
		t.Errorf("%d clones", n)
	}
}

func TestATaskIsFollowedAcrossALostConnection(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	release := w.holdClones()
	watched := w.watched()
	created := make(chan error, 1)
	go func() { created <- p.Create(t.Context(), w.pool, "a") }()
	eventually(t, "the clone is waited for", watched)
	w.gate.down()()
	release()
	w.must(<-created)
	if n := w.count("CloneVM_Task"); n != 1 {
		t.Errorf("%d clones", n)
	}
}

func TestATaskIsNotWaitedForWhenTheServerStaysAway(t *testing.T) {
	w := newWorld(t)
	p := w.provider(func(c *Config) { c.CallTimeout = 3 * time.Second })
	release := w.holdClones()
	watched := w.watched()
	created := make(chan error, 1)
	go func() { created <- p.Create(t.Context(), w.pool, "a") }()
	eventually(t, "the clone is waited for", watched)
	start, up := time.Now(), w.gate.down()
	if err := <-created; !errors.Is(err, vm.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 90*time.Second {
		t.Errorf("it was waited for for %v", took)
	}
	up()
	release()
}

func TestPropertiesThatAreWithheldForWantOfASession(t *testing.T) {
	missing := func(f types.BaseMethodFault) soap.HasFault {
		return &methods.RetrievePropertiesExBody{Res: &types.RetrievePropertiesExResponse{Returnval: &types.RetrieveResult{
			Objects: []types.ObjectContent{{MissingSet: []types.MissingProperty{{Path: "name", Fault: types.LocalizedMethodFault{Fault: f}}}}},
		}}}
	}
	if !forgotten(nil, missing(&types.NotAuthenticated{})) {
		t.Error("a withheld property was taken for an answer")
	}
	for _, answer := range []soap.HasFault{missing(&types.NoPermission{}), &methods.RetrievePropertiesExBody{}, &methods.LoginBody{}} {
		if forgotten(nil, answer) {
			t.Errorf("%+v was taken for a lost session", answer)
		}
	}
}

func TestTheServerMayRestart(t *testing.T) {
	before, after := newWorld(t), newWorld(t)
	p := before.provider()
	before.must(p.Create(t.Context(), before.pool, "a"))
	up := before.gate.down()
	if _, err := p.List(t.Context(), before.pool); !errors.Is(err, vm.ErrUnavailable) {
		t.Errorf("while it is down: %v", err)
	}
	before.gate.retarget(after.gate.target)
	up()
	all, err := p.List(t.Context(), before.pool)
	if err != nil || len(all) != 0 {
		t.Errorf("got %v, %v", all, err)
	}
	before.must(p.Create(t.Context(), before.pool, "a"))
	if n := after.logins(); n != 1 {
		t.Errorf("%d logins to the new server", n)
	}
}

func TestATaskThatIsLostWithTheServerIsNeitherDoneNorGone(t *testing.T) {
	before, after := newWorld(t), newWorld(t)
	p := before.provider()
	before.must(p.Create(t.Context(), before.pool, "a"))
	before.holdClones()
	watched := before.watched()
	created := make(chan error, 1)
	go func() { created <- p.Create(t.Context(), before.pool, "b") }()
	eventually(t, "the clone is waited for", watched)
	up := before.gate.down()
	before.gate.retarget(after.gate.target)
	up()
	if err := <-created; !errors.Is(err, vm.ErrUnavailable) || !errors.Is(err, errTaskLost) {
		t.Errorf("got %v", err)
	}
}

func TestAConnectionThatDiedIsNoErrorOfTheNextCall(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.must(p.Create(t.Context(), w.pool, "a"))
	for range 20 {
		w.gate.down()()
		if _, err := p.Get(t.Context(), w.pool, "a"); err != nil {
			t.Fatal(err)
		}
	}
}

// clock is one that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestAWrongPasswordIsSaidOnceAndNeverRepeated(t *testing.T) {
	w := newWorld(t)
	var logged bytes.Buffer
	var mu sync.Mutex
	c := &clock{now: time.Unix(1e9, 0)}
	p := w.provider(func(cfg *Config) {
		cfg.Password, cfg.Now, cfg.LoginPause = "hunter2-wrong", c.Now, time.Minute
		cfg.Logger = slog.New(slog.NewTextHandler(locked{&mu, &logged}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for range 3 {
		_, err := p.List(t.Context(), w.pool)
		if !errors.Is(err, vm.ErrUnusable) || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), testUser) {
			t.Errorf("got %v", err)
		}
	}
	if n := w.logins(); n != 1 {
		t.Errorf("%d logins within the pause", n)
	}
	c.move(time.Minute)
	_, _ = p.List(t.Context(), w.pool)
	if n := w.logins(); n != 2 {
		t.Errorf("%d logins after the pause", n)
	}
	w.must(p.Close())
	mu.Lock()
	defer mu.Unlock()
	if strings.Contains(logged.String(), "hunter2") {
		t.Errorf("logged: %s", logged.String())
	}
}

type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func TestALoginThatIsRefusedForNoReasonOfItsOwnIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	undo := w.faulty("Login", 1, &types.SystemError{})
	defer undo()
	if _, err := p.List(t.Context(), w.pool); err == nil || errors.Is(err, vm.ErrUnusable) {
		t.Errorf("got %v", err)
	}
	if _, err := p.List(t.Context(), w.pool); err != nil {
		t.Error(err)
	}
}

func TestAServerThatTakesConnectionsAndSaysNothing(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var held []net.Conn
			var taking sync.WaitGroup
			taking.Go(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					held = append(held, c)
				}
			})
			before := goleak.IgnoreCurrent()
			p, err := New(Config{Server: scheme + "://" + l.Addr().String(), Username: "u", Password: "p", CallTimeout: 300 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			start := time.Now()
			for range 4 {
				all.Go(func() {
					if _, err := p.List(t.Context(), vm.Pool{Folder: "a"}); !errors.Is(err, vm.ErrUnavailable) {
						t.Errorf("got %v", err)
					}
				})
			}
			all.Wait()
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			goleak.VerifyNone(t, before) // nobody is left in a handshake
			l.Close()
			taking.Wait()
			for _, c := range held {
				c.Close()
			}
		})
	}
}

func TestACertificateThatNobodyVouchesForIsRefusedUnlessToldOtherwise(t *testing.T) {
	w := newWorld(t)
	server := w.serve(func(h *front) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		s.StartTLS()
		return s
	})
	at := func(c *Config) { c.Server = server.URL }
	_, err := w.provider(at).List(t.Context(), w.pool)
	if !errors.Is(err, vm.ErrUnusable) || !strings.Contains(err.Error(), "certificate") || !strings.Contains(err.Error(), "insecure") {
		t.Errorf("got %v", err)
	}
	t.Log(err)
	if _, err := w.provider(at, func(c *Config) { c.Insecure = true }).List(t.Context(), w.pool); err != nil {
		t.Error(err)
	}
}

func TestAnIdleSessionIsKeptAlive(t *testing.T) {
	w := newWorld(t)
	p := w.provider(func(c *Config) { c.KeepAlive = 20 * time.Millisecond })
	_, err := p.List(t.Context(), w.pool)
	w.must(err)
	eventually(t, "it gives signs of life", func() bool { return w.count("CurrentTime") >= 2 })
	old := w.ours()
	w.expire()
	eventually(t, "it finds the session lost and makes a new one", func() bool {
		now := w.ours()
		return len(now) == 1 && !slices.Equal(now, old)
	})
}

func TestCloseEndsCallsThatWait(t *testing.T) {
	w := newWorld(t)
	w.noTools = true
	p := w.provider()
	w.must(p.Create(t.Context(), w.pool, "mute"))
	ended := make(chan error, 1)
	watched := w.watched()
	go func() {
		_, err := p.Address(t.Context(), w.pool, "mute")
		ended <- err
	}()
	eventually(t, "it waits for news", watched)
	w.must(p.Close())
	if err := <-ended; !errors.Is(err, vm.ErrUnavailable) || !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}

func TestSoManyRequestsAreUnderWayAndNoMore(t *testing.T) {
	w := newWorld(t)
	p := w.provider(func(c *Config) { c.Requests = 2 })
	_, err := p.List(t.Context(), w.pool)
	w.must(err)
	release := w.front.stall()
	defer release()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := p.List(t.Context(), w.pool); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "two are under way", func() bool { return w.front.now.Load() == 2 })
	<-time.After(50 * time.Millisecond) // for a third to come, which must not
	release()
	all.Wait()
	if most := w.front.most.Load(); most > 2 {
		t.Errorf("%d requests at a time", most)
	}
}
