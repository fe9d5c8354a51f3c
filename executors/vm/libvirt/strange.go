package libvirt

import (
	"context"
	"errors"
)

// destroyStrange removes a machine that nobody marked, if it is in the pool's folder: its domain, and its disks in that folder.
// A domain of that name that is not in the pool is not touched, and no success.
func (p *Provider) destroyStrange(ctx context.Context, at place, name string) error {
	found, err := p.inventory(ctx, func(d domain) bool { return d.Name == name })
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range found {
		if d.Pool != "" || !at.holds(d.domain) {
			errs = append(errs, wrong("%.80q on %s is not of the pool %s", name, d.h.name, at.pool))
			continue
		}
		if _, err := p.ask(ctx, d.h, "destroy "+d.UUID, p.opt.Timeout, p.strangeScript(d, at)); err != nil {
			errs = append(errs, err)
			continue
		}
		d.h.gone(name)
	}
	return errors.Join(errs...)
}

// strangeScript names the domain by its UUID: its name may be anything.
func (p *Provider) strangeScript(d stand, at place) string {
	s := newScript(d.h, p.opt.Timeout).lock(d.UUID).listed(d.UUID).add("said=%s\n", sayGone)
	s.end(d.UUID)
	s.remover()
	for _, file := range d.Disks {
		if at.below(file) && pathShape.MatchString(file) {
			s.add("remove %s\nrm -f -- %[1]s\n", quote(file))
		}
	}
	return s.String()
}
