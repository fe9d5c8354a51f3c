package backendtest

import (
	"context"
	"maps"
	"strings"
	"testing"

	"yardmaster/executors/backend"
)

// KeyspaceWorld is a provider of keyspaces and what can be done to its server.
type KeyspaceWorld struct {
	Server
	Keyspaces backend.Keyspaces
	Other     backend.Keyspaces // of the same cluster, as another process would have it; nil if there is none
}

// keyspaceSite is one promise's test.
type keyspaceSite struct {
	*site
	Keyspaces, Other backend.Keyspaces
}

// Keyspaces runs all promises about keyspaces, each on a world of its own.
func Keyspaces(t *testing.T, world func(t *testing.T) KeyspaceWorld) {
	for _, p := range keyspacePromises {
		t.Run(p.name, func(t *testing.T) {
			w := world(t)
			if w.Other == nil {
				w.Other = w.Keyspaces
			}
			p.keep(&keyspaceSite{newSite(t, w.Server), w.Keyspaces, w.Other})
		})
	}
}

// once is a replication that every cluster has nodes for.
func once() map[string]string {
	return map[string]string{"class": "SimpleStrategy", "replication_factor": "1"}
}

// keyspace makes up the name of one that is dropped in the end.
func (s *keyspaceSite) keyspace(suffix string) string {
	name := s.name(suffix)
	s.cleanup(func(ctx context.Context) error { return s.Other.DropKeyspace(ctx, name) })
	return name
}

func (s *keyspaceSite) ensure(name string) {
	s.Helper()
	s.must(s.Keyspaces.EnsureKeyspace(s.ctx(), name, once()))
	s.has(name)
}

func (s *keyspaceSite) has(name string) {
	s.Helper()
	got, err := s.Other.Keyspace(s.ctx(), name)
	s.must(err)
	if !maps.Equal(got, once()) {
		s.Errorf("replication is %v", got)
	}
}

func (s *keyspaceSite) gone(name string) {
	s.Helper()
	_, err := s.Other.Keyspace(s.ctx(), name)
	s.is(err, backend.ErrNotFound)
}

// calls are all that a provider can be asked, about one keyspace.
func (s *keyspaceSite) calls(name string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"ensure": func(ctx context.Context) error { return s.Keyspaces.EnsureKeyspace(ctx, name, once()) },
		"drop":   func(ctx context.Context) error { return s.Keyspaces.DropKeyspace(ctx, name) },
		"look":   func(ctx context.Context) error { _, err := s.Keyspaces.Keyspace(ctx, name); return err },
	}
}

var keyspacePromises = []struct {
	name string
	keep func(*keyspaceSite)
}{
	{"a keyspace is made once", func(s *keyspaceSite) {
		name := s.keyspace("Made_Once")
		s.gone(name)
		s.ensure(name)
		s.ensure(name)
		s.gone(strings.ToLower(name))
	}},
	{"a class may be named with its package", func(s *keyspaceSite) {
		name := s.keyspace("long_class")
		long := once()
		long["class"] = "org.apache.cassandra.locator." + long["class"]
		s.must(s.Keyspaces.EnsureKeyspace(s.ctx(), name, long))
		s.has(name)
	}},
	{"the replication of a keyspace stays", func(s *keyspaceSite) {
		name := s.keyspace("stays")
		s.ensure(name)
		more := once()
		more["replication_factor"] = "3"
		s.must(s.Keyspaces.EnsureKeyspace(s.ctx(), name, more))
		s.has(name)
	}},
	{"a keyspace is dropped, and dropped again", func(s *keyspaceSite) {
		name, other := s.keyspace("dropped"), s.keyspace("kept")
		s.ensure(name)
		s.ensure(other)
		for range 2 {
			s.must(s.Keyspaces.DropKeyspace(s.ctx(), name))
			s.gone(name)
		}
		s.has(other)
		s.ensure(name)
	}},
	{"a bad name or replication is refused, and nothing made", func(s *keyspaceSite) {
		for _, bad := range []string{"", "a b", "a-b", "a.b", `a"b`, "system", "System_Auth", strings.Repeat("x", 49)} {
			for _, call := range s.calls(bad) {
				s.is(call(s.ctx()), backend.ErrInvalid)
			}
		}
		name := s.keyspace("refused")
		for _, bad := range []map[string]string{
			nil, {"class": "SimpleStrategy"}, {"replication_factor": "1"},
			{"class": "Simple'Strategy", "replication_factor": "1"}, {"class": "SimpleStrategy", "replication_factor": "1'"},
			{"class": "SimpleStrategy", "d'c": "1"}, {"class": "SimpleStrategy", "replication_factor": "many"},
		} {
			s.is(s.Keyspaces.EnsureKeyspace(s.ctx(), name, bad), backend.ErrInvalid)
		}
		s.gone(name)
	}},
	{"many at once bring it about once", func(s *keyspaceSite) {
		name := s.keyspace("at_once")
		for _, err := range together(8, func(i int) error {
			return []backend.Keyspaces{s.Keyspaces, s.Other}[i%2].EnsureKeyspace(s.ctx(), name, once())
		}) {
			s.must(err)
		}
		s.has(name)
		for _, err := range together(8, func(i int) error {
			return []backend.Keyspaces{s.Keyspaces, s.Other}[i%2].DropKeyspace(s.ctx(), name)
		}) {
			s.must(err)
		}
		s.gone(name)
	}},
	{"making and dropping may be cut off anywhere, and made again", func(s *keyspaceSite) {
		name := s.keyspace("cut")
		s.cut(func(ctx context.Context) error { return s.Keyspaces.EnsureKeyspace(ctx, name, once()) })
		s.ensure(name)
		s.cut(func(ctx context.Context) error { return s.Keyspaces.DropKeyspace(ctx, name) })
		s.must(s.Keyspaces.DropKeyspace(s.ctx(), name))
		s.gone(name)
	}},
	{"a cluster that is away is told in time, and found again", func(s *keyspaceSite) {
		s.needs(s.Down != nil)
		name := s.keyspace("away")
		s.ensure(name)
		up := s.Down(s.T)
		s.away(s.calls(name))
		up()
		s.ensure(name)
	}},
	{"a cluster that hangs is told in time, and found again", func(s *keyspaceSite) {
		s.needs(s.Hang != nil)
		name := s.keyspace("hangs")
		s.ensure(name)
		release := s.Hang(s.T)
		s.away(s.calls(name))
		s.givenUp(s.calls(name))
		release()
		s.must(s.Keyspaces.DropKeyspace(s.ctx(), name))
		s.ensure(name)
	}},
	{"what the user may not do is told so", func(s *keyspaceSite) {
		s.needs(s.Forbid != nil)
		name := s.keyspace("forbidden")
		s.ensure(name)
		relent := s.Forbid(s.T)
		s.forbidden(s.calls(name))
		relent()
		s.has(name)
	}},
	{"after the end there is nothing", func(s *keyspaceSite) {
		s.Keyspaces.Close()
		s.Keyspaces.Close()
		s.away(s.calls(s.name("ended")))
	}},
}
