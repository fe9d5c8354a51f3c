package pools

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

// waits is the line of those who wait for machines: first come, first served among those who want machines of the same pools.
// It is memory: a client whose server is gone asks again.
type waits struct {
	mu     sync.Mutex
	line   []*ticket
	change chan struct{} // closed, and made anew, whenever somebody may have become able to go on
}

type ticket struct {
	pools []string
	wants []Want
	since time.Time
}

func newWaits() *waits { return &waits{change: make(chan struct{})} }

func (w *waits) join(t *ticket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = append(w.line, t)
}

func (w *waits) leave(t *ticket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = slices.DeleteFunc(w.line, func(o *ticket) bool { return o == t })
	w.wake()
}

// notify tells those who wait that machines have become ready.
func (w *waits) notify() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.line) > 0 {
		w.wake()
	}
}

func (w *waits) wake() {
	close(w.change)
	w.change = make(chan struct{})
}

// ahead are those before t who want machines of the same pools; later is closed at the next change. A nil t stands behind
// everyone.
func (w *waits) ahead(t *ticket, pools []string) (before []*ticket, later <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.line {
		if o == t {
			break
		}
		if slices.ContainsFunc(o.pools, func(p string) bool { return slices.Contains(pools, p) }) {
			before = append(before, o)
		}
	}
	return before, w.change
}

// holdMost is for how long one who waits keeps those behind from machines of the same pools that are too few for him.
const holdMost = time.Minute

// turn says whether nobody before t keeps the pools for himself; otherwise later is closed when that may have changed.
func (s *Service) turn(ctx context.Context, t *ticket, pools []string) (mine bool, later <-chan struct{}, err error) {
	before, later := s.waits.ahead(t, pools)
	for _, o := range before {
		holds, err := s.holds(ctx, o)
		if holds || err != nil {
			return false, later, err
		}
	}
	return true, later, nil
}

// holds says whether one who waits may keep those behind waiting too: only if his machines can come, and after a while no others
// than he can take as they come.
func (s *Service) holds(ctx context.Context, o *ticket) (bool, error) {
	ail := s.keeper.ailing
	if s.db.Now().Sub(o.since) >= holdMost && !o.single() {
		ail = everyPool
	}
	err := s.mayHold(ctx, o.wants, ail)
	if errors.Is(err, ErrEmpty) {
		return false, nil
	}
	return err == nil, err
}

// everyPool counts what is ready alone.
func everyPool(string, string) bool { return true }

// single says that the next machine is all that is wanted.
func (t *ticket) single() bool { return len(t.wants) == 1 && t.wants[0].Count == 1 }

// Waiting counts those who wait for machines.
func (s *Service) Waiting() int {
	s.waits.mu.Lock()
	defer s.waits.mu.Unlock()
	return len(s.waits.line)
}

// CheckoutWait is Checkout for those who would rather wait, in line with others, than be refused because machines are not
// ready. It gives up with ErrEmpty when ctx ends, and at once if the pools will never hold so many.
func (s *Service) CheckoutWait(ctx context.Context, by Who, wants []Want) ([]Taken, error) {
	if err := s.unknown(wants); err != nil {
		return nil, err
	}
	if err := s.possible(ctx, wants); err != nil {
		return nil, err
	}
	t := &ticket{pools: s.served(wants), wants: wants, since: s.db.Now()}
	s.waits.join(t)
	defer s.waits.leave(t)
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		mine, later, err := s.turn(ctx, t, t.pools)
		if err == nil && mine {
			var taken []Taken
			if taken, err = s.checkout(context.WithoutCancel(ctx), by, wants); err == nil {
				return taken, nil
			}
			if errors.Is(err, ErrEmpty) {
				err = s.possible(context.WithoutCancel(ctx), wants) // a pool may have become smaller
			}
		}
		if ctx.Err() != nil {
			return nil, ErrEmpty
		}
		if err != nil {
			return nil, err
		}
		select {
		case <-later:
		case <-again.C:
		case <-ctx.Done():
			return nil, ErrEmpty
		}
	}
}

// lookAgain is how often one who waits looks whether those before still keep the pools: nobody tells when a provider fails.
const lookAgain = time.Second

// possible refuses what the pools could not give even if all of their machines were ready.
func (s *Service) possible(ctx context.Context, wants []Want) error {
	return s.mayHold(ctx, wants, func(string, string) bool { return false })
}

// mayHold is ErrEmpty if the pools cannot come to hold all that is wanted at once; those that ail, by their provider and their name,
// get no more machines than they have ready.
func (s *Service) mayHold(ctx context.Context, wants []Want, ail func(provider, pool string) bool) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		var units [][]string
		supply := map[string]int{}
		for _, w := range wants {
			backends := s.backends(w.Name)
			for _, b := range backends {
				p, _, _, err := s.effective(tx, b)
				if err != nil {
					return err
				}
				c, err := store.CountsOf(tx, b)
				if err != nil {
					return err
				}
				supply[b] = c.Ready
				if !ail(p.Provider, b) {
					supply[b] = max(supply[b], p.Size)
				}
			}
			for range w.Count {
				units = append(units, backends)
			}
		}
		if _, ok := plan.Assign(units, supply); !ok {
			return ErrEmpty
		}
		return nil
	})
}
