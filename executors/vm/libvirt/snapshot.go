package libvirt

import (
	"context"
	"errors"

	"yardmaster/executors/vm"
)

// noSnapshot is how virsh denies a snapshot.
const noSnapshot = "no domain snapshot with matching name"

// Snapshot keeps the machine's disks, and its memory if it runs, within its volumes.
func (p *Provider) Snapshot(ctx context.Context, pool vm.Pool, name, id string) error {
	if err := checkID("snapshot", id); err != nil {
		return err
	}
	_, err := p.change(ctx, pool, name, "snapshot of "+name, p.opt.CopyTimeout, func(s *script, _ place) {
		s.tolerate("V snapshot-create-as "+name+" "+id, "already exists")
	})
	return err
}

// Revert brings back disks and memory. What was added to the machine since then is taken off it.
func (p *Provider) Revert(ctx context.Context, pool vm.Pool, name, id string) error {
	if err := checkID("snapshot", id); err != nil {
		return err
	}
	_, err := p.change(ctx, pool, name, "revert "+name, p.opt.CopyTimeout, func(s *script, _ place) {
		s.add("V snapshot-revert %s %s --running > /dev/null\n", name, id)
	})
	return err
}

// DropSnapshot removes a snapshot. That none is there, nor the machine, is what was wanted.
func (p *Provider) DropSnapshot(ctx context.Context, pool vm.Pool, name, id string) error {
	if err := checkID("snapshot", id); err != nil {
		return err
	}
	_, err := p.change(ctx, pool, name, "drop snapshot of "+name, p.opt.CopyTimeout, func(s *script, _ place) {
		s.tolerate("V snapshot-delete "+name+" "+id, noSnapshot)
	})
	if errors.Is(err, vm.ErrNotFound) {
		return nil
	}
	return err
}
