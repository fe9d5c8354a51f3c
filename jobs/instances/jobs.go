package instances

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"yardmaster/jobs"
	"yardmaster/store"
)

// The states of a job, as the API calls them.
const (
	jobActive    = "ACTIVE"
	jobSucceeded = "SUCCEEDED"
	jobFailed    = "FAILED"
	jobAborted   = "ABORTED"
)

// job is an operation as its users know it when they ask for it by its id: what has failed is told to have, also while it is being undone
// in vain. What is being aborted has not failed.
func job(op store.Operation) Job {
	j := live(op)
	switch op.State {
	case store.Succeeded:
		j.Status, j.Reason = jobSucceeded, strings.Join(op.Notes, "; ")
	case store.Failed:
		j.Status = jobFailed
	case store.Stuck:
		if op.Undo != store.UndoCancel {
			j.Status = jobFailed
		}
	case store.Canceled:
		j.Status, j.Reason = jobAborted, "it was aborted"
	}
	return j
}

// live is one among those that have not ended.
func live(op store.Operation) Job {
	j := Job{ID: op.Alias, Status: jobActive}
	switch {
	case op.Undo == store.UndoCancel:
		j.Reason = "it is being aborted"
		if n := len(op.Notes); op.State == store.Stuck && n > 0 {
			j.Reason += ": " + op.Notes[n-1]
		}
	case op.Error != nil:
		j.Reason = op.Error.Text
	}
	return j
}

// ours says that an operation is a job of an organization's instance; of any if org is 0.
func ours(op *store.Operation, org int) bool {
	if op.Dialect != dialect || len(op.Targets) != 1 {
		return false
	}
	of, _, _ := strings.Cut(op.Targets[0].ID, "/")
	return org == 0 || of == fmt.Sprint(org)
}

// Jobs are the jobs that have not ended, of one organization, or of all if org is 0, oldest first.
func (s *Service) Jobs(ctx context.Context, org int) ([]Job, error) {
	var ops []store.Operation
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for op, err := range store.LiveOperations(tx) {
			if err != nil {
				return err
			}
			if ours(&op, org) {
				ops = append(ops, op)
			}
		}
		return nil
	})
	slices.SortFunc(ops, func(a, b store.Operation) int { return a.Created.Compare(b.Created) })
	out := []Job{}
	for _, op := range ops {
		out = append(out, live(op))
	}
	return out, err
}

// Job is one job, ended or not. Errors: ErrNotFound.
func (s *Service) Job(ctx context.Context, org int, id string) (Job, error) {
	op, err := s.operation(ctx, org, id)
	if err != nil {
		return Job{}, err
	}
	if live, err := s.runner.Get(ctx, op.ID); err == nil {
		op = live
	}
	return job(op), nil
}

func (s *Service) operation(ctx context.Context, org int, id string) (store.Operation, error) {
	var op store.Operation
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		op, err = store.OperationAliased(tx, dialect, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && !ours(&op, org) {
		return op, fmt.Errorf("%w: job %s of organization %d", ErrNotFound, id, org)
	}
	return op, err
}

// AbortJob calls a job off, wherever it is. What it has made stays; the next deploy makes the instance what it should be. Errors:
// ErrNotFound, ErrConflict for a job that has ended or can only go on.
func (s *Service) AbortJob(ctx context.Context, _ Who, org int, id string) error {
	op, err := s.operation(ctx, org, id)
	if err != nil {
		return err
	}
	if _, err := s.runner.Cancel(ctx, op.ID); errors.Is(err, jobs.ErrNotCancelable) {
		return fmt.Errorf("%w: job %s %s", ErrConflict, id, s.unabortable(ctx, op))
	} else if err != nil {
		return err
	}
	op, err = s.runner.Wait(ctx, op.ID)
	switch {
	case err != nil:
		return err
	case op.State.Live():
		return fmt.Errorf("%w: job %s has not ended", ErrConflict, id)
	case op.State == store.Succeeded:
		return fmt.Errorf("%w: job %s was done before it could be aborted", ErrConflict, id)
	}
	return nil
}

// unabortable says why a job cannot be aborted.
func (s *Service) unabortable(ctx context.Context, op store.Operation) string {
	if now, err := s.runner.Get(ctx, op.ID); err == nil {
		op = now
	}
	text := fmt.Sprintf("is %s and cannot be aborted", op.State)
	if op.State.Live() && op.Done(stepCommitted) {
		text += ": its data is being dropped"
	}
	return text
}

// await waits for an operation and gives its failure as an error.
func (s *Service) await(ctx context.Context, op store.Operation, err error) error {
	if err != nil {
		return err
	}
	if op, err = s.runner.Wait(ctx, op.ID); err != nil {
		return err
	}
	switch {
	case op.State == store.Succeeded:
		return nil
	case op.State.Live():
		return fmt.Errorf("%w: job %s has not ended", ErrConflict, op.Alias)
	case op.State == store.Canceled:
		return fmt.Errorf("%w: job %s was aborted", ErrConflict, op.Alias)
	case op.Error != nil && op.Error.Code == "refused":
		return fmt.Errorf("%w: %s", ErrConflict, op.Error.Text)
	case op.Error != nil && op.Error.Code == "retryable":
		return fmt.Errorf("%w: %s", ErrUnavailable, op.Error.Text)
	}
	return fmt.Errorf("job %s is %s: %s", op.Alias, op.State, job(op).Reason)
}
