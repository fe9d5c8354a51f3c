package mem

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"yardmaster/executors/backend"
)

// The verbs that a fault on Keyspaces is asked about.
const (
	EnsureKeyspace = "ensure keyspace"
	DropKeyspace   = "drop keyspace"
	LookKeyspace   = "look at keyspace"
)

// Keyspaces is a cluster that knows of keyspaces only.
type Keyspaces struct {
	server
	keyspaces map[string]map[string]string // name -> replication
}

var _ backend.Keyspaces = (*Keyspaces)(nil)

// NewKeyspaces is a cluster without keyspaces.
func NewKeyspaces() *Keyspaces { return &Keyspaces{keyspaces: map[string]map[string]string{}} }

// EnsureKeyspace makes a keyspace.
func (c *Keyspaces) EnsureKeyspace(ctx context.Context, name string, replication map[string]string) error {
	if err := backend.CheckKeyspace(name); err != nil {
		return err
	}
	if err := backend.CheckReplication(replication); err != nil {
		return fmt.Errorf("keyspace %s: %w", name, err)
	}
	return c.call(ctx, EnsureKeyspace, name, func() error {
		if _, there := c.keyspaces[name]; !there {
			c.keyspaces[name] = backend.ShortClass(replication)
		}
		return nil
	})
}

// DropKeyspace drops a keyspace.
func (c *Keyspaces) DropKeyspace(ctx context.Context, name string) error {
	if err := backend.CheckKeyspace(name); err != nil {
		return err
	}
	return c.call(ctx, DropKeyspace, name, func() error {
		delete(c.keyspaces, name)
		return nil
	})
}

// Keyspace tells the replication of a keyspace.
func (c *Keyspaces) Keyspace(ctx context.Context, name string) (replication map[string]string, err error) {
	if err := backend.CheckKeyspace(name); err != nil {
		return nil, err
	}
	err = c.call(ctx, LookKeyspace, name, func() error {
		found, there := c.keyspaces[name]
		if !there {
			return fmt.Errorf("keyspace %s %w", name, backend.ErrNotFound)
		}
		replication = maps.Clone(found)
		return nil
	})
	return replication, err
}

// Names are its keyspaces, in order. No fault is asked.
func (c *Keyspaces) Names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.keyspaces))
}
