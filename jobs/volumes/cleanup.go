package volumes

import (
	"context"
	"slices"
	"time"
	"yardmaster/jobs"
	"yardmaster/store"
)

// cleanupKind is a request to look at once after what is stuck; it has no work of its own.
type cleanupKind struct{ recordsOnly }

func (cleanupKind) Name() string                             { return "operations.cleanup" }
func (cleanupKind) Finish(*store.Tx, *store.Operation) error { return nil }

// Cleanup makes what waits for another try due now: the named operations, or all.
func (s *Service) Cleanup(ctx context.Context, by Caller, ids []string) (store.Operation, error) {
	return s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, cleanupKind{}.Name())
		var waiting []store.Operation
		for other, err := range store.LiveOperations(tx) {
			if err != nil {
				return err
			}
			if jobs.Idle(&other) && other.NotBefore.After(tx.Now()) && (len(ids) == 0 || slices.Contains(ids, other.ID)) {
				waiting = append(waiting, other)
			}
		}
		for _, other := range waiting {
			other.NotBefore = time.Time{}
			if err := store.Operations.Put(tx, &other); err != nil {
				return err
			}
		}
		return jobs.SetInput(op, ids)
	})
}
