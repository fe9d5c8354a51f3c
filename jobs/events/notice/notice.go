// Package notice reads notifications: a foreign message goes in, its columns and its facts of usage come out. It understands the
// legacy and the versioned notifications of Nova, those of Glance, and of anything else what all notifications have in common,
// bare or in the envelope of oslo.messaging.
//
// It is pure and knows no store, no clock and no setting but its bounds. It never guesses: a message that lacks what every event
// must have is an *Error, which says what and why, and is the caller's to keep.
package notice

import "time"

// The services that an event may belong to.
const (
	Nova    = "nova"
	Glance  = "glance"
	Generic = "generic"
)

// Message is a notification as a broker or a request brought it. The body is JSON, bare or in an envelope.
type Message struct {
	Exchange   string
	RoutingKey string
	Body       []byte
}

// Text is a text that may be missing. The zero value is null, which is not the empty text.
type Text struct {
	S  string
	OK bool
}

// Notice is what a notification says. All texts are valid UTF-8 and as long as they came, which is MaxText at most; all times are UTC, cut to the
// microsecond.
type Notice struct {
	Service    string // Nova, Glance or Generic
	When       time.Time
	RoutingKey string
	Type       string // as sent
	Role       string // the legacy name of the same event: compute.instance.create.end for instance.create.end; else Type
	Versioned  bool
	Publisher  string
	Source     string // the publisher up to its first dot; of nova-compute:host up to the colon
	Host       Text   // and what follows it
	Instance   Text
	Tenant     Text
	RequestID  string // "" if it has none
	MessageID  string // "" if it has none

	State, OldState, OldTask, Task Text // nova: "" if the key is absent, null if it is null; others: null

	ImageType int // bits, see the constants Base..RHEL

	UUID, Owner, Status Text // glance

	Body []byte // [routing key, notification], valid JSON, out of its envelope, secrets concealed, otherwise byte for byte as it came

	Usage Usage
}

// Usage is what an event says of use that is billed. What it says nothing of is nil.
type Usage struct {
	Launch      *Launch
	Delete      *Delete
	Exists      *Exists
	Image       *Image
	ImageDelete *ImageDelete
	ImageExists []ImageExists
	Fault       error // an *Error: a date or a size that could not be read, or a text that is too long, so that the fact it belongs to is left out
}

// Launch is what a step of creating, rebuilding, resizing or rescuing says of an instance. Zero times and empty texts are null.
type Launch struct {
	Event     string // the role of the event, which decides what of the rest counts
	Partial   bool   // what is empty is not null but unsaid: versioned notifications lack some of it
	Instance  string
	RequestID string
	Message   string
	Launched  time.Time
	TypeID    string
	FlavorID  string
	Tenant    string

	Architecture, Distro, Version, Options string // of its image
}

// Delete is the end of an instance that had been launched.
type Delete struct {
	Instance string
	Launched time.Time
	Deleted  time.Time
}

// Exists is one audit record of an instance that had been launched.
type Exists struct {
	MessageID    string
	Instance     string
	Launched     time.Time
	Deleted      time.Time
	Begin        time.Time
	End          time.Time
	TypeID       string
	FlavorID     string
	Tenant       string
	BandwidthOut int64

	Architecture, Distro, Version, Options string
}

// Image is an image that was activated.
type Image struct {
	UUID    string
	Created time.Time
	Owner   string
	Size    int64
}

// ImageDelete is the end of an image.
type ImageDelete struct {
	UUID    string
	Deleted time.Time
}

// ImageExists is one entry of an audit of images.
type ImageExists struct {
	MessageID string
	UUID      string
	Created   time.Time
	Deleted   time.Time
	Begin     time.Time
	End       time.Time
	Owner     string
	Size      int64
}

// Error says which part of a message could not be understood, and why. Its text may be shown.
type Error struct {
	Field  string // as the message calls it; "body" for all of it
	Reason string
}

func (e *Error) Error() string { return e.Field + ": " + e.Reason }
