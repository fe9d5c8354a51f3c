package events

import (
	"context"

	"yardmaster/executors/amqp"
)

// FeedWith is Feed with another way to acknowledge.
func (s *Service) FeedWith(ctx context.Context, ack func([]amqp.Delivery) error, sources ...Source) error {
	return s.feed(ctx, ack, sources)
}

// SmallPages has the yard read and write few operations at a time.
func (s *Service) SmallPages(n int) { s.yard.page = n }

// Sent submits messages, waits, and says how many the load still has in hand.
func (s *Service) Sent(ctx context.Context, in []Incoming) (held int, err error) {
	l, err := s.submit(ctx, in, nil)
	if err != nil {
		return 0, err
	}
	err = s.wait(ctx, l)
	return len(l.items), err
}
