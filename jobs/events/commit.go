package events

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"yardmaster/store/events"
)

// loadsWaiting is how many loads may wait for the committer.
const loadsWaiting = 64

// mostUnfit is how many messages the store may refuse in one transaction before the store is what is wrong.
const mostUnfit = 16

// load is what one caller wants stored, all in one transaction.
type load struct {
	items  []item
	rows   int // that they make, about
	weight int64
	after  *load // of the same source: if it was not stored, this one must not be
	taken  atomic.Bool
	done   chan struct{}

	receipt Receipt
	err     error
}

// claim decides whether the committer stores the load or its caller gives it up.
func (l *load) claim() bool { return l.taken.CompareAndSwap(false, true) }

// end tells that the fate of the load is known, and lets go of its predecessor and of what need not be tried again.
func (l *load) end() {
	l.after = nil
	if l.err == nil {
		l.items = nil
	}
	close(l.done)
}

// hand gives a load to the committer.
func (s *Service) hand(ctx context.Context, l *load) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return ErrClosed
	}
	select {
	case s.loads <- l:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait returns once the fate of the load is on disk, or gives it up.
func (s *Service) wait(ctx context.Context, l *load) error {
	select {
	case <-l.done:
	case <-ctx.Done():
		if l.claim() {
			l.err = ctx.Err()
			l.end()
			s.room.Release(l.weight)
		}
		<-l.done
	}
	return l.err
}

// again hands over once more what was not stored.
func (s *Service) again(ctx context.Context, l *load) (*load, error) {
	next := &load{items: l.items, rows: l.rows, weight: l.weight, done: make(chan struct{})}
	if err := s.room.Acquire(ctx, next.weight); err != nil {
		return nil, err
	}
	if err := s.hand(ctx, next); err != nil {
		s.room.Release(next.weight)
		return nil, err
	}
	return next, nil
}

// commitLoop stores loads until there are no more. It takes what is there and waits for no company.
func (s *Service) commitLoop() {
	var left *load
	for {
		l := left
		left = nil
		if l == nil {
			var open bool
			if l, open = <-s.loads; !open {
				return
			}
			if !l.claim() {
				continue
			}
		}
		var loads []*load
		loads, left = s.gather(l)
		s.commit(loads)
		for _, l := range loads {
			s.room.Release(l.weight)
			l.end()
		}
	}
}

// gather adds the loads that wait, as long as the transaction has room. left is one that was taken and found none.
func (s *Service) gather(first *load) (loads []*load, left *load) {
	loads = []*load{first}
	n, bytes := max(len(first.items), first.rows), first.weight
	for n < s.batch {
		select {
		case l, open := <-s.loads:
			if !open {
				return loads, nil
			}
			if !l.claim() {
				continue
			}
			if n+max(len(l.items), l.rows) > s.batch || bytes+l.weight > s.inHand/2 {
				return loads, l
			}
			loads, n, bytes = append(loads, l), n+max(len(l.items), l.rows), bytes+l.weight
		default:
			return loads, nil
		}
	}
	return loads, nil
}

// unfitError is a message that the store cannot hold.
type unfitError struct {
	it  *item
	err error
}

func (e *unfitError) Error() string { return "cannot be stored: " + e.err.Error() }
func (e *unfitError) Unwrap() error { return e.err }

// commit stores loads in one transaction. A message that the store cannot hold becomes a dead letter, and all is tried anew.
func (s *Service) commit(loads []*load) {
	loads = standing(loads)
	if len(loads) == 0 {
		return
	}
	var r *round
	var err error
	for unfit := 0; unfit <= mostUnfit; unfit++ {
		r = &round{s: s}
		err = s.ingest(loads, r)
		var bad *unfitError
		if !errors.As(err, &bad) {
			break
		}
		bad.it.dead = bad.Error()
		s.log.Error("event refused by the store, kept as a dead letter", "type", bad.it.event.Type, "message", bad.it.event.MessageID, "err", bad.err)
	}
	if err != nil {
		s.log.Error("notifications not stored", "loads", len(loads), "err", err)
		s.meter.count(func(m *Stats) { m.Failures++ })
		for _, l := range loads {
			l.err = fmt.Errorf("store notifications: %w", err)
		}
		return
	}
	r.tell(loads)
}

// ingest is one transaction.
func (s *Service) ingest(loads []*load, r *round) error {
	return s.db.Ingest(context.Background(), func(tx *events.Tx) error {
		for _, l := range loads {
			l.receipt = Receipt{}
			for i := range l.items {
				if err := r.store(tx, &l.items[i], &l.receipt); err != nil {
					return err
				}
			}
		}
		return r.prune(tx)
	})
}

// errBehind is why a load is not stored whose predecessor was not: their order would be lost.
var errBehind = errors.New("what came before it was not stored")

// standing are the loads whose predecessors were stored, or are about to be together with them.
func standing(loads []*load) []*load {
	var fit []*load
	fallen := map[*load]bool{}
	for _, l := range loads {
		if p := l.after; p != nil && (fallen[p] || p.failed()) {
			l.err, fallen[l] = errBehind, true
			continue
		}
		fit = append(fit, l)
	}
	return fit
}

// failed says that the load has ended and is not stored.
func (l *load) failed() bool {
	select {
	case <-l.done:
		return l.err != nil
	default:
		return false
	}
}
