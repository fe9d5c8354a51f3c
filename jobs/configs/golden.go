package configs

import (
	"errors"

	"yardmaster/jobs"
	"yardmaster/store"
)

// Finish and Abandon write the same: what the cluster took is golden, however the rest went.
func (k pushKind) Finish(tx *store.Tx, op *store.Operation) error { return k.settle(tx, op) }

// Abandon keeps what the cluster took: a push is not taken back, the next one goes on from there.
func (k pushKind) Abandon(tx *store.Tx, op *store.Operation) error { return k.settle(tx, op) }

func (k pushKind) settle(tx *store.Tx, op *store.Operation) error {
	in, err := jobs.Input[pushInput](*op)
	if err != nil {
		return err
	}
	for _, o := range in.Objects {
		var res objectResult
		if !jobs.Learnt(op, stepObject+"/"+o.ID, &res) || res.Outcome == outcomeFailed {
			continue
		}
		if err := golden(tx, o, res); err != nil {
			return err
		}
	}
	in.Texts = "" // the history has them
	return jobs.SetInput(op, in)
}

// golden marks a materialization as what the cluster was last given.
func golden(tx *store.Tx, o pushed, res objectResult) error {
	rec, err := store.ConfigObjects.Get(tx, o.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rec.Golden, rec.Seen = o.Number, res.Seen // whether its drift is gone the next look says
	if err := store.ConfigObjects.Put(tx, &rec); err != nil {
		return err
	}
	m, err := store.GetMaterialized(tx, o.ID, o.Number)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || !m.Applied.IsZero() {
		return err
	}
	m.Applied = tx.Now()
	return store.PutMaterialized(tx, &m)
}
