package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"yardmaster/auth"
)

// gate is a door with a limit, users whose password is "good", and a clock that stands still.
type gate struct {
	*testing.T
	door  auth.Authenticator
	asked int
	now   time.Time
	err   error // what the users answer instead
}

func newGate(t *testing.T, limits auth.AttemptLimits) *gate {
	g := &gate{T: t, now: noon}
	g.door = auth.Basic("yard", g, auth.NewAttempts(limits, func() time.Time { return g.now }))
	return g
}

func (g *gate) CheckPassword(_ context.Context, name, password string) (auth.Principal, error) {
	g.asked++
	switch {
	case g.err != nil:
		return auth.Principal{}, g.err
	case password != "good":
		return auth.Principal{}, auth.ErrWrongPassword
	}
	return auth.Principal{Name: name, Role: auth.RoleUser}, nil
}

func from(addr, name, password string) *http.Request {
	r := basic(name, password)
	r.RemoteAddr = addr
	return r
}

// tries gives the status of an attempt and how long to wait after it.
func (g *gate) tries(addr, name, password string) (status int, wait time.Duration) {
	g.Helper()
	_, err := g.door.Authenticate(from(addr, name, password))
	if err == nil {
		return 200, 0
	}
	var refusal *auth.Refusal
	if !errors.As(err, &refusal) {
		g.Fatalf("got %v, want a refusal", err)
	}
	if (refusal.Status == 429) != errors.Is(err, auth.ErrTooMany) {
		g.Errorf("got %#v", refusal)
	}
	return refusal.Status, refusal.RetryAfter
}

func (g *gate) expect(what string, want int, addr, name, password string) {
	g.Helper()
	if got, _ := g.tries(addr, name, password); got != want {
		g.Errorf("%s: got %d, want %d", what, got, want)
	}
}

// addr is the n-th of many addresses.
func addr(n int) string { return fmt.Sprintf("10.%d.%d.%d:4711", n>>16, n>>8&255, n&255) }

func TestANameThatFailsTooOftenIsRefusedFromEverywhere(t *testing.T) {
	g := newGate(t, auth.AttemptLimits{})
	for n := range 5 {
		g.expect("a failure", 401, addr(n), "ada", "bad")
	}
	asked := g.asked
	g.expect("one more", 429, addr(6), "ada", "bad")
	g.expect("in other letters", 429, addr(7), "ADA", "bad")
	g.expect("with the right password", 429, addr(8), "ada", "good")
	if g.asked != asked {
		t.Error("a password was looked at for a refused attempt")
	}
	g.expect("another name", 200, addr(9), "bob", "good")
	g.now = g.now.Add(5 * time.Second)
	g.expect("after the wait", 200, addr(8), "ada", "good")
	for n := range 4 {
		g.expect("failures begin anew after a success", 401, addr(20+n), "ada", "bad")
	}
}

func TestAnAddressThatFailsTooOftenIsRefusedWhateverNameItTries(t *testing.T) {
	g := newGate(t, auth.AttemptLimits{})
	for n := range 5 {
		g.expect("a failure", 401, fmt.Sprintf("192.0.2.1:%d", n+1), fmt.Sprintf("user%d", n), "bad")
		if n < 4 {
			g.expect("a success forgets nothing of its address", 200, "192.0.2.1:99", "ada", "good")
		}
	}
	g.expect("one more", 429, "192.0.2.1:9", "user9", "bad")
	g.expect("a right password", 429, "192.0.2.1:9", "ada", "good")
	g.expect("another address", 200, "192.0.2.2:9", "ada", "good")

	r := from("192.0.2.1:9", "ada", "good")
	r.Header.Set("X-Forwarded-For", "192.0.2.77")
	r.Header.Set("X-Real-IP", "192.0.2.77")
	if _, err := g.door.Authenticate(r); !errors.Is(err, auth.ErrTooMany) {
		t.Errorf("a header moved the caller elsewhere: %v", err)
	}
}

func TestAddressesOfOneHolderAreOne(t *testing.T) {
	g := newGate(t, auth.AttemptLimits{})
	for n := range 5 {
		g.expect("a failure", 401, fmt.Sprintf("[2001:db8::%d]:1", n), fmt.Sprintf("user%d", n), "bad")
	}
	g.expect("the same network", 429, "[2001:db8::ffff:1]:1", "ada", "good")
	g.expect("another network", 200, "[2001:db8:0:1::1]:1", "ada", "good")
	for n := range 5 {
		g.expect("a failure", 401, []string{"192.0.2.9:1", "[::ffff:192.0.2.9]:1"}[n%2], fmt.Sprintf("user%d", 10+n), "bad")
	}
	g.expect("IPv4 in both forms", 429, "[::ffff:192.0.2.9]:1", "bob", "good")
}

