package gluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// CloneSpec is a clone as it is to be. Its temporary snapshot is named after Op, so that a second run finds it.
type CloneSpec struct {
	Source Volume // Name, ID and Sets are read: a clone's bricks lie in the thin pools of the source's
	Name   string
	ID     string // the record of the clone, written into the volume
	Op     string // the operation's id
}

// CloneResult is a clone as it was made, with its bricks in the order of the source's.
type CloneResult struct {
	ID     string // gluster's own id
	Bricks []ClonedBrick
}

// ClonedBrick is one brick of a clone, where it was found.
type ClonedBrick struct {
	Host, Storage, Path string
	VG, LV, Pool        string
}

func (b ClonedBrick) brick() Brick {
	return Brick{Host: b.Host, Storage: b.Storage, Path: b.Path, VG: b.VG, LV: b.LV, Pool: b.Pool}
}

func (c CloneSpec) snapshot() string { return "tmpsnap_" + c.Op }

func (c CloneSpec) check() error {
	return errors.Join(c.Source.check(), (Volume{Name: c.Name, ID: c.ID}).check(), checkName("operation", c.Op))
}

// is tells whether a volume that was found is this clone: it lies in snapshots, on the nodes of the source, and its
// record is its own or, before that was written, the source's.
func (c CloneSpec) is(info Info) bool {
	if id := info.RecordID(); id != "" && id != c.ID && id != c.Source.ID {
		return false
	}
	bricks := c.Source.bricks()
	if len(bricks) != len(info.Bricks) {
		return false
	}
	for i, b := range info.Bricks {
		if !strings.HasPrefix(b.Path, snapRoot) || b.Host != bricks[i].Storage {
			return false
		}
	}
	return true
}

// Clone makes a writable copy of a volume by way of a temporary snapshot, starts it and returns when it would survive
// a power cut. A clone that an earlier run left is completed; another volume of that name is ErrVolumeExists.
func (g *Gluster) Clone(ctx context.Context, host string, c CloneSpec) (CloneResult, error) {
	if err := c.check(); err != nil {
		return CloneResult{}, fmt.Errorf("clone volume: %w", err)
	}
	if err := g.cloneMake(ctx, host, c); err != nil {
		return CloneResult{}, err
	}
	return g.cloneFinish(ctx, host, c)
}

// cloneMake makes snapshot and clone, or finds the clone that an earlier run made.
func (g *Gluster) cloneMake(ctx context.Context, host string, c CloneSpec) error {
	out, err := g.gluster(ctx, host, "clone volume", g.cloneScript(c))
	if err != nil || !strings.Contains(out, saysExists) {
		return err
	}
	info, err := g.VolumeInfo(ctx, host, c.Name)
	if err != nil || c.is(info) {
		return err
	}
	if _, err := g.snapshotDelete(ctx, host, c); err != nil {
		return err
	}
	return taken(host, "clone volume", c.Name)
}

func (g *Gluster) cloneScript(c CloneSpec) string {
	snap := c.snapshot()
	var s strings.Builder
	s.WriteString("set -e\n" + refuseRemoved(snap) + g.prelude())
	s.WriteString(forgive(fmt.Sprintf("G snapshot create %s %s no-timestamp", snap, c.Source.Name), "already exists"))
	s.WriteString(forgive("G snapshot activate "+snap, "already activated"))
	s.WriteString(attempt(fmt.Sprintf("G snapshot clone %s %s", c.Name, snap), "already exists", saysExists))
	return s.String()
}

// cloneFinish does at once what does not wait for another: start the clone and write its record into it (which glusterd
// refuses before it is started), drop the snapshot (which deactivates it too), and find the clone's bricks.
func (g *Gluster) cloneFinish(ctx context.Context, host string, c CloneSpec) (CloneResult, error) {
	var res CloneResult
	var errs [3]error
	var wg sync.WaitGroup
	wg.Go(func() { errs[0] = g.cloneStart(ctx, host, c) })
	wg.Go(func() { _, errs[1] = g.snapshotDelete(ctx, host, c) })
	wg.Go(func() { res, errs[2] = g.cloneFind(ctx, host, c) })
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return CloneResult{}, err
	}
	made := make([]Brick, len(res.Bricks))
	for i, b := range res.Bricks {
		made[i] = b.brick()
	}
	return res, g.settle(ctx, made)
}

