package configs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"yardmaster/jobs"
	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// edit is what a change writes, gathered before its transaction.
type edit struct {
	kind    string          // of the operation
	touched map[string]bool // objects to be materialized again and pushed
	writes  []func(*store.Tx, *store.Operation) error
	asItWas bool // objects are given no patches of the rewrites that are in force
	wait    bool // the operation waits until what it pushed is healthy
	force   bool // push although the cluster is known to be as it should
	rerun   bool // Jobs that have run and are gone, too
	notes   []Preview
	patches []int64
}

func (e *edit) touch(ids ...string) {
	for _, id := range ids {
		e.touched[id] = true
	}
}

func (e *edit) write(fn func(*store.Tx, *store.Operation) error) { e.writes = append(e.writes, fn) }

// change makes one change: alter works out what is to be written on the state as it is, then all that it touched is materialized,
// and records and operation are committed together. A dry one stops before that.
func (s *Service) change(ctx context.Context, by Who, kind string, dry bool, alter func(st *state, e *edit) error) (Change, error) {
	var out Change
	err := s.alone(ctx, func(ctx context.Context) error {
		var st *state
		err := s.db.View(ctx, func(tx *store.Tx) error {
			var err error
			st, err = s.read(tx)
			return err
		})
		if err != nil {
			return err
		}
		e := &edit{kind: kind, touched: map[string]bool{}, wait: by.Wait}
		if err := alter(st, e); err != nil {
			return err
		}
		if !e.asItWas {
			if err := s.follow(ctx, by, st, e); err != nil {
				return err
			}
		}
		ids := slices.Sorted(maps.Keys(e.touched))
		if err := st.remake(ids); err != nil {
			return err
		}
		out = Change{Patches: e.patches}
		for _, id := range ids {
			out.Objects = append(out.Objects, st.show(id))
		}
		if dry {
			out.Previews, err = s.previews(st, ids)
			out.Previews = append(out.Previews, e.notes...)
			return err
		}
		return s.commit(ctx, by, st, e, ids, &out)
	})
	return out, err
}

// commit writes a change. Where nothing is left to be pushed there is no operation.
func (s *Service) commit(ctx context.Context, by Who, st *state, e *edit, ids []string, out *Change) error {
	pushed, err := s.renew(by, st, e, ids)
	if err != nil {
		return err
	}
	write := func(tx *store.Tx, op *store.Operation) error {
		for _, fn := range e.writes {
			if err := fn(tx, op); err != nil {
				return err
			}
		}
		return nil
	}
	if len(pushed) == 0 {
		return s.db.Update(ctx, func(tx *store.Tx) error { return write(tx, &store.Operation{}) })
	}
	input, err := s.pushInput(st, e, pushed)
	if err != nil {
		return err
	}
	out.Op, err = s.submit(ctx, by, e.kind, func(tx *store.Tx, op *store.Operation) error {
		op.Plan = input.plan()
		if err := jobs.SetInput(op, input); err != nil {
			return err
		}
		return write(tx, op)
	})
	return err
}

// submit begins an operation that holds the platform.
func (s *Service) submit(ctx context.Context, by Who, kind string, build jobs.Build) (store.Operation, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		op.Kind, op.Dialect, op.Owner, op.RequestID, op.Targets = kind, dialect, by.User, by.RequestID, []store.Ref{platform}
		return build(tx, op)
	})
	if errors.Is(err, jobs.ErrBusy) {
		return op, fmt.Errorf("%w: another change is on its way to the cluster", ErrConflict)
	}
	return op, err
}

// dialect is the one that this domain's operations come from.
const dialect = "deploymanager"

// renew writes the new materializations among ids, and gives the objects that have one at all.
func (s *Service) renew(by Who, st *state, e *edit, ids []string) ([]*object, error) {
	var out []*object
	for _, id := range ids {
		o := st.objects[id]
		if o.made == nil {
			continue
		}
		out = append(out, o)
		hash := s.seal.Sum(o.made.text)
		if o.current != nil && o.current.Hash == hash && o.current.Release == o.made.release && slices.Equal(o.current.Patches, o.made.patches) {
			continue
		}
		body, err := s.pack(o.made.text)
		if err != nil {
			return nil, err
		}
		next := &store.MaterializedConfig{Object: id, Number: o.rec.Current + 1, Release: o.made.release, Patch: o.made.newestPatch(),
			Patches: o.made.patches, Previous: o.rec.Current, Body: body, Hash: hash, Cause: e.kind, Creator: by.User}
		o.current, o.rec.Current = next, next.Number
		e.write(func(tx *store.Tx, op *store.Operation) error { return s.keep(tx, op, *next) })
	}
	return out, nil
}

// keep writes a materialization as the newest of its object, and forgets the oldest.
func (s *Service) keep(tx *store.Tx, op *store.Operation, m store.MaterializedConfig) error {
	m.Operation, m.Created = op.ID, tx.Now()
	if err := store.PutMaterialized(tx, &m); err != nil {
		return err
	}
	rec, err := store.ConfigObjects.Get(tx, m.Object)
	if err != nil {
		return err
	}
	rec.Current = m.Number
	if err := store.ConfigObjects.Put(tx, &rec); err != nil {
		return err
	}
	return store.ForgetMaterialized(tx, m.Object, m.Number-int64(s.cfg.History)+1, 2, func(old *store.MaterializedConfig) bool {
		pinned := rec.Pin != nil && rec.Pin.Number == old.Number
		return old.Number == m.Number || old.Number == rec.Golden || pinned
	})
}

// previews say what the objects would come to.
func (s *Service) previews(st *state, ids []string) ([]Preview, error) {
	var out []Preview
	for _, id := range ids {
		o := st.objects[id]
		if o.made == nil {
			continue
		}
		before := ""
		if o.current != nil {
			text, err := s.unpack(o.current.Body)
			if err != nil {
				return nil, err
			}
			before = text
		}
		name := st.show(id)
		out = append(out, Preview{Object: name, Kind: o.rec.Kind, Release: o.made.release, Config: o.made.text, At: st.now,
			Diff: maskedDiff(before, o.made.text, name)})
	}
	return out, nil
}

// maskedDiff is the unified diff of two texts of an object with secrets masked. That some of them differ, which it cannot show, it
// remarks in the way in which diffs do.
func maskedDiff(before, after, name string) string {
	diff := materialize.Unified(materialize.Mask(before), materialize.Mask(after), name, name)
	if changedLines(materialize.Unified(before, after, name, name)) <= changedLines(diff) {
		return diff
	}
	if diff == "" {
		diff = "--- " + name + "\n+++ " + name + "\n"
	}
	return diff + "\\ values that are masked differ\n"
}

func changedLines(diff string) (n int) {
	for line := range strings.Lines(diff) {
		if strings.HasPrefix(line, "-") || strings.HasPrefix(line, "+") {
			n++
		}
	}
	return n
}

// changeObject changes the record of an object as it is by then.
func changeObject(id string, fn func(*store.ConfigObject)) func(*store.Tx, *store.Operation) error {
	return func(tx *store.Tx, _ *store.Operation) error {
		rec, err := store.ConfigObjects.Get(tx, id)
		if err != nil {
			return err
		}
		fn(&rec)
		return store.ConfigObjects.Put(tx, &rec)
	}
}
