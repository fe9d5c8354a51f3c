package amqp

import (
	"slices"
	"sync"
	"time"
)

// State is how a connection stands. It holds no secret.
type State struct {
	Deployment string
	Addr       string
	Connected  bool
	Since      time.Time // when it was connected, or was lost, or first looked for
	Err        error     // why it is not connected; ErrRefused, ErrDown
	Topics     []TopicState
}

// TopicState is how the consuming from one exchange stands.
type TopicState struct {
	Exchange string
	Ready    bool      // messages come from all its queues
	Since    time.Time // when it became so, or ceased to be
	Err      error     // why not; ErrConflict, ErrRefused, ErrDown
	Unacked  int       // messages handed over and not acknowledged
	Queues   []QueueState
}

// QueueState is what the broker told of a queue at a time.
type QueueState struct {
	Queue     string
	Depth     int       // messages that wait in it, without those that are on their way or in hand
	Consumers int       // all there are, the yard's own among them
	Seen      time.Time // zero: not since the consumer began
}

// Ready says that messages come from every queue.
func (s State) Ready() bool { return s.Problem() == nil }

// Problem is the first reason why messages do not come from every queue, nil if they do.
func (s State) Problem() error {
	if !s.Connected {
		return reason(s.Err)
	}
	for _, t := range s.Topics {
		if !t.Ready {
			return reason(t.Err)
		}
	}
	return nil
}

// reason is what was wrong, or that nothing was tried yet.
func reason(err error) error {
	if err == nil {
		return ErrDown
	}
	return err
}

// board is a State that is written on.
type board struct {
	mu    sync.Mutex
	state State
}

func newBoard(cfg Config) *board {
	b := &board{state: State{Deployment: cfg.Name, Addr: cfg.Addr(), Since: time.Now()}}
	for _, t := range cfg.Topics {
		topic := TopicState{Exchange: t.Exchange, Since: time.Now()}
		for _, name := range t.names() {
			topic.Queues = append(topic.Queues, QueueState{Queue: name})
		}
		b.state.Topics = append(b.state.Topics, topic)
	}
	return b
}

// read gives a copy.
func (b *board) read() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state
	s.Topics = slices.Clone(s.Topics)
	for i := range s.Topics {
		s.Topics[i].Queues = slices.Clone(s.Topics[i].Queues)
	}
	return s
}

// connection notes that there is one, or why there is none.
func (b *board) connection(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state.Connected != (err == nil) {
		b.state.Since = time.Now()
	}
	b.state.Connected, b.state.Err = err == nil, err
}

// topic notes that an exchange is consumed from, or why not.
func (b *board) topic(i int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &b.state.Topics[i]
	if t.Ready != (err == nil) {
		t.Since = time.Now()
	}
	t.Ready, t.Err = err == nil, err
}

func (b *board) queue(topic, queue int, depth, consumers int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := &b.state.Topics[topic].Queues[queue]
	q.Depth, q.Consumers, q.Seen = depth, consumers, time.Now()
}
