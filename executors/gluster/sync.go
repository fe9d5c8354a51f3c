package gluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// glusterState is where glusterd keeps what it knows of its volumes.
const glusterState = "/var/lib/glusterd"

// Sync makes everything that the hosts were told so far durable.
func (g *Gluster) Sync(ctx context.Context, hosts []string) error {
	return each(hosts, func(host string) error {
		_, err := g.call(ctx, host, "sync", quickLimit, "sync\n")
		return err
	})
}

// Forget makes the end of a volume durable on every node of its pool. A node that loses power before it wrote the deletion
// down boots with the volume, and its peers take it back from there: so each node syncs, and only then looks once more. A
// volume that is still there, or there again, is ErrBusy.
func (g *Gluster) Forget(ctx context.Context, hosts []string, name string) error {
	if err := checkName("volume", name); err != nil {
		return fmt.Errorf("forget volume: %w", err)
	}
	script := fmt.Sprintf("set -e\nsync -f %s\nif test -e %s/vols/%s; then\n  echo 'volume %s is still there' >&2\n  exit 75\nfi\n", glusterState, glusterState, name, name)
	return each(hosts, func(host string) error {
		_, err := g.call(ctx, host, "forget volume", quickLimit, script)
		return err
	})
}

// settle makes bricks and glusterd's own records durable on the nodes of these bricks, and nothing else: a whole sync
// would wait for every other disk of the node too. Then the bricks are in use, and their pools watched over.
func (g *Gluster) settle(ctx context.Context, bricks []Brick) error {
	on := map[string][]Brick{}
	var hosts []string
	for _, b := range bricks {
		on[b.Host] = append(on[b.Host], b)
		hosts = append(hosts, b.Host)
	}
	return each(hosts, func(host string) error {
		_, err := g.call(ctx, host, "sync bricks", quickLimit, g.settleScript(on[host]))
		return err
	})
}

func (g *Gluster) settleScript(bricks []Brick) string {
	paths := []string{glusterState}
	for _, b := range bricks {
		paths = append(paths, b.Path)
	}
	return "set -e\nsync -f " + quoteAll(paths) + "\n" + g.monitor(bricks)
}

// each calls f for every different host at once and waits for all of them.
func each(hosts []string, f func(host string) error) error {
	hosts = slices.Compact(slices.Sorted(slices.Values(hosts)))
	errs := make([]error, len(hosts))
	var wg sync.WaitGroup
	for i, h := range hosts {
		wg.Go(func() { errs[i] = f(h) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
