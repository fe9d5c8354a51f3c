package volumes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/jobs/volumes/placement"
	"yardmaster/store"
)

// move is one brick that is to make way for a new one.
type move struct {
	Volume string        `json:"volume"` // gluster's name of it
	Old    gluster.Brick `json:"old"`
	New    gluster.Brick `json:"new"`
	Peers  []string      `json:"peers"` // addresses of the other bricks of the set
	Need   int           `json:"need"`  // how many of them must be online
}

// movePlan is the evacuation of bricks from a device, a node or one place.
type movePlan struct {
	Moves   []move   `json:"moves"`
	Hosts   []string `json:"hosts"`
	Heal    bool     `json:"heal"` // look whether the others are healed before one is given up
	Refused string   `json:"refused,omitempty"`
}

// EvictBrick moves one brick to another device. Errors: ErrNotFound, *BuildError, ErrThrottled.
func (s *Service) EvictBrick(ctx context.Context, by Caller, id string, heal bool) (store.Operation, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		b, err := known(store.Bricks, tx, id)
		if err != nil {
			return err
		}
		if b.Pending != "" {
			return refusef(errPlan, "Can not evict brick %s: brick is pending", id)
		}
		if others, err := store.Bricks.List(tx, store.ByVolume, b.Volume); err != nil {
			return err
		} else if slices.ContainsFunc(others, func(o store.Brick) bool { return o.Pending != "" }) {
			return refusef(errPlan, "Can not evict brick %s from volume %s: volume has pending bricks", id, b.Volume)
		}
		by.begin(op, "brick.evict", store.Ref{Kind: store.KindBrick, ID: id}, store.Ref{Kind: store.KindVolume, ID: b.Volume})
		op.Counted = true
		p := movePlan{Heal: heal}
		if err := s.addMove(tx, op, &p, b); err != nil {
			if !errors.Is(err, placement.ErrNoReplacement) {
				return err
			}
			p = movePlan{Refused: err.Error()}
		}
		return p.into(op)
	})
	return op, s.asked(err, "Failed to set up brick eviction")
}

// evacuate plans the way of every brick off some devices; all find a place, or none moves.
func (s *Service) evacuate(tx *store.Tx, op *store.Operation, by Caller, ref store.Ref, devices []store.Device, heal bool) error {
	p := movePlan{Heal: heal}
	volumes := map[string]bool{}
	for _, d := range devices {
		bricks, err := store.Bricks.List(tx, store.ByDevice, d.ID)
		if err != nil {
			return err
		}
		for _, b := range bricks {
			if b.Pending != "" {
				if maker, err := store.Operations.Get(tx, b.Pending); err == nil && maker.Kind == (cleanKind{}).Name() {
					continue // left by an ended operation; its cleaner has it
				}
				return ErrBusy
			}
			volumes[b.Volume] = true
			err := s.addMove(tx, op, &p, b)
			if errors.Is(err, placement.ErrNoReplacement) {
				p.Refused = noReplacement(ref, d.ID)
				break
			}
			if err != nil {
				return err
			}
		}
	}
	var ids []string
	for id := range volumes {
		ids = append(ids, id)
	}
	by.begin(op, "device.evacuate", append([]store.Ref{ref}, sortedRefs(store.KindVolume, ids)...)...)
	op.Counted = true
	if p.Refused != "" {
		if err := s.dropMoves(tx, op, p.Moves); err != nil {
			return err
		}
		p = movePlan{Refused: p.Refused}
	}
	return p.into(op)
}

func noReplacement(ref store.Ref, device string) string {
	if ref.Kind == store.KindNode {
		return fmt.Sprintf("Unable to remove node [%s] as no device was found to replace device [%s]", ref.ID, device)
	}
	return fmt.Sprintf("Unable to delete device [%s] as no device was found to replace it: %s", device, placement.ErrNoReplacement)
}

func (p movePlan) into(op *store.Operation) error {
	op.Plan = nil
	for _, m := range p.Moves {
		op.Plan = append(op.Plan, "moved/"+m.Old.ID)
		for _, h := range []string{m.New.Host, m.Old.Host} {
			if !slices.Contains(op.Hosts, h) {
				op.Hosts = append(op.Hosts, h)
			}
		}
	}
	return jobs.SetInput(op, p)
}

