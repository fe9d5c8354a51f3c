// Package amqp takes messages off the queues of a RabbitMQ broker and puts messages onto its exchanges (AMQP 0-9-1). A Consumer
// keeps one connection to a broker with a channel an exchange, declares what it consumes from, and hands messages over in the order
// of their queue; a message leaves the broker when the caller acknowledges it, and comes again if he does not. A Publisher knows of
// every message whether the broker took it. Both come back by themselves after a broker was away, and neither waits without a bound.
//
// The package refuses to know what a message says, to keep one, to drop one, and to acknowledge one that nobody asked it to. It
// deletes nothing on a broker and changes nothing that is there with other properties.
package amqp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"
)

// What callers ask about with errors.Is.
var (
	ErrConfig   = errors.New("not a usable broker")                       // the Config itself
	ErrRefused  = errors.New("the broker refuses")                        // user, password, virtual host or a permission
	ErrConflict = errors.New("the broker has it with other properties")   // an exchange or a queue, say durable or not
	ErrGone     = errors.New("the channel of the message is gone")        // of an Ack: the message will come again
	ErrDown     = errors.New("no connection to the broker")               // of a Publish
	ErrNotTaken = errors.New("the broker did not confirm that it has it") // of a Publish: it may have it nevertheless
)

// Config says where a broker is and what is consumed from it.
type Config struct {
	Name           string // of the deployment, for Delivery, State and the log
	Host           string
	Port           int
	User, Password string // the password is in no error, no state and no line of the log
	VHost          string
	TLS            *tls.Config // nil: without
	Durable        bool        // of exchanges and queues
	QueueArguments map[string]any
	Topics         []Topic       // what a Consumer consumes from; a Publisher needs none
	Prefetch       int           // messages a queue that may be on their way or in hand; 0 is 2,000
	Heartbeat      time.Duration // whole seconds; a broker that is silent for three is given up; 0 is 10 s
	DialTimeout    time.Duration // for a connection until it can be used; 0 is 10 s
	ConfirmTimeout time.Duration // for a Publish from begin to end; 0 is 10 s
	DepthInterval  time.Duration // between two looks at the lengths of the queues; 0 is 15 s
}

// Topic is a topic exchange and the queues that are bound to it.
type Topic struct {
	Exchange string
	Queues   []Binding
}

// names are its queues, each once: one can be bound with several keys.
func (t Topic) names() []string {
	var names []string
	for _, b := range t.Queues {
		if !slices.Contains(names, b.Queue) {
			names = append(names, b.Queue)
		}
	}
	return names
}

// Binding is a queue and the routing key of what it is to get.
type Binding struct{ Queue, RoutingKey string }

// Addr is where the broker is.
func (c Config) Addr() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// The defaults of a Config.
const (
	defaultPrefetch       = 2000
	defaultHeartbeat      = 10 * time.Second
	defaultDialTimeout    = 10 * time.Second
	defaultConfirmTimeout = 10 * time.Second
	defaultDepthInterval  = 15 * time.Second
)

// complete checks a Config and fills in what it leaves open.
func (c Config) complete() (Config, error) {
	for _, d := range []struct {
		value *time.Duration
		unset time.Duration
	}{{&c.Heartbeat, defaultHeartbeat}, {&c.DialTimeout, defaultDialTimeout}, {&c.ConfirmTimeout, defaultConfirmTimeout},
		{&c.DepthInterval, defaultDepthInterval}} {
		if *d.value <= 0 {
			*d.value = d.unset
		}
	}
	if c.Prefetch == 0 {
		c.Prefetch = defaultPrefetch
	}
	switch {
	case c.Host == "":
		return c, fmt.Errorf("%w: host is empty", ErrConfig)
	case c.Port < 1 || c.Port > 65535:
		return c, fmt.Errorf("%w: port %d is none", ErrConfig, c.Port)
	case c.Prefetch < 1 || c.Prefetch > 65535:
		return c, fmt.Errorf("%w: prefetch %d is not within 1 to 65535", ErrConfig, c.Prefetch)
	case c.Heartbeat < time.Second || c.Heartbeat%time.Second != 0:
		return c, fmt.Errorf("%w: heartbeat %v is not a number of whole seconds", ErrConfig, c.Heartbeat)
	}
	return c, c.checkNames()
}

// maxName is how many bytes AMQP has for the name of an exchange or a queue and for a routing key.
const maxName = 255

func (c Config) checkNames() error {
	seen := map[string]bool{}
	for _, t := range c.Topics {
		switch {
		case t.Exchange == "" || len(t.Exchange) > maxName:
			return fmt.Errorf("%w: exchange %q is not a name of 1 to %d bytes", ErrConfig, t.Exchange, maxName)
		case seen[t.Exchange]:
			return fmt.Errorf("%w: exchange %q is there twice", ErrConfig, t.Exchange)
		case len(t.Queues) == 0:
			return fmt.Errorf("%w: exchange %q has no queues", ErrConfig, t.Exchange)
		}
		seen[t.Exchange] = true
		for _, b := range t.Queues {
			if b.Queue == "" || len(b.Queue) > maxName || len(b.RoutingKey) > maxName {
				return fmt.Errorf("%w: exchange %q: queue %q with routing key %q: a name has 1 to %d bytes", ErrConfig, t.Exchange, b.Queue, b.RoutingKey, maxName)
			}
		}
	}
	return nil
}
