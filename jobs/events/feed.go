package events

import (
	"context"
	"errors"
	"sync"
	"time"

	"yardmaster/executors/amqp"
)

// Source is where messages come from: an *amqp.Consumer.
type Source interface {
	// Run hands messages over until ctx ends; each queue's come in order, from a goroutine of its own.
	Run(ctx context.Context, deliver amqp.Deliver) error
	State() amqp.State
}

// Feed takes in what comes from the sources until ctx ends and what it has in hand is stored or given up. A message is
// acknowledged once it is on disk, as an event or as a dead letter; while the store refuses, it is tried again and its queue waits.
func (s *Service) Feed(ctx context.Context, sources ...Source) error {
	return s.feed(ctx, amqp.Ack, sources)
}

func (s *Service) feed(ctx context.Context, ack func([]amqp.Delivery) error, sources []Source) error {
	s.meter.mu.Lock()
	s.meter.sources = append(s.meter.sources, sources...)
	s.meter.mu.Unlock()
	errs := make([]error, len(sources))
	var running sync.WaitGroup
	for i, source := range sources {
		running.Go(func() {
			q := queues{s: s, ack: ack, of: map[string]*line{}}
			errs[i] = source.Run(ctx, q.deliver)
			q.end()
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// queues are what one source's messages go through.
type queues struct {
	s   *Service
	ack func([]amqp.Delivery) error

	mu   sync.Mutex
	of   map[string]*line
	done sync.WaitGroup
}

// line is one queue: its loads are stored in the order in which they were handed over.
type line struct {
	mu   sync.Mutex // held while messages are read
	last *load
	sent chan sent
}

// sent is a load on its way to the disk and the messages that it is made of.
type sent struct {
	ctx  context.Context // of the call that handed them over
	load *load
	from []amqp.Delivery
}

// inFlight is how many loads of one queue may wait for the disk: while one is written the next is read.
const inFlight = 2

// deliver reads messages of one queue and sends them on their way. It does not wait for the disk.
func (q *queues) deliver(ctx context.Context, ds []amqp.Delivery) error {
	if len(ds) == 0 {
		return nil
	}
	in := make([]Incoming, len(ds))
	for i, d := range ds {
		in[i] = Incoming{Deployment: d.Deployment, Exchange: d.Exchange, RoutingKey: d.RoutingKey, Body: d.Body}
	}
	l := q.line(ds[0].Queue)
	l.mu.Lock()
	defer l.mu.Unlock()
	next, err := q.s.submit(ctx, in, l.last)
	if err != nil {
		return err
	}
	l.last = next
	select {
	case l.sent <- sent{ctx, next, ds}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q *queues) line(queue string) *line {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.of[queue]
	if l == nil {
		l = &line{sent: make(chan sent, inFlight-1)}
		q.of[queue] = l
		q.done.Go(func() {
			for m := range l.sent {
				q.settle(m)
			}
		})
	}
	return l
}

// end waits for what is on its way. Nothing may be delivered any more.
func (q *queues) end() {
	for _, l := range q.of {
		close(l.sent)
	}
	q.done.Wait()
}

const (
	pauseFirst = 50 * time.Millisecond
	pauseMost  = 5 * time.Second
)

// settle waits until a load is on disk, has it tried again for as long as it is not, and acknowledges its messages.
func (q *queues) settle(m sent) {
	l, err := m.load, q.s.wait(m.ctx, m.load)
	for pause := pauseFirst; err != nil; pause = min(2*pause, pauseMost) {
		if errors.Is(err, ErrClosed) || m.ctx.Err() != nil {
			return // not acknowledged: the messages come again
		}
		if !errors.Is(err, errBehind) && !sleep(m.ctx, pause) {
			return
		}
		next, failed := q.s.again(m.ctx, l)
		if err = failed; err == nil {
			l, err = next, q.s.wait(m.ctx, next)
		}
	}
	if err := q.ack(m.from); err != nil {
		q.s.log.Debug("stored messages not acknowledged, they will come again", "deployment", m.from[0].Deployment, "queue", m.from[0].Queue, "err", err)
	}
}

// sleep is false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
