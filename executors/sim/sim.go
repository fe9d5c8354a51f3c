// Package sim is a storage cluster that exists in memory only: nodes with LVM, XFS mounts, an fstab and glusterd, which
// play the commands of a script with the refusals, exit statuses and words of the real tools.
//
// Scripts are interpreted, never executed: no process starts, and no file of the real machine is opened but the
// journal named in Options.File. A command that the cluster does not know is "command not found", exit 127, never a
// silent success. It does not simulate data, time or performance beyond the Latency it is given.
//
//	script --> shell (mvdan.cc/sh) --> command --> faults, latency --> node: disks, vgs, lvs, files, mounts
//	                                                               \-> trusted pool: volumes, snapshots, block volumes
//
// One lock guards the world and is held for one command at a time, never while a command waits.
package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"yardmaster/executors"
)

// DefaultDeviceKiB is the size of a device that springs up on first use.
const DefaultDeviceKiB = 500 << 20

// Options are the settings of a cluster; the zero value is an empty, instant cluster that lives in memory.
type Options struct {
	Seed    uint64                         // of every id that the cluster makes up
	Latency func(cmd string) time.Duration // what a command costs; nil means nothing
	// AutoNodes lets unknown hosts and devices spring up when they are first used.
	AutoNodes        bool
	DefaultDeviceKiB uint64 // of such devices; 0 means DefaultDeviceKiB
	// File keeps the world in a journal that outlives the process, however it ends.
	File   string
	Logger *slog.Logger
}

// Cluster is a set of simulated nodes. It implements executors.Runner and is safe for concurrent use.
type Cluster struct {
	opt Options
	log *slog.Logger

	programs map[string]*program // by name; fixed

	mu      sync.Mutex // guards all below, and the world
	w       *world
	journal *journal
	broken  error // the journal could not be written: nothing runs any more
	faults  []*armed
	hooks   []func(host, command string)
	runs    map[*run]struct{}
	locks   map[string]*run // flock, by host and path
	freed   chan struct{}   // closed and renewed when a lock is given back
	parsed  scriptCache
}

var _ executors.Runner = (*Cluster)(nil)

// errPowerCut ends the scripts of a node that goes down.
var errPowerCut = errors.New("power cut")

// New opens a cluster; with a File it is the world that the file holds.
func New(opt Options) (*Cluster, error) {
	if opt.DefaultDeviceKiB == 0 {
		opt.DefaultDeviceKiB = DefaultDeviceKiB
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Cluster{
		opt: opt, log: opt.Logger, programs: programs(), w: newWorld(opt.Seed),
		runs: map[*run]struct{}{}, locks: map[string]*run{}, freed: make(chan struct{}),
	}
	if opt.File == "" {
		return c, nil
	}
	j, err := openJournal(opt.File, c.w)
	if err != nil {
		return nil, fmt.Errorf("simulated cluster: %w", err)
	}
	c.journal = j
	return c, nil
}

// Close gives the journal back. Scripts under way must have ended.
func (c *Cluster) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.journal == nil {
		return nil
	}
	err := c.journal.close()
	c.journal, c.broken = nil, errors.New("simulated cluster is closed")
	return err
}

// AddNode adds a node that is reached as host and that peers know as storage ("" means the same name), with its
// devices by path and size in KiB. A node that is there keeps what it holds and gains the devices that it lacks.
func (c *Cluster) AddNode(host, storage string, devices map[string]uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if storage == "" {
		storage = host
	}
	n := c.w.nodes.get("", host)
	if n == nil {
		n = c.w.addNode(host, storage)
	}
	for _, path := range sortedKeys(devices) {
		if c.w.disks.get(n.Host, path) == nil {
			c.w.disks.put(n.Host, path, &disk{Path: path, SizeKiB: devices[path]})
		}
	}
	c.commit()
}

// Run interprets a script as bash would on host. See executors.Runner for what its error means.
func (c *Cluster) Run(ctx context.Context, host, script string) (executors.Result, error) {
	return c.RunInput(ctx, host, script, nil)
}

// RunInput is Run with something on the script's standard input.
func (c *Cluster) RunInput(ctx context.Context, host, script string, stdin []byte) (executors.Result, error) {
	if err := ctx.Err(); err != nil {
		return executors.Result{}, fmt.Errorf("%s: %w: %w", host, executors.ErrUnreachable, err)
	}
	r, err := c.begin(ctx, host)
	if err != nil {
		return executors.Result{}, err
	}
	defer c.end(r)
	in, err := r.input(stdin)
	if err != nil {
		return executors.Result{}, fmt.Errorf("%s: %w: %w", host, executors.ErrUnreachable, err)
	}
	exit := r.script(r.ctx, script, nil, nil, in, &r.stdout, &r.stderr)
	if err := r.fatal(); err != nil {
		return executors.Result{}, fmt.Errorf("%s: %w", host, err)
	}
	return executors.Result{Stdout: r.stdout.String(), Stderr: r.stderr.String(), Exit: exit}, nil
}

// Check tells whether host can be reached at all.
func (c *Cluster) Check(ctx context.Context, host string) error {
	_, err := c.Run(ctx, host, ":")
	return err
}

// begin finds the node and registers the run, so that a power cut ends it.
func (c *Cluster) begin(ctx context.Context, host string) (*run, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return nil, fmt.Errorf("%s: %w: %w", host, executors.ErrUnreachable, c.broken)
	}
	n := c.w.findNode(host)
	if n == nil && c.opt.AutoNodes {
		n = c.w.addNode(host, host)
		c.commit()
	}
	if n == nil || n.Down {
		return nil, fmt.Errorf("%s: %w", host, executors.ErrUnreachable)
	}
	r := &run{c: c, host: n.Host}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	c.runs[r] = struct{}{}
	return r, nil
}

// end gives back all that a run held.
func (c *Cluster) end(r *run) {
	r.closeFiles()
	r.cancel(nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.runs, r)
	for key, holder := range c.locks {
		if holder == r {
			delete(c.locks, key)
			close(c.freed)
			c.freed = make(chan struct{})
		}
	}
}

// commit writes what the last command changed to the journal. The caller holds the lock.
func (c *Cluster) commit() {
	changes := c.w.takeChanges()
	if c.journal == nil || len(changes) == 0 || c.broken != nil {
		return
	}
	if err := c.journal.append(changes); err != nil {
		c.broken = err
		c.log.Error("journal of the simulated cluster not written", "err", err)
	}
}
