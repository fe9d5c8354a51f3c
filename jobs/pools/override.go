package pools

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"yardmaster/store"
)

// What is changed while the server runs outlives restarts, and is withdrawn by Undo*. All of it needs Config.Experimental.

func override(tx *store.Tx, pool string) (store.PoolOverride, error) {
	o, err := store.PoolOverrides.Get(tx, pool)
	if errors.Is(err, store.ErrNotFound) {
		return store.PoolOverride{Pool: pool}, nil
	}
	return o, err
}

// Resize sets how many machines each pool keeps ready; changed says whether that was not so before. Errors: ErrOff,
// *UnknownPoolsError; then nothing is changed.
func (s *Service) Resize(ctx context.Context, sizes map[string]int) (changed bool, err error) {
	return s.override(ctx, slices.Sorted(maps.Keys(sizes)), func(p Pool, o *store.PoolOverride) bool {
		n := sizes[p.Name]
		if p.Size == n {
			return false
		}
		o.Size = &n
		return true
	})
}

// Retemplate sets what each pool clones; what was cloned from something else is replaced.
func (s *Service) Retemplate(ctx context.Context, templates map[string]string) (changed bool, err error) {
	return s.override(ctx, slices.Sorted(maps.Keys(templates)), func(p Pool, o *store.PoolOverride) bool {
		if p.Template == templates[p.Name] {
			return false
		}
		o.Template = templates[p.Name]
		return true
	})
}

// Retarget sets where each pool clones to; what was cloned elsewhere is replaced.
func (s *Service) Retarget(ctx context.Context, targets map[string]string) (changed bool, err error) {
	return s.override(ctx, slices.Sorted(maps.Keys(targets)), func(p Pool, o *store.PoolOverride) bool {
		if p.CloneTarget == targets[p.Name] {
			return false
		}
		o.CloneTarget = targets[p.Name]
		return true
	})
}

// ResetPools replaces every machine of these pools that is not checked out.
func (s *Service) ResetPools(ctx context.Context, pools []string) error {
	now := s.db.Now()
	_, err := s.override(ctx, pools, func(_ Pool, o *store.PoolOverride) bool {
		o.Reset = now
		return true
	})
	return err
}

func (s *Service) override(ctx context.Context, pools []string, change func(Pool, *store.PoolOverride) bool) (changed bool, err error) {
	if !s.cfg.Experimental {
		return false, ErrOff
	}
	var unknown []string
	for _, name := range pools {
		if !s.Has(name) {
			unknown = append(unknown, name)
		}
	}
	if unknown != nil {
		return false, &UnknownPoolsError{unknown}
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		changed = false
		for _, name := range pools {
			p, o, _, err := s.effective(tx, name)
			if err != nil {
				return err
			}
			if !change(p, &o) {
				continue
			}
			changed = true
			if err := store.PoolOverrides.Put(tx, &o); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.keeper.kickFull(pools...)
	}
	return changed, err
}

// UndoSize goes back to the configured size. Errors: ErrOff, *UnknownPoolsError.
func (s *Service) UndoSize(ctx context.Context, pool string) (Reset, error) {
	return s.undo(ctx, pool, func(p Pool, o *store.PoolOverride) Reset {
		r := Reset{Changed: o.Size != nil, Before: strconv.Itoa(p.Size), After: strconv.Itoa(s.pools[pool].Size)}
		o.Size = nil
		return r
	})
}

// UndoTemplate goes back to the configured template.
func (s *Service) UndoTemplate(ctx context.Context, pool string) (Reset, error) {
	return s.undo(ctx, pool, func(p Pool, o *store.PoolOverride) Reset {
		r := Reset{Changed: o.Template != "", Before: p.Template, After: s.pools[pool].Template}
		o.Template = ""
		return r
	})
}

// UndoTarget goes back to the configured clone target, which may be none.
func (s *Service) UndoTarget(ctx context.Context, pool string) (Reset, error) {
	return s.undo(ctx, pool, func(p Pool, o *store.PoolOverride) Reset {
		r := Reset{Changed: o.CloneTarget != "", Before: p.CloneTarget, After: s.pools[pool].CloneTarget}
		o.CloneTarget = ""
		return r
	})
}

func (s *Service) undo(ctx context.Context, pool string, change func(Pool, *store.PoolOverride) Reset) (r Reset, err error) {
	_, err = s.override(ctx, []string{pool}, func(p Pool, o *store.PoolOverride) bool {
		r = change(p, o)
		return r.Changed
	})
	return r, err
}
