package sim

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"yardmaster/executors/vm"
)

// made is a machine that runs.
func made(t testing.TB, s *Sim, name string) State {
	t.Helper()
	if err := s.Create(t.Context(), pool, name); err != nil {
		t.Fatal(err)
	}
	return inspect(t, s, name)
}

func inspect(t testing.TB, s *Sim, name string) State {
	t.Helper()
	m, ok := s.Inspect(name)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	return m
}

// verbs are the calls that have a Trouble, on the machine web that has a snapshot s1, and the option that troubles them.
var verbs = []struct {
	name    string
	trouble func(*Options) *Trouble
	do      func(ctx context.Context, s *Sim) error
}{
	{"create", func(o *Options) *Trouble { return &o.CreateVM }, func(ctx context.Context, s *Sim) error {
		return s.Create(ctx, pool, "new")
	}},
	{"add disk", func(o *Options) *Trouble { return &o.CreateDisk }, func(ctx context.Context, s *Sim) error {
		return s.AddDisk(ctx, pool, "web", "d1", 8)
	}},
	{"snapshot", func(o *Options) *Trouble { return &o.CreateSnapshot }, func(ctx context.Context, s *Sim) error {
		return s.Snapshot(ctx, pool, "web", "s2")
	}},
	{"revert", func(o *Options) *Trouble { return &o.RevertSnapshot }, func(ctx context.Context, s *Sim) error {
		return s.Revert(ctx, pool, "web", "s1")
	}},
	{"migrate", func(o *Options) *Trouble { return &o.MigrateVM }, func(ctx context.Context, s *Sim) error {
		_, err := s.Migrate(ctx, pool, "web")
		return err
	}},
	{"destroy", func(o *Options) *Trouble { return &o.DestroyVM }, func(ctx context.Context, s *Sim) error {
		return s.Destroy(ctx, pool, "web")
	}},
}

// staged is a simulator with web and s1, and the trouble that comes after they were made.
func staged(t *testing.T, opt Options) *Sim {
	t.Helper()
	calm := open(t, Options{Seed: 1})
	made(t, calm, "web")
	if err := calm.Snapshot(t.Context(), pool, "web", "s1"); err != nil {
		t.Fatal(err)
	}
	opt, err := opt.checked()
	if err != nil {
		t.Fatal(err)
	}
	calm.opt = opt
	return calm
}

func TestACallTakesBetweenASecondAndItsMaxTime(t *testing.T) {
	for _, verb := range verbs {
		for _, most := range []time.Duration{0, 20 * time.Millisecond, time.Second, 10 * time.Second} {
			t.Run(fmt.Sprint(verb.name, " ", most), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					opt := Options{MigrateCouldMove: 100}
					verb.trouble(&opt).MaxTime = most
					s := staged(t, opt)
					start := time.Now()
					if err := verb.do(t.Context(), s); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(start); took > most || took < min(most, time.Second) {
						t.Errorf("took %v", took)
					}
				})
			})
		}
	}
}

