package pools_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/executors/vm/sim"
	"yardmaster/jobs/pools"
	"yardmaster/store"
)

// scenario is something that happens to a pool of two. done says that it is over; it is asked again after a crash.
type scenario struct {
	name    string
	config  func(c *pools.Config)
	prepare func(y *yard) string // gives the name of a machine for act
	act     func(y *yard, name string) error
	done    func(y *yard, name string) bool
}

func taken(y *yard) string { return y.one("debian").Name }

func snapped(y *yard) string {
	name := taken(y)
	if _, err := y.s.Snapshot(context.Background(), nobody, name, "s"); err != nil {
		y.t.Fatal(err)
	}
	y.until("the snapshot", func() bool { return len(y.vm(name).Snaps) == 1 })
	return name
}

// idle says that nothing waits on the machine or works on it.
func idle(y *yard, name string) bool {
	v := y.vm(name)
	return v.Op == "" && len(v.Tasks) == 0
}

var scenarios = []scenario{
	{"a checkout, which is refilled", nil, func(*yard) string { return "" },
		func(y *yard, _ string) error { y.one("debian"); return nil }, func(*yard, string) bool { return true }},
	{"a deletion", nil, taken,
		func(y *yard, name string) error { return y.s.Delete(context.Background(), nobody, name) },
		func(y *yard, name string) bool { return y.vm(name).State == store.VMDestroyed }},
	{"a disk", nil, taken,
		func(y *yard, name string) error { return y.s.AddDisk(context.Background(), nobody, name, 8) }, idle},
	{"a snapshot", nil, taken, func(y *yard, name string) error {
		_, err := y.s.Snapshot(context.Background(), nobody, name, "")
		return err
	}, idle},
	{"going back to a snapshot", nil, snapped,
		func(y *yard, name string) error { return y.s.Revert(context.Background(), nobody, name, "s") }, idle},
	{"the end of a snapshot", nil, snapped,
		func(y *yard, name string) error { return y.s.DropSnapshot(context.Background(), nobody, name, "s") }, idle},
	{"a checkout that is settled", func(c *pools.Config) { c.MigrationLimit = 2 }, taken, func(*yard, string) error { return nil },
		func(y *yard, name string) bool { return y.vm(name).Settled && idle(y, name) }},
	{"a request", nil, func(*yard) string { return "" }, func(y *yard, _ string) error {
		_, err := y.s.Request(context.Background(), nobody, "r", []pools.Want{{Name: "debian", Count: 2}})
		return err
	}, func(y *yard, _ string) bool {
		r, err := y.s.GetRequest(context.Background(), "r")
		return err == nil && r.State == store.RequestReady && len(r.VMs) == 2
	}},
	{"a request that is called off", nil, func(*yard) string { return "" }, func(y *yard, _ string) error {
		if _, err := y.s.Request(context.Background(), nobody, "r", []pools.Want{{Name: "debian", Count: 2}}); err != nil {
			return err
		}
		_, err := y.s.DeleteRequest(context.Background(), nobody, "r")
		return err
	}, func(*yard, string) bool { return true }},
	{"another template", nil, func(*yard) string { return "" }, func(y *yard, _ string) error {
		_, err := y.s.Retemplate(context.Background(), map[string]string{"debian": "img/new"})
		return err
	}, func(y *yard, _ string) bool {
		for name := range y.readyNames() {
			if y.vm(name).Template != "img/new" {
				return false
			}
		}
		return true
	}},
}

// prepared is a yard whose pool is full, and on which s can begin. Inventories are asked for at the start alone.
func prepared(t *testing.T, s scenario) (*yard, string) {
	t.Helper()
	cfg := config(2)
	cfg.CheckInterval = time.Hour
	if s.config != nil {
		s.config(&cfg)
	}
	y := newYard(t, cfg)
	y.ready("debian", 2)
	name := s.prepare(y)
	y.ready("debian", 2)
	return y, name
}

func (y *yard) over(s scenario, name string) {
	y.t.Helper()
	y.until(s.name+" is over", func() bool { return s.done(y, name) })
	y.settled()
	y.ready("debian", 2)
}

// calls counts what a scenario asks of the provider when nothing goes wrong.
func calls(t *testing.T, s scenario) int {
	y, name := prepared(t, s)
	var n atomic.Int64
	y.world.Inject(sim.Fault{After: func() { n.Add(1) }})
	if err := s.act(y, name); err != nil {
		t.Fatal(err)
	}
	y.over(s, name)
	made := int(n.Load())
	y.agree()
	return made
}

// TestAKillAfterAnyCallLeavesNothingBehind is the crash matrix: for everything that happens to a pool and every call that it
// makes, the process is killed after that call and started again on the same file and the same machines.
func TestAKillAfterAnyCallLeavesNothingBehind(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for n := range calls(t, s) {
				t.Run(fmt.Sprint(n+1), func(t *testing.T) { killAfter(t, s, n+1) })
			}
		})
	}
}

func killAfter(t *testing.T, s scenario, n int) {
	y, name := prepared(t, s)
	var seen atomic.Int64
	reached, released := make(chan struct{}), make(chan struct{})
	lift := y.world.Inject(sim.Fault{After: func() {
		if seen.Add(1) == int64(n) {
			close(reached)
			<-released
		}
	}})
	if err := s.act(y, name); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
	case <-time.After(5 * time.Second): // this run made fewer calls than the one that was counted
	}
	y.killWith(func() { close(released) })
	lift()
	y.open()
	y.over(s, name)
	y.agree()
}

// TestAnyCallMayFail makes every call fail once, in each of the ways in which it can.
func TestAnyCallMayFail(t *testing.T) {
	effects := map[string]sim.Effect{"fails": sim.Fail, "is done, and nobody hears of it": sim.Lost, "is half done": sim.HalfDone}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for n := range calls(t, s) {
				for what, effect := range effects {
					t.Run(fmt.Sprintf("%d %s", n+1, what), func(t *testing.T) { failAt(t, s, n+1, effect) })
				}
			}
		})
	}
}

func failAt(t *testing.T, s scenario, n int, effect sim.Effect) {
	y, name := prepared(t, s)
	pass := func() {}
	if n > 1 {
		pass = y.world.Inject(sim.Fault{Times: n - 1}) // the calls before it
	}
	disarm := y.world.Inject(sim.Fault{Effect: effect, Times: 1, Err: errors.New("this once")})
	if err := s.act(y, name); err != nil {
		t.Fatal(err)
	}
	y.over(s, name)
	pass()
	disarm()
	y.agree()
}
