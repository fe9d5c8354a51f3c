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
