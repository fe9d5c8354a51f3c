package gluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// VolumeExpand adds brick sets to a volume, starts a rebalance without waiting for it, and returns when the new bricks
// would survive a power cut. Sets that the volume has already are passed over. v is the volume as it was.
func (g *Gluster) VolumeExpand(ctx context.Context, host, name string, v Volume, added [][]Brick) error {
	grown := Volume{Name: name, Sets: added}
	if err := grown.check(); err != nil {
		return fmt.Errorf("expand volume: %w", err)
	}
	if len(flatten(added)) == 0 {
		return nil
	}
	script := "set -e\n" + g.prelude() +
		attempt(addBrick(name, added), "lready part of a volume", saysUsed, "existing brick", saysUsed) + g.rebalance(name)
	out, err := g.gluster(ctx, host, "expand volume", script)
	if err != nil {
		return err
	}
	if strings.Contains(out, saysUsed) {
		if err := g.expandRest(ctx, host, name, added); err != nil {
			return err
		}
	}
	return g.settle(ctx, flatten(added))
}

// expandRest adds what an earlier run did not. Its bricks may carry the mark of the volume already, hence the force.
func (g *Gluster) expandRest(ctx context.Context, host, name string, added [][]Brick) error {
	info, err := g.VolumeInfo(ctx, host, name)
	if err != nil {
		return err
	}
	var missing [][]Brick
	for _, set := range added {
		switch in := info.countOf(set); in {
		case 0:
			missing = append(missing, set)
		case len(set):
		default:
			return fmt.Errorf("expand volume %s: %d of %d bricks of a set are in it", name, in, len(set))
		}
	}
	script := "set -e\n" + g.prelude()
	if len(missing) > 0 {
		script += addBrick(name, missing) + " force > /dev/null\n"
	}
	_, err = g.gluster(ctx, host, "expand volume", script+g.rebalance(name))
	return err
}

func addBrick(name string, sets [][]Brick) string {
	return fmt.Sprintf("G volume add-brick %s %s", name, quoteAll(addresses(flatten(sets))))
}

// rebalance starts moving data in the background: glusterd takes some ten seconds to say that it has begun.
func (g *Gluster) rebalance(name string) string {
	if !g.rebalances() {
		return ""
	}
	return fmt.Sprintf("G volume rebalance %s start > /dev/null 2>&1 &\n", name)
}

// countOf tells how many of the bricks the volume has.
func (i Info) countOf(bricks []Brick) int {
	n := 0
	for _, b := range bricks {
		if slices.Contains(i.Bricks, InfoBrick{Host: b.Storage, Path: b.Path}) {
			n++
		}
	}
	return n
}

// VolumeShrinkBack takes the sets of a half-done expansion out again, with whatever was written to them; those that
// are not in the volume are passed over, and so is a volume that is gone.
func (g *Gluster) VolumeShrinkBack(ctx context.Context, host, name string, added [][]Brick) error {
	if err := (Volume{Name: name, Sets: added}).check(); err != nil {
		return fmt.Errorf("shrink volume: %w", err)
	}
	info, err := g.VolumeInfo(ctx, host, name)
	if errors.Is(err, ErrNoVolume) {
		return nil
	}
	if err != nil {
		return err
	}
	var present []Brick
	for _, set := range added {
		if info.countOf(set) > 0 {
			present = append(present, set...)
		}
	}
	if len(present) == 0 {
		return nil
	}
	if len(present) == len(info.Bricks) {
		return fmt.Errorf("shrink volume %s: it has no other bricks", name)
	}
	script := fmt.Sprintf("%s volume remove-brick %s %s force\n", g.cli(), name, quoteAll(addresses(present)))
	_, err = g.gluster(ctx, host, "shrink volume", script)
	return err
}

// ReplaceBrick puts a new brick in the place of an old one; done already is success.
func (g *Gluster) ReplaceBrick(ctx context.Context, host, name string, old, new Brick) error {
	if err := (Volume{Name: name, Sets: [][]Brick{{old, new}}}).check(); err != nil {
		return fmt.Errorf("replace brick: %w", err)
	}
	script := fmt.Sprintf("%s volume replace-brick %s %s %s commit force\n",
		g.cli(), name, quote(old.address()), quote(new.address()))
	_, refusal := g.gluster(ctx, host, "replace brick", script)
	if refusal != nil {
		info, err := g.VolumeInfo(ctx, host, name)
		if err != nil || info.countOf([]Brick{new}) == 0 || info.countOf([]Brick{old}) > 0 {
			return refusal
		}
	}
	return g.settle(ctx, []Brick{new})
}
