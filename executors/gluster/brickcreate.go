package gluster

import (
	"context"
	"fmt"
	"strings"
)

// BrickCreate makes a brick: thin pool and thin volume, file system, fstab line, mount, directory. It returns when all
// of it would survive a power cut. Run again after a cut it does what is missing.
func (g *Gluster) BrickCreate(ctx context.Context, b Brick) error {
	script, err := g.brickCreateScript(b)
	if err != nil {
		return fmt.Errorf("create brick: %w", err)
	}
	_, err = g.call(ctx, b.Host, "create brick", brickLimit, script)
	return err
}

// brickCreateScript relies on one order: the fstab line is written only when the file system was mounted, and so is
// whole. Where the line is, nothing is made anew; where it is not, and nothing is mounted, whatever an earlier run left
// of the volume holds nothing and goes.
func (g *Gluster) brickCreateScript(b Brick) (string, error) {
	if err := b.check(); err != nil {
		return "", err
	}
	if b.cloned() {
		return "", fmt.Errorf("brick %s: gluster makes the bricks of a clone: %w", b.Path, ErrName)
	}
	if b.SizeKiB == 0 || b.PoolKiB == 0 || b.MetaKiB == 0 {
		return "", fmt.Errorf("brick %s: it has no size", b.LV)
	}
	var s strings.Builder
	s.Grow(brickScript)
	s.WriteString("set -e\n")
	fmt.Fprintf(&s, "mkdir -p %s\n", b.mount())
	s.WriteString(g.lockDevice(b.VG))
	s.WriteString(refuseRemoved(b.LV))
	fmt.Fprintf(&s, "line=0\ngrep -q '^%s ' %s || line=$?\n", b.device(), g.opt.Fstab)
	fmt.Fprintf(&s, "if ! mountpoint -q %s; then\n  case $line in\n", b.mount())
	fmt.Fprintf(&s, "  0)\n    if ! test -e %s; then\n      %s lvchange -qq -ay %s/%s\n    fi ;;\n", b.device(), g.lvm(), b.VG, b.LV)
	fmt.Fprintf(&s, "  1)\n%s    ;;\n  *) exit 5 ;;\n  esac\n", indent(indent(g.brickFresh(b))))
	fmt.Fprintf(&s, "  mount -o %s %s %s\n", quote(g.opt.MountOpts), b.device(), b.mount())
	s.WriteString("fi\n")
	fmt.Fprintf(&s, "if test $line != 0; then\n  (\n%s    printf '%%s\\n' '%s' >> %s\n  )\nfi\n",
		indent(indent(g.lockFstab())), g.fstabLine(b), g.opt.Fstab)
	fmt.Fprintf(&s, "mkdir -p %s\n", b.Path)
	if b.GID > 0 {
		fmt.Fprintf(&s, "chown :%d %s\nchmod 2775 %s\n", b.GID, b.Path, b.Path)
	}
	fmt.Fprintf(&s, "sync -f %s %s\n", b.Path, g.opt.Fstab)
	return s.String(), nil
}

// brickScript is about how long a script of a brick is.
const brickScript = 4 << 10

// brickFresh makes pool, volume and file system.
func (g *Gluster) brickFresh(b Brick) string {
	create := fmt.Sprintf("%s --poolmetadatasize %dK --chunksize %s --size %dK --thin %s/%s --virtualsize %dK --name %s",
		g.lvcreate(), b.MetaKiB, quote(g.opt.LVChunkSize), b.PoolKiB, b.VG, b.Pool, b.SizeKiB, b.LV)
	var s strings.Builder
	fmt.Fprintf(&s, "out=$(%s 2>&1) || case \"$out\" in\n*'already exists'*)\n%s  %s ;;\n", create, indent(g.lvRemove(b)), create)
	s.WriteString("*)\n  printf '%s\\n' \"$out\" >&2\n  exit 5 ;;\nesac\n")
	fmt.Fprintf(&s, "mkfs.xfs -q -f -K %s %s\n", g.mkfsFlags(b), b.device())
	return s.String()
}

func (g *Gluster) fstabLine(b Brick) string {
	return fmt.Sprintf("%s %s xfs %s 1 2", b.device(), b.mount(), g.opt.MountOpts)
}

func (g *Gluster) mkfsFlags(b Brick) string {
	flags := "-i size=512 -n size=8192"
	if b.Arbiter {
		flags = "-i size=512,maxpct=100 -n size=8192"
	}
	if g.opt.XfsSu > 0 && g.opt.XfsSw > 0 {
		flags += fmt.Sprintf(" -d su=%d,sw=%d", g.opt.XfsSu, g.opt.XfsSw)
	}
	return flags
}
