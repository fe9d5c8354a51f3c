package events

import (
	"context"
	"runtime"
	"sync"

	"yardmaster/jobs/events/notice"
	"yardmaster/store/events"
)

// Incoming is one message as it came. Its body must not be changed until Ingest has returned.
type Incoming struct {
	Deployment string // DefaultDeployment if empty
	Exchange   string
	RoutingKey string
	Body       []byte
}

// Receipt says what became of messages.
type Receipt struct {
	Stored     int // new events
	Duplicates int // known by their message id
	Dead       int // not understood, kept as dead letters
}

func (r *Receipt) add(o Receipt) {
	r.Stored += o.Stored
	r.Duplicates += o.Duplicates
	r.Dead += o.Dead
}

// Ingest takes messages in, in their order. All of them are on disk when it returns nil. After an error some may be, in their
// order from the first one on; to bring them again does no harm to those that have a message id. It waits while too much is in
// hand.
func (s *Service) Ingest(ctx context.Context, in []Incoming) (Receipt, error) {
	var sum Receipt
	var sent []*load
	var prev *load
	var failed error
	for from := 0; from < len(in) && failed == nil; {
		to := s.cut(in, from)
		l, err := s.submit(ctx, in[from:to], prev)
		if err != nil {
			failed = err
			break
		}
		sent, prev, from = append(sent, l), l, to
	}
	for _, l := range sent {
		if err := s.wait(ctx, l); err != nil && failed == nil {
			failed = err
		}
		sum.add(l.receipt)
	}
	return sum, failed
}

// cut is the end of the piece that begins at from: as much as a transaction should hold.
func (s *Service) cut(in []Incoming, from int) int {
	bytes := int64(0)
	for to := from; to < len(in); to++ {
		bytes += weight(&in[to])
		if to > from && (to-from == s.batch || bytes > s.inHand/4) {
			return to
		}
	}
	return len(in)
}

// weight is about how much memory a message takes on its way.
func weight(in *Incoming) int64 { return int64(len(in.Body)+len(in.RoutingKey)) + 1024 }

// item is one message on its way into the store.
type item struct {
	in    Incoming
	event events.Event // all but its ids and when it was received
	body  []byte
	role  string // what it means for timings and usage: the type, or the older name of it
	usage notice.Usage

	dead   string // why it is a dead letter; empty: it is an event
	letter int64  // the dead letter that it was until now
}

// submit parses messages and hands them to the committer, behind prev if that is given.
func (s *Service) submit(ctx context.Context, in []Incoming, prev *load) (*load, error) {
	l := &load{after: prev, done: make(chan struct{})}
	for i := range in {
		l.weight += weight(&in[i])
	}
	l.weight = min(l.weight, s.inHand)
	if err := s.room.Acquire(ctx, l.weight); err != nil {
		return nil, err
	}
	l.items = make([]item, len(in))
	err := s.parse(ctx, in, l.items)
	for i := range l.items {
		l.rows += 1 + len(l.items[i].usage.ImageExists)
	}
	if err == nil {
		err = s.hand(ctx, l)
	}
	if err != nil {
		s.room.Release(l.weight)
		return nil, err
	}
	return l, nil
}

// stretch is how many messages one goroutine parses at least.
const stretch = 64

// parse reads messages, several at a time, each into its place.
func (s *Service) parse(ctx context.Context, in []Incoming, out []item) error {
	per := max(stretch, (len(in)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var parts sync.WaitGroup
	defer parts.Wait()
	for from := 0; from < len(in); from += per {
		if err := s.parsers.Acquire(ctx, 1); err != nil {
			return err
		}
		to := min(from+per, len(in))
		part := func(from, to int) {
			defer s.parsers.Release(1)
			for i := from; i < to; i++ {
				out[i] = s.read(in[i])
			}
		}
		if to == len(in) {
			part(from, to) // the caller would only wait
			break
		}
		parts.Go(func() { part(from, to) })
	}
	return nil
}

// read understands one message, or says why not.
func (s *Service) read(in Incoming) (it item) {
	if in.Deployment == "" {
		in.Deployment = DefaultDeployment
	}
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("message could not be read", "deployment", in.Deployment, "exchange", in.Exchange, "routing_key", in.RoutingKey, "panic", p)
			it = item{in: in, dead: "internal error"}
		}
	}()
	n, err := s.limits.Parse(notice.Message{Exchange: in.Exchange, RoutingKey: in.RoutingKey, Body: in.Body})
	if err != nil {
		return item{in: in, dead: err.Error()}
	}
	return item{in: in, event: eventOf(&n), body: n.Body, role: n.Role, usage: n.Usage}
}

// eventOf copies the columns.
func eventOf(n *notice.Notice) events.Event {
	text := func(t notice.Text) events.Text { return events.Text(t) }
	return events.Event{Service: events.Service(n.Service), When: n.When, RoutingKey: n.RoutingKey, Type: n.Type, Publisher: n.Publisher,
		Source: n.Source, Host: text(n.Host), Instance: text(n.Instance), Tenant: text(n.Tenant), RequestID: n.RequestID, MessageID: n.MessageID,
		State: text(n.State), OldState: text(n.OldState), OldTask: text(n.OldTask), Task: text(n.Task), ImageType: n.ImageType,
		UUID: text(n.UUID), Owner: text(n.Owner), Status: text(n.Status)}
}

// put stores items that were read already, in one transaction.
func (s *Service) put(ctx context.Context, items []item) (Receipt, error) {
	l := &load{items: items, done: make(chan struct{})}
	for i := range items {
		l.weight += weight(&items[i].in) + int64(len(items[i].body))
	}
	l.weight = min(l.weight, s.inHand)
	if err := s.room.Acquire(ctx, l.weight); err != nil {
		return Receipt{}, err
	}
	if err := s.hand(ctx, l); err != nil {
		s.room.Release(l.weight)
		return Receipt{}, err
	}
	err := s.wait(ctx, l)
	return l.receipt, err
}
