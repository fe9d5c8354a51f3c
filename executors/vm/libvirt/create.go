package libvirt

import (
	"context"
	"fmt"

	"yardmaster/executors/vm"
)

// Create clones the template on the hypervisor with the most room, and starts the clone. A name is taken by any domain on any
// hypervisor, and by volumes that a cut off create left in the pool's storage.
func (p *Provider) Create(ctx context.Context, pool vm.Pool, name string) error {
	want, err := p.wanted(pool, name)
	if err != nil {
		return err
	}
	done, err := p.alone(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	looks, err := p.lookAll(ctx, want)
	if err != nil {
		return err
	}
	best, ends, err := p.choose(looks, want)
	if err != nil {
		return err
	}
	defer ends()
	return p.make(ctx, best, want)
}

// wish is a machine that is to be.
type wish struct {
	place
	shape
	name  string
	mark  string
	hosts []*hypervisor // it may be on one of these
}

func (w wish) takes() size { return size{cpus: int64(w.vcpus), memKiB: int64(w.memoryMiB) << 10} }

func (p *Provider) wanted(pool vm.Pool, name string) (wish, error) {
	if !named(name) {
		return wish{}, wrong("name %.80q is not one label of a host name, or is a number or a UUID", name)
	}
	at, err := p.opt.place(pool)
	if err != nil {
		return wish{}, err
	}
	if pool.Template == "" {
		return wish{}, wrong("pool %s has no template", pool.Name)
	}
	s, err := p.opt.shape(pool)
	if err != nil {
		return wish{}, err
	}
	hosts, err := p.among(pool.CloneTarget)
	return wish{at, s, name, pool.Mark, hosts}, err
}

// make runs the script that makes the machine. Once it has begun, something may be there, whatever it ends with.
func (p *Provider) make(ctx context.Context, l look, w wish) error {
	limit := p.opt.Timeout
	if w.full {
		limit = p.opt.CopyTimeout
	}
	s, err := p.createScript(l, w)
	if err != nil {
		return err
	}
	if _, err := p.ask(ctx, l.h, "create "+w.name, limit, s, creates...); err != nil {
		return err
	}
	l.h.saw(p.now(), domain{Name: w.name, Pool: w.pool, Template: l.template.Name, Mark: w.mark, Active: true})
	p.log.Debug("machine made", "vm", w.name, "pool", w.pool, "host", l.h.name)
	return nil
}

// createScript takes its volume first: a name that has one is taken, and whoever comes second is told so. What cannot be
// defined leaves no volume; what cannot be started stays, for whoever wants to know why, until it is destroyed.
func (p *Provider) createScript(l look, w wish) (string, error) {
	limit := p.opt.Timeout
	volume, err := volumeXML(rootVolume(w.name), l.template, w.full)
	if err != nil {
		return "", err
	}
	define, err := p.domainXML(l, w)
	if err != nil {
		return "", err
	}
	how := "vol-create " + quote(w.storage)
	if w.full {
		limit = p.opt.CopyTimeout
		how = fmt.Sprintf("vol-create-from %s --inputpool %s --vol %s --file", quote(w.storage), quote(w.templatePool), quote(l.template.Name))
	}
	s := newScript(l.h, limit).lock(w.name).listed(w.name)
	s.add("if [ \"$there\" ]; then\n  echo 'domain %s already exists' >&2\n  exit %d\nfi\n", w.name, exitExists)
	s.add("V %s %s", how, given(volume))
	s.add("V define %s", given(define))
	s.add("V start %s > /dev/null\n", w.name)
	return s.String(), nil
}
