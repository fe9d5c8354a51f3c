package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"yardmaster/store"
)

// Build fills in a new operation and writes the records that it reserves or marks. It may be called again from the start if
// the transaction is tried anew, so it must not keep anything outside its arguments between calls.
type Build func(tx *store.Tx, op *store.Operation) error

// Submit commits the intent of a change together with the records that it touches, and sends it on its way. The operation is
// durable when Submit returns. Errors: what build returned, ErrBusy, ErrThrottled, ErrClosed.
func (r *Runner) Submit(ctx context.Context, build Build) (store.Operation, error) {
	if r.closing() {
		return store.Operation{}, ErrClosed
	}
	var op store.Operation
	id := r.newID()
	err := r.db.Update(ctx, func(tx *store.Tx) error {
		op = store.Operation{ID: id, State: store.Pending, Attempt: 1, Created: tx.Now()}
		if err := build(tx, &op); err != nil {
			return err
		}
		if _, known := r.kinds[op.Kind]; !known {
			return fmt.Errorf("kind %q: unknown", op.Kind)
		}
		if err := r.admit(tx, &op); err != nil {
			return err
		}
		return put(tx, &op)
	})
	if err != nil {
		return store.Operation{}, err
	}
	r.hub.publish(op)
	r.dispatch(op)
	return op, nil
}

// admit applies the limits, inside the transaction that would add op.
func (r *Runner) admit(tx *store.Tx, op *store.Operation) error {
	if !op.Counted {
		return nil
	}
	if r.limits.InFlight > 0 && store.InFlight(tx) >= r.limits.InFlight {
		return ErrThrottled
	}
	for _, host := range op.Hosts {
		if r.Saturated(tx, host) {
			return fmt.Errorf("%w on %s", ErrThrottled, host)
		}
	}
	return nil
}

// Saturated says whether a machine has as many operations under way as one machine may have.
func (r *Runner) Saturated(tx *store.Tx, host string) bool {
	return r.limits.InFlightPerHost > 0 && store.InFlightOn(tx, host) >= r.limits.InFlightPerHost
}

// Spawn adds an operation from within another one's transaction: what a dead machine still holds, for instance. It is not
// counted against the limits and starts with the next sweep.
func Spawn(tx *store.Tx, id string, child store.Operation) error {
	child.ID, child.State, child.Attempt, child.Created = id, store.Pending, 1, tx.Now()
	return put(tx, &child)
}

func put(tx *store.Tx, op *store.Operation) error {
	err := store.Operations.Put(tx, op)
	if errors.Is(err, store.ErrExists) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

// SetInput stores what Run and Undo will need.
func SetInput(op *store.Operation, input any) error {
	raw, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("input of %s: %w", op.Kind, err)
	}
	op.Input = raw
	return nil
}

// Input reads what SetInput stored.
func Input[T any](op store.Operation) (T, error) {
	var in T
	if err := json.Unmarshal(op.Input, &in); err != nil {
		return in, fmt.Errorf("input of %s %s: %w", op.Kind, op.ID, err)
	}
	return in, nil
}
