package gluster

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yardmaster/executors"
)

// saysNotMarked is what the script of VolumeDeleteMarked says when it left everything as it was.
const saysNotMarked = "not marked"

// VolumeDeleteMarked stops and deletes a volume that carries this record's id, as glusterd on host wrote it down: a look into
// its file takes a fraction of the time that glusterd takes to answer. deleted is false where host knows no such volume, or
// knows it without the mark, and then nothing was done.
func (g *Gluster) VolumeDeleteMarked(ctx context.Context, host, name, id string) (deleted bool, err error) {
	if err := errors.Join(checkName("volume", name), checkName("volume id", id)); err != nil {
		return false, fmt.Errorf("delete volume: %w", err)
	}
	script := fmt.Sprintf("if ! grep -qsxF %s=%s %s/vols/%s/info; then\n  echo '%s'\n  exit 0\nfi\n", idOption, id, glusterState, name, saysNotMarked)
	out, err := g.gluster(ctx, host, "delete volume", script+g.volumeDeleteScript(name))
	return err == nil && !strings.Contains(out, saysNotMarked), err
}

// VolumeDelete stops and deletes a volume, asking the hosts in turn until one can answer. No such volume is success
// when two hosts, or the only one, say so: a node that fell out of the pool knows no volumes either.
func (g *Gluster) VolumeDelete(ctx context.Context, hosts []string, name string) error {
	if err := checkName("volume", name); err != nil {
		return fmt.Errorf("delete volume: %w", err)
	}
	script := g.volumeDeleteScript(name)
	denials, last := 0, errors.New("no host to ask")
	for _, host := range hosts {
		_, err := g.gluster(ctx, host, "delete volume", script)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrNoVolume):
			if denials++; denials == 2 {
				return nil
			}
		case ctx.Err() != nil:
			return err
		case mute(err):
			last = err
		default:
			return err
		}
	}
	if denials > 0 {
		return nil
	}
	return fmt.Errorf("delete volume %s: %w", name, last)
}

// mute tells that a host could not speak for the pool, so that another one may be asked.
func mute(err error) bool {
	for _, kind := range []error{executors.ErrUnreachable, executors.ErrLost, ErrGlusterdDown, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// volumeDeleteScript keeps the words of the stop for the case that the delete is refused because of it.
func (g *Gluster) volumeDeleteScript(name string) string {
	return g.prelude() + fmt.Sprintf(`stop=$(G volume stop %s force 2>&1) || :
out=$(G volume delete %s 2>&1) && exit 0
case "$out" in
*'been started'*) printf '%%s\n' "$stop" >&2 ;;
*) printf '%%s\n' "$out" >&2 ;;
esac
exit 1
`, name, name)
}
