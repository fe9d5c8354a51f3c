package instances

import "errors"

// Who asks for a change.
type Who struct {
	User, RequestID string
}

// What callers ask about with errors.Is. Texts are for users.
var (
	ErrInvalid     = errors.New("invalid")                       // 400: the text names the field and the reason
	ErrNotFound    = errors.New("not found")                     // 404: no such instance or job
	ErrConflict    = errors.New("conflict")                      // 409: a job is live, or the state forbids it
	ErrUnavailable = errors.New("the cluster cannot be reached") // 503
)

// Job is one job of an instance. Status: ACTIVE, SUCCEEDED, FAILED, ABORTED.
type Job struct {
	ID, Status, Reason string
}

// Listed is an instance in a list.
type Listed struct {
	Name string
	Org  int
}

// Status says whether the cluster has an instance as it is configured.
type Status struct {
	Name string
	Org  int
	Same bool
}
