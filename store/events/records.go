package events

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"time"
)

// Image is what is known of the image of an instance.
type Image struct {
	Architecture string `json:"os_architecture,omitempty"`
	Distro       string `json:"os_distro,omitempty"`
	Version      string `json:"os_version,omitempty"`
	Options      string `json:"rax_options,omitempty"`
}

// Launch is the use of one instance since one request (InstanceUsage). Unique: instance + request. A zero time is null.
type Launch struct {
	ID        int64     `json:"id"`
	Instance  string    `json:"instance"`
	RequestID string    `json:"request_id"`
	Launched  time.Time `json:"launched_at,omitzero"`
	TypeID    string    `json:"instance_type_id,omitempty"`
	FlavorID  string    `json:"instance_flavor_id,omitempty"`
	Tenant    string    `json:"tenant,omitempty"`
	Image
}

// Delete is the end of an instance (InstanceDeletes). Unique: instance + launched + deleted.
type Delete struct {
	ID       int64     `json:"id"`
	Instance string    `json:"instance"`
	Launched time.Time `json:"launched_at,omitzero"`
	Deleted  time.Time `json:"deleted_at,omitzero"`
	Raw      int64     `json:"raw"`
}

// ExistsStatus is how far the verification of an exists record is. The values are stored: append-only.
type ExistsStatus string

// The states of verification.
const (
	ExistsPending        ExistsStatus = "pending"
	ExistsVerifying      ExistsStatus = "verifying"
	ExistsVerified       ExistsStatus = "verified"
	ExistsReconciled     ExistsStatus = "reconciled"
	ExistsFailed         ExistsStatus = "failed"
	ExistsSentUnverified ExistsStatus = "sent_unverified"
	ExistsSentVerifying  ExistsStatus = "sent_verifying"
	ExistsSentFailed     ExistsStatus = "sent_failed"
)

// Exists is one audit record of an instance (InstanceExists).
type Exists struct {
	ID           int64        `json:"id"`
	MessageID    string       `json:"message_id"`
	Instance     string       `json:"instance"`
	Launched     time.Time    `json:"launched_at,omitzero"`
	Deleted      time.Time    `json:"deleted_at,omitzero"`
	Begin        time.Time    `json:"audit_period_beginning,omitzero"`
	End          time.Time    `json:"audit_period_ending,omitzero"`
	TypeID       string       `json:"instance_type_id,omitempty"`
	FlavorID     string       `json:"instance_flavor_id,omitempty"`
	Status       ExistsStatus `json:"status"`
	FailReason   string       `json:"fail_reason,omitempty"`
	SendStatus   int          `json:"send_status"`
	EventID      string       `json:"event_id,omitempty"`
	Raw          int64        `json:"raw"`
	Usage        int64        `json:"usage,omitempty"`  // id of the Launch that it belongs to
	Delete       int64        `json:"delete,omitempty"` // id of the Delete
	Tenant       string       `json:"tenant,omitempty"`
	BandwidthOut int64        `json:"bandwidth_public_out"`
	Received     time.Time    `json:"received"` // the raw event's own time
	Republished  time.Time    `json:"republished,omitzero"`
	Image
}

// ImageUsage is one image that was activated. Unique: uuid.
type ImageUsage struct {
	ID      int64     `json:"id"`
	UUID    string    `json:"uuid"`
	Created time.Time `json:"created_at,omitzero"`
	Owner   string    `json:"owner,omitempty"`
	Size    int64     `json:"size"`
	Raw     int64     `json:"last_raw"`
}

// ImageDelete is the end of an image.
type ImageDelete struct {
	ID      int64     `json:"id"`
	UUID    string    `json:"uuid"`
	Deleted time.Time `json:"deleted_at,omitzero"`
	Raw     int64     `json:"raw"`
}

// ImageExists is one audit record of an image. One event makes one for each image that it lists, all with its message id.
type ImageExists struct {
	ID          int64        `json:"id"`
	MessageID   string       `json:"message_id"`
	UUID        string       `json:"uuid"`
	Created     time.Time    `json:"created_at,omitzero"`
	Deleted     time.Time    `json:"deleted_at,omitzero"`
	Begin       time.Time    `json:"audit_period_beginning,omitzero"`
	End         time.Time    `json:"audit_period_ending,omitzero"`
	Owner       string       `json:"owner,omitempty"`
	Size        int64        `json:"size"`
	Status      ExistsStatus `json:"status"`
	FailReason  string       `json:"fail_reason,omitempty"`
	SendStatus  int          `json:"send_status"`
	EventID     string       `json:"event_id,omitempty"`
	Raw         int64        `json:"raw"`
	Usage       int64        `json:"usage,omitempty"`
	Delete      int64        `json:"delete,omitempty"`
	Received    time.Time    `json:"received"`
	Republished time.Time    `json:"republished,omitzero"`
}

// Tracker follows one request from the API call that began it (RequestTracker).
type Tracker struct {
	ID         int64         `json:"id"`
	RequestID  string        `json:"request_id"`
	Deployment int64         `json:"deployment"`
	Start      time.Time     `json:"start"`
	Instance   string        `json:"instance,omitempty"`    // of the pair that ended last
	LastTiming string        `json:"last_timing,omitempty"` // its name
	LastEnd    int64         `json:"last_end,omitempty"`    // the id of its end event; 0: no pair ended yet
	Tenant     Text          `json:"tenant,omitzero"`       // of that event
	Duration   time.Duration `json:"duration,omitempty"`
}

// Report is a stored report, JSON as its readers get it.
type Report struct {
	ID      int64           `json:"id"`
	Name    string          `json:"name"`
	Version int             `json:"version"`
	Start   time.Time       `json:"period_start"`
	End     time.Time       `json:"period_end"`
	Created time.Time       `json:"created"`
	JSON    json.RawMessage `json:"json"`

	Operation string `json:"operation,omitempty"` // that built it
}

// DeadLetter is a message that could not be understood. Unique: its bytes, so that a redelivery is the same one.
type DeadLetter struct {
	ID         int64     `json:"id"`
	Deployment string    `json:"deployment"`
	Exchange   string    `json:"exchange"`
	RoutingKey string    `json:"routing_key"`
	Body       []byte    `json:"body"`
	Reason     string    `json:"reason"`
	Received   time.Time `json:"received"`
	Times      int       `json:"times"` // how often it came
}

// LetterHead is a dead letter without its body.
type LetterHead struct {
	ID         int64      `json:"id"`
	Deployment string     `json:"deployment"`
	Exchange   string     `json:"exchange"`
	RoutingKey string     `json:"routing_key"`
	Size       BodyLength `json:"body"`
	Reason     string     `json:"reason"`
	Received   time.Time  `json:"received"`
	Times      int        `json:"times"`
}

// BodyLength is how many bytes a body has that is kept as base64.
type BodyLength int

// UnmarshalJSON counts and decodes nothing.
func (n *BodyLength) UnmarshalJSON(quoted []byte) error {
	text := bytes.TrimRight(bytes.Trim(quoted, `"`), "=")
	if *n = 0; quoted[0] == '"' {
		*n = BodyLength(base64.RawStdEncoding.DecodedLen(len(text)))
	}
	return nil
}

// Tenant is what is known of a customer, for reports.
type Tenant struct {
	ID      string            `json:"tenant"`
	Name    string            `json:"name"`
	Types   map[string]string `json:"types,omitempty"`
	Updated time.Time         `json:"updated"`
}
