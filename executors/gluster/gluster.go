// Package gluster speaks to storage nodes in text: it composes the LVM, XFS and gluster commands of one step into one
// script, runs it over an executors.Runner and reads what the machine answered.
//
// Every call may be repeated: a script looks at what is there before it acts (or acts, and looks when it is refused),
// so that a second run after a cut at any point ends in the same world as one run. The package decides nothing about
// placement, retries of whole operations or records, keeps no state between calls and never opens a connection itself.
package gluster

import (
	"context"
	"fmt"
	"time"

	"yardmaster/executors"
)

// Options are the settings that shape the commands; a zero field means the default named beside it.
type Options struct {
	MountRoot           string // /var/lib/heketi/mounts
	Fstab               string // /etc/fstab
	MountOpts           string // rw,inode64,noatime,nouuid
	GlusterTimeout      int    // seconds that gluster itself waits for its peers: 600
	SnapshotLimit       int    // snap-max-hard-limit, set when above 0
	PVDataAlignment     string // 256K
	VGExtentSize        string // 4M
	LVChunkSize         string // 256K
	XfsSw, XfsSu        int    // stripe width and unit, given to mkfs.xfs when above 0
	LVMWrapper          string // a program put before every lvm command
	BackupLVMMetadata   bool   // let lvm keep its own backups of the metadata
	DebugUmountFailures bool   // tell who holds a brick that cannot be unmounted
	BlockPrealloc       string // full
	Rebalance           *bool  // start a rebalance after an expansion; nil means true
}

// The bounds of one call of each sort; a caller's shorter deadline holds.
const (
	quickLimit   = 2 * time.Minute
	lvmLimit     = 5 * time.Minute
	brickLimit   = 10 * time.Minute
	glusterGrace = time.Minute
)

// Gluster composes scripts for storage nodes. It is safe for concurrent use.
type Gluster struct {
	run  executors.Runner
	opt  Options
	wait func(ctx context.Context, d time.Duration) error
}

// New returns a Gluster that reaches its nodes through run.
func New(run executors.Runner, opt Options) *Gluster {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&opt.MountRoot, "/var/lib/heketi/mounts")
	def(&opt.Fstab, "/etc/fstab")
	def(&opt.MountOpts, "rw,inode64,noatime,nouuid")
	def(&opt.PVDataAlignment, "256K")
	def(&opt.VGExtentSize, "4M")
	def(&opt.LVChunkSize, "256K")
	def(&opt.BlockPrealloc, "full")
	if opt.GlusterTimeout <= 0 {
		opt.GlusterTimeout = 600
	}
	return &Gluster{run: run, opt: opt, wait: pause}
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// glusterLimit bounds one script of gluster commands: gluster's own patience and a little more.
func (g *Gluster) glusterLimit() time.Duration {
	return time.Duration(g.opt.GlusterTimeout)*time.Second + glusterGrace
}

func (g *Gluster) rebalances() bool { return g.opt.Rebalance == nil || *g.opt.Rebalance }

// call runs a script on host within limit and gives its standard output. A script that exits non-zero is a refusal.
func (g *Gluster) call(ctx context.Context, host, what string, limit time.Duration, script string) (string, error) {
	if err := checkHost(host); err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	res, err := g.run.Run(ctx, host, script)
	if err != nil {
		return "", fmt.Errorf("%s on %s: %w", what, host, err)
	}
	if res.Exit != 0 {
		return res.Stdout, refused(host, what, res)
	}
	return res.Stdout, nil
}
