package sim

import (
	"context"
	"errors"
	"slices"

	"yardmaster/executors/vm"
)

// noSnapshot is vm.ErrNotFound in words that do not blame the machine.
type noSnapshot string

func (id noSnapshot) Error() string { return "no such snapshot: " + string(id) }

// Is makes it vm.ErrNotFound.
func (noSnapshot) Is(target error) bool { return target == vm.ErrNotFound }

// AddDisk adds a disk of any size that is one.
func (s *Sim) AddDisk(ctx context.Context, p vm.Pool, name, id string, gb int) error {
	return s.call(ctx, AddDisk, p, name, func() error {
		m, err := s.whole(ctx, p, name)
		if err != nil || m.disk(id) >= 0 {
			return err
		}
		if err := s.toil(ctx, s.opt.CreateDisk); err != nil {
			return err
		}
		return s.amend(ctx, p, m, func(_ *world, m *State) error {
			if m.disk(id) < 0 {
				m.Disks = append(m.Disks, Disk{ID: id, GB: gb})
			}
			return nil
		})
	})
}

// Snapshot saves the machine's disks and its own name for itself.
func (s *Sim) Snapshot(ctx context.Context, p vm.Pool, name, id string) error {
	return s.call(ctx, TakeSnapshot, p, name, func() error {
		m, err := s.whole(ctx, p, name)
		if err != nil || m.snapshot(id) >= 0 {
			return err
		}
		if err := s.toil(ctx, s.opt.CreateSnapshot); err != nil {
			return err
		}
		return s.amend(ctx, p, m, func(_ *world, m *State) error {
			if m.snapshot(id) < 0 {
				m.Snapshots = append(m.Snapshots, Snapshot{ID: id, Taken: s.opt.Now(), Hostname: m.Hostname, Disks: slices.Clone(m.Disks)})
			}
			return nil
		})
	})
}

// Revert brings back what Snapshot saved and boots the machine; other snapshots stay.
func (s *Sim) Revert(ctx context.Context, p vm.Pool, name, id string) error {
	return s.call(ctx, Revert, p, name, func() error {
		m, err := s.whole(ctx, p, name)
		if err != nil {
			return err
		}
		if m.snapshot(id) < 0 {
			return noSnapshot(id)
		}
		if err := s.toil(ctx, s.opt.RevertSnapshot); err != nil {
			return err
		}
		return s.amend(ctx, p, m, func(_ *world, m *State) error {
			i := m.snapshot(id)
			if i < 0 {
				return noSnapshot(id)
			}
			m.Hostname, m.Disks = m.Snapshots[i].Hostname, slices.Clone(m.Snapshots[i].Disks)
			m.on(s.opt.Now())
			return nil
		})
	})
}

// DropSnapshot forgets a snapshot, at once.
func (s *Sim) DropSnapshot(ctx context.Context, p vm.Pool, name, id string) error {
	return s.call(ctx, DropSnapshot, p, name, func() error {
		m, err := s.machine(ctx, p, name)
		if errors.Is(err, vm.ErrNotFound) {
			return nil
		}
		if err != nil || m.snapshot(id) < 0 {
			return err
		}
		err = s.amend(ctx, p, m, func(_ *world, m *State) error {
			m.Snapshots = slices.DeleteFunc(m.Snapshots, func(taken Snapshot) bool { return taken.ID == id })
			return nil
		})
		if errors.Is(err, vm.ErrNotFound) || errors.Is(err, errReplaced) {
			return nil
		}
		return err
	})
}
