package configs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"yardmaster/store"
)

// Rollback takes objects back to an earlier materialization. They stay there, with the patches that come later, until a newer base
// config of theirs is uploaded. Errors: ErrNotFound, ErrInvalid, ErrConflict.
func (s *Service) Rollback(ctx context.Context, by Who, r Rollback) (Change, error) {
	if r.Number == 0 && r.Release == "" && r.Patch == 0 && r.At.IsZero() {
		return Change{}, fmt.Errorf("%w: number, release, patch or timestamp: one is needed to say where to", ErrInvalid)
	}
	if r.Object == "" && r.Number != 0 {
		return Change{}, fmt.Errorf("%w: number: it counts the materializations of one object, and none is named", ErrInvalid)
	}
	return s.change(ctx, by, kindRollback, r.Dry, func(st *state, e *edit) error {
		e.asItWas = true
		ids := st.ids()
		if r.Object != "" {
			o, err := st.find(r.Object)
			if err != nil {
				return err
			}
			ids = []string{o.rec.ID}
		}
		after := st.highest // whatever the clock says, patches that come are later
		for _, id := range ids {
			m, err := s.earlier(ctx, id, r)
			if errors.Is(err, store.ErrNotFound) && r.Object == "" {
				continue
			}
			if errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("%w: no such materialization of %s is kept", ErrNotFound, st.show(id))
			}
			if err != nil {
				return err
			}
			if err := st.pin(e, id, m, after); err != nil {
				return err
			}
		}
		if len(e.touched) == 0 {
			return fmt.Errorf("%w: no object has such a materialization", ErrNotFound)
		}
		return nil
	})
}

// earlier finds the newest materialization that fits.
func (s *Service) earlier(ctx context.Context, id string, r Rollback) (store.MaterializedConfig, error) {
	var out store.MaterializedConfig
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for m, err := range store.MaterializedOf(tx, id) {
			if err != nil {
				return err
			}
			if r.fits(&m) {
				out = m
				return nil
			}
		}
		return store.ErrNotFound
	})
	return out, err
}

func (r Rollback) fits(m *store.MaterializedConfig) bool {
	return (r.Number == 0 || m.Number == r.Number) && (r.Release == "" || m.Release == r.Release) &&
		(r.Patch == 0 || m.Patch == r.Patch) && (r.At.IsZero() || !m.Created.After(r.At))
}

// pin holds an object to a materialization: to the base config and the patches that made it, if they make it again, and to its text
// otherwise.
func (st *state) pin(e *edit, id string, m store.MaterializedConfig, after int64) error {
	o := st.objects[id]
	text, err := st.d.unpack(m.Body)
	if err != nil {
		return err
	}
	pin := &store.ConfigPin{Number: m.Number, Release: m.Release, Patches: slices.Clone(m.Patches), After: after, At: st.now}
	o.rec.Pin = pin
	again, err := st.materialize(o)
	if err != nil || again.text != text {
		pin.Body = m.Body
	}
	e.write(func(tx *store.Tx, op *store.Operation) error {
		pin.At = tx.Now()
		return changeObject(id, func(rec *store.ConfigObject) { rec.Pin = pin })(tx, op)
	})
	e.touch(id)
	return nil
}
