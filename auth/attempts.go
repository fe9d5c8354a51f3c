package auth

import (
	"cmp"
	"context"
	"hash/maphash"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// AttemptLimits say how often one name, or one address, may fail. A zero field is its default.
type AttemptLimits struct {
	Failures int           // within Window, before attempts are refused; 5
	Window   time.Duration // 1 minute
	First    time.Duration // how long they are refused at first; each failure after that doubles it; 5 s
	Most     time.Duration // up to this; 5 minutes
	Entries  int           // names and addresses that are remembered; 10 000
}

// Attempts remembers who failed to sign in, by user name and by the address at the other end of the connection, whatever a header
// says about it. It judges before any password is looked at. Attempts that are under way count as failures that may still come, so
// that many at once gain nothing; they wait for each other. A success forgets the failures of its name, never those of its address.
type Attempts struct {
	limits AttemptLimits
	now    func() time.Time
	seed   maphash.Seed

	mu      sync.Mutex
	records map[uint64]*record
}

// NewAttempts remembers nobody yet.
func NewAttempts(l AttemptLimits, now func() time.Time) *Attempts {
	l = AttemptLimits{
		Failures: cmp.Or(l.Failures, 5),
		Window:   cmp.Or(l.Window, time.Minute),
		First:    cmp.Or(l.First, 5*time.Second),
		Most:     cmp.Or(l.Most, 5*time.Minute),
		Entries:  cmp.Or(l.Entries, 10_000),
	}
	return &Attempts{limits: l, now: now, seed: maphash.MakeSeed(), records: make(map[uint64]*record)}
}

// outcome is how an attempt ended.
type outcome int

const (
	undecided outcome = iota // nobody could tell
	failed
	succeeded
)

// attempt is one attempt under way.
type attempt struct {
	of   *Attempts
	keys [2]uint64 // of the name and of the address
	recs [2]*record
}

// begin waits until an attempt may be made, or refuses it. Without Attempts everyone may try.
func (a *Attempts) begin(ctx context.Context, name, remote string) (*attempt, error) {
	if a == nil {
		return nil, nil
	}
	t := &attempt{of: a, keys: [2]uint64{
		maphash.String(a.seed, "name "+strings.ToLower(name)),
		maphash.String(a.seed, "address "+network(remote)),
	}}
	for {
		turn, err := a.admit(t)
		switch {
		case err != nil:
			return nil, err
		case turn == nil:
			return t, nil
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// admit lets t in, refuses it, or gives what to wait for.
func (a *Attempts) admit(t *attempt) (turn <-chan struct{}, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	var wait time.Duration
	for i, key := range t.keys {
		t.recs[i] = a.record(key, now)
		wait = max(wait, t.recs[i].until.Sub(now))
	}
	if wait > 0 {
		return nil, tooMany(wait)
	}
	for _, r := range t.recs {
		if r.pending >= r.room(now, a.limits) {
			return r.turn, nil
		}
	}
	for i, r := range t.recs {
		r.pending++
		a.records[t.keys[i]] = r
	}
	return nil, nil
}

// record finds or makes one; a new one is not kept before an attempt is under way.
func (a *Attempts) record(key uint64, now time.Time) *record {
	if r := a.records[key]; r != nil {
		return r
	}
	if len(a.records) >= a.limits.Entries {
		a.evict(now)
	}
	return &record{turn: make(chan struct{})}
}

// evictFrom is how many records are compared to drop one.
const evictFrom = 16

// evict drops the one of a few that would be forgotten first.
func (a *Attempts) evict(now time.Time) {
	var oldest uint64
	var end time.Time
	seen := 0
	for key, r := range a.records {
		if seen++; seen > evictFrom {
			break
		}
		if e := r.end(now, a.limits); r.pending == 0 && (end.IsZero() || e.Before(end)) {
			oldest, end = key, e
		}
	}
	if !end.IsZero() {
		delete(a.records, oldest)
	}
}

// end tells how the attempt went, and lets those go on that wait for it.
func (t *attempt) end(o outcome) {
	if t == nil {
		return
	}
	a := t.of
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for i, r := range t.recs {
		r.pending--
		close(r.turn)
		r.turn = make(chan struct{})
		switch {
		case o == failed:
			r.fail(now, a.limits)
		case o == succeeded && i == 0:
			r.failures, r.until, r.wait = nil, time.Time{}, 0
		}
		if r.pending == 0 && !r.end(now, a.limits).After(now) {
			delete(a.records, t.keys[i])
		}
	}
}

// network is what stands for the other end: an IPv4 address, or the /64 of an IPv6 one, since whoever has one has all of them.
func network(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, _ := addr.Prefix(64)
	return prefix.String()
}