func (g *Gluster) cloneStart(ctx context.Context, host string, c CloneSpec) error {
	script := "set -e\n" + g.prelude() + forgive("G volume start "+c.Name, "already started") + volumeConfigure(Volume{Name: c.Name, ID: c.ID})
	_, err := g.gluster(ctx, host, "start clone", script)
	return err
}

// cloneFind says what was made, with every brick.
func (g *Gluster) cloneFind(ctx context.Context, host string, c CloneSpec) (CloneResult, error) {
	info, err := g.VolumeInfo(ctx, host, c.Name)
	if err != nil {
		return CloneResult{}, err
	}
	bricks, err := g.locate(ctx, info, c.Source)
	if err == nil && len(bricks) != len(info.Bricks) {
		err = fmt.Errorf("%w: %d of the %d bricks of clone %s were found", errAnswer, len(bricks), len(info.Bricks), c.Name)
	}
	return CloneResult{ID: info.ID, Bricks: bricks}, err
}

// saysNone is what a script says that found nothing to remove.
const saysNone = "none there"

// snapshotDelete removes the temporary snapshot and says whether there was one.
func (g *Gluster) snapshotDelete(ctx context.Context, host string, c CloneSpec) (was bool, err error) {
	script := "set -e\n" + g.prelude() + attempt("G snapshot delete "+c.snapshot(), "does not exist", saysNone)
	out, err := g.gluster(ctx, host, "delete snapshot", script)
	return err == nil && !strings.Contains(out, saysNone), err
}

// forgive runs a gluster command and takes a refusal with this phrase for success.
func forgive(command, phrase string) string {
	return fmt.Sprintf("out=$(%s 2>&1) || case \"$out\" in\n*'%s'*) ;;\n*)\n  printf '%%s\\n' \"$out\" >&2\n  exit 1 ;;\nesac\n", command, phrase)
}

// CloneUndo removes whatever a Clone left, finished or cut short anywhere: the clone with its logical volumes, if it
// is ours, and the snapshot. A volume of that name that is not this clone stays.
func (g *Gluster) CloneUndo(ctx context.Context, hosts []string, c CloneSpec) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("undo clone: %w", err)
	}
	if err := g.callOff(ctx, hosts, c.snapshot()); err != nil {
		return fmt.Errorf("undo clone %s: %w", c.Name, err)
	}
	last := errors.New("no host to ask")
	for _, host := range hosts {
		err := g.cloneUndoBy(ctx, host, c)
		if err == nil || ctx.Err() != nil || !mute(err) {
			return err
		}
		last = err
	}
	return fmt.Errorf("undo clone %s: %w", c.Name, last)
}

// cloneUndoBy looks for the clone once more when it has removed the snapshot: a script whose connection was lost may have made
// one after the first look, and without its snapshot none can any more.
func (g *Gluster) cloneUndoBy(ctx context.Context, host string, c CloneSpec) error {
	if err := g.cloneEnd(ctx, host, c); err != nil {
		return err
	}
	was, err := g.snapshotDelete(ctx, host, c)
	if err != nil || !was {
		return err
	}
	return g.cloneEnd(ctx, host, c)
}

// cloneEnd removes the clone if it is ours: its bricks before the volume, for gluster forgets its clones and leaves their
// bricks, and then nobody would know any more which they were.
func (g *Gluster) cloneEnd(ctx context.Context, host string, c CloneSpec) error {
	info, err := g.VolumeInfo(ctx, host, c.Name)
	switch {
	case errors.Is(err, ErrNoVolume):
		return nil
	case err != nil:
		return err
	case !c.is(info):
		return nil
	}
	return g.cloneDelete(ctx, host, c, info)
}

func (g *Gluster) cloneDelete(ctx context.Context, host string, c CloneSpec, info Info) error {
	if info.Started() {
		script := "set -e\n" + g.prelude() + forgive("G volume stop "+c.Name+" force", "not in the started state")
		if _, err := g.gluster(ctx, host, "stop clone", script); err != nil {
			return err
		}
	}
	bricks, err := g.locate(ctx, info, c.Source)
	if err != nil {
		return err
	}
	errs := make([]error, len(bricks))
	var wg sync.WaitGroup
	for i, b := range bricks {
		wg.Go(func() { _, errs[i] = g.BrickDestroy(ctx, b.brick()) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return g.VolumeDelete(ctx, []string{host}, c.Name)
}
