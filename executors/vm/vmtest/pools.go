package vmtest

import (
	"slices"

	"yardmaster/executors/vm"
)

var pools = []promise{
	{"the machines of one pool are not listed in another", func(s *site) {
		here, there := s.made(s.Pool, "a"), s.made(s.Other, "b")
		if got := s.list(s.Pool); !slices.Contains(got, here) || slices.Contains(got, there) {
			s.Errorf("%s lists %q", s.Pool.Name, got)
		}
		if got := s.list(s.Other); slices.Contains(got, here) || !slices.Contains(got, there) {
			s.Errorf("%s lists %q", s.Other.Name, got)
		}
	}},
	{"a name that another pool uses is ErrExists", func(s *site) {
		name := s.made(s.Pool, "a")
		s.is("create", s.create(s.Other, name), vm.ErrExists)
		if slices.Contains(s.list(s.Other), name) {
			s.Error("the refused machine is listed")
		}
		m, err := s.get(s.Pool, name)
		s.must("get", err)
		if m.Power != vm.PoweredOn {
			s.Errorf("the first machine is %q now", m.Power)
		}
	}},
	{"an empty pool is an empty list", func(s *site) {
		name := s.made(s.Pool, "a")
		s.must("destroy", s.destroy(s.Pool, name))
		if got := s.list(s.Pool); slices.Contains(got, name) {
			s.Errorf("got %q", got)
		}
	}},
	{"a machine of somebody else is listed, found, in the way and destroyed like any", func(s *site) {
		s.needs("way to make a foreign machine", s.Foreign != nil)
		name := s.Foreign(s.T, s.Pool)
		if !slices.Contains(s.list(s.Pool), name) {
			s.Errorf("%s is not listed", name)
		}
		if slices.Contains(s.list(s.Other), name) {
			s.Errorf("%s is listed in the other pool", name)
		}
		m, err := s.get(s.Pool, name)
		s.must("get", err)
		if m.Name != name {
			s.Errorf("got name %q, want %q", m.Name, name)
		}
		s.is("create", s.create(s.Pool, name), vm.ErrExists)
		s.must("destroy", s.destroy(s.Pool, name))
		s.gone(s.Pool, name)
	}},
}
