package pools

import (
	"context"
	"errors"
	"slices"
	"sync"

	"yardmaster/store"
)

// waits is the line of those who wait for machines: first come, first served among those who want machines of the same pools.
// It is memory: a client whose server is gone asks again.
type waits struct {
	mu     sync.Mutex
	line   []*ticket
	change chan struct{} // closed, and made anew, whenever somebody may have become able to go on
}

type ticket struct{ pools []string }

func newWaits() *waits { return &waits{change: make(chan struct{})} }

func (w *waits) join(pools []string) *ticket {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := &ticket{pools}
	w.line = append(w.line, t)
	return t
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

// turn says whether nobody before t wants machines of the same pools; otherwise later is closed at the next change. A nil t
// stands behind everyone.
func (w *waits) turn(t *ticket, pools []string) (mine bool, later <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.line {
		if o == t {
			break
		}
		if slices.ContainsFunc(o.pools, func(p string) bool { return slices.Contains(pools, p) }) {
			return false, w.change
		}
	}
	return true, w.change
}

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
	pools := s.served(wants)
	t := s.waits.join(pools)
	defer s.waits.leave(t)
	for {
		mine, later := s.waits.turn(t, pools)
		if mine {
			taken, err := s.checkout(context.WithoutCancel(ctx), by, wants)
			if !errors.Is(err, ErrEmpty) {
				return taken, err
			}
		}
		select {
		case <-later:
		case <-ctx.Done():
			return nil, ErrEmpty
		}
	}
}

// possible refuses what the pools could not give even if all of their machines were ready.
func (s *Service) possible(ctx context.Context, wants []Want) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		for _, w := range wants {
			most := 0
			for _, b := range s.backends(w.Name) {
				p, _, _, err := s.effective(tx, b)
				if err != nil {
					return err
				}
				c, err := store.CountsOf(tx, b)
				if err != nil {
					return err
				}
				most += max(p.Size, c.Ready)
			}
			if w.Count > most {
				return ErrEmpty
			}
		}
		return nil
	})
}
