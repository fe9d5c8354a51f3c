package vsphere

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// Snapshot saves the disks and the memory of a machine under an id.
func (p *Provider) Snapshot(ctx context.Context, pool vm.Pool, name, id string) error {
	return p.change(ctx, "snapshot", name, func(ctx context.Context, c *vim25.Client, own *claim) error {
		m, there, err := p.snapshotOf(ctx, c, pool, name, id)
		if err != nil || there != nil {
			return err
		}
		_, err = p.run(ctx, c, own, func(ctx context.Context) (*object.Task, error) {
			return object.NewVirtualMachine(c, m).CreateSnapshot(ctx, id, "", true, false)
		})
		return err
	})
}

// Revert brings a machine back to a snapshot and runs it. Saved without its memory, it boots.
func (p *Provider) Revert(ctx context.Context, pool vm.Pool, name, id string) error {
	return p.change(ctx, "revert", name, func(ctx context.Context, c *vim25.Client, own *claim) error {
		m, there, err := p.snapshotOf(ctx, c, pool, name, id)
		if err != nil {
			return err
		}
		if there == nil {
			return fmt.Errorf("%w with snapshot %q", vm.ErrNotFound, id)
		}
		_, err = p.run(ctx, c, own, func(ctx context.Context) (*object.Task, error) {
			res, err := methods.RevertToSnapshot_Task(ctx, c, &types.RevertToSnapshot_Task{This: *there})
			if err != nil {
				return nil, err
			}
			return object.NewTask(c, res.Returnval), nil
		})
		if err != nil {
			return err
		}
		return p.start(ctx, c, own, m)
	})
}

// DropSnapshot removes a snapshot, but not those that were taken after it.
func (p *Provider) DropSnapshot(ctx context.Context, pool vm.Pool, name, id string) error {
	return p.change(ctx, "drop snapshot", name, func(ctx context.Context, c *vim25.Client, own *claim) error {
		_, there, err := p.snapshotOf(ctx, c, pool, name, id)
		if err == nil && there != nil {
			_, err = p.run(ctx, c, own, func(ctx context.Context) (*object.Task, error) {
				res, err := methods.RemoveSnapshot_Task(ctx, c, &types.RemoveSnapshot_Task{This: *there, Consolidate: types.NewBool(true)})
				if err != nil {
					return nil, err
				}
				return object.NewTask(c, res.Returnval), nil
			})
		}
		if isMissing(err) {
			return nil
		}
		return err
	})
}

// snapshotOf finds a machine and its snapshot, which is nil if there is none, once nothing is under way on it any more.
func (p *Provider) snapshotOf(ctx context.Context, c *vim25.Client, pool vm.Pool, name, id string) (ref, *ref, error) {
	if id == "" || len(id) > 80 {
		return ref{}, nil, wrong("snapshot: %q is no id", id)
	}
	m, err := p.quiet(ctx, c, pool, name)
	if err != nil {
		return ref{}, nil, err
	}
	v, err := one[mo.VirtualMachine](ctx, c, m, "snapshot")
	if err != nil || v.Snapshot == nil {
		return m, nil, err
	}
	return m, inTree(v.Snapshot.RootSnapshotList, id), nil
}

func inTree(tree []types.VirtualMachineSnapshotTree, name string) *ref {
	for _, s := range tree {
		if s.Name == name {
			return &s.Snapshot
		}
		if found := inTree(s.ChildSnapshotList, name); found != nil {
			return found
		}
	}
	return nil
}
