package pools

import (
	"context"
	"slices"

	"yardmaster/store"
)

// Pools are all pools as they stand, in the order of the configuration. It reads counts, and no machine.
func (s *Service) Pools(ctx context.Context) ([]PoolStatus, error) {
	out := make([]PoolStatus, 0, len(s.cfg.Pools))
	err := s.db.View(ctx, func(tx *store.Tx) error {
		out = out[:0]
		for i := range s.cfg.Pools {
			st, err := s.status(tx, s.cfg.Pools[i].Name)
			if err != nil {
				return err
			}
			out = append(out, st)
		}
		return nil
	})
	return out, err
}

func (s *Service) status(tx *store.Tx, pool string) (PoolStatus, error) {
	p, _, _, err := s.effective(tx, pool)
	if err != nil {
		return PoolStatus{}, err
	}
	c, err := store.CountsOf(tx, pool)
	return PoolStatus{Pool: p, Configured: *s.pools[pool], Counts: c, Broken: s.keeper.unwell(p.Provider)}, err
}

// Pool is one pool as it stands, by its own name. *UnknownPoolsError.
func (s *Service) Pool(ctx context.Context, name string) (PoolStatus, error) {
	if !s.Has(name) {
		return PoolStatus{}, &UnknownPoolsError{[]string{name}}
	}
	var st PoolStatus
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		st, err = s.status(tx, name)
		return err
	})
	return st, err
}

// Stray counts the machines of pools that are not configured any more: they live on until they are deleted or too old.
func (s *Service) Stray(ctx context.Context) ([]store.PoolCounts, error) {
	var out []store.PoolCounts
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err := store.AllCounts(tx)
		out = slices.DeleteFunc(all, func(c store.PoolCounts) bool { return s.Has(c.Pool) })
		return err
	})
	return out, err
}

// Requested counts the machines that pending on-demand requests still wait for.
func (s *Service) Requested(ctx context.Context) (n int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		n = 0
		open, err := store.PendingRequests(tx)
		if err != nil {
			return err
		}
		for i := range open {
			have, err := heldByRequest(tx, open[i].ID)
			if err != nil {
				return err
			}
			n += open[i].Count() - len(have)
		}
		return nil
	})
	return n, err
}

// Days are the sums of every day on which something was cloned, booted or tagged, from one date to another, both included and
// written YYYY-MM-DD.
func (s *Service) Days(ctx context.Context, from, to string) (map[string]*Day, error) {
	days := map[string]*Day{}
	of := func(date string) *Day {
		d := days[date]
		if d == nil {
			d = &Day{Date: date, Clone: map[string]store.PoolDay{}, Boot: map[string]store.PoolDay{}, Tags: map[string]map[string]int{}}
			days[date] = d
		}
		return d
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for p, err := range store.PoolDays(tx, from, to) {
			if err != nil {
				return err
			}
			if p.Task == store.TaskBoot {
				of(p.Date).Boot[p.Pool] = p
			} else {
				of(p.Date).Clone[p.Pool] = p
			}
		}
		for t, err := range store.TagDays(tx, from, to) {
			if err != nil {
				return err
			}
			d := of(t.Date)
			if d.Tags[t.Tag] == nil {
				d.Tags[t.Tag] = map[string]int{}
			}
			d.Tags[t.Tag][t.Value] = t.Count
		}
		return nil
	})
	return days, err
}

// Usage is what users and tags used from one day to another.
func (s *Service) Usage(ctx context.Context, from, to string) ([]store.UsageDay, error) {
	var out []store.UsageDay
	err := s.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		for d, err := range store.UsageDays(tx, from, to) {
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return nil
	})
	return out, err
}

// BrokenProvider is a provider that is left alone for now, and what it said last.
type BrokenProvider struct {
	Provider string `json:"provider"`
	Why      string `json:"why"`
}

// Broken lists the providers of pools that are left alone, in the order of the pools.
func (s *Service) Broken(context.Context) ([]BrokenProvider, error) {
	var out []BrokenProvider
	asked := map[string]bool{}
	for i := range s.cfg.Pools {
		name := s.cfg.Pools[i].Provider
		if asked[name] {
			continue
		}
		asked[name] = true
		if why := s.keeper.unwell(name); why != "" {
			out = append(out, BrokenProvider{name, why})
		}
	}
	return out, nil
}
