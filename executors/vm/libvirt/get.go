package libvirt

import (
	"context"
	"fmt"

	"yardmaster/executors/vm"
)

// Get is one machine of the pool.
func (p *Provider) Get(ctx context.Context, pool vm.Pool, name string) (vm.Machine, error) {
	at, err := p.opt.place(pool)
	if err != nil {
		return vm.Machine{}, err
	}
	d, err := p.find(ctx, at, name)
	if err != nil {
		return vm.Machine{}, err
	}
	return p.machines(ctx, []stand{d})[0], nil
}

// find looks for a machine of the pool on all hypervisors.
func (p *Provider) find(ctx context.Context, at place, name string) (stand, error) {
	if !named(name) {
		return p.findStrange(ctx, at, name)
	}
	h, out, err := p.act(ctx, name, "look", p.opt.Timeout, func(h *hypervisor) string {
		s := newScript(h, p.opt.Timeout).listed(name)
		return s.add("[ \"$there\" ] || { echo %s; exit 0; }\nV dumpxml %s\n", absent, name).String()
	})
	if err != nil {
		return stand{}, err
	}
	all, err := parseDomains(out)
	if err == nil && len(all) != 1 {
		err = errAnswer
	}
	if err != nil {
		return stand{}, fmt.Errorf("look at %s on %s: %w", name, h.name, err)
	}
	if !at.holds(all[0]) {
		return stand{}, fmt.Errorf("%s is not in the pool %s: %w", name, at.pool, vm.ErrNotFound)
	}
	return stand{all[0], h}, nil
}

// findStrange looks for a machine with a name that none of ours has, and that no script may hold.
func (p *Provider) findStrange(ctx context.Context, at place, name string) (stand, error) {
	found, err := p.inventory(ctx, func(d domain) bool { return d.Name == name && at.holds(d) })
	if err != nil {
		return stand{}, err
	}
	if len(found) == 0 {
		return stand{}, unknown(name)
	}
	return found[0], nil
}
