// Package libvirt fulfils vm.Provider with virsh: it composes the commands of one step into one script, runs it over an
// executors.Runner on one hypervisor or on all of them, and reads what virsh answered. It opens no connection itself and speaks
// to no guest but through virsh. It refuses storage that qcow2 files cannot lie in, and to touch a machine that is no pool's.
//
//	domain NAME           carries an element of ours in its metadata: pool, template, time of creation
//	NAME.root.qcow2       its disk in the storage pool: an overlay on the template, or a copy of it
//	NAME.disk-ID.qcow2    a disk that was added
//
// A pool's machines are the domains that its name is in, and if it has a folder, those without any mark that have a disk there.
// No name of a machine holds a dot, so none of these volumes can be another machine's; no template should be called like one.
//
// Scripts that change a machine take a lock on its hypervisor, so that what was cut off has ended before it is cleaned up after;
// each looks at what is there before it acts. A hypervisor that does not answer counts with what it held when it last did, so
// that its machines are neither taken for lost nor made twice, and the others go on. Hypervisors need bash, virsh, timeout,
// flock and sed.
package libvirt

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"yardmaster/executors"
	"yardmaster/executors/vm"
)

// Provider makes machines on hypervisors. It is safe for concurrent use.
type Provider struct {
	vm.Prober
	run   executors.Runner
	opt   Options
	hosts []*hypervisor // in the order of the options
	log   *slog.Logger
	now   func() time.Time
	wait  func(ctx context.Context, d time.Duration) error

	mu       sync.Mutex
	creating map[string]chan struct{} // closed when the create of that name has ended
}

var _ vm.Provider = (*Provider)(nil)

// New returns a Provider that reaches its hypervisors through run, which stays the caller's to close.
func New(run executors.Runner, opt Options) (*Provider, error) {
	opt = opt.withDefaults()
	if err := opt.check(); err != nil {
		return nil, err
	}
	p := &Provider{Prober: opt.Prober, run: run, opt: opt, log: opt.Logger, now: opt.Now, wait: pause, creating: map[string]chan struct{}{}}
	for _, name := range opt.Hosts {
		p.hosts = append(p.hosts, newHypervisor(name, opt))
	}
	return p, nil
}

// Close has nothing to end: nothing is kept open.
func (p *Provider) Close() error { return nil }

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

// alone makes sure that one name is created once at a time; done lets the next one in.
func (p *Provider) alone(ctx context.Context, name string) (done func(), err error) {
	for {
		p.mu.Lock()
		other, busy := p.creating[name]
		if !busy {
			mine := make(chan struct{})
			p.creating[name] = mine
			p.mu.Unlock()
			return func() {
				p.mu.Lock()
				delete(p.creating, name)
				p.mu.Unlock()
				close(mine)
			}, nil
		}
		p.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, fmt.Errorf("create %s: another create of that name is under way: %w", name, ctx.Err())
		}
	}
}
