package gluster

import (
	"context"
	"fmt"
)

// CheckGlusterd tells whether glusterd runs on host: ErrGlusterdDown when it does not.
func (g *Gluster) CheckGlusterd(ctx context.Context, host string) error {
	const script = "systemctl is-active --quiet glusterd || { echo 'glusterd is not running' >&2; exit 3; }\n"
	_, err := g.call(ctx, host, "check glusterd", quickLimit, script)
	return err
}

// PeerProbe brings the node that peers know as storage into the trusted pool of via. A node that is in it stays.
func (g *Gluster) PeerProbe(ctx context.Context, via, storage string) error {
	if err := checkHost(storage); err != nil {
		return err
	}
	_, err := g.gluster(ctx, via, "peer probe", g.cli()+" peer probe "+quote(storage)+"\n")
	return err
}

// PeerDetach takes a node out of the trusted pool of via. A node that is not in it is left alone.
func (g *Gluster) PeerDetach(ctx context.Context, via, storage string) error {
	if err := checkHost(storage); err != nil {
		return err
	}
	script := "out=$(" + g.cli() + " peer detach " + quote(storage) + ` 2>&1) && exit 0
case "$out" in
*'not part of cluster'*) exit 0 ;;
esac
printf '%s\n' "$out" >&2
exit 1
`
	_, err := g.gluster(ctx, via, "peer detach", script)
	return err
}

// SetSnapshotLimit sets the trusted pool's hard limit of snapshots a volume; without a limit configured it does nothing.
func (g *Gluster) SetSnapshotLimit(ctx context.Context, via string) error {
	if g.opt.SnapshotLimit <= 0 {
		return nil
	}
	script := fmt.Sprintf("%s snapshot config snap-max-hard-limit %d\n", g.cli(), g.opt.SnapshotLimit)
	_, err := g.gluster(ctx, via, "set snapshot limit", script)
	return err
}