// addMove finds a place for one brick's successor, reserves it and adds the move to the plan.
func (d *Domain) addMove(tx *store.Tx, op *store.Operation, p *movePlan, old store.Brick) error {
	v, err := store.Volumes.Get(tx, old.Volume)
	if err != nil {
		return err
	}
	f, err := d.survey(tx, v.Cluster, nil)
	if err != nil {
		return err
	}
	set, err := setOf(tx, old)
	if err != nil {
		return err
	}
	w, err := d.want(&v, v.SizeGiB, 0)
	if err != nil {
		return err
	}
	slot, _, err := placement.Replace(f.open, slots(set, f, old.ID), slotOf(old, f), w, seed(old.ID))
	if err != nil {
		return fmt.Errorf("%w", placement.ErrNoReplacement)
	}
	next := d.brickFor(f.devices[slot.Device], &v, slot)
	next.Set, next.Slot, next.Pending, next.Volume = old.Set, old.Slot, op.ID, ""
	if err := take(tx, f, slot.Device, slot.TotalKiB); err != nil {
		return err
	}
	if err := store.Bricks.Put(tx, &next); err != nil {
		return err
	}
	old.Pending = op.ID
	if err := store.Bricks.Put(tx, &old); err != nil {
		return err
	}
	m := move{Volume: v.Name, Old: asGluster(old, f.nodes[old.Node]),
		New: asGluster(next, f.nodes[next.Node]), Need: needed(&v)}
	for _, b := range set {
		if b.ID != old.ID {
			m.Peers = append(m.Peers, f.nodes[b.Node].Storage[0]+":"+b.Path)
		}
	}
	p.Moves = append(p.Moves, m)
	p.Hosts = f.leads(nil)
	return nil
}

// needed is how many other bricks of a set must hold the data before one may be given up; 0 where there are none.
func needed(v *store.Volume) int {
	switch d := durability(v); d.Kind {
	case placement.Replicate:
		return d.Replica/2 + d.Replica%2
	case placement.Disperse:
		return d.Data
	}
	return 0
}

func setOf(tx *store.Tx, b store.Brick) ([]store.Brick, error) {
	all, err := store.Bricks.List(tx, store.ByVolume, b.Volume)
	return slices.DeleteFunc(all, func(o store.Brick) bool { return o.Set != b.Set }), err
}

func slots(set []store.Brick, f field, without string) []placement.Slot {
	var out []placement.Slot
	for _, b := range set {
		if b.ID != without {
			out = append(out, slotOf(b, f))
		}
	}
	return out
}

func slotOf(b store.Brick, f field) placement.Slot {
	return placement.Slot{Device: b.Device, Node: b.Node, Zone: f.nodes[b.Node].Zone, SizeKiB: b.SizeKiB, PoolKiB: b.PoolKiB,
		MetaKiB: b.MetaKiB, TotalKiB: b.TotalKiB(), Arbiter: b.Arbiter}
}

