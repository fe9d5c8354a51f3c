package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"yardmaster/executors/vm"
)

// clone is a Create on its way: what the dice say of it, and which machine is its own.
type clone struct {
	s      *Sim
	p      vm.Pool
	name   string
	breaks bool // it will fail
	stays  bool // and leave what it made
	serial uint64
}

// Create makes a machine. While its time runs the machine is there, half made, and stays so if the call is cut off.
func (s *Sim) Create(ctx context.Context, p vm.Pool, name string) error {
	return s.call(ctx, Create, p, name, func() error {
		takes := s.delay(s.opt.CreateVM.MaxTime)
		c := clone{s: s, p: p, name: name, breaks: s.chance(s.opt.CreateVM.FailPercent), stays: s.chance(s.opt.LeaveHalfMade)}
		err := s.change(ctx, func(w *world) error {
			if err := c.begin(w); err != nil || takes > 0 {
				return err
			}
			return c.end(w)
		})
		if err != nil || takes == 0 {
			return err
		}
		if err := wait(ctx, takes); err != nil {
			return err
		}
		return s.change(ctx, c.end)
	})
}

// begin makes half a machine.
func (c *clone) begin(w *world) error {
	if _, taken := w.machines[c.name]; taken {
		return vm.ErrExists
	}
	if slices.Contains(c.s.opt.Missing, c.p.Template) {
		return fmt.Errorf("no template %q: %w", c.p.Template, vm.ErrPermanent)
	}
	m := w.born(c.p, c.name, c.s.opt.Hosts)
	if err := m.check(); err != nil {
		return fmt.Errorf("%w: %w", vm.ErrPermanent, err)
	}
	c.serial = m.Serial
	w.put(m)
	return nil
}

// end makes the other half, or fails.
func (c *clone) end(w *world) error {
	m, err := w.find(c.p, c.name)
	if err != nil || m.Serial != c.serial {
		return errReplaced
	}
	if c.breaks {
		if !c.stays {
			w.remove(c.name)
		}
		return errBadLuck
	}
	m.Half = false
	m.on(c.s.opt.Now())
	w.put(m)
	return nil
}

// Destroy stops a machine, which takes its time, and then removes it, which takes its own.
func (s *Sim) Destroy(ctx context.Context, p vm.Pool, name string) error {
	return s.call(ctx, Destroy, p, name, func() error {
		m, err := s.machine(ctx, p, name)
		if errors.Is(err, vm.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.stop(ctx, p, m); err != nil {
			return err
		}
		if err := s.toil(ctx, s.opt.DestroyVM); err != nil {
			return err
		}
		return s.change(ctx, func(w *world) error {
			if now, err := w.find(p, name); err == nil && now.Serial == m.Serial {
				w.remove(name)
			}
			return nil
		})
	})
}

// stop takes a machine's power; if nothing can come between that and its end, it is not worth a change of its own.
func (s *Sim) stop(ctx context.Context, p vm.Pool, m State) error {
	if m.Power != vm.PoweredOn || s.opt.DestroyShutdown == 0 && s.opt.DestroyVM == (Trouble{}) {
		return nil
	}
	if err := wait(ctx, s.delay(s.opt.DestroyShutdown)); err != nil {
		return err
	}
	return s.change(ctx, func(w *world) error {
		if now, err := w.find(p, m.Name); err == nil && now.Serial == m.Serial {
			now.off()
			w.put(now)
		}
		return nil
	})
}
