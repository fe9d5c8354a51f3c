package backendtest

import (
	"context"
	"strings"
	"testing"

	"yardmaster/executors/backend"
)

// TopicWorld is a provider of topics and what can be done to its server.
type TopicWorld struct {
	Server
	Topics backend.Topics
	Other  backend.Topics // of the same broker, as another process would have it; nil if there is none
}

// topicSite is one promise's test.
type topicSite struct {
	*site
	Topics, Other backend.Topics
}

// Topics runs all promises about topics, each on a world of its own.
func Topics(t *testing.T, world func(t *testing.T) TopicWorld) {
	for _, p := range topicPromises {
		t.Run(p.name, func(t *testing.T) {
			w := world(t)
			if w.Other == nil {
				w.Other = w.Topics
			}
			p.keep(&topicSite{newSite(t, w.Server), w.Topics, w.Other})
		})
	}
}

// topic makes up the name of one that is dropped in the end.
func (s *topicSite) topic(suffix string) string {
	name := s.name(suffix)
	s.cleanup(func(ctx context.Context) error { return s.Other.DropTopic(ctx, name) })
	return name
}

func (s *topicSite) ensure(name string, partitions int32, changes bool) {
	s.Helper()
	changed, err := s.Topics.EnsureTopic(s.ctx(), name, partitions, 1)
	s.must(err)
	if changed != changes {
		s.Errorf("%d partitions: changed is %v", partitions, changed)
	}
	s.has(name, max(partitions, s.sees(name).Partitions))
}

func (s *topicSite) sees(name string) backend.Topic {
	s.Helper()
	t, err := s.Other.Topic(s.ctx(), name)
	s.must(err)
	return t
}

func (s *topicSite) has(name string, partitions int32) {
	s.Helper()
	if t := s.sees(name); t.Partitions != partitions || t.Replication != 1 {
		s.Errorf("got %+v, want %d partitions", t, partitions)
	}
}

func (s *topicSite) gone(name string) {
	s.Helper()
	_, err := s.Other.Topic(s.ctx(), name)
	s.is(err, backend.ErrNotFound)
}

// calls are all that a provider can be asked, about one topic.
func (s *topicSite) calls(name string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"ensure": func(ctx context.Context) error { _, err := s.Topics.EnsureTopic(ctx, name, 2, 1); return err },
		"drop":   func(ctx context.Context) error { return s.Topics.DropTopic(ctx, name) },
		"look":   func(ctx context.Context) error { _, err := s.Topics.Topic(ctx, name); return err },
	}
}

var topicPromises = []struct {
	name string
	keep func(*topicSite)
}{
	{"a topic is made once", func(s *topicSite) {
		name := s.topic("Made.once-1")
		s.gone(name)
		s.ensure(name, 8, true)
		s.ensure(name, 8, false)
		s.has(name, 8)
	}},
	{"a topic grows and never shrinks", func(s *topicSite) {
		name := s.topic("grows")
		s.ensure(name, 2, true)
		s.ensure(name, 5, true)
		s.ensure(name, 3, false)
		s.has(name, 5)
	}},
	{"the replication of a topic stays, and the broker may choose it", func(s *topicSite) {
		name := s.topic("replicated")
		s.ensure(name, 1, true)
		changed, err := s.Topics.EnsureTopic(s.ctx(), name, 1, 2)
		s.must(err)
		if changed || s.sees(name).Replication != 1 {
			s.Errorf("changed %v, now %+v", changed, s.sees(name))
		}
		chosen := s.topic("chosen")
		_, err = s.Topics.EnsureTopic(s.ctx(), chosen, 1, backend.BrokerDefault)
		s.must(err)
		if s.sees(chosen).Replication < 1 {
			s.Errorf("got %+v", s.sees(chosen))
		}
	}},
	{"a topic is dropped, and dropped again", func(s *topicSite) {
		name, other := s.topic("dropped"), s.topic("kept")
		s.ensure(name, 2, true)
		s.ensure(other, 1, true)
		for range 2 {
			s.must(s.Topics.DropTopic(s.ctx(), name))
			s.gone(name)
		}
		s.has(other, 1)
	}},
	{"a topic that was dropped can be made anew, smaller", func(s *topicSite) {
		name := s.topic("anew")
		for i := range 3 {
			s.ensure(name, int32(3-i), true)
			s.must(s.Topics.DropTopic(s.ctx(), name))
		}
	}},
	{"a bad name or size is refused, and nothing made", func(s *topicSite) {
		for _, bad := range []string{"", ".", "..", "a b", "a/b", "__consumer_offsets", strings.Repeat("x", 250)} {
			for _, call := range s.calls(bad) {
				s.is(call(s.ctx()), backend.ErrInvalid)
			}
		}
		name := s.topic("refused")
		for _, size := range []struct {
			partitions  int32
			replication int16
		}{{0, 1}, {-1, 1}, {1 << 30, 1}, {1, 0}, {1, -2}, {1, 1000}} {
			_, err := s.Topics.EnsureTopic(s.ctx(), name, size.partitions, size.replication)
			s.is(err, backend.ErrInvalid)
		}
		s.gone(name)
	}},
	{"many at once bring it about once", func(s *topicSite) {
		name := s.topic("at_once")
		for _, err := range together(8, func(i int) error {
			_, err := []backend.Topics{s.Topics, s.Other}[i%2].EnsureTopic(s.ctx(), name, int32(1+i), 1)
			return err
		}) {
			s.must(err)
		}
		s.has(name, 8)
		for _, err := range together(8, func(i int) error {
			return []backend.Topics{s.Topics, s.Other}[i%2].DropTopic(s.ctx(), name)
		}) {
			s.must(err)
		}
		s.gone(name)
	}},
	{"making and dropping may be cut off anywhere, and made again", func(s *topicSite) {
		name := s.topic("cut")
		s.cut(func(ctx context.Context) error { _, err := s.Topics.EnsureTopic(ctx, name, 4, 1); return err })
		_, err := s.Topics.EnsureTopic(s.ctx(), name, 4, 1)
		s.must(err)
		s.has(name, 4)
		s.cut(func(ctx context.Context) error { return s.Topics.DropTopic(ctx, name) })
		s.must(s.Topics.DropTopic(s.ctx(), name))
		s.gone(name)
	}},
	{"a broker that is away is told in time, and found again", func(s *topicSite) {
		s.needs(s.Down != nil)
		name := s.topic("away")
		s.ensure(name, 2, true)
		up := s.Down(s.T)
		s.away(s.calls(name))
		up()
		s.ensure(name, 2, false)
	}},
	{"a broker that hangs is told in time, and found again", func(s *topicSite) {
		s.needs(s.Hang != nil)
		name := s.topic("hangs")
		s.ensure(name, 2, true)
		release := s.Hang(s.T)
		s.away(s.calls(name))
		s.givenUp(s.calls(name))
		release()
		s.must(s.Topics.DropTopic(s.ctx(), name))
		s.ensure(name, 3, true)
	}},
	{"what the user may not do is told so", func(s *topicSite) {
		s.needs(s.Forbid != nil)
		name := s.topic("forbidden")
		s.ensure(name, 2, true)
		relent := s.Forbid(s.T)
		s.forbidden(s.calls(name))
		relent()
		s.has(name, 2)
	}},
	{"after the end there is nothing", func(s *topicSite) {
		s.Topics.Close()
		s.Topics.Close()
		s.away(s.calls(s.name("ended")))
	}},
}