func TestACallThatTakesTimeEndsWithItsContext(t *testing.T) {
	for _, verb := range verbs {
		t.Run(verb.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opt := Options{MigrateCouldMove: 100}
				verb.trouble(&opt).MaxTime = time.Hour
				s := staged(t, opt)
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				if err := verb.do(ctx, s); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestAFailedCallChangesNothing(t *testing.T) {
	for _, verb := range verbs {
		t.Run(verb.name, func(t *testing.T) {
			opt := Options{MigrateCouldMove: 100, DestroyShutdown: 0}
			verb.trouble(&opt).FailPercent = 100
			s := staged(t, opt)
			before := inspect(t, s, "web")
			err := verb.do(t.Context(), s)
			if err == nil || errors.Is(err, vm.ErrPermanent) {
				t.Errorf("got %v", err)
			}
			after := inspect(t, s, "web")
			if verb.name == "destroy" { // which stops it first
				after.Power, after.IP, after.Booted = before.Power, before.IP, before.Booted
			}
			if fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("got %+v, before %+v", after, before)
			}
			if _, ok := s.Inspect("new"); ok {
				t.Error("the failed machine is there")
			}
		})
	}
}

func TestFailuresComeAsOftenAsAskedFor(t *testing.T) {
	s := open(t, Options{Seed: 7, CreateVM: Trouble{FailPercent: 30}})
	failed := 0
	for i := range 2000 {
		if s.Create(t.Context(), pool, fmt.Sprint("m", i)) != nil {
			failed++
		}
	}
	if failed < 500 || failed > 700 {
		t.Errorf("%d of 2000 failed, want about 600", failed)
	}
}

func TestTheSameSeedIsTheSameLuck(t *testing.T) {
	run := func() (out []bool) {
		s := open(t, Options{Seed: 42, CreateVM: Trouble{FailPercent: 50}})
		for i := range 64 {
			out = append(out, s.Create(t.Context(), pool, fmt.Sprint("m", i)) == nil)
		}
		return out
	}
	if first, second := run(), run(); fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("%v, then %v", first, second)
	}
}

func TestAFailedCreateMayLeaveHalfAMachine(t *testing.T) {
	s := open(t, Options{Seed: 3, CreateVM: Trouble{FailPercent: 100}, LeaveHalfMade: 50})
	left := 0
	for i := range 200 {
		name := fmt.Sprint("m", i)
		if s.Create(t.Context(), pool, name) == nil {
			t.Fatal("create succeeded")
		}
		m, ok := s.Inspect(name)
		if !ok {
			continue
		}
		left++
		if !m.Half || m.Power != vm.PoweredOff || m.IP != "" {
			t.Fatalf("got %+v", m)
		}
		if err := s.Ready(t.Context(), pool, name, ""); !errors.Is(err, errHalf) {
			t.Fatalf("ready: %v", err)
		}
		if err := s.Destroy(t.Context(), pool, name); err != nil {
			t.Fatal(err)
		}
	}
	if left < 60 || left > 140 {
		t.Errorf("%d of 200 left something, want about 100", left)
	}
}

func TestACreateUnderWayIsThereHalfMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{CreateVM: Trouble{MaxTime: time.Second}})
		done := make(chan error)
		go func() { done <- s.Create(t.Context(), pool, "web") }()
		synctest.Wait()
		if m := inspect(t, s, "web"); !m.Half || m.Power != vm.PoweredOff {
			t.Errorf("got %+v", m)
		}
		if err := s.Create(t.Context(), other, "web"); !errors.Is(err, vm.ErrExists) {
			t.Errorf("second create: %v", err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if m := inspect(t, s, "web"); m.Half || m.Power != vm.PoweredOn || m.IP == "" || !m.Booted.Equal(time.Now()) {
			t.Errorf("got %+v", m)
		}
	})
}

func TestACreateWhoseMachineWasDestroyedFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{CreateVM: Trouble{MaxTime: time.Second}})
		first := make(chan error)
		go func() { first <- s.Create(t.Context(), pool, "web") }()
		synctest.Wait()
		time.Sleep(time.Second / 2)
		if err := s.Destroy(t.Context(), pool, "web"); err != nil {
			t.Fatal(err)
		}
		second := make(chan error)
		go func() { second <- s.Create(t.Context(), pool, "web") }()
		if err := <-first; !errors.Is(err, errReplaced) {
			t.Errorf("first: %v", err)
		}
		if m := inspect(t, s, "web"); !m.Half {
			t.Error("the first create finished the second's machine")
		}
		if err := <-second; err != nil {
			t.Errorf("second: %v", err)
		}
	})
}

func TestStoppingAddsToADestroy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{DestroyShutdown: time.Second, DestroyVM: Trouble{MaxTime: time.Second}})
		made(t, s, "web")
		start, done := time.Now(), make(chan error)
		go func() { done <- s.Destroy(t.Context(), pool, "web") }()
		time.Sleep(1500 * time.Millisecond)
		if m := inspect(t, s, "web"); m.Power != vm.PoweredOff {
			t.Errorf("power %q", m.Power)
		}
		if err := <-done; err != nil || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestALookMayCostPowerAndName(t *testing.T) {
	s := open(t, Options{GetPowerOff: 100, GetRename: 100})
	made(t, s, "web")
	for range 2 {
		m, err := s.Get(t.Context(), pool, "web")
		if err != nil || m.Power != vm.PoweredOff || m.Hostname == "web" || m.Name != "web" {
			t.Fatalf("got %+v, %v", m, err)
		}
	}
	if m := inspect(t, s, "web"); m.Power != vm.PoweredOff || m.Hostname != "renamed-web" {
		t.Errorf("got %+v: it was not for good", m)
	}
	if err := s.Ready(t.Context(), pool, "web", ""); !errors.Is(err, errOff) {
		t.Errorf("ready: %v", err)
	}
	if _, err := s.Address(t.Context(), pool, "web"); !errors.Is(err, errOff) {
		t.Errorf("address: %v", err)
	}
}

func TestTheFirstReadyTakesAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{FirstReady: 2 * time.Second})
		made(t, s, "web")
		for i, want := range []time.Duration{2 * time.Second, 0, 0} {
			start := time.Now()
			if err := s.Ready(t.Context(), pool, "web", ""); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != want {
				t.Errorf("call %d took %v, want %v", i, took, want)
			}
		}
	})
}

func TestAReadyMachineMaySeemNotToBe(t *testing.T) {
	s := open(t, Options{ReadyFail: 100})
	made(t, s, "web")
	if err := s.Ready(t.Context(), pool, "web", ""); !errors.Is(err, errNotYet) {
		t.Errorf("got %v", err)
	}
}

func TestMigrateEvensOutTheHosts(t *testing.T) {
	s := open(t, Options{Hosts: 2, MigrateCouldMove: 100})
	first, second := made(t, s, "a"), made(t, s, "b")
	if first.Host == second.Host {
		t.Fatalf("both on %s", first.Host)
	}
	if err := s.Destroy(t.Context(), pool, "b"); err != nil {
		t.Fatal(err)
	}
	host, err := s.Migrate(t.Context(), pool, "a")
	if err != nil || host != second.Host {
		t.Errorf("on %s, %v, want %s", host, err, second.Host)
	}
	stays := open(t, Options{Hosts: 1, MigrateCouldMove: 100})
	m := made(t, stays, "a")
	if host, err := stays.Migrate(t.Context(), pool, "a"); err != nil || host != m.Host {
		t.Errorf("with one host: on %s, %v", host, err)
	}
}

func TestRevertBringsBackWhatTheSnapshotSaw(t *testing.T) {
	s := open(t, Options{})
	made(t, s, "web")
	steps := []error{
		s.AddDisk(t.Context(), pool, "web", "d1", 8),
		s.Snapshot(t.Context(), pool, "web", "s1"),
		s.AddDisk(t.Context(), pool, "web", "d2", 16),
		s.Change(t.Context(), "web", func(m *State) { m.Hostname = "changed" }),
		s.PowerOff(t.Context(), "web"),
		s.Revert(t.Context(), pool, "web", "s1"),
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	m := inspect(t, s, "web")
	if m.Hostname != "web" || len(m.Disks) != 1 || m.Disks[0] != (Disk{"d1", 8}) || m.Power != vm.PoweredOn || m.IP == "" {
		t.Errorf("got %+v", m)
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for want, opt := range map[string]Options{
		"option CreateVM.FailPercent is 101: a percentage is 0 to 100": {CreateVM: Trouble{FailPercent: 101}},
		"option GetRename is -1: a percentage is 0 to 100":             {GetRename: -1},
		"option FirstReady is -1s: a time cannot be negative":          {FirstReady: -time.Second},
		"option Hosts is -1: there cannot be fewer than none":          {Hosts: -1},
	} {
		if _, err := New(opt); err == nil || err.Error() != "simulated machines: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestASlowCallSparesTheMachineThatHasTheNameNow(t *testing.T) {
	for _, verb := range verbs[1:] {
		t.Run(verb.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opt := Options{MigrateCouldMove: 100}
				verb.trouble(&opt).MaxTime = time.Second
				opt.DestroyShutdown = time.Millisecond
				s := staged(t, opt)
				done := make(chan error)
				go func() { done <- verb.do(t.Context(), s) }()
				synctest.Wait()
				if err := s.Remove(t.Context(), "web"); err != nil {
					t.Fatal(err)
				}
				want := made(t, s, "web")
				if err := <-done; (err == nil) != (verb.name == "destroy") {
					t.Errorf("got %v", err)
				}
				if got := inspect(t, s, "web"); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("got %+v, want %+v", got, want)
				}
			})
		})
	}
}

func TestTheSameDiskAtOnceIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takes := Trouble{MaxTime: time.Second}
		s := staged(t, Options{CreateDisk: takes, CreateSnapshot: takes})
		done := make(chan error)
		for range 3 {
			go func() { done <- s.AddDisk(t.Context(), pool, "web", "d1", 8) }()
			go func() { done <- s.Snapshot(t.Context(), pool, "web", "s2") }()
		}
		for range 6 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if m := inspect(t, s, "web"); len(m.Disks) != 1 || len(m.Snapshots) != 2 {
			t.Errorf("got %+v", m)
		}
	})
}
