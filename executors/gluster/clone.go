package gluster

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yardmaster/executors"
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
	out, err := g.gluster(ctx, host, "clone volume", g.cloneScript(c))
	if err != nil {
		return CloneResult{}, err
	}
	if strings.Contains(out, saysExists) {
		if out, err = g.cloneComplete(ctx, host, c); err != nil {
			return CloneResult{}, err
		}
	}
	info, err := g.cloneInfo(host, c.Name, out)
	if err != nil {
		return CloneResult{}, err
	}
	bricks, err := g.locate(ctx, info, c.Source)
	if err != nil {
		return CloneResult{}, fmt.Errorf("clone volume %s: %w", c.Name, err)
	}
	return CloneResult{ID: info.ID, Bricks: bricks}, nil
}

func (g *Gluster) cloneInfo(host, name, out string) (Info, error) {
	if i := strings.Index(out, "<?xml"); i >= 0 {
		out = out[i:]
	}
	all, err := g.infos(host, out)
	if err != nil {
		return Info{}, err
	}
	if len(all) != 1 || all[0].Name != name {
		return Info{}, fmt.Errorf("%w: volume info names %d volumes", errAnswer, len(all))
	}
	return all[0], nil
}

func (g *Gluster) cloneScript(c CloneSpec) string {
	snap := c.snapshot()
	var s strings.Builder
	s.WriteString("set -e\n" + g.prelude())
	s.WriteString(forgive(fmt.Sprintf("G snapshot create %s %s no-timestamp", snap, c.Source.Name), "already exists"))
	s.WriteString(forgive("G snapshot activate "+snap, "already activated"))
	s.WriteString(attempt(fmt.Sprintf("G snapshot clone %s %s", c.Name, snap), "already exists", saysExists))
	s.WriteString(volumeStart(c.Name))
	s.WriteString(g.cloneEnd(c))
	return s.String()
}

// cloneEnd writes the record into the clone, which glusterd refuses before it is started, drops the snapshot, which
// deactivates it too, and tells what was made.
func (g *Gluster) cloneEnd(c CloneSpec) string {
	return volumeConfigure(Volume{Name: c.Name, ID: c.ID}) + forgive("G snapshot delete "+c.snapshot(), "does not exist") + "G --xml volume info " + c.Name + "\n"
}

func (g *Gluster) cloneComplete(ctx context.Context, host string, c CloneSpec) (string, error) {
	info, err := g.VolumeInfo(ctx, host, c.Name)
	if err != nil {
		return "", err
	}
	script := "set -e\n" + g.prelude()
	if !c.is(info) {
		if _, err := g.gluster(ctx, host, "delete snapshot", script+g.snapshotDelete(c)); err != nil {
			return "", err
		}
		text := "Volume " + c.Name + " already exists"
		return "", &refusal{kind: ErrVolumeExists, exit: &executors.ExitError{
			Host: host, What: "clone volume", Result: executors.Result{Stderr: text, Exit: 1}}}
	}
	if !info.Started() {
		script += volumeStart(c.Name)
	}
	return g.gluster(ctx, host, "complete clone", script+g.cloneEnd(c))
}

func (g *Gluster) snapshotDelete(c CloneSpec) string {
	return forgive("G snapshot delete "+c.snapshot(), "does not exist")
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

func (g *Gluster) cloneUndoBy(ctx context.Context, host string, c CloneSpec) error {
	info, err := g.VolumeInfo(ctx, host, c.Name)
	var left []ClonedBrick
	switch {
	case errors.Is(err, ErrNoVolume):
	case err != nil:
		return err
	case c.is(info):
		if left, err = g.locate(ctx, info, c.Source); err != nil {
			return err
		}
		if err := g.VolumeDelete(ctx, []string{host}, c.Name); err != nil {
			return err
		}
	}
	if _, err := g.gluster(ctx, host, "delete snapshot", "set -e\n"+g.prelude()+g.snapshotDelete(c)); err != nil {
		return err
	}
	for _, b := range left {
		if _, err := g.BrickDestroy(ctx, Brick{Host: b.Host, Storage: b.Storage, Path: b.Path, VG: b.VG, LV: b.LV, Pool: b.Pool}); err != nil {
			return err
		}
	}
	return nil
}
