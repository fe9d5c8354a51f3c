package native

import (
	"time"

	"yardmaster/store"
)

// listing is one page of operations. The first five fields are what Heketi's clients read under this path.
type listing struct {
	Total    int `json:"total"`
	InFlight int `json:"in_flight"`
	Stale    int `json:"stale"`
	Failed   int `json:"failed"`
	New      int `json:"new"`

	Operations []operation `json:"operations"`
	Next       string      `json:"next,omitempty"` // cursor of the next page, for ?after=
}

// operation is what a user sees of an operation.
type operation struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	State     string     `json:"state"`
	Progress  string     `json:"progress,omitempty"` // "brick 2 of 3"
	Dialect   string     `json:"dialect,omitempty"`
	Alias     string     `json:"alias,omitempty"`
	Parent    string     `json:"parent,omitempty"`
	Targets   []string   `json:"targets"` // "volume/ab12"
	Hosts     []string   `json:"hosts,omitempty"`
	Plan      []string   `json:"plan,omitempty"`
	Journal   []step     `json:"journal"`
	Attempt   int        `json:"attempt"`
	Tries     int        `json:"tries"`
	NotBefore *time.Time `json:"not_before,omitempty"` // waits until then
	Worker    string     `json:"worker,omitempty"`
	Result    string     `json:"result,omitempty"`
	Error     *opError   `json:"error,omitempty"`
	Notes     []string   `json:"notes,omitempty"`
	Owner     string     `json:"owner,omitempty"`
	RequestID string     `json:"request_id,omitempty"`
	Created   time.Time  `json:"created"`
	Started   *time.Time `json:"started,omitempty"`
	Finished  *time.Time `json:"finished,omitempty"`
}

type step struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

type opError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// shape leaves out what is for machines only: the input, and what the steps learnt.
func shape(op store.Operation) operation {
	out := operation{
		ID: op.ID, Kind: op.Kind, State: string(op.State), Dialect: op.Dialect, Alias: op.Alias, Parent: op.Parent,
		Targets: make([]string, len(op.Targets)), Hosts: op.Hosts, Plan: op.Plan, Journal: make([]step, len(op.Journal)),
		Attempt: op.Attempt, Tries: op.Tries, NotBefore: moment(op.NotBefore), Worker: op.Claim.Worker, Result: op.Result.String(),
		Notes: op.Notes, Owner: op.Owner, RequestID: op.RequestID, Created: op.Created, Started: moment(op.Started), Finished: moment(op.Finished),
	}
	if op.State.Live() {
		out.Progress = op.Progress()
	}
	for i, t := range op.Targets {
		out.Targets[i] = t.String()
	}
	for i, s := range op.Journal {
		out.Journal[i] = step{Name: s.Name, At: s.At}
	}
	if op.Error != nil {
		out.Error = &opError{Code: op.Error.Code, Message: op.Error.Text}
	}
	return out
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
