package sim

import (
	"context"
	"errors"
	"fmt"

	"yardmaster/executors/vm"
)

// What the simulated machines say beside vm's own errors.
var (
	errHalf     = errors.New("the machine is half made")
	errOff      = errors.New("the machine is off")
	errBadLuck  = errors.New("it broke off")
	errReplaced = errors.New("the machine was destroyed meanwhile")
	errNotYet   = errors.New("the machine does not answer yet")
)

// List is the pool's machines by name, half made ones too.
func (s *Sim) List(ctx context.Context, p vm.Pool) (all []vm.Machine, err error) {
	err = s.call(ctx, List, p, "", func() error {
		return s.look(ctx, func(w *world) error {
			all = w.list(p.Name)
			return nil
		})
	})
	return all, err
}

// Get is one machine; looking may cost it its power or its name, see Options.
func (s *Sim) Get(ctx context.Context, p vm.Pool, name string) (m vm.Machine, err error) {
	err = s.call(ctx, Get, p, name, func() error {
		off, rename := s.chance(s.opt.GetPowerOff), s.chance(s.opt.GetRename)
		see := s.look
		if off || rename {
			see = s.change
		}
		return see(ctx, func(w *world) error {
			got, err := w.find(p, name)
			if err != nil {
				return err
			}
			if !got.Half && s.mishap(&got, off, rename) {
				w.put(got)
			}
			m = got.machine()
			return nil
		})
	})
	return m, err
}

// mishap lets bad luck happen to a machine that had none yet.
func (s *Sim) mishap(m *State, off, rename bool) (happened bool) {
	if off && m.Power == vm.PoweredOn {
		s.log.Debug("simulated machine loses its power", "vm", m.Name, "pool", m.Pool)
		m.off()
		happened = true
	}
	if rename && m.Hostname == m.Name {
		s.log.Debug("simulated machine calls itself otherwise", "vm", m.Name, "pool", m.Pool)
		m.Hostname = "renamed-" + m.Name
		happened = true
	}
	return happened
}

// Address is the machine's, at once; a machine without power has none.
func (s *Sim) Address(ctx context.Context, p vm.Pool, name string) (ip string, err error) {
	err = s.call(ctx, Address, p, name, func() error {
		m, err := s.running(ctx, p, name)
		ip = m.IP
		return err
	})
	return ip, err
}

// Ready asks the machine itself, whatever the pool's check and the address.
func (s *Sim) Ready(ctx context.Context, p vm.Pool, name, _ string) error {
	return s.call(ctx, Ready, p, name, func() error {
		m, err := s.running(ctx, p, name)
		if err != nil {
			return err
		}
		if s.chance(s.opt.ReadyFail) {
			return errNotYet
		}
		if m.Greeted || s.opt.FirstReady == 0 {
			return nil
		}
		if err := wait(ctx, s.opt.FirstReady); err != nil {
			return err
		}
		return s.amend(ctx, p, m, func(_ *world, m *State) error {
			m.Greeted = true
			return nil
		})
	})
}

// Migrate moves the machine to the host with the fewest machines if the dice find it better.
func (s *Sim) Migrate(ctx context.Context, p vm.Pool, name string) (host string, err error) {
	err = s.call(ctx, Migrate, p, name, func() error {
		m, err := s.whole(ctx, p, name)
		host = m.Host
		if err != nil || !s.chance(s.opt.MigrateCouldMove) {
			return err
		}
		if err := s.toil(ctx, s.opt.MigrateVM); err != nil {
			return err
		}
		return s.amend(ctx, p, m, func(w *world, m *State) error {
			if better := w.idlest(s.opt.Hosts, m.Host); better != "" {
				m.Host = better
			}
			host = m.Host
			return nil
		})
	})
	return host, err
}

// Tag notes who uses the machine; Inspect shows it.
func (s *Sim) Tag(ctx context.Context, p vm.Pool, name, user string) error {
	return s.call(ctx, Tag, p, name, func() error {
		m, err := s.whole(ctx, p, name)
		if err != nil || m.User == user {
			return err
		}
		return s.amend(ctx, p, m, func(_ *world, m *State) error {
			m.User = user
			return nil
		})
	})
}

// machine is one of a pool as it is now.
func (s *Sim) machine(ctx context.Context, p vm.Pool, name string) (m State, err error) {
	err = s.look(ctx, func(w *world) (err error) {
		m, err = w.find(p, name)
		return err
	})
	return m, err
}

// whole is a machine whose creation came to its end.
func (s *Sim) whole(ctx context.Context, p vm.Pool, name string) (State, error) {
	m, err := s.machine(ctx, p, name)
	if err == nil && m.Half {
		err = errHalf
	}
	return m, err
}

// running is a machine that is on.
func (s *Sim) running(ctx context.Context, p vm.Pool, name string) (State, error) {
	m, err := s.whole(ctx, p, name)
	if err == nil && m.Power != vm.PoweredOn {
		err = errOff
	}
	return m, err
}

// amend changes a machine that was seen before, if it is still that one.
func (s *Sim) amend(ctx context.Context, p vm.Pool, seen State, fn func(*world, *State) error) error {
	return s.change(ctx, func(w *world) error {
		m, err := w.find(p, seen.Name)
		if err != nil {
			return err
		}
		if m.Serial != seen.Serial {
			return errReplaced
		}
		if err := fn(w, &m); err != nil {
			return err
		}
		if err := m.check(); err != nil {
			return fmt.Errorf("%w: %w", vm.ErrPermanent, err)
		}
		w.put(m)
		return nil
	})
}
