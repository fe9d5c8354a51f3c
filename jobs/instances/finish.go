package instances

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"yardmaster/jobs"
	"yardmaster/store"
)

// Undo puts Services back to where they pointed, and shows in the mirror what has become of the instance.
func (k kind) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	r, err := k.open(op, j)
	if err != nil {
		return err
	}
	for _, text := range r.Back {
		if err := r.put(ctx, text); err != nil && (j.Done(stepBegun) || !refused(err)) {
			return err // where nothing was changed, a refusal leaves all as it was
		}
	}
	if !j.Done(stepBegun) && !k.whole() {
		return nil // it is as it was
	}
	mirror := r.MirrorFail
	if op.Undo == store.UndoCancel {
		mirror = r.MirrorAbort
	}
	if mirror < 0 {
		return nil
	}
	err = r.put(ctx, mirror)
	if refused(err) { // an instance is not held for what only shows it
		k.d.log.Warn("state of an instance not shown on the cluster", "op", op.ID, "err", err)
		return nil
	}
	return err
}

func refused(err error) bool {
	var r *jobs.RefusedError
	return errors.As(err, &r)
}

// workOf is what an operation works for, and the record that it holds. Errors: store.ErrNotFound.
func workOf(tx *store.Tx, op *store.Operation) (w work, rec store.Instance, err error) {
	if w, err = jobs.Input[work](*op); err == nil {
		rec, err = store.Instances.Get(tx, store.InstanceID(w.Org, w.Name))
	}
	return w, rec, err
}

// Finish makes the record what was worked for.
func (k kind) Finish(tx *store.Tx, op *store.Operation) error {
	w, rec, err := workOf(tx, op)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if left := w.passed(op); len(left) > 0 {
		op.Notes = append(op.Notes, "left alone, since it is not this yard's: "+strings.Join(left, ", "))
	}
	if w.Done.Delete {
		var kept string
		if jobs.Learnt(op, stepDropped, &kept) && kept != "" {
			op.Notes = append(op.Notes, kept)
		}
		return store.Instances.Delete(tx, rec.ID())
	}
	w.Done.on(&rec)
	if k.name == kindDeploy {
		rec.State, rec.Serving = stateActive, nil
	}
	rec.Pending, rec.Changed = "", tx.Now()
	op.Result = store.Ref{Kind: targetKind, ID: rec.ID()}
	return store.Instances.Put(tx, &rec)
}

func (a *after) on(rec *store.Instance) {
	if a.Body != "" {
		rec.Body = a.Body
	}
	if a.Serving != "" && rec.Serving != nil {
		rec.Serving = &store.InstanceServing{Body: a.Serving, Writers: rec.Serving.Writers}
	}
	if a.Color != "" {
		rec.Color = a.Color
	}
	if a.Standby != nil {
		rec.Standby = *a.Standby
	}
	if a.Importer != nil {
		rec.Importer = *a.Importer
	}
	rec.Objects = a.Objects
}

// Abandon leaves the instance to the next deploy, which makes all of it as it should be. What worked on a part of it has not changed what
// the rest does, nor the instance's state.
func (k kind) Abandon(tx *store.Tx, op *store.Operation) error {
	w, rec, err := workOf(tx, op)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rec.Pending, rec.Changed = "", tx.Now()
	if k.whole() {
		rec.State = stateFailed
		if op.Undo == store.UndoCancel || op.State == store.Pending { // what never began is called off at once
			rec.State = stateAborted
		}
		w.left(&rec, op)
	}
	return store.Instances.Put(tx, &rec)
}

// left is where Services lead after a work on all of an instance that has not ended well.
func (w *work) left(rec *store.Instance, op *store.Operation) {
	switch {
	case w.Done.Delete && op.Done(stepBegun): // nowhere: they were the first to go
		rec.Body, rec.Color, rec.Serving = cmp.Or(w.Done.Body, rec.Body), "", nil
	case w.routed(op): // to the new colour, and where they led before may be gone in part
		rec.Body, rec.Color, rec.Importer = w.Done.Body, w.Done.Color, *w.Done.Importer
		rec.Serving = &store.InstanceServing{Body: rec.Body, Writers: writers(w.Done.Objects)}
	}
}

// routed says that a work had come as far as to have Services select its colour.
func (w *work) routed(op *store.Operation) bool {
	step := func(name string) bool {
		return slices.ContainsFunc(op.Journal, func(s store.Step) bool { return s.Name == name })
	}
	return slices.ContainsFunc(w.Stages, func(s stage) bool { return s.Name == stageRoutes && s.done(step) })
}
