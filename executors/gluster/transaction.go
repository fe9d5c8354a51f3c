package gluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// patience is how long a refusal of gluster is taken for a passing one: a lock held by another command, a peer that
// was probed or booted a moment ago.
var patience = []struct {
	kind error
	wait time.Duration
}{
	{ErrBusy, 60 * time.Second},
	{ErrNotPeer, 10 * time.Second},
	{ErrPeersDown, 4 * time.Second},
}

func patient(err error, waited time.Duration) bool {
	for _, p := range patience {
		if errors.Is(err, p.kind) {
			return waited < p.wait
		}
	}
	return false
}

// transact runs a script that may be repeated, and runs it again while the refusal looks like a passing one.
func (g *Gluster) transact(ctx context.Context, host, what string, limit time.Duration, script string) (string, error) {
	var waited time.Duration
	for delay := 250 * time.Millisecond; ; delay = min(2*delay, 4*time.Second) {
		out, err := g.call(ctx, host, what, limit, script)
		if err == nil || !patient(err, waited) {
			return out, err
		}
		if g.wait(ctx, delay) != nil {
			return out, err
		}
		waited += delay
	}
}

// gluster runs a script of gluster commands with transact.
func (g *Gluster) gluster(ctx context.Context, host, what, script string) (string, error) {
	return g.transact(ctx, host, what, g.glusterLimit(), script)
}

// cli is the gluster command with its standing flags.
func (g *Gluster) cli() string {
	return fmt.Sprintf("gluster --mode=script --timeout=%d", g.opt.GlusterTimeout)
}

// prelude defines G, so that scripts of several gluster commands stay readable in a log.
func (g *Gluster) prelude() string {
	return "G() { " + g.cli() + " \"$@\"; }\n"
}
