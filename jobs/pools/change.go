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

// Change does all of c to a machine or, with an error, nothing. The caller has judged its parts by Config; tags pass the
// configured filter here. Errors: ErrNotFound, ErrNotYours, ErrBusy, *ChangeError.
func (s *Service) Change(ctx context.Context, by Who, name string, c Change) error {
	return s.onRunning(ctx, by, name, false, func(tx *store.Tx, v *store.VM) error {
		if c.Lifetime != nil {
			v.Lifetime = *c.Lifetime
		}
		if err := s.tag(tx, v, c.Tags); err != nil {
			return err
		}
		if c.Disk > 0 {
			if err := enqueue(v, by, store.VMTask{Kind: kindDisk, Arg: s.newID(), GB: c.Disk}); err != nil {
				return err
			}
		}
		return store.PutVM(tx, v)
	})
}

// What the tags of one machine may come to, since all of them are counted in one transaction when it is given up.
const (
	mostTags     = 100
	mostTagBytes = 64 << 10 // of keys and values
)

// tag adds tags to a machine and counts them today.
func (d *Domain) tag(tx *store.Tx, v *store.VM, added map[string]string) error {
	tags := maps.Clone(v.Tags)
	var set []string
	for _, tag := range slices.Sorted(maps.Keys(added)) {
		value := d.filtered(tag, added[tag])
		if value == "" {
			continue
		}
		if tags == nil {
			tags = map[string]string{}
		}
		tags[tag] = value
		set = append(set, tag)
	}
	if set == nil {
		return nil
	}
	if failures := tooMuch(tags); failures != nil {
		return &ChangeError{failures}
	}
	for _, tag := range set {
		if err := store.AddTag(tx, v.Name, tag, tags[tag]); err != nil {
			return err
		}
	}
	v.Tags = tags
	return nil
}

// tooMuch says by how much tags are beyond the bounds.
func tooMuch(tags map[string]string) (failures []string) {
	size := 0
	for tag, value := range tags {
		size += len(tag) + len(value)
	}
	if len(tags) > mostTags {
		failures = append(failures, fmt.Sprintf("You provided too many tags: the machine would have %d, of at most %d.", len(tags), mostTags))
	}
	if size > mostTagBytes {
		failures = append(failures, fmt.Sprintf("You provided too long tags: the machine would have %d bytes of them, of at most %d.", size, mostTagBytes))
	}
	return failures
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

// onRunning changes a machine that is checked out, by someone who may. strict asks who it is where a known caller took it.
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
	case strict && (v.Token != "" || v.User != "") && by.User == "":
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
		if err := enqueue(v, by, t); err != nil {
			return err
		}
		return store.PutVM(tx, v)
	})
}

// enqueue adds a task to those that wait on a machine, or refuses it with ErrBusy.
func enqueue(v *store.VM, by Who, t store.VMTask) error {
	if len(v.Tasks) >= mostTasks {
		return fmt.Errorf("%w: %d tasks wait already", ErrBusy, len(v.Tasks))
	}
	t.Owner, t.RequestID = by.User, by.RequestID
	v.Tasks = append(slices.Clone(v.Tasks), t)
	return nil
}
