package pools

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"yardmaster/store"
)

// Delete gives a running machine up for destruction. Errors: ErrNotFound, also for a machine that is not checked out;
// ErrNeedToken, ErrNotYours.
func (s *Service) Delete(ctx context.Context, by Who, name string) error {
	return s.onRunning(ctx, by, name, true, func(tx *store.Tx, v *store.VM) error {
		return complete(tx, v, "deleted by its user")
	})
}

// Change sets a machine's lifetime and tags. The caller has judged both by Config; tags pass the configured filter here.
// Errors: ErrNotFound, ErrNotYours.
func (s *Service) Change(ctx context.Context, by Who, name string, c Change) error {
	return s.onRunning(ctx, by, name, false, func(tx *store.Tx, v *store.VM) error {
		if c.Lifetime != nil {
			v.Lifetime = *c.Lifetime
		}
		tags := maps.Clone(v.Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		for _, tag := range slices.Sorted(maps.Keys(c.Tags)) {
			value := s.filtered(tag, c.Tags[tag])
			if value == "" {
				continue
			}
			tags[tag] = value
			if err := store.AddTag(tx, v.Name, tag, value); err != nil {
				return err
			}
		}
		v.Tags = tags
		return store.PutVM(tx, v)
	})
}

// filtered is a tag's value as the configured pattern cuts it: its captures, joined, where it matches.
func (d *Domain) filtered(tag, value string) string {
	filter := d.cfg.TagFilter[tag]
	if filter == nil {
		return value
	}
	m := filter.FindStringSubmatch(value)
	switch {
	case m == nil:
		return value
	case len(m) == 1:
		return m[0]
	}
	return strings.Join(m[1:], "")
}

// onRunning changes a machine that is checked out, by someone who may. strict asks for a token where one took it.
func (s *Service) onRunning(ctx context.Context, by Who, name string, strict bool, change func(*store.Tx, *store.VM) error) error {
	var pool string
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		v, err := store.VMs.Get(tx, name)
		if err != nil {
			return missing(err)
		}
		if !v.Held() {
			return ErrNotFound
		}
		if err := s.may(by, &v, strict); err != nil {
			return err
		}
		pool = v.Pool
		return change(tx, &v)
	})
	if err == nil {
		s.keeper.kickVM(pool, name)
	}
	return err
}

// may judges whether a caller may change a machine.
func (d *Domain) may(by Who, v *store.VM, strict bool) error {
	switch {
	case by.Admin:
		return nil
	case strict && v.Token != "" && by.User == "":
		return ErrNeedToken
	case d.cfg.Ownership && v.User != "" && v.User != by.User:
		return ErrNotYours
	}
	return nil
}

// The tasks below are answered once they are on disk; each becomes an operation when those before it on the same machine
// have ended.

// AddDisk asks for one more disk of so many GB.
func (s *Service) AddDisk(ctx context.Context, by Who, name string, gb int) error {
	return s.task(ctx, by, name, func(v *store.VM) (store.VMTask, error) {
		return store.VMTask{Kind: kindDisk, Arg: s.newID(), GB: gb}, nil
	})
}

// Snapshot asks for a snapshot, and says under which id it will be found. label is what its user calls it, or "".
func (s *Service) Snapshot(ctx context.Context, by Who, name, label string) (id string, err error) {
	id = s.newID()
	return id, s.task(ctx, by, name, func(v *store.VM) (store.VMTask, error) {
		return store.VMTask{Kind: kindSnapshot, Arg: id, Name: label}, nil
	})
}

// Revert asks for the state that a snapshot holds, by its id or its name. ErrNoSnapshot.
func (s *Service) Revert(ctx context.Context, by Who, name, snapshot string) error {
	return s.onSnapshot(ctx, by, name, snapshot, kindRevert)
}

// DropSnapshot asks for a snapshot to be removed. ErrNoSnapshot.
func (s *Service) DropSnapshot(ctx context.Context, by Who, name, snapshot string) error {
	return s.onSnapshot(ctx, by, name, snapshot, kindDrop)
}

func (s *Service) onSnapshot(ctx context.Context, by Who, name, snapshot, kind string) error {
	return s.task(ctx, by, name, func(v *store.VM) (store.VMTask, error) {
		for _, have := range slices.Backward(v.Snaps) {
			if have.ID == snapshot || have.Name != "" && have.Name == snapshot {
				return store.VMTask{Kind: kind, Arg: have.ID}, nil
			}
		}
		return store.VMTask{}, ErrNoSnapshot
	})
}

// mostTasks bounds what may wait on one machine.
const mostTasks = 100

func (s *Service) task(ctx context.Context, by Who, name string, make func(*store.VM) (store.VMTask, error)) error {
	return s.onRunning(ctx, by, name, false, func(tx *store.Tx, v *store.VM) error {
		t, err := make(v)
		if err != nil {
			return err
		}
		if len(v.Tasks) >= mostTasks {
			return fmt.Errorf("%w: %d tasks wait already", ErrBusy, len(v.Tasks))
		}
		t.Owner, t.RequestID = by.User, by.RequestID
		v.Tasks = append(slices.Clone(v.Tasks), t)
		return store.PutVM(tx, v)
	})
}
