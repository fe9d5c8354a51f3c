package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"yardmaster/executors/vm"
)

// Call is one of the provider's methods, to be hit by a Fault.
type Call string

// The calls.
const (
	List         Call = "list"
	Get          Call = "get"
	Create       Call = "create"
	Address      Call = "address"
	Ready        Call = "ready"
	Destroy      Call = "destroy"
	AddDisk      Call = "add disk"
	TakeSnapshot Call = "snapshot"
	Revert       Call = "revert"
	DropSnapshot Call = "drop snapshot"
	Migrate      Call = "migrate"
	Tag          Call = "tag"
)

// Effect is what a fault does to the call that it hits.
type Effect int

// The effects. A zero Fault only calls After, at the end of every call.
const (
	None     Effect = iota
	Fail            // nothing is done: Err is the answer
	Lost            // it is done, and Err is the answer all the same
	HalfDone        // of a Create half is done, and Err is the answer; anything else fails
	Hang            // it waits until its context ends, or the fault is removed, and then goes on
	Slow            // it goes on after Delay
)

// Fault is something that goes wrong with calls of this process, chosen by method, pool and machine. Other processes at the
// same file do not feel it.
type Fault struct {
	Call   Call   // "" is any
	Pool   string // "" is any
	Name   string // of the machine; "" is any
	Effect Effect
	Err    error // nil is one that is vm.ErrUnavailable
	Delay  time.Duration
	Times  int    // how often it strikes; 0 is always
	After  func() // called when the call it struck is over
}

var errInjected = fmt.Errorf("%w: injected fault", vm.ErrUnavailable)

// armed is an injected fault and how often it struck.
type armed struct {
	Fault
	struck int
	gone   chan struct{} // closed when it is removed
}

func (f *armed) hits(c Call, pool, name string) bool {
	return (f.Call == "" || f.Call == c) && (f.Pool == "" || f.Pool == pool) && (f.Name == "" || f.Name == name) &&
		(f.Times <= 0 || f.struck < f.Times)
}

// Inject arms a fault; of several that hit a call the first injected strikes. The func takes it away and releases what hangs.
func (s *Sim) Inject(f Fault) (remove func()) {
	if f.Err == nil {
		f.Err = errInjected
	}
	a := &armed{Fault: f, gone: make(chan struct{})}
	s.faults.Lock()
	defer s.faults.Unlock()
	s.faults.armed = append(s.faults.armed, a)
	return func() {
		s.faults.Lock()
		defer s.faults.Unlock()
		if i := slices.Index(s.faults.armed, a); i >= 0 {
			s.faults.armed = slices.Delete(s.faults.armed, i, i+1)
			close(a.gone)
		}
	}
}

// strike finds the fault that hits a call and counts it.
func (s *Sim) strike(c Call, pool, name string) *armed {
	s.faults.Lock()
	defer s.faults.Unlock()
	for _, a := range s.faults.armed {
		if a.hits(c, pool, name) {
			a.struck++
			return a
		}
	}
	return nil
}

// call is the frame of every method: it lets a fault strike and says in the error what could not be done.
func (s *Sim) call(ctx context.Context, c Call, p vm.Pool, name string, do func() error) error {
	err := ctx.Err()
	if err == nil {
		err = s.suffer(ctx, c, p, name, do)
	}
	if err == nil {
		return nil
	}
	if c == List {
		name = "pool " + p.Name
	}
	return fmt.Errorf("%s %s: %w", c, name, err)
}

func (s *Sim) suffer(ctx context.Context, c Call, p vm.Pool, name string, do func() error) error {
	f := s.strike(c, p.Name, name)
	if f == nil {
		return do()
	}
	if f.After != nil {
		defer f.After()
	}
	switch f.Effect {
	case Fail:
		return f.Err
	case HalfDone:
		if c != Create {
			return f.Err
		}
		if err := s.change(ctx, (&clone{s: s, p: p, name: name}).begin); err != nil {
			return err
		}
		return f.Err
	case Hang:
		select {
		case <-f.gone:
		case <-ctx.Done():
			return ctx.Err()
		}
	case Slow:
		if err := wait(ctx, f.Delay); err != nil {
			return err
		}
	}
	err := do()
	if err == nil && f.Effect == Lost {
		err = f.Err
	}
	return err
}
