package configs

import (
	"context"

	"yardmaster/store"
)

// mostForgotten bounds what one transaction forgets.
const mostForgotten = 500

// forgetPatches drops deleted patches that nothing is made of any more: no materialization that is kept has them, so that nobody can
// go back to them. What is deleted and in none comes into none again, so they are looked for outside of the writer's transaction.
func (s *Service) forgetPatches(ctx context.Context) error {
	gone, err := s.goneForGood(ctx)
	for err == nil && len(gone) > 0 {
		batch := gone[:min(len(gone), mostForgotten)]
		gone = gone[len(batch):]
		err = s.db.Update(ctx, func(tx *store.Tx) error {
			for _, version := range batch {
				if err := store.DropPatch(tx, version); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return err
}

func (s *Service) goneForGood(ctx context.Context) (gone []int64, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		needed, err := neededPatches(tx)
		if err != nil {
			return err
		}
		newest, err := store.NewestPatch(tx) // the next is later than it whatever the clock says
		if err != nil {
			return err
		}
		for p, err := range store.AllPatches(tx) {
			if err != nil {
				return err
			}
			if !p.Deleted.IsZero() && !needed[p.Version] && p.Version != newest {
				gone = append(gone, p.Version)
			}
		}
		return nil
	})
	return gone, err
}

// neededPatches are those that a materialization has, or an object that was taken back to one.
func neededPatches(tx *store.Tx) (map[int64]bool, error) {
	needed := map[int64]bool{}
	note := func(versions []int64) {
		for _, v := range versions {
			needed[v] = true
		}
	}
	for m, err := range store.AllMaterialized(tx) {
		if err != nil {
			return nil, err
		}
		note(m.Patches)
	}
	for o, err := range store.ConfigObjects.All(tx) {
		if err != nil {
			return nil, err
		}
		if o.Pin != nil {
			note(o.Pin.Patches)
		}
	}
	return needed, nil
}
