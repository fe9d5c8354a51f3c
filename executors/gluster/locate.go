package gluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// locate asks the nodes of a clone for its bricks, in the order of the source's; one that is not there is left out. A
// brick of a clone is a volume named after the clone's own id, in the thin pool of the brick that it was cloned from.
func (g *Gluster) locate(ctx context.Context, clone Info, source Volume) ([]ClonedBrick, error) {
	origin := source.bricks()
	groups := map[string][]string{}
	var hosts []string
	for i, b := range origin {
		if i >= len(clone.Bricks) || clone.Bricks[i].Host != b.Storage {
			return nil, fmt.Errorf("%w: the bricks of clone %s are not where those of %s are", errAnswer, clone.Name, source.Name)
		}
		if err := b.check(); err != nil {
			return nil, err
		}
		hosts = append(hosts, b.Host)
		if !slices.Contains(groups[b.Host], b.VG) {
			groups[b.Host] = append(groups[b.Host], b.VG)
		}
	}
	var mu sync.Mutex
	thins := map[string][]thin{}
	err := each(hosts, func(host string) error {
		script := g.lvm() + " lvs --noheadings --separator : --options vg_name,lv_name,pool_lv " + quoteAll(groups[host]) + "\n"
		out, err := g.call(ctx, host, "locate bricks", lvmLimit, script)
		mu.Lock()
		defer mu.Unlock()
		thins[host] = parseThins(out)
		return err
	})
	if err != nil {
		return nil, err
	}
	prefix := strings.ReplaceAll(clone.ID, "-", "") + "_"
	var found []ClonedBrick
	for i, b := range origin {
		at := slices.IndexFunc(thins[b.Host], func(t thin) bool {
			return t.vg == b.VG && t.pool == b.Pool && strings.HasPrefix(t.lv, prefix)
		})
		if at >= 0 {
			found = append(found, ClonedBrick{
				Host: b.Host, Storage: b.Storage, Path: clone.Bricks[i].Path, VG: b.VG, LV: thins[b.Host][at].lv, Pool: b.Pool,
			})
		}
	}
	return found, nil
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
