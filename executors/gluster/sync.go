package gluster

import (
	"context"
	"errors"
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
