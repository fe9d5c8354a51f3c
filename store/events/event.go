package events

import "time"

// Service is a family of events that has its own table and its own ids, from 1 in order of arrival. The values are stored:
// append-only, never renamed.
type Service string

// The services. Yard is this program's own work.
const (
	Nova    Service = "nova"
	Glance  Service = "glance"
	Generic Service = "generic"
	Yard    Service = "yard"
)

// Services are all of them, in the order in which they are listed.
var Services = []Service{Nova, Glance, Generic, Yard}

// Text is a text that may be missing. The zero value is null, which is not the empty text.
type Text struct {
	S  string
	OK bool
}

// Some is a text that is there.
func Some(s string) Text { return Text{s, true} }

// Event is one notification: the columns that it is found and shown by. Its body is kept beside it. Times are cut to the microsecond.
type Event struct {
	ID         int64
	Service    Service
	When       time.Time // as it says itself
	Received   time.Time
	Deployment int64 // id
	RoutingKey string
	Type       string // compute.instance.create.start
	Publisher  string // compute.host-1
	Source     string // the publisher up to its first dot
	Host       Text   // and what follows; null if it has no dot
	Instance   Text
	Tenant     Text
	RequestID  string // "" if it has none
	MessageID  string // "" if it has none: then it cannot be told from its copies

	State, OldState, OldTask, Task Text // nova; "" if the key was absent, null if it was null

	ImageType int // bits: nova, glance

	UUID, Owner, Status Text // glance
}

// Failed says that the event came as an error.
func (e *Event) Failed() bool {
	return len(e.RoutingKey) >= 5 && e.RoutingKey[len(e.RoutingKey)-5:] == "error"
}

// Subject is what an event is about: of glance its image, of all others the instance.
func (e *Event) Subject() Text {
	if e.Service == Glance {
		return e.UUID
	}
	return e.Instance
}

// Timing is the time from an event NAME.start to NAME.end of one instance. Its id is that of the event that made it, so ids
// order timings by creation. StartID or EndID is 0 if that end of it is missing.
type Timing struct {
	ID       int64
	Service  Service
	Instance string
	Name     string // without .start and .end
	StartID  int64
	EndID    int64
	Start    time.Time
	End      time.Time
}

// Complete says that both ends are known.
func (t *Timing) Complete() bool { return t.StartID != 0 && t.EndID != 0 }

// Took is End - Start of a complete timing; negative where clocks went back.
func (t *Timing) Took() time.Duration { return t.End.Sub(t.Start) }

// Deployment is a source of events. Ids start at 1 and stay.
type Deployment struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}
