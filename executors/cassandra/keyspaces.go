package cassandra

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"yardmaster/executors/backend"
)

// EnsureKeyspace makes a keyspace. It looks first, so that a user who may not make one can work with one that was made for him.
func (a *Admin) EnsureKeyspace(ctx context.Context, name string, replication map[string]string) error {
	if err := backend.CheckKeyspace(name); err != nil {
		return err
	}
	if err := backend.CheckReplication(replication); err != nil {
		return fmt.Errorf("keyspace %s: %w", name, err)
	}
	return a.call(ctx, "ensure keyspace "+name, func(ctx context.Context, s *gocql.Session) error {
		has, err := look(ctx, s, name)
		switch {
		case err == nil:
			a.compare(ctx, name, has, replication)
		case !errors.Is(err, gocql.ErrNotFound):
			return err
		default:
			if err := a.create(ctx, s, name, replication); err != nil {
				return err
			}
		}
		return a.agree(ctx, s, name)
	})
}

// DropKeyspace drops a keyspace. It does not look first: a node may not have heard yet of one that is there.
func (a *Admin) DropKeyspace(ctx context.Context, name string) error {
	if err := backend.CheckKeyspace(name); err != nil {
		return err
	}
	return a.call(ctx, "drop keyspace "+name, func(ctx context.Context, s *gocql.Session) error {
		err := s.Query("DROP KEYSPACE IF EXISTS " + quoted(name)).ExecContext(ctx)
		if err != nil {
			// A right on one keyspace goes with it: who drops it again has it no more.
			if _, gone := look(ctx, s, name); code(err) != gocql.ErrCodeUnauthorized || !errors.Is(gone, gocql.ErrNotFound) {
				return err
			}
			return nil
		}
		a.o.Logger.InfoContext(ctx, "keyspace dropped", "keyspace", name)
		return a.agree(ctx, s, name)
	})
}

// Keyspace tells the replication of a keyspace. The cluster is a Cassandra 3.0 or later.
func (a *Admin) Keyspace(ctx context.Context, name string) (replication map[string]string, err error) {
	if err := backend.CheckKeyspace(name); err != nil {
		return nil, err
	}
	err = a.call(ctx, "look at keyspace "+name, func(ctx context.Context, s *gocql.Session) error {
		replication, err = look(ctx, s, name)
		return err
	})
	return replication, err
}

func look(ctx context.Context, s *gocql.Session, name string) (map[string]string, error) {
	var replication map[string]string
	err := s.Query("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?", name).ScanContext(ctx, &replication)
	if err != nil {
		return nil, err
	}
	return backend.ShortClass(replication), nil
}

func (a *Admin) create(ctx context.Context, s *gocql.Session, name string, replication map[string]string) error {
	err := s.Query("CREATE KEYSPACE IF NOT EXISTS " + quoted(name) + " WITH replication = " + literal(replication) +
		" AND durable_writes = true").ExecContext(ctx)
	if code(err) == gocql.ErrCodeAlreadyExists { // another was faster
		return nil
	}
	if err == nil {
		a.o.Logger.InfoContext(ctx, "keyspace created", "keyspace", name, "replication", literal(replication))
	}
	return err
}

// compare tells the log of a keyspace that is replicated in another way than was asked for: to change that is for who runs the cluster.
func (a *Admin) compare(ctx context.Context, name string, has, wanted map[string]string) {
	wanted = backend.ShortClass(wanted)
	if has["class"] != "SimpleStrategy" && wanted["replication_factor"] != "" {
		delete(wanted, "replication_factor") // the cluster has made a count for each datacenter of it
		for dc := range has {
			if _, named := wanted[dc]; !named {
				delete(has, dc)
			}
		}
	}
	if !maps.Equal(has, wanted) {
		a.o.Logger.WarnContext(ctx, "a keyspace is replicated in another way and left so", "keyspace", name,
			"has", literal(has), "wanted", literal(wanted))
	}
}

// agree waits until all nodes know of a change. One that is down learns of it when it is back, and holds up nobody for ever.
func (a *Admin) agree(ctx context.Context, s *gocql.Session, name string) error {
	err := s.AwaitSchemaAgreement(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		a.o.Logger.WarnContext(ctx, "not all nodes know of a keyspace yet", "keyspace", name, "err", backend.Told(err.Error(), a.o.Password))
	}
	return nil
}

// quoted is a name with its case. CheckKeyspace has seen to it that there is no quote in it.
func quoted(name string) string { return `"` + name + `"` }

// literal is a map in CQL, the class first.
func literal(m map[string]string) string {
	options := slices.SortedFunc(maps.Keys(m), func(x, y string) int {
		if (x == "class") != (y == "class") {
			if x == "class" {
				return -1
			}
			return 1
		}
		return strings.Compare(x, y)
	})
	parts := make([]string, len(options))
	for i, o := range options {
		parts[i] = text(o) + ": " + text(m[o])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
