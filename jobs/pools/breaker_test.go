package pools

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/store"
)

// deaf is a provider that nobody may ask.
type deaf struct {
	vm.Provider
	t *testing.T
}

func (d deaf) List(context.Context, vm.Pool) ([]vm.Machine, error) {
	d.t.Error("asked for an inventory")
	return nil, vm.ErrUnavailable
}

// TestAProviderThatIsBrokenOffIsLeftAlone: nothing goes there until its rest is over, then one thing at a time until it answers.
func TestAProviderThatIsBrokenOffIsLeftAlone(t *testing.T) {
	now := time.Now()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "control.db"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d, err := NewDomain(Config{Pools: []Pool{{Pool: vm.Pool{Name: "debian"}, Provider: "p"}}, Providers: map[string]Provider{"p": {}}},
		func() string { return "id" }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	k := NewKeeper(d, db, map[string]vm.Provider{"p": deaf{t: t}}, Quiet{})
	room := func(want int, bounded bool) {
		t.Helper()
		if most, ok := k.Room("provider/p"); most != want || ok != bounded {
			t.Errorf("room for %d (%v), want %d (%v)", most, ok, want, bounded)
		}
	}
	for range trips - 1 {
		k.failed("p", "no answer")
		room(0, false)
	}
	k.failed("p", "no answer")
	room(0, true)
	k.list(t.Context(), &d.cfg.Pools[0])
	now = now.Add(offFirst)
	room(1, true)
	k.failed("p", "no answer")
	room(0, true)
	now = now.Add(offFirst)
	room(0, true)
	now = now.Add(offFirst)
	room(1, true)
	if why := k.unwell("p"); why != "no answer" {
		t.Errorf("after its rest it is told of as %q", why)
	}
	k.answered("p")
	room(0, false)
	if why := k.unwell("p"); why != "" {
		t.Errorf("it answers, and is told of as %q", why)
	}
	if most, ok := k.Room("lane"); ok {
		t.Errorf("another's lane has room for %d", most)
	}
}

func TestAReadinessCheckHasTheTimeThatItsPoolGivesIt(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: probeTime, 5 * time.Second: probeTime, time.Minute: time.Minute + time.Second} {
		if got := readyTime(vm.Pool{Ready: vm.Readiness{Timeout: timeout}}); got != want {
			t.Errorf("%v: got %v, want %v", timeout, got, want)
		}
	}
}

func TestWhatACloneLeftIsRemovedWithPauses(t *testing.T) {
	if p := (cloneKind{}).Policy(); p.Backoff < time.Second || p.MaxWait < time.Minute {
		t.Errorf("got %+v", p)
	}
}
