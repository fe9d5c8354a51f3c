package pools

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"yardmaster/store"
)

const (
	trips    = 5                // failures in a row that break a provider off
	offFirst = 5 * time.Second  // before it is tried again
	offMost  = 60 * time.Second // ceiling of that
)

// breaker leaves a provider alone that does not answer, so that its pools wait and nobody else does.
type breaker struct {
	failures int
	until    time.Time // it is left alone until then
	rest     time.Duration
	last     string // what it said last
}

func (b *breaker) open(now time.Time) bool { return b.failures >= trips && now.Before(b.until) }

// fail counts. Once it has tripped, a single failure is enough to rest again, and for longer.
func (b *breaker) fail(now time.Time, why string) (tripped bool) {
	b.failures++
	b.last = why
	if b.failures < trips || now.Before(b.until) {
		return false
	}
	b.rest = min(max(2*b.rest, offFirst), offMost)
	b.until = now.Add(b.rest)
	return true
}

func (k *Keeper) failed(provider, why string) {
	k.mu.Lock()
	b := k.breakers[provider]
	if b == nil {
		b = &breaker{}
		k.breakers[provider] = b
	}
	tripped, rest, failures := b.fail(k.db.Now(), why), b.rest, b.failures
	k.mu.Unlock()
	if tripped {
		k.log.Warn("provider left alone", "provider", provider, "for", rest, "failures", failures, "err", why)
		k.later(rest, k.of(provider)...)
	}
}

func (k *Keeper) answered(provider string) {
	k.mu.Lock()
	b := k.breakers[provider]
	delete(k.breakers, provider)
	k.mu.Unlock()
	if b != nil && b.failures >= trips {
		k.log.Info("provider answers again", "provider", provider)
		k.kickFull(k.of(provider)...)
	}
}

// of are the pools of a provider.
func (k *Keeper) of(provider string) []string {
	var out []string
	for i := range k.d.cfg.Pools {
		if p := &k.d.cfg.Pools[i]; p.Provider == provider {
			out = append(out, p.Name)
		}
	}
	return out
}

// broken says why a provider is left alone, or "".
func (k *Keeper) broken(provider string) string {
	if _, known := k.providers[provider]; !known {
		return fmt.Sprintf("provider %q is not configured", provider)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if b := k.breakers[provider]; b != nil && b.open(k.db.Now()) {
		return b.last
	}
	return ""
}

// unwell says why a provider is left alone, from then on until it has answered; "" if it is well.
func (k *Keeper) unwell(provider string) string {
	k.mu.Lock()
	b := k.breakers[provider]
	why := ""
	if b != nil && b.failures >= trips {
		why = b.last
	}
	k.mu.Unlock()
	return cmp.Or(why, k.broken(provider))
}

// Room is what the engine may have under way in a lane: nothing for a provider that is broken off, and one operation at a time
// from the end of its rest until it has answered.
func (k *Keeper) Room(lane string) (most int, ok bool) {
	provider, ours := strings.CutPrefix(lane, silent(""))
	if !ours {
		return 0, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch b := k.breakers[provider]; {
	case b == nil || b.failures < trips:
		return 0, false
	case b.open(k.db.Now()):
		return 0, true
	}
	return 1, true
}

// ailing says that a pool gets no machines now: its provider is broken off, or clone after clone fails.
func (k *Keeper) ailing(provider, pool string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, p := k.breakers[provider], k.pauses[pool]
	return b != nil && b.failures >= trips || p != nil && p.next > 2*pauseFirst
}

// pause keeps a pool whose clones fail from making one after the other as fast as they fail.
type pause struct {
	until time.Time
	next  time.Duration
}

const (
	pauseFirst = 250 * time.Millisecond
	pauseMost  = time.Minute
)

func (k *Keeper) cloned(pool string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.pauses, pool)
}

func (k *Keeper) cloneFailed(pool string, op store.Operation) {
	if op.State == store.Canceled || op.Done(stepTaken) {
		return // nothing is wrong with the provider
	}
	k.mu.Lock()
	p := k.pauses[pool]
	if p == nil {
		p = &pause{next: pauseFirst}
		k.pauses[pool] = p
	}
	wait := p.next
	p.until = k.db.Now().Add(wait)
	p.next = min(2*p.next, pauseMost)
	k.mu.Unlock()
	k.later(wait, pool)
}

// paused says whether a pool's clones failed so lately that it makes none now.
func (k *Keeper) paused(pool string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.pauses[pool]
	return p != nil && now.Before(p.until)
}
