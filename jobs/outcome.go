package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"yardmaster/jobs/queue"
	"yardmaster/store"
)

// Task is what travels to a worker: the whole operation, and which of its two ways to go.
type Task struct {
	Op   store.Operation `json:"op"`
	Undo bool            `json:"undo,omitempty"`
	Key  string          `json:"key,omitempty"` // names the key with which secrets in it are sealed
}

func openTask(job queue.Job) (Task, error) {
	var t Task
	if err := json.Unmarshal(job.Payload, &t); err != nil {
		return t, fmt.Errorf("task of %s: %w", job.Op, err)
	}
	return t, nil
}

// Outcome is what comes back. A nil Failure is a success.
type Outcome struct {
	Op      string       `json:"op"`
	Kind    string       `json:"kind"`
	Attempt int          `json:"attempt"`
	Undo    bool         `json:"undo,omitempty"`
	Worker  string       `json:"worker"`
	Steps   []store.Step `json:"steps,omitempty"`
	Failure *Failure     `json:"failure,omitempty"`
}

// Failure is an error that crossed a process boundary.
type Failure struct {
	Text        string   `json:"text"`             // for the user
	Code        string   `json:"code"`             // refused, retryable, timeout, interrupted, checkpoint, canceled, internal
	Hosts       []string `json:"hosts,omitempty"`  // machines that did not answer
	Detail      string   `json:"detail,omitempty"` // for the log only
	Interrupted bool     `json:"interrupted,omitempty"`
	Retry       bool     `json:"retry,omitempty"`
}

// codeCheckpoint is that of a run that has ended to be run again.
const codeCheckpoint = "checkpoint"

// failure sorts an error by what the engine can do about it. ctx is the one that the work had.
func failure(ctx context.Context, err error) *Failure {
	if err == nil {
		return nil
	}
	f := &Failure{Text: err.Error(), Detail: err.Error()}
	var retry *RetryableError
	var refused *RefusedError
	switch {
	case errors.Is(context.Cause(ctx), errCanceled):
		f.Text, f.Code = "canceled", "canceled"
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		f.Text, f.Code, f.Retry = "the operation took longer than it may", "timeout", true
		if errors.As(err, &retry) {
			f.Hosts = retry.Hosts
		}
	case errors.Is(err, ErrCheckpoint):
		f.Code, f.Interrupted = codeCheckpoint, true
	case ctx.Err() != nil:
		f.Code, f.Interrupted, f.Retry = "interrupted", true, true
	case errors.As(err, &retry):
		f.Code, f.Retry, f.Hosts = "retryable", true, retry.Hosts
	case errors.As(err, &refused):
		f.Code, f.Text = "refused", refused.Text
	default:
		f.Code, f.Text = "internal", "internal error"
	}
	return f
}

func (o Outcome) report() (queue.Report, error) {
	payload, err := json.Marshal(o)
	if err != nil {
		return queue.Report{}, fmt.Errorf("outcome of %s: %w", o.Op, err)
	}
	return queue.Report{Op: o.Op, Attempt: o.Attempt, Payload: payload}, nil
}

func decodeOutcome(rep queue.Report) (Outcome, error) {
	var o Outcome
	if err := json.Unmarshal(rep.Payload, &o); err != nil {
		return o, fmt.Errorf("outcome of %s: %w", rep.Op, err)
	}
	if o.Op != rep.Op || o.Attempt != rep.Attempt {
		return o, fmt.Errorf("outcome of %s attempt %d: labelled %s attempt %d", o.Op, o.Attempt, rep.Op, rep.Attempt)
	}
	return o, nil
}