func TestTheWaitGrowsToACeilingAndIsForgotten(t *testing.T) {
	g := newGate(t, auth.AttemptLimits{})
	for n := range 5 {
		g.expect("a failure", 401, addr(n), "ada", "bad")
	}
	for n, want := range []time.Duration{5, 10, 20, 40, 80, 160, 300, 300, 300} {
		want *= time.Second
		if status, wait := g.tries(addr(10+n), "ada", "bad"); status != 429 || wait != want {
			t.Fatalf("refusal %d: got %d, wait %v; want %v", n, status, wait, want)
		}
		g.now = g.now.Add(want / 2)
		if status, wait := g.tries(addr(30+n), "ada", "bad"); status != 429 || wait != want-want/2 {
			t.Fatalf("half way: got %d, wait %v; a refused attempt must not count", status, wait)
		}
		g.now = g.now.Add(want - want/2)
		g.expect("one attempt after the wait", 401, addr(50+n), "ada", "bad")
	}
	g.now = g.now.Add(5*time.Minute + time.Minute)
	for n := range 5 {
		g.expect("after a quiet minute it begins anew", 401, addr(70+n), "ada", "bad")
	}
	if _, wait := g.tries(addr(80), "ada", "bad"); wait != 5*time.Second {
		t.Errorf("got %v, want the first wait", wait)
	}
}

func TestFailuresLongAgoDoNotCount(t *testing.T) {
	g := newGate(t, auth.AttemptLimits{})
	for n := range 100 {
		g.expect("a failure every 16 s", 401, "192.0.2.1:1", "ada", "bad")
		if g.now = g.now.Add(16 * time.Second); t.Failed() {
			t.Fatalf("after %d", n)
		}
	}
}

func TestADirectoryThatDoesNotAnswerIsNobodysFailure(t *testing.T) {
	g := newGate(t, auth.AttemptLimits{})
	g.err = &auth.Refusal{Status: 503, Text: "away"}
	for range 20 {
		g.expect("no answer", 503, addr(1), "ada", "good")
	}
	g.err = nil
	g.expect("an answer", 200, addr(1), "ada", "good")
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	g := newGate(t, auth.AttemptLimits{Entries: 100})
	for n := range 5 {
		g.expect("a failure", 401, addr(n), "ada", "bad")
	}
	for n := range 10_000 {
		g.tries(addr(n), fmt.Sprintf("user%d", n), "bad")
	}
	// Nothing can be said of who is remembered still, but that all still works.
	g.expect("a stranger", 200, addr(1<<20), "bob", "good")
	if n := auth.Remembered(g.door); n > 100 {
		t.Errorf("%d names and addresses are remembered, 100 may be", n)
	}
}

// slow is a users' list that takes a second to say no.
type slow struct{ asked, most, now atomic.Int32 }

func (s *slow) CheckPassword(_ context.Context, name, password string) (auth.Principal, error) {
	s.asked.Add(1)
	if n := s.now.Add(1); n > s.most.Load() {
		s.most.Store(n)
	}
	defer s.now.Add(-1)
	time.Sleep(time.Second)
	if password != "good" {
		return auth.Principal{}, auth.ErrWrongPassword
	}
	return auth.Principal{Name: name, Role: auth.RoleUser}, nil
}

func TestManyAttemptsAtOnceGainNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := new(slow)
		door := auth.Basic("yard", users, auth.NewAttempts(auth.AttemptLimits{}, time.Now))
		var all sync.WaitGroup
		for n := range 200 {
			all.Go(func() {
				if _, err := door.Authenticate(from(addr(n), "ada", "bad")); err == nil {
					t.Error("let in")
				}
			})
		}
		all.Wait()
		if n := users.asked.Load(); n != 5 {
			t.Errorf("%d passwords were looked at, want 5", n)
		}
	})
}

func TestManyRightPasswordsAtOnceAreAllTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		door := auth.Basic("yard", new(slow), auth.NewAttempts(auth.AttemptLimits{}, time.Now))
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := door.Authenticate(from(addr(1), "ada", "good")); err != nil {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		for range 6 {
			all.Go(func() { _, _ = door.Authenticate(from(addr(1), "ada", "good").WithContext(ctx)) })
		}
		all.Wait() // who left does not wait for a turn
	})
}
