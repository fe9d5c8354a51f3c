// Package backend says what an instance has outside of Kubernetes, and what its providers promise: a topic on a Kafka and a keyspace
// in a Cassandra. It knows neither protocol. A provider makes and drops, and refuses to do more: it reads and writes no record and
// no row, takes no partition away, and changes the replication of nothing that is there.
//
//	Topics    ── kafka.Admin, mem.Topics
//	Keyspaces ── cassandra.Admin, mem.Keyspaces
//
// Every call may be cut off anywhere and be made again, by this caller or by another at the same time: what it is to bring about is
// then brought about once. A call that ends without an error has its effect behind it, for whoever asks next.
package backend

import (
	"context"
	"errors"
)

// What callers ask about with errors.Is. A caller who gave up himself gets context.Canceled, and none of these.
var (
	ErrNotFound    = errors.New("is not there")
	ErrInvalid     = errors.New("invalid")            // the name or the numbers, or the server has a rule against them
	ErrForbidden   = errors.New("the server refuses") // the user, the password or a permission
	ErrUnavailable = errors.New("the server is away") // or does not answer in time: it may have done what was asked
)

// Topics makes and drops topics. Its methods are safe for concurrent use.
type Topics interface {
	// EnsureTopic makes a topic, or adds partitions to one that has fewer; one that has more keeps them, and the replication of one
	// that is there stays what it is. A replication of BrokerDefault leaves that to the broker. Changed is true if this call did
	// something, also beside an error.
	EnsureTopic(ctx context.Context, name string, partitions int32, replication int16) (changed bool, err error)

	// DropTopic drops a topic with all its records. One that is not there is no error.
	DropTopic(ctx context.Context, name string) error

	// Topic tells of a topic what the broker knows, or ErrNotFound.
	Topic(ctx context.Context, name string) (Topic, error)

	// Close ends the calls that are under way; later ones get ErrUnavailable.
	Close()
}

// Topic is a topic that is there.
type Topic struct {
	Partitions  int32
	Replication int16 // of its first partition
}

// BrokerDefault is the replication of a topic that the broker is to choose.
const BrokerDefault = -1

// Keyspaces makes and drops keyspaces. Its methods are safe for concurrent use.
type Keyspaces interface {
	// EnsureKeyspace makes a keyspace with durable writes. One that is there keeps its replication, whatever is asked for.
	// Replication is what CQL takes: a class, and its options.
	EnsureKeyspace(ctx context.Context, name string, replication map[string]string) error

	// DropKeyspace drops a keyspace with all its tables. One that is not there is no error.
	DropKeyspace(ctx context.Context, name string) error

	// Keyspace tells the replication of a keyspace, its class without a package, or ErrNotFound.
	Keyspace(ctx context.Context, name string) (replication map[string]string, err error)

	// Close ends the calls that are under way; later ones get ErrUnavailable.
	Close()
}
