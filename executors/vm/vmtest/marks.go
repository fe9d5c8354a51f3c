package vmtest

import (
	"sync"

	"yardmaster/executors/vm"
)

// marked is a pool whose next machine will carry a mark.
func marked(p vm.Pool, mark string) vm.Pool {
	p.Mark = mark
	return p
}

var marks = []promise{
	{"a machine tells the mark that it was created with", func(s *site) {
		name := s.name(s.Pool, "a")
		s.must("create", s.create(marked(s.Pool, "m1"), name))
		s.carries(name, "m1")
	}},
	{"one that was created without tells none", func(s *site) {
		s.carries(s.made(s.Pool, "a"), "")
	}},
	{"nor does one of somebody else", func(s *site) {
		s.needs("way to make a foreign machine", s.Foreign != nil)
		name := s.Foreign(s.T, s.Pool)
		s.carries(name, "")
		s.must("destroy", s.destroy(s.Pool, name))
	}},
	{"a create that finds the name taken leaves the first one's mark", func(s *site) {
		name := s.name(s.Pool, "a")
		s.must("create", s.create(marked(s.Pool, "m1"), name))
		s.is("create again", s.create(marked(s.Pool, "m2"), name), vm.ErrExists)
		s.carries(name, "m1")
	}},
	{"a half made machine tells its mark", func(s *site) {
		s.needs("way to break a create", s.HalfMade != nil)
		name := s.name(s.Pool, "a")
		undo := sync.OnceFunc(s.HalfMade(s.T, s.Pool, name))
		defer undo()
		if err := s.create(marked(s.Pool, "m1"), name); err == nil {
			s.Fatal("create succeeded")
		}
		undo()
		s.carries(name, "m1")
	}},
	{"whatever is done to a machine, its mark stays", func(s *site) {
		name := s.name(s.Pool, "a")
		s.must("create", s.create(marked(s.Pool, "m1"), name))
		for _, c := range calls(s.suite) {
			if c.machine && c.name != "destroy" {
				_ = s.do(c.on(s, name)) // whether it can be done now is looked at elsewhere
			}
		}
		s.carries(name, "m1")
	}},
	{"a name's next machine does not inherit the mark", func(s *site) {
		name := s.name(s.Pool, "a")
		s.must("create", s.create(marked(s.Pool, "m1"), name))
		s.must("destroy", s.destroy(s.Pool, name))
		s.must("create", s.create(marked(s.Pool, "m2"), name))
		s.carries(name, "m2")
	}},
}

// carries requires that a machine of the pool tells this mark, however it is asked for.
func (s *site) carries(name, mark string) {
	s.Helper()
	m, err := s.get(s.Pool, name)
	s.must("get", err)
	if m.Mark != mark {
		s.Errorf("get %s: mark %q, want %q", name, m.Mark, mark)
	}
	for _, m := range s.machines(s.Pool) {
		if m.Name == name && m.Mark != mark {
			s.Errorf("list: mark of %s is %q, want %q", name, m.Mark, mark)
		}
	}
}