// moveBricks does the moves one after the other: while a brick heals, its set must not lose another one.
func (m machines) moveBricks(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[movePlan](op)
	if err != nil {
		return err
	}
	if p.Refused != "" {
		return jobs.Refuse(p.Refused)
	}
	for _, mv := range p.Moves {
		err := j.Do("moved/"+mv.Old.ID, func() error { return m.moveBrick(ctx, p, mv, j) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (m machines) moveBrick(ctx context.Context, p movePlan, mv move, j *jobs.Journal) error {
	info, host, err := m.find(ctx, p.Hosts, mv.Volume)
	if err != nil {
		return fault(host, err)
	}
	if !hasBrick(info, mv.New) {
		if err := m.mayMove(ctx, host, mv, p.Heal); err != nil {
			return err
		}
		if err := fault(mv.New.Host, m.g.BrickCreate(ctx, mv.New)); err != nil {
			return err
		}
		if err := fault(host, m.g.ReplaceBrick(ctx, host, mv.Volume, mv.Old, mv.New)); err != nil {
			return err
		}
	}
	if err := j.Put("replaced/"+mv.Old.ID, nil); err != nil {
		return err
	}
	return m.leaveOld(ctx, j, mv.Old)
}

// leaveOld drops a brick that its volume has given up. A disk that refuses is no reason to keep the volume waiting: what is on it
// is left to be cleaned.
func (m machines) leaveOld(ctx context.Context, j *jobs.Journal, old gluster.Brick) error {
	err := m.dropBricks(ctx, j, []gluster.Brick{old})
	if err != nil && ctx.Err() == nil {
		return j.Put("left/"+old.ID, nil)
	}
	return err
}

func hasBrick(info gluster.Info, b gluster.Brick) bool {
	return slices.Contains(info.Bricks, gluster.InfoBrick{Host: b.Storage, Path: b.Path})
}

// mayMove refuses to give up a brick whose data the others of its set do not have.
func (m machines) mayMove(ctx context.Context, host string, mv move, heal bool) error {
	if mv.Need == 0 {
		return jobs.Refuse("Cannot replace brick " + mv.Old.ID + ": its volume has no durability, no other brick holds its data")
	}
	if !heal {
		return nil
	}
	heals, err := m.g.VolumeHealInfo(ctx, host, mv.Volume)
	if err != nil {
		if gluster.Retryable(err) {
			return fault(host, err)
		}
		return jobs.Refuse("Unable to determine heal status of brick")
	}
	online, found := 0, false
	for _, h := range heals {
		switch address := h.Address(); {
		case address == mv.Old.Storage+":"+mv.Old.Path:
			found = true
			if h.Connected && h.Pending > 0 {
				return jobs.Refuse("Cannot replace brick " + mv.Old.ID + " as it is source brick for data to be healed")
			}
		case slices.Contains(mv.Peers, address) && h.Connected:
			online++
		}
	}
	if !found {
		return jobs.Refuse("Unable to determine heal status of brick")
	}
	if online < mv.Need {
		return jobs.Refuse(fmt.Sprintf("Cannot replace brick %s as only %d of %d required peer bricks are online", mv.Old.ID, online, mv.Need))
	}
	return nil
}

// undoMoves takes back the successors that no volume has taken in; a move that gluster has made is carried to its end.
func (m machines) undoMoves(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[movePlan](op)
	if err != nil {
		return err
	}
	for _, mv := range p.Moves {
		if j.Done("moved/" + mv.Old.ID) {
			continue
		}
		info, host, err := m.find(ctx, p.Hosts, mv.Volume)
		if err != nil {
			return fault(host, err)
		}
		gone := mv.New
		if hasBrick(info, mv.New) {
			gone = mv.Old
			if err := j.Put("replaced/"+mv.Old.ID, nil); err != nil {
				return err
			}
		}
		if err := m.leaveOld(ctx, j, gone); err != nil {
			return err
		}
	}
	return nil
}

// settleMoves writes what became of every move: the successor in its place, or gone.
func (d *Domain) settleMoves(tx *store.Tx, op *store.Operation) error {
	p, err := jobs.Input[movePlan](*op)
	if err != nil {
		return err
	}
	return d.dropMoves(tx, op, p.Moves)
}

func (d *Domain) dropMoves(tx *store.Tx, op *store.Operation, moves []move) error {
	for _, mv := range moves {
		old, err := store.Bricks.Get(tx, mv.Old.ID)
		if err != nil {
			return err
		}
		next, err := store.Bricks.Get(tx, mv.New.ID)
		if err != nil {
			return err
		}
		stays, goes := old, next
		if op.Done("replaced/" + mv.Old.ID) {
			stays, goes = next, old
		}
		stays.Volume, stays.Pending = old.Volume, ""
		if err := store.Bricks.Put(tx, &stays); err != nil {
			return err
		}
		if err := d.settleDropped(tx, op, goes, goes.ID == next.ID); err != nil {
			return err
		}
	}
	return nil
}

var movePolicy = jobs.Policy{Timeout: 6 * time.Hour, Attempts: 3, Backoff: 500 * time.Millisecond, MaxWait: 10 * time.Second}

// evictKind moves one brick.
type evictKind struct {
	d *Domain
	m machines
}

func (evictKind) Name() string        { return "brick.evict" }
func (evictKind) Policy() jobs.Policy { return movePolicy }

func (k evictKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	return k.m.moveBricks(ctx, op, j)
}

func (k evictKind) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	return k.m.undoMoves(ctx, op, j)
}
func (k evictKind) Finish(tx *store.Tx, op *store.Operation) error  { return k.d.settleMoves(tx, op) }
func (k evictKind) Abandon(tx *store.Tx, op *store.Operation) error { return k.d.settleMoves(tx, op) }

// evacuateKind moves every brick off a device or node and sets it failed.
type evacuateKind struct {
	d *Domain
	m machines
}

func (evacuateKind) Name() string        { return "device.evacuate" }
func (evacuateKind) Policy() jobs.Policy { return movePolicy }

func (k evacuateKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	return k.m.moveBricks(ctx, op, j)
}

func (k evacuateKind) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	return k.m.undoMoves(ctx, op, j)
}

func (k evacuateKind) Finish(tx *store.Tx, op *store.Operation) error {
	if err := k.d.settleMoves(tx, op); err != nil {
		return err
	}
	return setState(tx, op.Targets[0], store.FailedGone)
}

func (k evacuateKind) Abandon(tx *store.Tx, op *store.Operation) error {
	return k.d.settleMoves(tx, op)
}
