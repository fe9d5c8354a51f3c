package vmtest

import (
	"context"
	"net"
	"net/netip"
	"time"

	"yardmaster/executors/vm"
)

var guest = []promise{
	{"a machine gets an address of its own", func(s *site) {
		s.needs("addresses", !s.suite.NoAddress)
		one, two := s.made(s.Pool, "a"), s.made(s.Pool, "b")
		first, second := s.address(one), s.address(two)
		if first == second {
			s.Errorf("both have %s", first)
		}
		if again := s.address(one); again != first {
			s.Errorf("asked again: %s, before %s", again, first)
		}
		m, err := s.get(s.Pool, one)
		s.must("get", err)
		if m.IP != "" && m.IP != first {
			s.Errorf("get says %s, the address is %s", m.IP, first)
		}
	}},
	{"address waits no longer than it may", func(s *site) {
		name := s.made(s.Pool, "a")
		ctx, cancel := context.WithTimeout(s.Context(), time.Millisecond)
		defer cancel()
		start := time.Now()
		s.Provider.Address(ctx, s.Pool, name)
		if took := time.Since(start); took > s.quick() {
			s.Errorf("took %v", took)
		}
	}},
	{"a machine of which nothing is asked is ready", func(s *site) {
		name := s.made(s.Pool, "a")
		s.must("ready", s.ready(vm.Readiness{Check: vm.CheckNone}, name, ""))
	}},
	{"a machine is ready when its port takes connections", func(s *site) {
		s.needs("network", !s.suite.NoDial)
		name := s.made(s.Pool, "a")
		l, err := net.Listen("tcp", "127.0.0.1:0")
		s.must("listen", err)
		defer l.Close()
		check := vm.Readiness{Check: vm.CheckTCP, Port: l.Addr().(*net.TCPAddr).Port, Timeout: time.Second}
		s.must("ready", s.ready(check, name, "127.0.0.1"))
		l.Close()
		if err := s.ready(check, name, "127.0.0.1"); err == nil {
			s.Error("ready with nobody on the port")
		}
	}},
	{"migrate says where the machine runs", func(s *site) {
		s.needs("migration", !s.suite.NoMigrate)
		name := s.made(s.Pool, "a")
		for range 2 {
			host, err := s.migrate(name)
			s.must("migrate", err)
			if host == "" {
				s.Fatal("no host")
			}
			m, err := s.get(s.Pool, name)
			s.must("get", err)
			if m.Host != host {
				s.Errorf("get says %q, migrate said %q", m.Host, host)
			}
			s.running(name)
		}
	}},
	{"tag is no error, with any user, any number of times", func(s *site) {
		name := s.made(s.Pool, "a")
		for _, user := range []string{"ada", "ada", `o'neil "<&>" \ ü@example.com`, ""} {
			s.must("tag "+user, s.do(func(ctx context.Context) error { return s.Provider.Tag(ctx, s.Pool, name, user) }))
		}
		s.running(name)
	}},
}

func (s *site) address(name string) (ip string) {
	s.Helper()
	err := s.do(func(ctx context.Context) (err error) {
		ip, err = s.Provider.Address(ctx, s.Pool, name)
		return err
	})
	s.must("address", err)
	if _, err := netip.ParseAddr(ip); err != nil {
		s.Fatalf("address of %s: %v", name, err)
	}
	return ip
}

func (s *site) ready(check vm.Readiness, name, address string) error {
	p := s.Pool
	p.Ready = check
	return s.do(func(ctx context.Context) error { return s.Provider.Ready(ctx, p, name, address) })
}

func (s *site) migrate(name string) (host string, err error) {
	err = s.do(func(ctx context.Context) error {
		host, err = s.Provider.Migrate(ctx, s.Pool, name)
		return err
	})
	return host, err
}
