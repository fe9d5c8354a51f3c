package gluster

import (
	"context"
	"fmt"
	"strings"
)

// poolGone is what a destroy script says when no thin pool is left of the brick.
const poolGone = "pool gone"

// BrickDestroy removes a brick and all that BrickCreate made, or a clone's thin volume. What is gone already is no
// error. reclaimed tells that the thin pool is gone too and its space free: a clone may still live in it.
func (g *Gluster) BrickDestroy(ctx context.Context, b Brick) (reclaimed bool, err error) {
	script, err := g.brickDestroyScript(b)
	if err != nil {
		return false, fmt.Errorf("destroy brick: %w", err)
	}
	out, err := g.transact(ctx, b.Host, "destroy brick", brickLimit, script)
	if err != nil {
		return false, err
	}
	return strings.TrimSpace(out) == poolGone, nil
}

// brickDestroyScript makes the loss of the fstab line durable before the device goes: a line without its device
// would stop the node's next boot.
func (g *Gluster) brickDestroyScript(b Brick) (string, error) {
	if err := b.check(); err != nil {
		return "", err
	}
	var s strings.Builder
	s.Grow(brickScript)
	s.WriteString("set -e\n")
	fmt.Fprintf(&s, "if test -d %s; then\n%sfi\n", g.deviceDir(b.VG), indent(g.lockDevice(b.VG)))
	if !b.cloned() {
		s.WriteString(markRemoved(b.LV))
	}
	fmt.Fprintf(&s, "while mountpoint -q %s; do\n  umount %s%s\ndone\n", b.mount(), b.mount(), g.umountBlame(b))
	if b.cloned() {
		fmt.Fprintf(&s, "rmdir %s %s 2> /dev/null || :\n", b.mount(), b.mount()[:strings.LastIndex(b.mount(), "/")])
	} else {
		fmt.Fprintf(&s, "rmdir %s 2> /dev/null || :\n%ssync -f %s\n", b.mount(), g.fstabPrune(b), g.opt.Fstab)
	}
	s.WriteString(g.lvRemove(b))
	s.WriteString("echo \"pool $pool\"\n")
	return s.String(), nil
}

// umountBlame lists who holds a brick that cannot be unmounted, when that is wanted.
func (g *Gluster) umountBlame(b Brick) string {
	if !g.opt.DebugUmountFailures {
		return ""
	}
	return fmt.Sprintf(" || {\n    lsof %s >&2\n    exit 32\n  }", b.mount())
}

// fstabPrune removes the brick's line. A grep that could not look is no word that there is none.
func (g *Gluster) fstabPrune(b Brick) string {
	name := strings.TrimPrefix(b.device(), "/dev/mapper/")
	return fmt.Sprintf("line=0\ngrep -q '%s ' %s || line=$?\ncase $line in\n0)\n  (\n%s    sed -i.save '/%s /d' %s\n  ) ;;\n1) ;;\n*) exit 5 ;;\nesac\n",
		name, g.opt.Fstab, indent(indent(g.lockFstab())), name, g.opt.Fstab)
}

// lvRemove looks at the volume and its pool with one command and removes with one more what may go: the pool only
// when nothing but this volume lives in it, or when it never became a pool. It leaves the pool's fate in $pool.
func (g *Gluster) lvRemove(b Brick) string {
	lv, pool, remove := b.VG+"/"+b.LV, b.VG+"/"+b.Pool, g.lvremove()
	var s strings.Builder
	fmt.Fprintf(&s, "state=$(%s lvs --noheadings --separator : --options lv_name,pool_lv,thin_count %s %s 2>&1) || case \"$state\" in\n", g.lvm(), lv, pool)
	fmt.Fprintf(&s, "*'\"%s\" not found'* | *'ailed to find logical volume'*) ;;\n*)\n  printf '%%s\\n' \"$state\" >&2\n  exit 5 ;;\nesac\n", b.VG)
	fmt.Fprintf(&s, "lv=none pool=gone\nfor w in $state; do\n  case \"$w\" in\n  %s:*) lv=${w#*:} ;;\n  %s:*) pool=${w##*:} ;;\n  esac\ndone\n", b.LV, b.Pool)
	s.WriteString("case \"$lv ${pool:-0}\" in\n")
	fmt.Fprintf(&s, "'%s: 1')\n  %s %s %s\n  pool=gone ;;\n", b.Pool, remove, lv, pool)
	fmt.Fprintf(&s, "'none 0')\n  %s %s\n  pool=gone ;;\n", remove, pool)
	fmt.Fprintf(&s, "'none '*) ;;\n*) %s %s ;;\nesac\n", remove, lv)
	return s.String()
}
