package mem

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"yardmaster/executors/backend"
)

// The verbs that a fault on Topics is asked about.
const (
	EnsureTopic = "ensure topic"
	DropTopic   = "drop topic"
	LookTopic   = "look at topic"
)

// defaultReplication is what this broker chooses.
const defaultReplication = 1

// Topics is a broker that knows of topics only.
type Topics struct {
	server
	topics map[string]backend.Topic
}

var _ backend.Topics = (*Topics)(nil)

// NewTopics is a broker without topics.
func NewTopics() *Topics { return &Topics{topics: map[string]backend.Topic{}} }

// EnsureTopic makes a topic, or adds partitions to it.
func (b *Topics) EnsureTopic(ctx context.Context, name string, partitions int32, replication int16) (changed bool, err error) {
	if err := backend.CheckTopic(name); err != nil {
		return false, err
	}
	if err := backend.CheckSize(partitions, replication); err != nil {
		return false, fmt.Errorf("topic %s: %w", name, err)
	}
	err = b.call(ctx, EnsureTopic, name, func() error {
		t, there := b.topics[name]
		if !there {
			t.Replication = replication
			if replication == backend.BrokerDefault {
				t.Replication = defaultReplication
			}
		}
		if changed = !there || partitions > t.Partitions; changed {
			t.Partitions = partitions
			b.topics[name] = t
		}
		return nil
	})
	return changed, err
}

// DropTopic drops a topic.
func (b *Topics) DropTopic(ctx context.Context, name string) error {
	if err := backend.CheckTopic(name); err != nil {
		return err
	}
	return b.call(ctx, DropTopic, name, func() error {
		delete(b.topics, name)
		return nil
	})
}

// Topic tells of a topic.
func (b *Topics) Topic(ctx context.Context, name string) (t backend.Topic, err error) {
	if err := backend.CheckTopic(name); err != nil {
		return backend.Topic{}, err
	}
	err = b.call(ctx, LookTopic, name, func() error {
		var there bool
		if t, there = b.topics[name]; !there {
			return fmt.Errorf("topic %s %w", name, backend.ErrNotFound)
		}
		return nil
	})
	return t, err
}

// Names are its topics, in order. No fault is asked.
func (b *Topics) Names() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.topics))
}
