package events

import (
	"encoding/json"
	"strings"
	"time"

	"yardmaster/jobs/events/lifecycle"
	"yardmaster/store"
	"yardmaster/store/events"
)

// The yard's own events: the name of their deployment, and how their types begin.
const (
	yardDeployment = "yard"
	yardPrefix     = "yardmaster."
)

// The ends of an operation, as event types name them.
const (
	yardStart = ".start"
	yardEnd   = ".end"
	yardError = ".error"
)

// step is which end of what an event is. An operation of the yard that failed has taken its time as well, so that its error is
// an end too.
func step(s events.Service, role string) (name string, e lifecycle.Edge) {
	if name, failed := strings.CutSuffix(role, yardError); failed && s == events.Yard {
		return name, lifecycle.End
	}
	return lifecycle.Step(role)
}

// begun is the event of an operation's start; false if it has none yet. It is the same whenever it is made. An operation that
// ended before any worker was seen to take it has waited from its creation on.
func begun(op *store.Operation) (item, bool) {
	at := op.Started
	if at.IsZero() {
		if op.State.Live() {
			return item{}, false
		}
		at = op.Created
	}
	return yardItem(op, yardStart, at, string(store.Running)), true
}

// ended is the event of an operation's end; false if it has not ended.
func ended(op *store.Operation) (item, bool) {
	switch op.State {
	case store.Succeeded:
		return yardItem(op, yardEnd, op.Finished, string(op.State)), true
	case store.Failed, store.Canceled:
		return yardItem(op, yardError, op.Finished, string(op.State)), true
	}
	return item{}, false
}

// subject is what an operation is about: its first target, or where it has none itself.
func subject(op *store.Operation) string {
	if len(op.Targets) > 0 {
		return op.Targets[0].ID
	}
	return op.ID
}

// yardItem makes one event. Its message id is that of the operation and its edge, so that it is written once.
func yardItem(op *store.Operation, edge string, at time.Time, state string) item {
	e := events.Event{Service: events.Yard, When: at.UTC().Truncate(time.Microsecond), RoutingKey: "yardmaster.info", Type: yardPrefix + op.Kind + edge,
		Publisher: "yardmaster", Source: "yardmaster", Instance: events.Some(subject(op)), RequestID: op.RequestID, MessageID: op.ID + edge,
		State: events.Some(state)}
	if edge == yardError {
		e.RoutingKey, e.MessageID = "yardmaster.error", op.ID+yardEnd
	}
	if op.Worker != "" {
		e.Publisher, e.Host = e.Publisher+"."+op.Worker, events.Some(op.Worker)
	}
	if op.Owner != "" {
		e.Tenant = events.Some(op.Owner)
	}
	return item{in: Incoming{Deployment: yardDeployment}, event: e, body: yardBody(op, &e), role: e.Type}
}

// mostTargets bounds what an event tells of the records that its operation holds.
const mostTargets = 100

type yardPayload struct {
	Operation string         `json:"operation_id"`
	Instance  string         `json:"instance_id"`
	Kind      string         `json:"kind"`
	State     string         `json:"state"`
	Parent    string         `json:"parent,omitempty"`
	Dialect   string         `json:"dialect,omitempty"`
	Alias     string         `json:"alias,omitempty"`
	Targets   []string       `json:"targets"`
	Hosts     []string       `json:"hosts,omitempty"`
	Tries     int            `json:"tries,omitempty"`
	Result    string         `json:"result,omitempty"`
	Error     *store.OpError `json:"error,omitempty"`
	Created   time.Time      `json:"created_at"`
	Started   time.Time      `json:"started_at,omitzero"`
	Finished  time.Time      `json:"finished_at,omitzero"`
}

// yardBody is the event as a notification. What an operation was asked to do stays out of it: secrets may be sealed in there.
func yardBody(op *store.Operation, e *events.Event) []byte {
	p := yardPayload{Operation: op.ID, Instance: e.Instance.S, Kind: op.Kind, State: e.State.S, Parent: op.Parent, Dialect: op.Dialect, Alias: op.Alias,
		Targets: []string{}, Hosts: op.Hosts[:min(len(op.Hosts), mostTargets)], Created: op.Created, Started: op.Started}
	for _, t := range op.Targets[:min(len(op.Targets), mostTargets)] {
		p.Targets = append(p.Targets, t.String())
	}
	priority := "INFO"
	if !strings.HasSuffix(e.Type, yardStart) {
		p.Finished, p.Result, p.Tries, p.Error = op.Finished, op.Result.String(), op.Tries, op.Error
	}
	if e.Failed() {
		priority = "ERROR"
	}
	body, err := json.Marshal([]any{e.RoutingKey, map[string]any{
		"event_type": e.Type, "message_id": e.MessageID, "publisher_id": e.Publisher, "priority": priority,
		"timestamp":           e.When.Format("2006-01-02 15:04:05.000000"),
		"_context_request_id": op.RequestID, "_context_project_id": op.Owner, "payload": p,
	}})
	if err != nil { // of texts, numbers and times: there is none
		return []byte("[]")
	}
	return body
}
