package accounts

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"yardmaster/store"
)

// times are last uses, by hash.
type times map[string]time.Time

// uses remembers when tokens were last used until that is on disk, so that a use costs no write.
type uses struct {
	flushing sync.Mutex // held by the one who writes

	mu      sync.Mutex
	fresh   times // since the last write began
	writing times // being written; empty when none is under way
}

func (u *uses) note(hash string, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.fresh == nil {
		u.fresh = make(times)
	}
	if at.After(u.fresh[hash]) {
		u.fresh[hash] = at
	}
}

// memory is what a reader takes before it looks at the records and hands to last afterwards: what is written in between is then
// seen here, or there.
func (u *uses) memory() [2]times {
	u.mu.Lock()
	defer u.mu.Unlock()
	return [2]times{u.writing, u.fresh}
}

// last is the last use of a token, on disk or not yet.
func (u *uses) last(memory [2]times, t store.Token) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	last := t.Last
	for _, m := range append(memory[:], u.fresh) {
		if at := m[t.Hash]; at.After(last) {
			last = at
		}
	}
	return last
}

// begin hands out what is to be written.
func (u *uses) begin() times {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing, u.fresh = u.fresh, nil
	return u.writing
}

// end forgets what was written, or takes back what was not.
func (u *uses) end(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err != nil {
		merged := maps.Clone(u.writing)
		for hash, at := range u.fresh {
			if at.After(merged[hash]) {
				merged[hash] = at
			}
		}
		u.fresh = merged
	}
	u.writing = nil
}

// flush writes all uses in one transaction. A token that was deleted meanwhile stays deleted.
func (s *Service) flush(ctx context.Context) error {
	s.uses.flushing.Lock()
	defer s.uses.flushing.Unlock()
	batch := s.uses.begin()
	if len(batch) == 0 {
		return nil
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		for hash, at := range batch {
			t, err := store.Tokens.Get(tx, hash)
			switch {
			case errors.Is(err, store.ErrNotFound), err == nil && !at.After(t.Last):
				continue
			case err != nil:
				return err
			}
			t.Last = at
			if err := store.Tokens.Put(tx, &t); err != nil {
				return err
			}
		}
		return nil
	})
	s.uses.end(err)
	return err
}
