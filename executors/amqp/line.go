package amqp

import (
	"fmt"
	"sync"
	"sync/atomic"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// line is a channel on which messages come and acknowledgements go.
type line struct {
	ch   *amqp091.Channel
	open atomic.Int64 // messages handed over and not acknowledged

	mu    sync.Mutex // held while something is sent: acknowledgements go out in the order of the books
	books ledger
	ended bool
}

func newLine(ch *amqp091.Channel) *line {
	return &line{ch: ch, books: ledger{done: map[uint64]struct{}{}}}
}

// end waits until no acknowledgement is under way and lets no other out: the number of a channel is used again, and on the next one
// the same tags are other messages.
func (l *line) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}

func (l *line) ack(tags []uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return ErrGone
	}
	upTo, single, n := l.books.settle(tags)
	l.open.Add(int64(-n))
	if upTo > 0 {
		if err := l.ch.Ack(upTo, true); err != nil {
			return fmt.Errorf("%w: %w", ErrGone, err)
		}
	}
	for _, tag := range single {
		if err := l.ch.Ack(tag, false); err != nil {
			return fmt.Errorf("%w: %w", ErrGone, err)
		}
	}
	return nil
}
