package report

import (
	"iter"
	"time"
)

// Stream is a query's rows, in any order. An error ends it, and the report. nil has no rows.
type Stream[T any] = iter.Seq2[T, error]

// each hands over every row of a stream.
func each[T any](rows Stream[T], fn func(T) error) error {
	if rows == nil {
		return nil
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	return nil
}

// Event is what reports read of one notification.
type Event struct {
	ID         int64
	When       time.Time
	Deployment int64
	RoutingKey string
	Type       string
	Source     string // the service that sent it: compute
	Host       Text
	Instance   Text // of glance: the image
	Tenant     Text
	RequestID  string
	State      Text
	OldState   Text
	OldTask    Text
	Task       Text
	ImageType  int
}

// Deployment is a source of events.
type Deployment struct {
	ID   int64
	Name string
}

// Status is how far the verification of an exists record is.
type Status string

// The states of verification.
const (
	Pending        Status = "pending"
	Verifying      Status = "verifying"
	Verified       Status = "verified"
	Reconciled     Status = "reconciled"
	Failed         Status = "failed"
	SentUnverified Status = "sent_unverified"
	SentVerifying  Status = "sent_verifying"
	SentFailed     Status = "sent_failed"
)

// Exists is one audit record of an instance or of an image. What an image lacks stays empty.
type Exists struct {
	ID           int64
	Subject      string // the instance or the image
	Launched     time.Time
	Deleted      time.Time
	Begin        time.Time // of its audit period
	End          time.Time
	Received     time.Time
	Status       Status
	FailReason   string
	SendStatus   int
	Launch       int64 // id of the launch that it belongs to, 0: none
	Event        int64 // id of the event that it came with
	FlavorID     string
	TypeID       string
	Tenant       string
	BandwidthOut int64
}

// audited says that the whole audit period lies in the report's.
func (e *Exists) audited(w Period) bool {
	return !e.Begin.IsZero() && !e.Begin.Before(w.Start) && !e.End.Before(e.Begin) && !e.End.After(w.End)
}

// sent says that the one whom it was sent to took it.
func (e *Exists) sent() bool { return e.SendStatus >= 200 && e.SendStatus < 300 }

// Launch is the use of one instance since one request.
type Launch struct {
	ID       int64
	Instance string
	Launched time.Time
}

// Image is one that was activated.
type Image struct {
	ID      int64
	UUID    string
	Created time.Time
}

// Deletion is the end of an instance or of an image.
type Deletion struct {
	Subject string
	Deleted time.Time
}

// Tenant is what is known of a customer.
type Tenant struct {
	ID    string
	Name  string
	Types map[string]string
}
