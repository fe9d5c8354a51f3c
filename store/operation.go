package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// OpState is where an operation stands. The values are stored: append-only, never renamed.
type OpState string

// The states of an operation; moves lists the ways between them.
const (
	Pending   OpState = "pending"
	Running   OpState = "running"
	Undoing   OpState = "undoing"
	Stuck     OpState = "stuck"
	Succeeded OpState = "succeeded"
	Failed    OpState = "failed"
	Canceled  OpState = "canceled"
)

// States lists every state, in the order in which an operation may meet them.
func States() []OpState {
	return []OpState{Pending, Running, Undoing, Stuck, Succeeded, Failed, Canceled}
}

var moves = map[OpState][]OpState{
	Pending: {Running, Succeeded, Undoing, Failed, Canceled},
	Running: {Succeeded, Pending, Undoing},
	Undoing: {Pending, Failed, Canceled, Stuck},
	Stuck:   {Undoing},
}

// ErrMove means that an operation was asked to take a way that its state does not have.
var ErrMove = errors.New("operation cannot move")

// Live says that the operation has not ended: its reservations and locks stand.
func (s OpState) Live() bool {
	return s == Pending || s == Running || s == Undoing || s == Stuck
}

// Operation is one long-running change: what was asked, how far it got, how it ended.
type Operation struct {
	ID        string          `json:"id"`   // 32 hex digits
	Kind      string          `json:"kind"` // "volume.create"; append-only, never renamed
	State     OpState         `json:"state"`
	Dialect   string          `json:"dialect,omitempty"`
	Alias     string          `json:"alias,omitempty"`  // the id that the dialect gave it, unique within the dialect
	Parent    string          `json:"parent,omitempty"` // the operation that this one serves
	Targets   []Ref           `json:"targets,omitempty"`
	Hosts     []string        `json:"hosts,omitempty"` // machines it will work on; limits count by them
	Counted   bool            `json:"counted,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	Plan      []string        `json:"plan,omitempty"` // names of the steps to come, in order
	Journal   []Step          `json:"journal,omitempty"`
	Attempt   int             `json:"attempt"`         // rises with every dispatch; an outcome of an older one is refused
	Tries     int             `json:"tries,omitempty"` // runs that ended in an error
	UndoTries int             `json:"undo_tries,omitempty"`
	NotBefore time.Time       `json:"not_before,omitzero"`
	Claim     Claim           `json:"claim,omitzero"`
	Worker    string          `json:"worker,omitempty"` // who ran it last, also after its end
	Undo      UndoReason      `json:"undo,omitempty"`
	Result    Ref             `json:"result,omitzero"`
	Error     *OpError        `json:"error,omitempty"` // what the user may read; the rest went to the log
	Notes     []string        `json:"notes,omitempty"` // why things went as they did: placement's reasons, leftovers
	Owner     string          `json:"owner,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Created   time.Time       `json:"created"`
	Started   time.Time       `json:"started,omitzero"`
	Finished  time.Time       `json:"finished,omitzero"`
}

// UndoReason says what becomes of an operation once it is undone.
type UndoReason string

// After an undo, an operation fails, is planned anew, or was called off by a user.
const (
	UndoFail   UndoReason = "fail"
	UndoRetry  UndoReason = "retry"
	UndoCancel UndoReason = "cancel"
)

// Claim says who runs the operation: a worker, and the server's epoch in which it took it.
type Claim struct {
	Worker string    `json:"worker,omitempty"`
	Epoch  string    `json:"epoch,omitempty"`
	Seen   time.Time `json:"seen,omitzero"` // last sign of life
}

// Step is one finished part of an operation. Data is what the step learnt, for Finish and for the steps after it.
type Step struct {
	Name string          `json:"name"`
	At   time.Time       `json:"at"`
	Data json.RawMessage `json:"data,omitempty"`
}

// OpError is the part of a failure that a user may read.
type OpError struct {
	Code string `json:"code,omitempty"` // a stable word for programs: "unreachable", "refused", "no_space"
	Text string `json:"text"`
}

// Move takes the operation to another state, or refuses with ErrMove.
func (o *Operation) Move(to OpState) error {
	if !slices.Contains(moves[o.State], to) {
		return fmt.Errorf("%w: %s from %s to %s", ErrMove, o.ID, o.State, to)
	}
	o.State = to
	return nil
}

// Done says whether the step of that name is in the journal.
func (o *Operation) Done(name string) bool {
	return slices.ContainsFunc(o.Journal, func(s Step) bool { return s.Name == name })
}

// Progress tells how far the plan is, in the words of its next step: "brick 2 of 3". Empty when nothing is planned or left.
func (o *Operation) Progress() string {
	for _, name := range o.Plan {
		if o.Done(name) {
			continue
		}
		noun, _, grouped := strings.Cut(name, "/")
		if !grouped {
			return noun
		}
		nth, of := 1, 0
		for _, other := range o.Plan {
			if n, _, _ := strings.Cut(other, "/"); n != noun {
				continue
			}
			of++
			if o.Done(other) {
				nth++
			}
		}
		return fmt.Sprintf("%s %d of %d", noun, nth, of)
	}
	return ""
}
