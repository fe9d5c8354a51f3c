package volumes

import (
	"context"
	"errors"
	"fmt"
	"time"
	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/store"
)

// cleanKind removes a brick that a silent machine still held when its operation ended.
type cleanKind struct {
	d *Domain
	m machines
}

// leave keeps a brick's record and space, and an operation that removes it when its machine is back.
func (d *Domain) leave(tx *store.Tx, op *store.Operation, b store.Brick) error {
	node, err := store.Nodes.Get(tx, b.Node)
	if err != nil {
		return err
	}
	g := asGluster(b, node)
	child := store.Operation{Kind: cleanKind{}.Name(), Dialect: op.Dialect, Parent: op.ID, Owner: op.Owner, RequestID: op.RequestID,
		Targets: []store.Ref{{Kind: store.KindLeftover, ID: b.ID}}, Hosts: []string{g.Host}, Plan: []string{"dropped/" + b.ID},
		NotBefore: tx.Now().Add(time.Second)}
	if err := jobs.SetInput(&child, g); err != nil {
		return err
	}
	id := d.newID()
	b.Volume, b.Pending = "", id
	if err := store.Bricks.Put(tx, &b); err != nil {
		return err
	}
	op.Notes = append(op.Notes, fmt.Sprintf("brick %s is left on %s, which did not answer; operation %s removes it", b.ID, g.Host, id))
	return jobs.Spawn(tx, id, child)
}

func (cleanKind) Name() string { return "brick.clean" }

func (cleanKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 10 * time.Minute, Attempts: jobs.Endless, Backoff: time.Second, MaxWait: 30 * time.Second, Forward: true}
}

func (k cleanKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	b, err := jobs.Input[gluster.Brick](op)
	if err != nil {
		return err
	}
	reclaimed, err := k.m.g.BrickDestroy(ctx, b)
	if err != nil {
		return onward(fault(b.Host, err))
	}
	return j.Put("dropped/"+b.ID, reclaimed)
}

func (k cleanKind) Finish(tx *store.Tx, op *store.Operation) error {
	b, err := store.Bricks.Get(tx, op.Targets[0].ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return k.d.settleDropped(tx, op, b, false)
}

// Undo has nothing to take back: what Run did not remove is still to be removed.
func (cleanKind) Undo(context.Context, store.Operation, *jobs.Journal) error {
	return errors.New("a leftover brick can only be removed")
}

func (cleanKind) Abandon(*store.Tx, *store.Operation) error {
	return errors.New("a leftover brick can only be removed")
}
