package pools

import (
	"context"
	"errors"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

const (
	probeTime  = 15 * time.Second      // for one question, unless the pool's own check may take longer
	probeFirst = 25 * time.Millisecond // after a pending machine was found not ready
	probeMost  = 2 * time.Second
	probeTries = 3 // of a ready machine, before it counts as lost
	probeGap   = time.Second
)

// probe is the readiness check of one machine.
type probe struct {
	asking bool
	next   time.Time     // of a pending machine: not before
	wait   time.Duration // the last pause
}

// ask begins a readiness check, unless one is under way or it is too early for the next.
func (k *Keeper) ask(ctx context.Context, v *store.VM) {
	p, ok := k.providers[v.Provider]
	if !ok {
		return
	}
	now := k.db.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	pr := k.probes[v.Name]
	if pr == nil {
		pr = &probe{}
		k.probes[v.Name] = pr
	}
	if pr.asking || now.Before(pr.next) {
		return
	}
	pr.asking = true
	tries := 1
	if v.State == store.VMReady {
		tries = probeTries
	}
	spec := k.d.spec(v)
	name, ip, pool, provider := v.Name, v.IP, v.Pool, v.Provider
	k.parts.Go(func() {
		fault, heard := k.check(ctx, p, provider, spec, name, ip, tries)
		k.answer(name, pool, fault, heard)
	})
}

// check says what is wrong with a machine, "" if nothing is. heard is false if its provider did not answer: that says nothing
// about the machine.
func (k *Keeper) check(ctx context.Context, p vm.Provider, provider string, spec vm.Pool, name, ip string, tries int) (fault string, heard bool) {
	release, ok := k.slot(ctx, provider)
	if !ok {
		return "", false
	}
	defer release()
	for i := range tries {
		if i > 0 && !sleep(ctx, probeGap) {
			return "", false
		}
		short, cancel := context.WithTimeout(ctx, readyTime(spec))
		err := p.Ready(short, spec, name, ip)
		cancel()
		switch {
		case err == nil:
			return "", true
		case ctx.Err() != nil, errors.Is(err, vm.ErrUnavailable):
			return "", false
		}
		fault = err.Error()
	}
	return fault, true
}

// readyTime bounds one readiness check of a pool; its own timeout ends it first, and says so.
func readyTime(p vm.Pool) time.Duration { return max(probeTime, p.Ready.Timeout+time.Second) }

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer keeps what a check said for the next pass, and arranges for another one.
func (k *Keeper) answer(name, pool, fault string, heard bool) {
	k.mu.Lock()
	pr := k.probes[name]
	if pr == nil { // given up meanwhile
		k.mu.Unlock()
		return
	}
	pr.asking = false
	if heard {
		if k.answers[pool] == nil {
			k.answers[pool] = map[string]plan.Probe{}
		}
		k.answers[pool][name] = plan.Probe{Fault: fault}
	}
	well := heard && fault == ""
	if well {
		delete(k.probes, name)
	} else {
		pr.wait = min(max(2*pr.wait, probeFirst), probeMost)
		pr.next = k.db.Now().Add(pr.wait)
	}
	wait := pr.wait
	k.mu.Unlock()
	if well {
		k.kickVM(pool, name)
		return
	}
	time.AfterFunc(wait, func() { k.kickVM(pool, name) })
}

// probed takes the answers about a pool's machines.
func (k *Keeper) probed(pool string) map[string]plan.Probe {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := k.answers[pool]
	delete(k.answers, pool)
	return out
}

// forget ends what is known of a machine that needs no more checks.
func (k *Keeper) forget(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.probes, name)
	delete(k.misses, name)
}

// slots bounds what is asked of one provider at a time.
const slots = 32

// slot waits for leave to ask a provider; false if ctx ended first.
func (k *Keeper) slot(ctx context.Context, provider string) (release func(), ok bool) {
	k.mu.Lock()
	s := k.slots[provider]
	if s == nil {
		s = make(chan struct{}, slots)
		k.slots[provider] = s
	}
	k.mu.Unlock()
	select {
	case s <- struct{}{}:
		return func() { <-s }, true
	case <-ctx.Done():
		return nil, false
	}
}

// later kicks pools once the time is over.
func (k *Keeper) later(wait time.Duration, pools ...string) {
	time.AfterFunc(wait, func() { k.Kick(pools...) })
}
