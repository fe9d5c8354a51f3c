// Package jobs is the operation engine: it takes intents, commits them, sends them to workers, applies what came back, and
// brings every operation to an end, whatever dies in between. It knows no domain; a Kind does.
//
//	          Submit                    worker's Run ok
//	(nothing) ------> pending -> running ---------------> succeeded
//	                    |  ^        |  worker's Run failed, or cancel
//	        cancel      |  | retry  v
//	canceled <----------+  +----- undoing ---> failed | canceled
//	                                |  ^
//	                  Undo failed   v  | back-off, node back, operator
//	                               stuck
//
// bbolt is the truth. The queue only carries tasks and outcomes and may be lost at any moment; the sweep sends again what is
// due. Run and Undo see nothing but the Operation, so they may be executed in any process that knows the kind; those of a home
// kind also see what only the server has, and run with it.
package jobs

import (
	"context"
	"errors"
	"time"

	"yardmaster/store"
)

// Kind is one sort of operation. Only Run and Undo touch machines; only Finish and Abandon write records.
type Kind interface {
	Name() string
	Policy() Policy
	// Run does the work; it may be run again after a cut at any point, with the journal of what was finished.
	Run(ctx context.Context, op store.Operation, j *Journal) error
	// Finish writes the records of a success, in the transaction that ends the operation.
	Finish(tx *store.Tx, op *store.Operation) error
	// Undo takes back on the machines whatever Run may have left; it may run twice and be cut short.
	Undo(ctx context.Context, op store.Operation, j *Journal) error
	// Abandon frees the records of an operation that was undone.
	Abandon(tx *store.Tx, op *store.Operation) error
}

// Replanner is a Kind that, once undone, can make a new plan for another try: other devices, say. It is called after Abandon
// in the same transaction; an error ends the operation as failed with its first error.
type Replanner interface {
	Replan(tx *store.Tx, op *store.Operation) error
}

// Laned is a Kind whose operations stand in lanes, by what each of them waits for: of one lane no more than
// Limits.InFlightPerLane are with workers at a time, so that what hangs there leaves workers to everybody else.
type Laned interface {
	Lane(op store.Operation) string
}

// Committed is a Forward Kind that can be called off all the same, until it comes to what cannot be taken back. There its Run ends with
// ErrCheckpoint, so that whether it goes on or is called off is decided once, on disk, wherever it runs.
type Committed interface {
	// Past says by the journal that it has come there.
	Past(op *store.Operation) bool
}

// forward says that an operation that has run can only go on.
func forward(kind Kind, op *store.Operation) bool {
	c, turns := kind.(Committed)
	return kind.Policy().Forward && (!turns || c.Past(op))
}

// ErrCheckpoint ends a run that wants its journal on disk before it does more: it is run again at once, unless it was called off meanwhile.
var ErrCheckpoint = errors.New("journal is to be kept")

// Policy is how patient the engine is with a kind.
type Policy struct {
	Timeout   time.Duration // of one Run or Undo
	Attempts  int           // runs that may end in a retryable error; 0 means 1, Endless means no bound
	Backoff   time.Duration // before the second run; doubles up to MaxBackoff
	MaxWait   time.Duration // ceiling of the back-off
	Forward   bool          // once it has run, it can only go on: no cancel, no undo; what fails is tried again
	UndoFirst bool          // a retry starts from a clean world: undo, Replan, run
	Home      bool          // it needs what only the server has: it runs in the Runner's own process, whatever workers there are
}

// Endless is a Policy.Attempts without a bound.
const Endless = -1

// RefusedError is a failure that no retry can mend; its text is for the user.
type RefusedError struct{ Text string }

func (e *RefusedError) Error() string { return e.Text }

// Refuse ends an operation with a text for its user.
func Refuse(text string) error { return &RefusedError{Text: text} }

// RetryableError marks a failure that another try may mend. Hosts are the machines that did not answer.
type RetryableError struct {
	Err   error
	Hosts []string
}

func (e *RetryableError) Error() string { return e.Err.Error() }
func (e *RetryableError) Unwrap() error { return e.Err }

// Retry marks err as worth another try; hosts names the machines that did not answer, if that was the cause.
func Retry(err error, hosts ...string) error { return &RetryableError{Err: err, Hosts: hosts} }

// The errors of the engine's own doors.
var (
	// ErrBusy: a live operation holds a target.
	ErrBusy = errors.New("target has a live operation")
	// ErrThrottled: as many operations are under way as the configuration allows, in all or on one machine.
	ErrThrottled = errors.New("too many operations in flight")
	// ErrNoOperation: no operation has that id.
	ErrNoOperation = errors.New("operation not found")
	// ErrNotCancelable: the operation has ended, or can only go on.
	ErrNotCancelable = errors.New("operation cannot be canceled")
	// ErrClosed: the runner is stopping and takes nothing new.
	ErrClosed = errors.New("shutting down")
)
