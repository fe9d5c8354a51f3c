package configs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"yardmaster/store"
)

// SelfHeal says whether an object is mended by itself when it drifts. Errors: ErrNotFound.
func (s *Service) SelfHeal(ctx context.Context, _ Who, ref string, on bool) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		rec, err := found(tx, ref)
		if err != nil {
			return err
		}
		rec.SelfHeal = on
		return store.ConfigObjects.Put(tx, &rec)
	})
}

// heals says that an object is mended when it drifts.
func (s *Service) heals(o *object) bool {
	return o.rec.SelfHeal || slices.ContainsFunc(s.cfg.SelfHeal, func(name string) bool {
		return name == "*" || name == o.rec.Name || name == o.rec.ID
	})
}

// longestPatience bounds how long an object that drifts again and again is left alone.
const longestPatience = 6 * time.Hour

// due says that an object is to be mended now. Who is at odds with another writer of its object gives in: each time that mending
// did not last, it waits twice as long.
func (s *Service) due(d store.ConfigDrift) bool {
	if d.Heals == 0 {
		return true
	}
	wait := s.cfg.DriftEvery
	for i := 1; i < d.Heals && wait < longestPatience; i++ {
		wait = min(2*wait, longestPatience)
	}
	return !s.db.Now().Before(d.Healed.Add(wait))
}

// sweep looks for drift and mends what is to be mended: only what the cluster was given before, what never got there is for those
// who sent it.
func (s *Service) sweep(ctx context.Context) error {
	found, settled, err := s.compare(ctx)
	if err != nil || !settled {
		return err
	}
	var heal []string
	err = s.view(ctx, func(st *state) error {
		for _, id := range st.ids() {
			o := st.objects[id]
			i, drifted := found.Resources[st.show(id)]
			if drifted && (i.Missing || len(i.Rows) > 0) && s.heals(o) && o.golden == o.current && s.due(o.rec.Drift) {
				heal = append(heal, id)
			}
		}
		return nil
	})
	if err != nil || len(heal) == 0 {
		return err
	}
	_, err = s.change(ctx, Who{}, kindHeal, false, func(st *state, e *edit) error {
		e.force, e.asItWas = true, true
		e.touch(heal...)
		for _, id := range heal {
			e.write(changeObject(id, func(rec *store.ConfigObject) {
				rec.Drift.Heals, rec.Drift.Healed = rec.Drift.Heals+1, st.now
			}))
		}
		return nil
	})
	return err
}

// found is the record of an object that users call so.
func found(tx *store.Tx, ref string) (store.ConfigObject, error) {
	rec, err := store.ConfigObjects.Get(tx, ref)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return rec, err
	}
	all, err := store.ConfigObjectsNamed(tx, ref)
	switch {
	case err != nil:
		return rec, err
	case len(all) == 0:
		return rec, fmt.Errorf("%w: object %q", ErrNotFound, ref)
	case len(all) > 1:
		var ids []string
		for _, o := range all {
			ids = append(ids, o.ID)
		}
		return rec, ambiguous(ref, ids)
	}
	return all[0], nil
}
