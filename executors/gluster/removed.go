package gluster

import (
	"context"
	"fmt"
)

// removed lists what was removed from a node, or called off, since its boot. The name of a brick, or of a clone's snapshot, is
// never used again, so a script that would make one of them is one that the node began late, after the server had given it up
// and cleaned: it must not make what nobody knows of. The list lies in memory, as no script survives a boot either.
const removed = "/run/yardmaster-removed"

func refuseRemoved(name string) string {
	return fmt.Sprintf("if grep -qsF '%s;' %s; then\n  echo '%s was removed before this script began' >&2\n  exit 76\nfi\n", name, removed, name)
}

// markRemoved keeps the list short: what is older than its last thousand names cannot still be about to begin.
func markRemoved(name string) string {
	return fmt.Sprintf("echo '%s;' >> %s\nif [ \"$(wc -l < %s)\" -gt 2000 ]; then\n  last=$(tail -n 1000 %s)\n  printf '%%s\\n' \"$last\" > %s\nfi\n", name, removed, removed, removed, removed)
}

// callOff marks a name on every host that answers. On one that does not, what it was told and did not begin is lost with its
// connection, or begins when it is back: no host can be kept from that from afar.
func (g *Gluster) callOff(ctx context.Context, hosts []string, name string) error {
	return each(hosts, func(host string) error {
		_, err := g.call(ctx, host, "call off", quickLimit, markRemoved(name))
		if err != nil && mute(err) && ctx.Err() == nil {
			return nil
		}
		return err
	})
}
