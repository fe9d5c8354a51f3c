// Package vsphere makes, changes and destroys the machines of pools on a vCenter, as executors/vm asks for. It is the one door to
// govmomi. It keeps one session, which is logged in at the first call and again whenever the server has forgotten it. It does not
// decide which machine is made or destroyed, keeps nothing that it could ask for but the load of the hosts for a short while,
// touches nothing outside the folders of pools but the template, which it may take a snapshot of, and never destroys a template.
//
//	call      claims its machine, so that no two calls change one at a time
//	  task    what was started on the server is followed to its end by a goroutine of the Provider, also if the caller has left;
//	          the machine stays claimed until then
//	    trip  one request and its answer: a token of few, a time limit, one login anew if the session was lost
package vsphere

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25"

	"yardmaster/executors/vm"
)

// errClosed is the answer to calls after Close.
var errClosed = errors.New("the provider is closed")

// Provider is the machines of one vCenter.
type Provider struct {
	vm.Prober
	cfg     Config
	log     *slog.Logger
	session *session
	claims  claims
	layouts layouts
	only    only

	life  context.Context // ends with Close
	end   context.CancelFunc
	mu    sync.Mutex
	done  bool
	calls sync.WaitGroup // calls, and the tasks that they left behind
}

var _ vm.Provider = (*Provider)(nil)

// New checks the configuration and asks nothing of the server yet.
func New(c Config) (*Provider, error) {
	c = c.withDefaults()
	address, err := c.check()
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.Background())
	p := &Provider{cfg: c, log: c.Logger.With("vcenter", address.Host), life: life, end: end}
	p.claims.held = map[string]*claim{}
	p.layouts = layouts{now: c.Now, kept: map[string]*layout{}}
	p.session = newSession(life, c, address, p.log)
	if address.Scheme == "http" {
		p.log.Warn("password and machines go over the network unencrypted", "server", address.String())
	}
	return p, nil
}

// Close ends all calls, waits for them, and logs out.
func (p *Provider) Close() error {
	p.mu.Lock()
	again := p.done
	p.done = true
	p.mu.Unlock()
	p.end()
	p.calls.Wait()
	if !again {
		p.session.close()
	}
	return nil
}

// join counts a call or a task in, unless the provider is closed.
func (p *Provider) join() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return false
	}
	p.calls.Add(1)
	return true
}

// call runs what a caller asks for, within the time limit of one call, and says in the terms of package vm how it ended.
func (p *Provider) call(ctx context.Context, what, name string, do func(context.Context) error) error {
	if !p.join() {
		return fmt.Errorf("%s %s: %w: %w", what, name, vm.ErrUnavailable, errClosed)
	}
	defer p.calls.Done()
	ctx, cancel := within(ctx, p.life, p.cfg.TaskTimeout)
	defer cancel()
	err := ctx.Err()
	if err == nil {
		err = do(ctx)
	}
	if err == nil {
		return nil
	}
	if p.life.Err() != nil {
		err = fmt.Errorf("%w: %w", vm.ErrUnavailable, errClosed)
	}
	return fmt.Errorf("%s %s: %w", what, name, told(err))
}

// change is a call that changes a machine, and has claimed it.
func (p *Provider) change(ctx context.Context, what, name string, do func(context.Context, *vim25.Client, *claim) error) error {
	return p.call(ctx, what, name, func(ctx context.Context) error {
		own, err := p.claims.take(ctx, name)
		if err != nil {
			return err
		}
		defer own.give()
		c, err := p.session.client(ctx)
		if err != nil {
			return err
		}
		return do(ctx, c, own)
	})
}

// within bounds a ctx by the provider's life and by a time limit.
func within(ctx, life context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	stop := context.AfterFunc(life, cancel)
	return ctx, func() { stop(); cancel() }
}
