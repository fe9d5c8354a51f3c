// Package stackmodel is what StackTach would answer, written from what is known of it and as naively as can be: every message is read
// with encoding/json and kept whole in a list, and every question walks through all of it. It shares no code with the server, stores
// nothing, has no clock, and is slow on purpose. Where it and the server disagree one of them is wrong.
//
//	raw.go     the columns of a message        timing.go  starts and ends, trackers      stacky.go  the answers of /stacky
//	usage.go   launches, deletes, audits       verify.go  the verdict on audits          db.go      the answers of /db
//
// It refuses to judge messages that StackTach itself did not understand, and to answer what its contract leaves open.
package stackmodel

import "fmt"

// Message is what a broker delivered: the body is the notification itself, or the envelope of oslo.messaging.
type Message struct {
	Deployment string
	Exchange   string
	RoutingKey string
	Body       []byte
}

// The services.
const (
	Nova    = "nova"
	Glance  = "glance"
	Generic = "generic"
)

// Model is all that was heard.
type Model struct {
	deployments map[string]int64
	raws        map[string][]*Raw // by service, in order of arrival
	timings     []*timing
	trackers    []*tracker

	Launches, Deletes, Exists         *Table
	Images, ImageDeletes, ImageExists *Table
}

// New is a model that knows the ids of deployments and no message.
func New(deployments map[string]int64) *Model {
	return &Model{deployments: deployments, raws: map[string][]*Raw{},
		Launches: &Table{Many: "launches", One: "launch", order: "launched_at", columns: launchColumns},
		Deletes:  &Table{Many: "deletes", One: "delete", order: "launched_at", columns: []string{"id", "instance", "launched_at", "deleted_at", "raw"}},
		Exists:   &Table{Many: "exists", One: "exist", order: "id", columns: existsColumns},
		Images: &Table{Many: "images", One: "launch", order: "created_at",
			columns: []string{"id", "uuid", "created_at", "owner", "size", "last_raw"}},
		ImageDeletes: &Table{Many: "deletes", One: "delete", order: "deleted_at", columns: []string{"id", "uuid", "deleted_at", "raw"}},
		ImageExists:  &Table{Many: "exists", One: "exist", order: "id", columns: imageExistsColumns}}
}

// Add takes the next message of its service and gives it the next id.
func (m *Model) Add(msg Message) (*Raw, error) {
	r, err := Parse(msg)
	if err != nil {
		return nil, err
	}
	if m.deployments[r.Deployment] == 0 {
		return nil, fmt.Errorf("deployment %q has no id", r.Deployment)
	}
	m.raws[r.Table] = append(m.raws[r.Table], r)
	r.ID = int64(len(m.raws[r.Table]))
	switch r.Table {
	case Nova:
		if r.Instance != nil {
			m.time(r)
			m.use(r)
		}
	case Glance:
		m.useImage(r)
	}
	return r, nil
}

// Raws are the messages of a service in order of arrival.
func (m *Model) Raws(service string) []*Raw { return m.raws[service] }
