package gluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// locate asks the nodes of a clone for its bricks, in the order of the source's; one that is not there is left out. Where
// glusterd has mounted them the mounts tell it, at a fraction of the time that lvm takes.
func (g *Gluster) locate(ctx context.Context, clone Info, source Volume) ([]ClonedBrick, error) {
	origin := source.bricks()
	var hosts []string
	for i, b := range origin {
		if i >= len(clone.Bricks) || clone.Bricks[i].Host != b.Storage {
			return nil, fmt.Errorf("%w: the bricks of clone %s are not where those of %s are", errAnswer, clone.Name, source.Name)
		}
		if err := b.check(); err != nil {
			return nil, err
		}
		hosts = append(hosts, b.Host)
	}
	lvs := make([]string, len(origin))
	err := each(hosts, func(host string) error { return g.locateOn(ctx, host, clone, origin, lvs) })
	if err != nil {
		return nil, err
	}
	var found []ClonedBrick
	for i, b := range origin {
		if lvs[i] != "" {
			found = append(found, ClonedBrick{Host: b.Host, Storage: b.Storage, Path: clone.Bricks[i].Path, VG: b.VG, LV: lvs[i], Pool: b.Pool})
		}
	}
	return found, nil
}

// locateOn fills in the logical volumes of those bricks of a clone that lie on host, each at the place of its origin.
func (g *Gluster) locateOn(ctx context.Context, host string, clone Info, origin []Brick, lvs []string) error {
	id := strings.ReplaceAll(clone.ID, "-", "")
	if err := checkName("clone", id); err != nil {
		return err
	}
	out, err := g.call(ctx, host, "locate bricks", quickLimit, "grep -F ' "+snapRoot+id+"/' /proc/mounts || :\n")
	if err != nil {
		return err
	}
	at := mounts(out)
	var groups []string
	for i, b := range origin {
		if b.Host != host {
			continue
		}
		if vg, lv, ok := splitMapper(at[clone.Bricks[i].dir()]); ok && vg == b.VG {
			lvs[i] = lv
		} else if !slices.Contains(groups, b.VG) {
			groups = append(groups, b.VG)
		}
	}
	if len(groups) == 0 {
		return nil
	}
	return g.locateUnmounted(ctx, host, id, groups, origin, lvs)
}

// locateUnmounted goes by the names: a brick of a clone is a volume named after the clone's own id, in the thin pool of the
// brick that it was cloned from.
func (g *Gluster) locateUnmounted(ctx context.Context, host, id string, groups []string, origin []Brick, lvs []string) error {
	script := g.lvm() + " lvs --noheadings --separator : --options vg_name,lv_name,pool_lv " + quoteAll(groups) + "\n"
	out, err := g.call(ctx, host, "locate bricks", lvmLimit, script)
	if err != nil {
		return err
	}
	thins := parseThins(out)
	for i, b := range origin {
		if b.Host != host || lvs[i] != "" {
			continue
		}
		at := slices.IndexFunc(thins, func(t thin) bool { return t.vg == b.VG && t.pool == b.Pool && strings.HasPrefix(t.lv, id+"_") })
		if at >= 0 {
			lvs[i] = thins[at].lv
		}
	}
	return nil
}

// mounts reads lines of /proc/mounts: what is mounted on each directory.
func mounts(out string) map[string]string {
	at := map[string]string{}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) >= 2 {
			at[f[1]] = f[0]
		}
	}
	return at
}

// thin is one volume and the pool that it lives in.
type thin struct{ vg, lv, pool string }

// parseThins reads "VG:LV:POOL" lines; what is no such line is a warning.
func parseThins(out string) []thin {
	var thins []thin
	for line := range strings.Lines(out) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) == 3 && f[2] != "" {
			thins = append(thins, thin{f[0], f[1], f[2]})
		}
	}
	return thins
}
