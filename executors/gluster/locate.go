package gluster

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// locate asks every node of a clone where its bricks lie, and makes them durable there. The bricks of a clone are in
// the order of the source's bricks, on the same nodes and in the same thin pools.
func (g *Gluster) locate(ctx context.Context, clone Info, source Volume) ([]ClonedBrick, error) {
	origin := source.bricks()
	if len(origin) != len(clone.Bricks) {
		return nil, fmt.Errorf("%w: a clone of %d bricks has %d", errAnswer, len(origin), len(clone.Bricks))
	}
	paths := map[string][]string{}
	var hosts []string
	for i, b := range clone.Bricks {
		if err := checkPath("brick path", b.Path); err != nil {
			return nil, err
		}
		if b.Host != origin[i].Storage {
			return nil, fmt.Errorf("%w: brick %s of a clone is not on %s", errAnswer, b.Address(), origin[i].Storage)
		}
		hosts = append(hosts, origin[i].Host)
		paths[origin[i].Host] = append(paths[origin[i].Host], b.Path)
	}
	var mu sync.Mutex
	mounts := map[string]map[string]string{}
	err := each(hosts, func(host string) error {
		script := "sync -f " + quoteAll(append(paths[host], glusterState)) + "\nmount\n"
		out, err := g.call(ctx, host, "locate bricks", quickLimit, script)
		if err != nil {
			return err
		}
		by := map[string]string{}
		for _, m := range parseMounts(out) {
			by[m.dir] = m.device
		}
		mu.Lock()
		defer mu.Unlock()
		mounts[host] = by
		return nil
	})
	if err != nil {
		return nil, err
	}
	found := make([]ClonedBrick, len(origin))
	for i, b := range clone.Bricks {
		device := holder(mounts[origin[i].Host], b.Path)
		vg, lv, ok := splitMapper(device)
		if !ok || vg != origin[i].VG {
			return nil, fmt.Errorf("%w: brick %s lies on %q, not in %s", errAnswer, b.Address(), device, origin[i].VG)
		}
		found[i] = ClonedBrick{Host: origin[i].Host, Storage: b.Host, Path: b.Path, VG: vg, LV: lv, Pool: origin[i].Pool}
	}
	return found, nil
}

// holder finds the device mounted nearest above path.
func holder(mounts map[string]string, path string) string {
	for dir := path; dir != ""; dir = dir[:strings.LastIndex(dir, "/")] {
		if device := mounts[dir]; device != "" {
			return device
		}
	}
	return ""
}
