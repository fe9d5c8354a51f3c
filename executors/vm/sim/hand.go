package sim

import (
	"context"
	"fmt"

	"yardmaster/executors/vm"
)

// Inspect is all there is to a machine of any pool.
func (s *Sim) Inspect(name string) (m State, ok bool) {
	err := s.look(context.Background(), func(w *world) error {
		m, ok = w.machines[name]
		m = m.copied()
		return nil
	})
	return m, ok && err == nil
}

// AddForeign makes a machine in a pool that the provider did not make. No fault and no delay hits what is done by hand.
func (s *Sim) AddForeign(ctx context.Context, p vm.Pool, name string) error {
	err := s.change(ctx, func(w *world) error {
		c := clone{s: s, p: p, name: name}
		if err := c.begin(w); err != nil {
			return err
		}
		if err := c.end(w); err != nil {
			return err
		}
		m := w.machines[name]
		m.Foreign = true
		w.put(m)
		return nil
	})
	if err != nil {
		return fmt.Errorf("add foreign %s: %w", name, err)
	}
	return nil
}

// Remove takes a machine away behind the provider's back: vm.ErrNotFound if there is none.
func (s *Sim) Remove(ctx context.Context, name string) error {
	err := s.change(ctx, func(w *world) error {
		if _, ok := w.machines[name]; !ok {
			return vm.ErrNotFound
		}
		w.remove(name)
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

// Change does anything to a machine behind the provider's back; only its name and serial stay what they are.
func (s *Sim) Change(ctx context.Context, name string, fn func(*State)) error {
	err := s.change(ctx, func(w *world) error {
		m, ok := w.machines[name]
		if !ok {
			return vm.ErrNotFound
		}
		m = m.copied()
		serial := m.Serial
		fn(&m)
		m.Name, m.Serial = name, serial
		if err := m.check(); err != nil {
			return err
		}
		w.put(m.copied())
		return nil
	})
	if err != nil {
		return fmt.Errorf("change %s: %w", name, err)
	}
	return nil
}

// PowerOff pulls a machine's plug.
func (s *Sim) PowerOff(ctx context.Context, name string) error {
	return s.Change(ctx, name, (*State).off)
}
