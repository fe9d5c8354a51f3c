package sim

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"yardmaster/executors/vm"
)

func TestAFaultFailsWhatItIsFor(t *testing.T) {
	s := open(t, Options{})
	broken := errors.New("no room")
	remove := s.Inject(Fault{Call: Create, Pool: pool.Name, Name: "web", Effect: Fail, Err: broken})
	if err := s.Create(t.Context(), pool, "web"); !errors.Is(err, broken) || err.Error() != "create web: no room" {
		t.Errorf("got %v", err)
	}
	if _, ok := s.Inspect("web"); ok {
		t.Error("the failed call took effect")
	}
	for _, err := range []error{
		s.Create(t.Context(), pool, "db"),
		s.Create(t.Context(), other, "web"),
		s.Destroy(t.Context(), other, "web"),
	} {
		if err != nil {
			t.Errorf("the fault hits others: %v", err)
		}
	}
	remove()
	if err := s.Create(t.Context(), pool, "web"); err != nil {
		t.Errorf("after its removal: %v", err)
	}
}

func TestAFaultStrikesAsOftenAsItShould(t *testing.T) {
	s := open(t, Options{})
	after := 0
	defer s.Inject(Fault{Effect: Fail, Times: 2, After: func() { after++ }})()
	for i := range 4 {
		_, err := s.List(t.Context(), pool)
		if want := i < 2; errors.Is(err, vm.ErrUnavailable) != want {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if after != 2 {
		t.Errorf("After was called %d times", after)
	}
}

func TestAnAnswerMayBeLost(t *testing.T) {
	s := open(t, Options{})
	defer s.Inject(Fault{Call: Create, Effect: Lost})()
	if err := s.Create(t.Context(), pool, "web"); !errors.Is(err, vm.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if m := inspect(t, s, "web"); m.Half {
		t.Error("the call was not done")
	}
	if err := s.Create(t.Context(), pool, "web"); !errors.Is(err, vm.ErrExists) {
		t.Errorf("again: %v", err)
	}
}

func TestACreateMayEndHalfDone(t *testing.T) {
	s := open(t, Options{})
	defer s.Inject(Fault{Effect: HalfDone, Times: 1})()
	if err := s.Create(t.Context(), pool, "web"); !errors.Is(err, vm.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if m := inspect(t, s, "web"); !m.Half {
		t.Error("it is whole")
	}
	for what, err := range map[string]error{
		"add disk": s.AddDisk(t.Context(), pool, "web", "d1", 1),
		"snapshot": s.Snapshot(t.Context(), pool, "web", "s1"),
		"tag":      s.Tag(t.Context(), pool, "web", "ada"),
	} {
		if !errors.Is(err, errHalf) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestAFaultHangsUntilItIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		remove := s.Inject(Fault{Call: Create, Effect: Hang})
		done := make(chan error, 1)
		go func() { done <- s.Create(t.Context(), pool, "web") }()
		synctest.Wait()
		if _, ok := s.Inspect("web"); ok || len(done) > 0 {
			t.Error("it did not hang")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Create(ctx, pool, "db"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		remove()
		remove()
		if err := <-done; err != nil {
			t.Errorf("released: %v", err)
		}
	})
}

func TestAFaultSlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		defer s.Inject(Fault{Effect: Slow, Delay: time.Minute})()
		start := time.Now()
		if err := s.Create(t.Context(), pool, "web"); err != nil || time.Since(start) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestTheHandIsNotHeld(t *testing.T) {
	s := open(t, Options{CreateVM: Trouble{MaxTime: time.Hour, FailPercent: 100}})
	defer s.Inject(Fault{Effect: Fail})()
	if err := s.AddForeign(t.Context(), pool, "stranger"); err != nil {
		t.Fatal(err)
	}
	if m := inspect(t, s, "stranger"); !m.Foreign || m.Half || m.Power != vm.PoweredOn {
		t.Errorf("got %+v", m)
	}
	if err := s.AddForeign(t.Context(), other, "stranger"); !errors.Is(err, vm.ErrExists) {
		t.Errorf("again: %v", err)
	}
	err := s.Change(t.Context(), "stranger", func(m *State) { m.Name, m.Serial, m.Host = "x", 99, "elsewhere" })
	if m := inspect(t, s, "stranger"); err != nil || m.Host != "elsewhere" || m.Serial == 99 {
		t.Errorf("got %+v, %v", m, err)
	}
	if err := s.Change(t.Context(), "stranger", func(m *State) { m.Power = "dim" }); err == nil {
		t.Error("a power that does not exist is taken")
	}
	if err := s.Remove(t.Context(), "stranger"); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), "stranger"); !errors.Is(err, vm.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
}
