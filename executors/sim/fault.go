package sim

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"yardmaster/executors"
)

// Effect is what a fault does to the command that it hits.
type Effect int

// The effects. A zero Fault that matches only calls After.
const (
	None Effect = iota
	Fail        // the command does not run: Exit (1 when 0) and Stderr are its end
	Lost        // the command runs; then Exit and Stderr are its end, or with Exit 0 the connection breaks (ErrLost)
	Hang        // the command waits until its context ends or the fault is removed, and then runs
	Slow        // the command runs after Delay
)

// Fault is something that goes wrong with simple commands, chosen by host and text.
type Fault struct {
	Host   string         // "" is any node
	Match  *regexp.Regexp // against the command's words joined by spaces; nil is any command
	Effect Effect
	Exit   int
	Stderr string
	Delay  time.Duration
	Times  int    // how often it strikes; 0 is always
	After  func() // called when it has struck, after the command's effect; it may end the process
}

// armed is an injected fault and how often it struck.
type armed struct {
	Fault
	struck int
	gone   chan struct{} // closed when it is removed
}

func (f *armed) stderr() string {
	if f.Stderr == "" || strings.HasSuffix(f.Stderr, "\n") {
		return f.Stderr
	}
	return f.Stderr + "\n"
}

// lose breaks the connection when the fault says so.
func (f *armed) lose(r *run) {
	if f != nil && f.Effect == Lost && f.Exit == 0 {
		r.abort(fmt.Errorf("%w: injected fault", executors.ErrLost))
	}
}

// Inject arms a fault; of several that match the first injected strikes. The func takes it away and releases what hangs.
func (c *Cluster) Inject(f Fault) (remove func()) {
	a := &armed{Fault: f, gone: make(chan struct{})}
	c.mu.Lock()
	c.faults = append(c.faults, a)
	c.mu.Unlock()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for i, other := range c.faults {
			if other == a {
				c.faults = append(c.faults[:i:i], c.faults[i+1:]...)
				close(a.gone)
				return
			}
		}
	}
}

// strike finds the fault that hits a command and counts it.
func (c *Cluster) strike(host, text string) *armed {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.faults {
		if a.Host != "" && a.Host != host || a.Match != nil && !a.Match.MatchString(text) || a.Times > 0 && a.struck >= a.Times {
			continue
		}
		a.struck++
		return a
	}
	return nil
}

// meet lets a fault strike before the command runs; failed means that the command does not run.
func (r *run) meet(p *process, text string) (f *armed, exit int, failed bool) {
	f = r.c.strike(r.host, text)
	if f == nil {
		return nil, 0, false
	}
	switch f.Effect {
	case Fail:
		io.WriteString(p.stderr, f.stderr())
		if f.After != nil {
			f.After()
		}
		return f, max(f.Exit, 1), true
	case Hang:
		select {
		case <-f.gone:
		case <-p.ctx.Done():
			return f, 137, true
		}
	case Slow:
		if !r.sleep(p.ctx, f.Delay) {
			return f, 137, true
		}
	}
	return f, 0, false
}

// Hook adds a func that sees every simple command after it took effect and before the script goes on. It is called
// without the cluster's lock, from several goroutines at once.
func (c *Cluster) Hook(fn func(host, command string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks = append(c.hooks[:len(c.hooks):len(c.hooks)], fn)
}

func (c *Cluster) observe(host, text string) {
	c.mu.Lock()
	hooks := c.hooks
	c.mu.Unlock()
	for _, h := range hooks {
		h(host, text)
	}
}

// ErrNoNode: a host that the cluster does not have.
var ErrNoNode = errors.New("no such node")

// Down cuts a node's power: scripts on it are lost, peers see it as disconnected, mounts are gone, the disks keep all.
func (c *Cluster) Down(host string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.w.findNode(host)
	if n == nil {
		return fmt.Errorf("%s: %w", host, ErrNoNode)
	}
	n.Down = true
	c.w.nodes.put("", n.Host, n)
	c.w.mounts.drop(n.Host)
	c.w.removeTree(place{host: n.Host, fsid: rootFS(n.Host), rel: "/run"}) // a tmpfs
	c.commit()
	for r := range c.runs {
		if r.host == n.Host {
			r.cancel(errPowerCut)
		}
	}
	return nil
}

// Up boots a node: volume groups are active, fstab is mounted, glusterd runs and mounts the bricks of its snapshots.
func (c *Cluster) Up(host string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.w.findNode(host)
	if n == nil {
		return fmt.Errorf("%s: %w", host, ErrNoNode)
	}
	if !n.Down {
		return nil
	}
	n.Down, n.NoGlusterd = false, false
	c.w.nodes.put("", n.Host, n)
	c.w.boot(n)
	c.commit()
	return nil
}

// Glusterd stops or starts the daemon of a node that stays up.
func (c *Cluster) Glusterd(host string, up bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.w.findNode(host)
	if n == nil {
		return fmt.Errorf("%s: %w", host, ErrNoNode)
	}
	n.NoGlusterd = !up
	c.w.nodes.put("", n.Host, n)
	c.commit()
	return nil
}

// Running is the number of scripts under way on a host.
func (c *Cluster) Running(host string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := 0
	for r := range c.runs {
		if r.host == host {
			count++
		}
	}
	return count
}
