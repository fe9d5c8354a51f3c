package amqp

import "context"

// Delivery is one message of a queue. Its body is the caller's.
type Delivery struct {
	Deployment  string // Config.Name
	Exchange    string // that it was published to
	Queue       string
	RoutingKey  string // that it was published with
	Body        []byte
	Redelivered bool // it was handed over before, here or elsewhere, and not acknowledged

	tag  uint64
	from *line
}

// Deliver is given what is there of one queue at this moment, at least one message and at most half of the prefetch, in order.
// Each queue has its own goroutine that calls it. Messages that are kept safely are acknowledged with Ack, within the call or later,
// from any goroutine. An error means that messages were not taken: the channel is closed, and after a pause all that is not
// acknowledged comes again, in its old order. It returns soon after ctx ends.
type Deliver func(ctx context.Context, ds []Delivery) error

// Ack tells the broker that it may forget the message. ErrGone, if it will deliver it again instead.
func (d Delivery) Ack() error { return Ack([]Delivery{d}) }

// Ack acknowledges messages, all those of a channel at once where nothing else lies between them. ErrGone, if some of them will come
// again; the others are acknowledged nevertheless.
func Ack(ds []Delivery) error {
	var first error
	for len(ds) > 0 {
		l, n := ds[0].from, 1
		for n < len(ds) && ds[n].from == l {
			n++
		}
		if err := l.acknowledge(ds[:n]); err != nil && first == nil {
			first = err
		}
		ds = ds[n:]
	}
	return first
}

func (l *line) acknowledge(ds []Delivery) error {
	if l == nil {
		return ErrGone
	}
	tags := make([]uint64, len(ds))
	for i, d := range ds {
		tags[i] = d.tag
	}
	return l.ack(tags)
}
